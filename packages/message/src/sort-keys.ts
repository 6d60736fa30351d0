// What SORT and THREAD compare, computed once when a message arrives. RFC 5256 (SORT, base subject), RFC 5957 (SORT=DISPLAY).
// Strings are decoded but not case folded: the collation belongs to the store.
import type { Address } from './address.js'
import { baseSubject } from './base-subject.js'
import type { Charsets } from './charsets.js'
import { decodeWords } from './encoded-word.js'
import type { EnvelopeAddresses } from './envelope.js'
import type { Header } from './header.js'
import { unfold } from './header-lines.js'
import { sentDate } from './sent-date.js'

export interface SortKeys {
  /** Milliseconds in UTC; undefined: the store takes INTERNALDATE (RFC 5256 §2.2). */
  date: number | undefined
  /** The base subject. */
  subject: string
  isReplyOrForward: boolean
  /** addr-mailbox of the first address. */
  from: string
  to: string
  cc: string
  /** The display name of the first address, else the address. */
  displayFrom: string
  displayTo: string
}

export function sortKeys(header: Header, addresses: EnvelopeAddresses, charsets: Charsets): SortKeys {
  const subject = baseSubject(decodeWords(unfold(header.subject ?? ''), charsets))
  return {
    date: sentDate(header.date),
    subject: subject.text,
    isReplyOrForward: subject.isReplyOrForward,
    from: addresses.from[0]?.mailbox ?? '',
    to: addresses.to[0]?.mailbox ?? '',
    cc: addresses.cc[0]?.mailbox ?? '',
    displayFrom: displayKey(addresses.from[0], charsets),
    displayTo: displayKey(addresses.to[0], charsets),
  }
}

/** RFC 5957 §3. */
function displayKey(address: Address | undefined, charsets: Charsets): string {
  if (address === undefined) return ''
  const name = address.name === undefined ? '' : decodeWords(address.name, charsets)
  if (name !== '') return name
  const { mailbox, host } = address
  if (mailbox === undefined) return ''
  return host === undefined || host === '' ? mailbox : `${mailbox}@${host}`
}
