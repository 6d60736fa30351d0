// `;`-separated parameters of Content-Type and Content-Disposition, RFC 2045 §5.1, with RFC 2231 continuations and charsets joined
// and decoded. As lenient as mail needs: unquoted values run to the semicolon (file names with spaces, boundaries with `=`).
//
//   parameter = attribute "=" value
//   attribute = name [ "*" section ] [ "*" ]        ; RFC 2231 §7: the last star says "percent-encoded"
//   value     = token / quoted-string
//   initial   = [charset] "'" [language] "'" text   ; of the first percent-encoded section
import type { Charsets } from './charsets.js'
import { decodeText } from './decode-text.js'
import { parametersMax } from './limits.js'
import { hexValue } from './transfer-quoted-printable.js'

/** Name in upper case, as IMAP answers have it, and decoded value. */
export type Parameter = readonly [name: string, value: string]

export const noParameters: readonly Parameter[] = []

interface Section {
  number: number
  encoded: boolean
  value: string
}

/** Reads parameters from `text` (unfolded) at `start`, which is at or before a semicolon. */
export function parameters(text: string, start: number, charsets: Charsets): readonly Parameter[] {
  let at = text.indexOf(';', start)
  if (at < 0) return noParameters
  const found: Parameter[] = []
  const names = new Set<string>()
  let sections: Map<string, Section[]> | undefined
  for (let count = 0; at >= 0 && at < text.length && count < parametersMax; count++) {
    const nameStart = skipSpace(text, at + 1)
    let nameEnd = nameStart
    while (nameEnd < text.length && !endsName(text.charCodeAt(nameEnd))) nameEnd++
    const afterName = skipSpace(text, nameEnd)
    if (text.charCodeAt(afterName) !== EQUALS || nameEnd === nameStart) {
      at = text.indexOf(';', afterName)
      continue
    }
    const name = text.slice(nameStart, nameEnd).toUpperCase()
    const value = valueAt(text, skipSpace(text, afterName + 1))
    at = value.next
    const star = name.indexOf('*')
    if (star < 0) {
      if (!names.has(name)) found.push([name, value.text])
      names.add(name)
    } else {
      sections ??= new Map()
      addSection(sections, name, star, value.text)
    }
  }
  return sections === undefined ? found : withSections(found, names, sections, charsets)
}

export function parameterOf(list: readonly Parameter[], name: string): string | undefined {
  for (const parameter of list) if (parameter[0] === name) return parameter[1]
  return undefined
}

const EQUALS = 0x3d
const SEMICOLON = 0x3b
const DQUOTE = 0x22
const BACKSLASH = 0x5c

function endsName(code: number): boolean {
  return code <= 0x20 || code === EQUALS || code === SEMICOLON
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++
  return at
}

/**
 * The value at `start`, and the offset behind which the next parameter begins (-1: there's none). The semicolon between two
 * parameters is sometimes forgotten, as in an example of RFC 1521: a white space with `name=` behind it stands for one.
 */
function valueAt(text: string, start: number): { text: string; next: number } {
  if (text.charCodeAt(start) === DQUOTE) {
    const close = closingQuote(text, start + 1)
    const after = skipSpace(text, close + 1)
    const next = after >= text.length ? -1 : text.charCodeAt(after) === SEMICOLON ? after : after - 1
    return { text: unquote(text, start + 1, close), next }
  }
  const end = unquotedEnd(text, start)
  return { text: withoutComment(text.slice(start, end).trim()), next: end < text.length ? end : -1 }
}

function unquotedEnd(text: string, start: number): number {
  let wordStart = -1 // of a word behind white space
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === SEMICOLON) return at
    if (code <= 0x20) wordStart = at + 1
    else if (code === EQUALS && wordStart > start && at > wordStart) return wordStart - 1
  }
  return text.length
}

/** The offset of the quote that ends a quoted string; without one, of the string's end. */
function closingQuote(text: string, start: number): number {
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === BACKSLASH) i++
    else if (code === DQUOTE) return i
  }
  return text.length
}

function unquote(text: string, start: number, end: number): string {
  const content = text.slice(start, end)
  return content.includes('\\') ? content.replace(/\\([\s\S])/g, '$1') : content
}

/** `us-ascii (Plain text)` is `us-ascii`. */
function withoutComment(value: string): string {
  if (!value.endsWith(')')) return value
  const open = value.indexOf(' (')
  return open < 0 ? value : value.slice(0, open).trimEnd()
}

function addSection(sections: Map<string, Section[]>, name: string, star: number, value: string): void {
  const encoded = name.endsWith('*')
  const digits = name.slice(star + 1, encoded ? name.length - 1 : name.length)
  if (digits !== '' && !/^[0-9]{1,6}$/.test(digits)) return
  const key = name.slice(0, star)
  const section = { number: digits === '' ? 0 : Number(digits), encoded, value }
  const known = sections.get(key)
  if (known === undefined) sections.set(key, [section])
  else known.push(section)
}

/** RFC 2231 values win over plain ones of the same name, which are there for clients that don't know them. */
function withSections(
  found: readonly Parameter[],
  names: ReadonlySet<string>,
  sections: ReadonlyMap<string, Section[]>,
  charsets: Charsets,
): readonly Parameter[] {
  const decoded = new Map<string, string>()
  for (const [name, list] of sections) decoded.set(name, joinSections(list, charsets))
  const merged = found.map(([name, value]): Parameter => [name, decoded.get(name) ?? value])
  for (const [name, value] of decoded) if (!names.has(name)) merged.push([name, value])
  return merged
}

/** RFC 2231 §3, §4: sections in the order of their numbers, wherever they stood; the charset is stated once, in the first. */
function joinSections(list: Section[], charsets: Charsets): string {
  list.sort((a, b) => a.number - b.number)
  let charset: string | undefined
  let text = ''
  let bytes: number[] = []
  let previous = -1
  for (const { number, encoded, value } of list) {
    if (number === previous) continue
    let content = value
    if (encoded && previous < 0) {
      const [stated, rest] = initialSection(value)
      charset = stated
      content = rest
    }
    previous = number
    if (encoded) pushPercentDecoded(bytes, content)
    else {
      text += decodeBytes(bytes, charset, charsets) + content
      bytes = []
    }
  }
  return text + decodeBytes(bytes, charset, charsets)
}

function initialSection(value: string): [charset: string | undefined, rest: string] {
  const first = value.indexOf("'")
  const second = first < 0 ? -1 : value.indexOf("'", first + 1)
  return second < 0 ? [undefined, value] : [value.slice(0, first), value.slice(second + 1)]
}

function decodeBytes(bytes: readonly number[], charset: string | undefined, charsets: Charsets): string {
  return bytes.length === 0 ? '' : decodeText(Uint8Array.from(bytes), charset, charsets)
}

const encoder = new TextEncoder()

function pushPercentDecoded(bytes: number[], value: string): void {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    const octet = code === 0x25 ? (hexValue(value.charCodeAt(i + 1)) << 4) | hexValue(value.charCodeAt(i + 2)) : -1
    if (octet >= 0) {
      bytes.push(octet)
      i += 2
    } else if (code < 128) bytes.push(code)
    else {
      const character = String.fromCodePoint(value.codePointAt(i)!)
      for (const byte of encoder.encode(character)) bytes.push(byte)
      i += character.length - 1
    }
  }
}

/** For boundaries: the bytes that a parameter's value had. */
export function parameterBytes(value: string): Uint8Array {
  return encoder.encode(value)
}
