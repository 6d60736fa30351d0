/**
 * What a server can't take is not sent to it: REQUIRETLS without a verified peer that offers it (RFC 8689 §4.2.1), addresses beyond
 * ASCII without SMTPUTF8 (RFC 6531 §3.2), more bytes than its SIZE (RFC 1870 §6.1), eight-bit text without 8BITMIME. RFC 6152 §3
 * leaves a choice for the last one: to turn the text into seven bits or to give it back. It's given back: turned, the DKIM
 * signature under it would break, and servers without 8BITMIME are all but gone. A declaration alone fails nothing: the
 * bytes are looked at.
 */
import type { Parcel, ParcelRecipient, Sent } from '../transport.js'
import type { Offers } from './offers.js'

interface Peer {
  readonly offers: Offers
  readonly isVerified: boolean
  readonly remote: string
}

/** The recipients that fail before a byte is sent. */
export async function unfitFor(parcel: Parcel, peer: Peer): Promise<readonly Sent[]> {
  const { offers } = peer
  const fail = (recipients: readonly ParcelRecipient[], status: string, text: string): readonly Sent[] =>
    recipients.map(({ id }) => ({ id, kind: 'failed', remote: peer.remote, status, text }))
  const all = parcel.recipients
  if (parcel.requireTls && !(peer.isVerified && offers.has('REQUIRETLS')))
    return fail(
      all,
      '5.7.30',
      'REQUIRETLS was asked for, and the next server does not offer it on a verified connection',
    )
  if (offers.sizeMax !== undefined && parcel.message.size > offers.sizeMax)
    return fail(all, '5.3.4', `The message has ${parcel.message.size} bytes, the next server takes ${offers.sizeMax}`)
  const takesUtf8 = offers.has('SMTPUTF8')
  const utf8Text = 'The next server takes no addresses or header fields beyond ASCII (SMTPUTF8)'
  if (!takesUtf8 && (parcel.body === 'smtputf8' || hasNonAscii(parcel.sender))) return fail(all, '5.6.7', utf8Text)
  if (!offers.has('8BITMIME') && (await isEightBit(parcel)))
    return fail(all, '5.6.3', 'The message has eight-bit text, and the next server takes only seven (8BITMIME)')
  const utf8 = takesUtf8 ? [] : all.filter(({ address }) => hasNonAscii(address))
  return fail(utf8, '5.6.7', utf8Text)
}

export const isInternational = (parcel: Parcel): boolean =>
  parcel.body === 'smtputf8' || [parcel.sender, ...parcel.recipients.map(({ address }) => address)].some(hasNonAscii)

export const hasNonAscii = (text: string): boolean => /[^\x00-\x7f]/.test(text)

async function isEightBit(parcel: Parcel): Promise<boolean> {
  for await (const piece of parcel.message.read()) if (piece.some((byte) => byte > 127)) return true
  return false
}
