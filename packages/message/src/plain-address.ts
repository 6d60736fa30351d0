// What one address and its display name may hold to be read by everybody as the same: plain-addresses.ts asks here word by word.
// Display names may be anything that can be seen, other people's addresses included (whoever quotes one shows it as a name), but
// not what a reader that is careless with quotes, or decodes first and parses then, would take for the address itself.
// RFC 5322 §3.2.3 (dot-atom), §3.2.4 (quoted-string); RFC 2047 §6.2 on decoding behind the parsing.
import { decodeWords } from './encoded-word.js'

const atext = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-\\u0080-\\u{10ffff}]"
const dotAtom = new RegExp(`^${atext}+(?:\\.${atext}+)*$`, 'u')
/** Quotes around what has nothing in it that quotes would have to hide. */
const plainQuoted = new RegExp(`^"(?:${atext}|[. ])+"$`, 'u')
const encodedWord = /=\?[^?]*\?[^?]*\?/
/** A name, without the dot at the end that DNS knows and mail doesn't. */
const label = '[A-Za-z0-9\\u0080-\\u{10ffff}](?:[A-Za-z0-9\\-\\u0080-\\u{10ffff}]*[A-Za-z0-9\\u0080-\\u{10ffff}])?'
const domainName = new RegExp(`^${label}(?:\\.${label})*$`, 'u')
/** Controls, line separators, and the marks that turn the text behind them round. */
const unseen = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u

export function isDotAtom(local: string): boolean {
  return dotAtom.test(local) && !encodedWord.test(local)
}

export function isPlainQuoted(local: string): boolean {
  return plainQuoted.test(local) && !encodedWord.test(local)
}

export function isPlainDomain(domain: string): boolean {
  return domainName.test(domain)
}

/** The words around an @, with nothing next to them that could belong to them. */
const word = '[^\\s<>()[\\]:;@\\\\,"]'
const addressInName = new RegExp(`(?<!${word}|[.@")]\\s?)${word}+@${word}+(?!${word}|\\s?[.@("])`, 'gu')

/**
 * Why the display names of one field can't be trusted to be read as names. They count together: what one of them opens, another one
 * may close. Compatibility forms count as what they look like: ＠ is @. An address that's in the field anyway (`own`, in lower case) is
 * taken for whatever it's read as.
 */
export function nameTrouble(phrases: readonly string[], own: ReadonlySet<string>): string | undefined {
  const decoded = phrases.map((phrase) => decodeWords(phrase).normalize('NFKC'))
  if ([...phrases, ...decoded].some((text) => unseen.test(text.replaceAll('\t', ' '))))
    return 'a name has control characters'
  const shown = decoded.map((text) => withoutOwn(/^\s*"([^"\\]*)"\s*$/.exec(text)?.[1] ?? text, own))
  if (phrases.some((phrase, i) => encodedWord.test(phrase) && /[^\s@]@[^\s@]/.test(shown[i] as string)))
    return 'a name has an address in an encoded word'
  if (shown.some((text) => text.includes('@')) && shown.some((text) => /[<>,;:"\\]/.test(text)))
    return 'a name has an address inside, with signs that would part it from the name'
  return undefined
}

function withoutOwn(text: string, own: ReadonlySet<string>): string {
  if (!text.includes('@')) return text
  return text.replace(/\s+/g, ' ').replace(addressInName, (found) => (own.has(found.toLowerCase()) ? '' : found))
}
