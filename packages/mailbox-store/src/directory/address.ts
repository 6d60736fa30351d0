// Addresses as the directory compares them: local part in NFC and lower case, quoted only where it must be, and the
// domain as lower-case A-labels. RFC 5321 §4.1.2 (Local-part), RFC 6531 §3.3 (UTF8-non-ascii in it), RFC 5890 (A-label).

import { domainToASCII } from 'node:url'
import { refuse, StoreRefusal } from '../refusals.js'
import { addressBytesMax, domainNameBytesMax, localPartBytesMax } from './limits.js'

export interface Address {
  /** `local@domain`, clean: equal text is the same address. */
  readonly address: string
  readonly local: string
  readonly domain: string
}

/** atext of RFC 5322 §3.2.3, and any other character that can be seen. */
const dotAtom = /^[^\s.]+(?:\.[^\s.]+)*$/u
const notAtext = /[\p{Cc}\p{Z}()<>[\]:;@\\,"]/u
/** Nothing invisible: no controls, no line or paragraph separators, nothing that turns the text round, no half characters. */
const unseen = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Cn}\p{Bidi_Control}\u200b\ufeff]/u
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const asciiOfDomains = /^[a-zA-Z0-9.\-\u0080-\u{10ffff}]+$/u

export function parseAddress(text: string): Address {
  const at = text.lastIndexOf('@')
  if (at < 1) return refuse('invalid', 'An address has the form name@domain.')
  const local = cleanLocalPart(text.slice(0, at))
  const domain = cleanDomain(text.slice(at + 1))
  const address = `${local}@${domain}`
  if (Buffer.byteLength(address) > addressBytesMax)
    return refuse('invalid', `An address has at most ${addressBytesMax} bytes.`)
  return { address, local, domain }
}

/** For lookups: what is no address is nobody's. */
export function tryParseAddress(text: string): Address | undefined {
  try {
    return parseAddress(text)
  } catch (error) {
    if (error instanceof StoreRefusal) return undefined
    throw error
  }
}

/** Local-part = Dot-string / Quoted-string */
function cleanLocalPart(text: string): string {
  const folded = text.normalize('NFC').toLowerCase().normalize('NFC')
  if (unseen.test(folded)) return refuse('invalid', 'An address has no control characters.')
  const plain = folded.startsWith('"') ? unquote(folded) : folded
  const isDotAtom = dotAtom.test(plain) && !notAtext.test(plain)
  if (!isDotAtom && !folded.startsWith('"'))
    return refuse(
      'invalid',
      "The part before the @ has letters, digits, dots between them, and any of !#$%&'*+-/=?^_`{|}~.",
    )
  const local = isDotAtom ? plain : quote(plain)
  if (Buffer.byteLength(local) > localPartBytesMax)
    return refuse('invalid', `The part before the @ has at most ${localPartBytesMax} bytes.`)
  return local
}

/** Quoted-string = DQUOTE *( qtextSMTP / quoted-pairSMTP ) DQUOTE */
function unquote(text: string): string {
  const inside = /^"((?:[^"\\]|\\[\x20-\x7e])+)"$/u.exec(text)?.[1]
  if (inside === undefined) return refuse('invalid', 'The quotes before the @ do not match.')
  return inside.replace(/\\(.)/gu, '$1')
}

const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`

/** Nearly every domain: there's nothing for IDNA to do. */
const isEncoded = (lower: string): boolean => /^[a-z0-9.-]+$/.test(lower) && !lower.includes('xn--')

/** The domain as A-labels. A name of one label is allowed: `localhost` and names of a private network are. */
export function cleanDomain(text: string): string {
  const invalid = (why: string): never => refuse('invalid', why)
  const given = text.endsWith('.') ? text.slice(0, -1) : text
  if (!asciiOfDomains.test(given)) return invalid('A domain has letters, digits, hyphens, and dots between its labels.')
  const lower = given.toLowerCase()
  const name = isEncoded(lower) ? lower : domainToASCII(lower).toLowerCase()
  if (name === '') return invalid('That is not a domain: one of its labels cannot be encoded.')
  if (name.length > domainNameBytesMax) return invalid(`A domain has at most ${domainNameBytesMax} bytes.`)
  const labels = name.split('.')
  if (!labels.every((part) => label.test(part)))
    return invalid('Each label of a domain has 1 to 63 letters, digits and hyphens, and no hyphen at its ends.')
  if (/^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) as string)) return invalid('An IP address is not a domain.')
  return name
}

/** `name` of `name+detail`, where there's a detail. */
export function withoutDetail(local: string): string | undefined {
  const plus = local.indexOf('+')
  return plus > 0 && !local.startsWith('"') ? local.slice(0, plus) : undefined
}
