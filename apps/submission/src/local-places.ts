// The recipients as the store takes them. An inbox that a domain makes for its first message is made here, before the commit (contract
// C12): two messages may come at once.

import type { AccountId, Directory, LocalPlace, SubmitRecipient } from '@postern/mailbox-store'
import type { LocalDestination } from './destinations.js'
import type { Recipient } from './transaction.js'

export async function localPlaces(recipients: readonly Recipient[], directory: Directory): Promise<SubmitRecipient[]> {
  const places: SubmitRecipient[] = []
  for (const { address, notify, originalRecipient, local } of recipients) {
    const place = local && (await placeOf(local, directory))
    places.push({ address, notify, originalRecipient, local: asksForSuccess(notify) ? undefined : place })
  }
  return places
}

/** Who wants to be told of the delivery has it made by the relay, a moment later: it writes what the sender is told. */
const asksForSuccess = (notify: string | undefined): boolean => /\bSUCCESS\b/i.test(notify ?? '')

async function placeOf({ into }: LocalDestination, directory: Directory): Promise<LocalPlace> {
  return { account: 'account' in into ? into.account : await madeInbox(into, directory) }
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
