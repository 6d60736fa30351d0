// Whose \Sent a message is filed in (contract D4): that of the inbox that the login opened; for a `*@domain` login that of the inbox
// which the From address leads to. A domain that keeps no mail files none, and one that keeps it encrypted files it encrypted.

import type { EndOfSending } from '@postern/events'
import { type AccountId, type Domain, type Inbox, messageIdHashIn } from '@postern/mailbox-store'
import type { SubmissionContext } from './context.js'
import { keyOf } from './destinations.js'
import type { ReceivedMessage } from './message/receive.js'
import type { Session } from './session.js'

export interface SentPlace {
  /** Who sends; undefined where the login opened no inbox and From names none. */
  readonly account: AccountId | undefined
  readonly filed: boolean
  /** Armoured: it's filed encrypted to it. */
  readonly publicKey: string | undefined
}

export async function sentPlaceOf(message: ReceivedMessage, { login, context }: Session): Promise<SentPlace> {
  const { inbox } = login.sender
  // Its mode, and a key, may have been set anew since the login.
  const domain = await context.lookups.domainNow(login.sender.domain)
  if (inbox !== undefined && domain.mode !== 'encrypted') return placeIn(inbox, domain)
  const author = inbox ?? message.from[0]
  const found = author === undefined ? undefined : await context.lookups.findAddress(author.address)
  if (found !== undefined && found.via !== 'catch-all') return placeIn(found.inbox, found.domain)
  return inbox === undefined ? { account: undefined, filed: false, publicKey: undefined } : placeIn(inbox, domain)
}

const placeIn = (inbox: Inbox, domain: Domain): SentPlace => ({
  account: inbox.id,
  filed: domain.mode !== 'zero-retention',
  publicKey: keyOf(domain, inbox),
})

/** A client that files its own copy meanwhile waits for the end of this (contract E3). */
export function beginSending(
  { messageId }: ReceivedMessage,
  { place, context }: { readonly place: SentPlace; readonly context: SubmissionContext },
): EndOfSending {
  const hash = messageIdHashIn(Buffer.from(`Message-ID: ${messageId}\r\n\r\n`))
  return place.account === undefined || hash === undefined ? () => {} : context.sending.begin(place.account, hash)
}
