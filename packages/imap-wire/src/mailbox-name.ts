// A mailbox's name between the wire and the store: Unicode inside, modified UTF-7 or UTF-8 outside, and INBOX spelled one way.
// RFC 9051 §5.1, RFC 3501 §5.1.3, RFC 6855 §3.
//
//   mailbox = "INBOX" / astring    ; INBOX is case insensitive
import { decodeModifiedUtf7, encodeModifiedUtf7 } from './modified-utf7.js'

export interface MailboxNameOptions {
  /** UTF8=ACCEPT or IMAP4rev2 is enabled. */
  readonly utf8: boolean
}

export function decodeMailboxName(text: string, { utf8 }: MailboxNameOptions): string {
  const name = utf8 ? text : decodeModifiedUtf7(text)
  return name.length === 5 && name.toUpperCase() === 'INBOX' ? 'INBOX' : name
}

export function encodeMailboxName(name: string, { utf8 }: MailboxNameOptions): string {
  return utf8 ? name : encodeModifiedUtf7(name)
}
