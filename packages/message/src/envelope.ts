// ENVELOPE, ready to send. RFC 9051 §7.5.2, RFC 3501 §7.4.2. Values go out as the header has them, unfolded; encoded words stay
// encoded, the client decodes them.
//
//   envelope = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP env-cc SP env-bcc SP
//              env-in-reply-to SP env-message-id ")"
//   address  = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"
import { type Address, addressList } from './address.js'
import type { Header } from './header.js'
import { unfold } from './header-lines.js'
import { type Form, nstring } from './imap-string.js'

/** The address fields of a header, parsed once for both forms of the ENVELOPE and for the sort keys. */
export interface EnvelopeAddresses {
  from: readonly Address[]
  sender: readonly Address[]
  replyTo: readonly Address[]
  to: readonly Address[]
  cc: readonly Address[]
  bcc: readonly Address[]
}

const none: readonly Address[] = []

export function envelopeAddresses(header: Header, addressesMax: number): EnvelopeAddresses {
  const read = (value: string | undefined): readonly Address[] =>
    value === undefined || value === '' ? none : addressList(value, addressesMax)
  const sender = read(header.sender)
  const from = fromAddresses(read(header.from), sender, read(header.from === undefined ? header.returnPath : undefined))
  const replyTo = read(header.replyTo)
  return {
    from,
    // RFC 9051 §7.5.2: absent or empty, the server sets them to the value of From.
    sender: sender.length > 0 ? sender : from,
    replyTo: replyTo.length > 0 ? replyTo : from,
    to: read(header.to),
    cc: read(header.cc),
    bcc: read(header.bcc),
  }
}

/** Clients show a message without From as coming from nobody, and some fail on it: whoever sent it is better than NIL. */
function fromAddresses(
  from: readonly Address[],
  sender: readonly Address[],
  returnPath: readonly Address[],
): readonly Address[] {
  if (from.length > 0) return from
  if (sender.length > 0) return sender
  return returnPath.some((address) => address.mailbox !== '' && address.host) ? returnPath : none
}

export function envelope(header: Header, addresses: EnvelopeAddresses, form: Form): string {
  const from = addressStructures(addresses.from, form)
  const sender = addresses.sender === addresses.from ? from : addressStructures(addresses.sender, form)
  const replyTo = addresses.replyTo === addresses.from ? from : addressStructures(addresses.replyTo, form)
  return (
    `(${fieldString(header.date, form)} ${fieldString(header.subject, form)} ${from} ${sender} ${replyTo}` +
    ` ${addressStructures(addresses.to, form)} ${addressStructures(addresses.cc, form)}` +
    ` ${addressStructures(addresses.bcc, form)} ${fieldString(header.inReplyTo, form)}` +
    ` ${fieldString(header.messageId, form)})`
  )
}

function fieldString(value: string | undefined, form: Form): string {
  return value === undefined ? 'NIL' : nstring(unfold(value), form)
}

function addressStructures(list: readonly Address[], form: Form): string {
  if (list.length === 0) return 'NIL'
  let out = '('
  for (const { name, route, mailbox, host } of list) {
    out += `(${nstring(name, form)} ${nstring(route, form)} ${nstring(mailbox, form)} ${nstring(host, form)})`
  }
  return `${out})`
}
