/**
 * The ESMTP parameters behind MAIL and RCPT, of those that the server offers: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8
 * (RFC 6531 §3.4), REQUIRETLS (RFC 8689 §2), and RET, ENVID, NOTIFY and ORCPT (RFC 3461 §4), the last two for each recipient.
 */
import type { Parcel, ParcelRecipient } from '../transport.js'
import type { Offers } from './offers.js'

export function mailParameters(
  parcel: Parcel,
  offers: Offers,
  { isInternational }: { isInternational: boolean },
): string {
  const words: string[] = []
  if (offers.has('SIZE')) words.push(`SIZE=${parcel.message.size}`)
  if (offers.has('8BITMIME') && parcel.body !== '7bit') words.push('BODY=8BITMIME')
  if (isInternational) words.push('SMTPUTF8')
  if (parcel.requireTls) words.push('REQUIRETLS')
  if (offers.has('DSN')) {
    if (parcel.ret !== undefined) words.push(`RET=${parcel.ret.toUpperCase()}`)
    if (parcel.envelopeId !== undefined) words.push(`ENVID=${xtext(parcel.envelopeId)}`)
  }
  return words.join(' ')
}

export function recipientParameters(recipient: ParcelRecipient, offers: Offers): string {
  if (!offers.has('DSN')) return ''
  const words: string[] = []
  if (recipient.notify !== undefined) words.push(`NOTIFY=${recipient.notify.toUpperCase()}`)
  if (recipient.originalRecipient !== undefined) words.push(`ORCPT=${originalRecipient(recipient.originalRecipient)}`)
  return words.join(' ')
}

/** `rfc822;name@example.org`: the type stands outside of xtext (RFC 3461 §4.2). */
function originalRecipient(text: string): string {
  const end = text.indexOf(';') + 1
  return text.slice(0, end) + xtext(text.slice(end))
}

/** RFC 3461 §4: what already is xtext stays as it was given. */
function xtext(text: string): string {
  if (/^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/.test(text)) return text
  return [...Buffer.from(text)]
    .map((byte) =>
      byte >= 0x21 && byte <= 0x7e && byte !== 0x2b && byte !== 0x3d ? String.fromCharCode(byte) : hex(byte),
    )
    .join('')
}

const hex = (byte: number): string => `+${byte.toString(16).toUpperCase().padStart(2, '0')}`
