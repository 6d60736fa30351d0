// The recipients as the store takes them. An inbox that a domain makes for its first message is made here, before the commit (contract
// C12): two messages may come at once. Where an inbox has rules, they say where in it the message goes; what they send on is the relay's to
// do, which then delivers here too; but for an inbox whose mail is encrypted, of which the relay sees nothing.

import type { AccountId, Directory, SubmitRecipient } from '@postern/mailbox-store'
import type { HerePlan, HereQuestion, SubmissionContext } from './context.js'
import type { LocalDestination } from './destinations.js'
import type { Recipient } from './transaction.js'

interface Placing extends Omit<HereQuestion, 'account' | 'recipient'> {
  readonly context: SubmissionContext
}

interface Places {
  readonly recipients: readonly SubmitRecipient[]
  /** To be called when the commit is there, with the addresses that could not take it now. */
  readonly settled: (undelivered: readonly string[]) => void
}

export async function localPlaces(recipients: readonly Recipient[], placing: Placing): Promise<Places> {
  const placed: SubmitRecipient[] = []
  const settled = new Map<string, () => void>()
  for (const { address, notify, originalRecipient, local } of recipients) {
    const account = local && (await accountOf(local, placing.context.store.directory))
    const isRelays = account === undefined || asksForSuccess(notify)
    const plan = isRelays ? undefined : await planFor(account, { address, placing })
    if (plan !== undefined) settled.set(address, plan.settled)
    placed.push({ address, notify, originalRecipient, local: plan?.places, sentOn: plan?.sentOn })
  }
  return {
    recipients: placed,
    settled: (undelivered) => {
      for (const [address, note] of settled) if (!undelivered.includes(address)) note()
    },
  }
}

/** Who wants to be told of the delivery has it made by the relay, a moment later: it writes what the sender is told. */
const asksForSuccess = (notify: string | undefined): boolean => /\bSUCCESS\b/i.test(notify ?? '')

async function planFor(
  account: AccountId,
  { address, placing: { context, ...question } }: { readonly address: string; readonly placing: Placing },
): Promise<HerePlan | undefined> {
  const { planHere } = context
  if (planHere === undefined) return { places: { account }, settled: () => undefined }
  return planHere({ ...question, account, recipient: address })
}

async function accountOf({ into }: LocalDestination, directory: Directory): Promise<AccountId> {
  return 'account' in into ? into.account : await madeInbox(into, directory)
}

async function madeInbox(
  inbox: Extract<LocalDestination['into'], { address: string }>,
  directory: Directory,
): Promise<AccountId> {
  try {
    return (await directory.createInbox(inbox)).id
  } catch (error) {
    const found = await directory.findAddress(inbox.address)
    if (found === undefined || found.via === 'catch-all') throw error
    return found.inbox.id
  }
}
