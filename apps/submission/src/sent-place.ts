// Whose \Sent a message is filed in (contract D4): that of the inbox that the login opened; for a `*@domain` login that of the inbox
// which the From address leads to. A domain that keeps no mail, or keeps it encrypted alone, files none.

import type { EndOfSending } from '@postern/events'
import { type AccountId, type Domain, messageIdHashIn } from '@postern/mailbox-store'
import type { SubmissionContext } from './context.js'
import type { ReceivedMessage } from './message/receive.js'
import type { Session } from './session.js'

export interface SentPlace {
  /** Who sends; undefined where the login opened no inbox and From names none. */
  readonly account: AccountId | undefined
  readonly filed: boolean
}

export async function sentPlaceOf(message: ReceivedMessage, { login, context }: Session): Promise<SentPlace> {
  const { inbox, domain } = login.sender
  if (inbox !== undefined) return { account: inbox.id, filed: files(domain) }
  const author = message.from[0]
  const found = author === undefined ? undefined : await context.store.directory.findAddress(author.address)
  if (found === undefined || found.via === 'catch-all') return { account: undefined, filed: false }
  return { account: found.inbox.id, filed: files(found.domain) }
}

const files = ({ mode }: Domain): boolean => mode === 'retained'

/** A client that files its own copy meanwhile waits for the end of this (contract E3). */
export function beginSending(
  { messageId }: ReceivedMessage,
  { place, context }: { readonly place: SentPlace; readonly context: SubmissionContext },
): EndOfSending {
  const hash = messageIdHashIn(Buffer.from(`Message-ID: ${messageId}\r\n\r\n`))
  return place.account === undefined || hash === undefined ? () => {} : context.sending.begin(place.account, hash)
}
