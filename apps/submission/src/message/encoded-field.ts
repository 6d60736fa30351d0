// A field that has raw bytes beyond ASCII, in ASCII: text and display names as encoded words (RFC 2047 §5), parameters of MIME fields
// by RFC 2231 §4. Bytes that aren't UTF-8 are taken for windows-1252, the charset of programs that know of none. What can't be
// encoded (an address, a Message-ID) stays, and is refused by the policy on ASCII headers.
import { decodeRawHeader, encodeWords, iconvCharsets } from '@postern/message'
import type { RawField } from './mended-header.js'

const addressFields: ReadonlySet<string> = new Set([
  ...['from', 'sender', 'reply-to', 'to', 'cc', 'bcc', 'disposition-notification-to'],
  ...['resent-from', 'resent-sender', 'resent-reply-to', 'resent-to', 'resent-cc', 'resent-bcc'],
])
const parameterFields: ReadonlySet<string> = new Set(['content-type', 'content-disposition'])
const wordlessFields: ReadonlySet<string> = new Set([
  ...['date', 'message-id', 'in-reply-to', 'references', 'received', 'return-path', 'resent-date', 'resent-message-id'],
  ...['mime-version', 'content-transfer-encoding', 'content-id'],
])

/** Its lines, without their CRLF. */
export function encodedField({ name, lines }: RawField): readonly string[] {
  const raw = lines.join('')
  if (isAsciiText(raw) || wordlessFields.has(name)) return lines
  const text = decodeRawHeader(raw, undefined, iconvCharsets)
  const colon = text.indexOf(':') + 1
  const value = encodedValue(name, text.slice(colon).trim())
  // An encoded word to a line (RFC 2047 §2); what stays beyond ASCII is one character for each byte again.
  return Buffer.from(`${text.slice(0, colon)} ${value}`)
    .toString('latin1')
    .replaceAll('?= =?', '?=\n =?')
    .split('\n')
}

function encodedValue(name: string, value: string): string {
  if (parameterFields.has(name)) return withEncodedParameters(value)
  return addressFields.has(name) ? withEncodedNames(value) : encodeWords(value)
}

/**
 * A quoted string, or words as far as they go: encoded together, since the space between two encoded words isn't shown. A string has
 * a bound, so that one without an end isn't gone through from each of its escaped quotes.
 */
const nameForm = /"((?:[^"\\]|\\.){0,1000})"|[^\s"<>(),:;@]+(?:[ \t]+[^\s"<>(),:;@]+)*/g

function withEncodedNames(value: string): string {
  return value.replace(nameForm, (found, inQuotes: string | undefined, at: number) => {
    const isPartOfAddress = value[at - 1] === '@' || value[at + found.length] === '@'
    if (isAsciiText(found) || isPartOfAddress) return found
    return encodeWords(inQuotes === undefined ? found : inQuotes.replace(/\\(.)/g, '$1'))
  })
}

/** Begun nowhere inside a name. */
const parameterForm = /(?<![\w-])([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/g

function withEncodedParameters(value: string): string {
  return value.replace(parameterForm, (found, name: string, inQuotes: string | undefined, bare: string | undefined) => {
    if (isAsciiText(found)) return found
    const text = bare ?? (inQuotes ?? '').replace(/\\(.)/g, '$1')
    return `${name}*=utf-8''${inPercents(text)}`
  })
}

/** attribute-char has none of these either. */
function inPercents(text: string): string {
  return encodeURIComponent(text).replace(/['()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
}

function isAsciiText(text: string): boolean {
  return !/[^\0-\x7f]/.test(text)
}
