// Who a recipient is, for mail from elsewhere: one inbox gets many messages, so that what its address leads to is kept until the directory
// changes. How full it is changes with every message, and is read anew where there's a quota. Whoever isn't here is asked for
// again, so that an inbox has its mail from the moment when it's made.

import { type Directory, type Inbox, StoreRefusal } from '@postern/mailbox-store'
import { sending as limits } from '../limits.js'
import { askedLately, KeptLookups } from './kept-lookups.js'
import { type RecipientFacts, recipientFacts } from './recipients.js'

export function keptRecipients(directory: Directory): (address: string) => Promise<RecipientFacts> {
  const elapsedMs = (): number => performance.now()
  const kept = new KeptLookups<RecipientFacts>({
    version: askedLately(() => directory.version(), { elapsedMs, forMs: limits.staleMsMax }),
    keysMax: limits.keptMax,
    keeps: ({ kind }) => kind === 'inbox',
  })
  return async (address) => {
    const facts = await kept.get(address, () => recipientFacts(directory, address))
    if (facts.kind !== 'inbox' || !hasQuota(facts.inbox)) return facts
    return (await asItIs(facts, directory)) ?? recipientFacts(directory, address)
  }
}

/** Undefined where the inbox has gone meanwhile. */
async function asItIs(
  facts: Extract<RecipientFacts, { kind: 'inbox' }>,
  directory: Pick<Directory, 'getInbox'>,
): Promise<RecipientFacts | undefined> {
  try {
    return { ...facts, inbox: await directory.getInbox(facts.inbox.id) }
  } catch (error) {
    if (error instanceof StoreRefusal && error.code === 'not-found') return undefined
    throw error
  }
}

const hasQuota = ({ quotaBytes, quotaMessages }: Inbox): boolean =>
  quotaBytes !== undefined || quotaMessages !== undefined
