// The address in MAIL and RCPT. A path stands in angle brackets; a source route before the address is read and forgotten
// (RFC 5321 §4.1.2, appendix C). What an address may be is the store's to say, so that nothing is refused after it was taken here;
// an address literal is taken for a recipient elsewhere.
//
//   Path        = "<" [ A-d-l ":" ] Mailbox ">"
//   Mailbox     = Local-part "@" ( Domain / address-literal )
//   Local-part  = Dot-string / Quoted-string

import { isIP } from 'node:net'
import { tryParseAddress } from '@postern/mailbox-store'

export interface Path {
  /** As it was written; empty for `<>`. */
  readonly address: string
  /** What stands behind the path. */
  readonly rest: string
}

/** A quoted local part may have a `>` and spaces in it. */
const path = /^<(?:@[^\s,:@<>"]+(?:,@[^\s,:@<>"]+)*:)?((?:"(?:[^"\\]|\\.)*"|[^\s<>"])*)>(?=\s|$)/su

/** RFC 5321 §4.5.3.1.3, without the angle brackets. */
const addressBytesMax = 254

/** Undefined where there's no path, or no address in it. */
export function readPath(text: string): Path | undefined {
  const found = path.exec(text)
  const address = found?.[1]
  if (found === null || address === undefined) return undefined
  if (address !== '' && !isAddress(address)) return undefined
  return { address, rest: text.slice(found[0].length).trim() }
}

function isAddress(text: string): boolean {
  if (text.toLowerCase() === 'postmaster') return true
  if (Buffer.byteLength(text) > addressBytesMax) return false
  return tryParseAddress(text) !== undefined || isLiteral(text)
}

/** `name@[192.0.2.1]`, `name@[IPv6:2001:db8::1]` (RFC 5321 §4.1.3). */
function isLiteral(text: string): boolean {
  const [, local = '', inside = ''] = /^(.+)@\[([^\]]+)\]$/su.exec(text) ?? []
  if (tryParseAddress(`${local}@literal.invalid`) === undefined) return false
  return inside.toLowerCase().startsWith('ipv6:') ? isIP(inside.slice(5)) === 6 : isIP(inside) === 4
}
