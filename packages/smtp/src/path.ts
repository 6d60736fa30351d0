// The address in MAIL and RCPT. A path stands in angle brackets; a source route before the address is read and forgotten
// (RFC 5321 §4.1.2, appendix C). What an address may be is the caller's to say, who asks the store, so that nothing is refused after
// it was taken here; an address literal is taken for a recipient elsewhere.
//
//   Path        = "<" [ A-d-l ":" ] Mailbox ">"
//   Mailbox     = Local-part "@" ( Domain / address-literal )
//   Local-part  = Dot-string / Quoted-string

import { isIP } from 'node:net'

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
export function readPath(text: string, isMailbox: (address: string) => boolean): Path | undefined {
  const found = path.exec(text)
  const address = found?.[1]
  if (found === null || address === undefined) return undefined
  if (address !== '' && !isAddress(address, isMailbox)) return undefined
  return { address, rest: text.slice(found[0].length).trim() }
}

function isAddress(text: string, isMailbox: (address: string) => boolean): boolean {
  if (text.toLowerCase() === 'postmaster') return true
  if (Buffer.byteLength(text) > addressBytesMax) return false
  return isMailbox(text) || isLiteral(text, isMailbox)
}

/** `name@[192.0.2.1]`, `name@[IPv6:2001:db8::1]` (RFC 5321 §4.1.3). */
function isLiteral(text: string, isMailbox: (address: string) => boolean): boolean {
  const [, local = '', inside = ''] = /^(.+)@\[([^\]]+)\]$/su.exec(text) ?? []
  if (!isMailbox(`${local}@literal.invalid`)) return false
  return inside.toLowerCase().startsWith('ipv6:') ? isIP(inside.slice(5)) === 6 : isIP(inside) === 4
}
