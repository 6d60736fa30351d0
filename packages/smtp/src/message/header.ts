// A message's header block as the client sent it, cut into fields, each with its place in the bytes: what isn't taken out or replaced
// leaves as it came. Strict, unlike the reader of stored mail: a line that one program takes for a field and another one doesn't
// is refused, since it could hide a second From. RFC 5322 §2.2; of §4.5 nothing.
import { SmtpError } from '../reply.js'

const SP = 0x20
const HTAB = 0x09
const COLON = 0x3a
const DEL = 0x7f

export interface Field {
  /** In lower case. */
  readonly name: string
  readonly start: number
  readonly valueStart: number
  /** Behind its last line's CRLF. */
  readonly end: number
}

export interface Header {
  readonly bytes: Buffer
  /** One character for each byte, so that offsets are the same. */
  readonly text: string
  readonly fields: readonly Field[]
}

/** @param bytes lines that all end with CRLF, with the empty one that ends the header if there's one */
export function readHeader(bytes: Buffer): Header {
  const text = bytes.toString('latin1')
  const fields: Field[] = []
  let line = 1
  for (let start = 0; start < text.length && !text.startsWith('\r\n', start); ) {
    const colon = colonOf(text, { start, line })
    const { end, lines } = fieldEnd(text, { start, line })
    fields.push({ name: text.slice(start, colon).toLowerCase(), start, valueStart: colon + 1, end })
    start = end
    line += lines
  }
  return { bytes, text, fields }
}

/** The value without the white space around it, still folded. */
export function rawValue(header: Header, field: Field): string {
  return header.text.slice(field.valueStart, field.end).trim()
}

/** The value on one line, decoded: RFC 6532 where it isn't ASCII, which the policies have seen to be UTF-8. */
export function textValue(header: Header, field: Field): string {
  return header.bytes.toString('utf8', field.valueStart, field.end).replaceAll('\r\n', '').trim()
}

export function fieldsNamed(header: Header, name: string): readonly Field[] {
  return header.fields.filter((field) => field.name === name)
}

export function firstNamed(header: Header, name: string): Field | undefined {
  return header.fields.find((field) => field.name === name)
}

/** Content-Type of the whole message, without its parameters and in lower case. */
export function mediaType(header: Header): string {
  const field = firstNamed(header, 'content-type')
  const value = field === undefined ? '' : rawValue(header, field)
  return /^[\w.+-]+\/[\w.+-]+/.exec(value)?.[0].toLowerCase() ?? 'text/plain'
}

interface Place {
  readonly start: number
  readonly line: number
}

/** field-name = 1*ftext, and at once the colon */
function colonOf(text: string, { start, line }: Place): number {
  let at = start
  for (;;) {
    const code = text.charCodeAt(at)
    if (code === COLON || code <= SP || code >= DEL || Number.isNaN(code)) break
    at++
  }
  if (at > start && text.charCodeAt(at) === COLON) return at
  throw malformed(
    line,
    at > start && isSpace(text.charCodeAt(at)) ? 'has white space in or behind its name' : 'is none',
  )
}

/** Goes over the lines that continue the field. One of white space alone is the header's end to some and to others not. */
function fieldEnd(text: string, { start, line }: Place): { end: number; lines: number } {
  let lines = 1
  let end = text.indexOf('\r\n', start) + 2
  while (isSpace(text.charCodeAt(end))) {
    const next = text.indexOf('\r\n', end) + 2
    if (text.slice(end, next).trim() === '') throw malformed(line + lines, 'continues in a line of white space alone')
    end = next
    lines++
  }
  return { end, lines }
}

function isSpace(code: number): boolean {
  return code === SP || code === HTAB
}

function malformed(line: number, what: string): SmtpError {
  return new SmtpError(`554 5.6.0 Line ${line} of the message has to be a header field, and ${what}`)
}
