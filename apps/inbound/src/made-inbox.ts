// The inbox of a recipient; of a catch-all domain it's made when its first message is there (contract C12). Two messages may come at
// once, and another process may be faster.

import type { Directory, Inbox } from '@postern/mailbox-store'
import type { ArrivalRecipient } from './arrival.js'

export async function inboxOf({ inbox, domain }: ArrivalRecipient, directory: Directory): Promise<Inbox> {
  if (!('toMake' in inbox)) return inbox
  try {
    return await directory.createInbox({ domain: domain.id, address: inbox.toMake })
  } catch (error) {
    const found = await directory.findAddress(inbox.toMake)
    if (found === undefined || found.via === 'catch-all') throw error
    return found.inbox
  }
}
