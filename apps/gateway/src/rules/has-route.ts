// Whether what an inbox sends to other servers has a way to them: forwards are made where it does, and a command warns where it doesn't.

import type { Inbox } from '@postern/mailbox-store'
import type { SendingLookups } from '../sending/sending-lookups.js'

export async function hasRoute(inbox: Inbox, lookups: Pick<SendingLookups, 'routeFor'>): Promise<boolean> {
  const senderDomain = inbox.address.slice(inbox.address.lastIndexOf('@') + 1)
  return (await lookups.routeFor({ account: inbox.id, senderDomain })).route.kind !== 'none'
}
