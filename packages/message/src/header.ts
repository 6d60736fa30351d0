// The fields of one header block that the rest of the package asks for: found in one walk, kept raw (folded) until somebody needs
// them, first occurrence first. Everything that parses a value starts from here. RFC 5322 §3.6, RFC 2045 §3.
import type { Charsets } from './charsets.js'
import { decodeRawHeader } from './decode-text.js'
import { HeaderLines } from './header-lines.js'
import { isAscii, latin1 } from './latin1.js'

export class Header {
  date: string | undefined
  subject: string | undefined
  from: string | undefined
  sender: string | undefined
  replyTo: string | undefined
  to: string | undefined
  cc: string | undefined
  bcc: string | undefined
  inReplyTo: string | undefined
  messageId: string | undefined
  references: string | undefined
  returnPath: string | undefined
  contentType: string | undefined
  contentTransferEncoding: string | undefined
  contentId: string | undefined
  contentDescription: string | undefined
  contentMd5: string | undefined
  contentDisposition: string | undefined
  contentLanguage: string | undefined
  contentLocation: string | undefined
  /** Whether every byte was ASCII. If not, values hold text: RFC 6532, or a guess. */
  ascii = true
}

export type HeaderField = Exclude<keyof Header, 'ascii'>

/** By length of the name, so that a field which nobody asks for costs one comparison at most. */
const fieldsByLength: (readonly (readonly [string, HeaderField])[] | undefined)[] = []
for (const [name, field] of [
  ['date', 'date'],
  ['subject', 'subject'],
  ['from', 'from'],
  ['sender', 'sender'],
  ['reply-to', 'replyTo'],
  ['to', 'to'],
  ['cc', 'cc'],
  ['bcc', 'bcc'],
  ['in-reply-to', 'inReplyTo'],
  ['message-id', 'messageId'],
  ['references', 'references'],
  ['return-path', 'returnPath'],
  ['content-type', 'contentType'],
  ['content-transfer-encoding', 'contentTransferEncoding'],
  ['content-id', 'contentId'],
  ['content-description', 'contentDescription'],
  ['content-md5', 'contentMd5'],
  ['content-disposition', 'contentDisposition'],
  ['content-language', 'contentLanguage'],
  ['content-location', 'contentLocation'],
] as const) {
  fieldsByLength[name.length] = [...(fieldsByLength[name.length] ?? []), [name, field]]
}

/** RFC 5322 §4.5.3: when a destination field comes more than once, the lists are one list. */
const repeatable: Partial<Record<HeaderField, true>> = { to: true, cc: true, bcc: true }

export function readHeader(block: Uint8Array, charsets: Charsets): Header {
  const header = new Header()
  const { text, ascii } = latin1(block)
  const lines = new HeaderLines(text)
  while (lines.next()) {
    const field = fieldNamed(text, lines.nameStart, lines.nameEnd)
    if (field === undefined) continue
    const value = text.slice(lines.valueStart, lines.valueEnd)
    const known = header[field]
    if (known === undefined) header[field] = value
    else if (repeatable[field]) header[field] = `${known}, ${value}`
  }
  return ascii ? header : withText(header, charsets)
}

function fieldNamed(text: string, start: number, end: number): HeaderField | undefined {
  const candidates = fieldsByLength[end - start]
  if (candidates === undefined) return undefined
  for (const candidate of candidates) if (sameName(text, start, candidate[0])) return candidate[1]
  return undefined
}

/** Whether the name at `start` is `lower` (in lower case, of the same length), case folded. Names are ASCII letters and hyphens. */
function sameName(text: string, start: number, lower: string): boolean {
  for (let i = 0; i < lower.length; i++) if ((text.charCodeAt(start + i) | 0x20) !== lower.charCodeAt(i)) return false
  return true
}

/** Header bytes beyond ASCII: UTF-8, else what the body's charset makes of them, as mail clients guess. */
function withText(header: Header, charsets: Charsets): Header {
  header.ascii = false
  const fallback = charsetOf(header.contentType)
  for (const candidates of fieldsByLength) {
    for (const [, field] of candidates ?? []) {
      const value = header[field]
      if (value !== undefined && !isAscii(value)) header[field] = decodeRawHeader(value, fallback, charsets)
    }
  }
  return header
}

/** Only for the guess above, so that it needs no grammar: the parameter's value up to a quote or semicolon. */
function charsetOf(contentType: string | undefined): string | undefined {
  return contentType?.match(/charset\s{0,9}=\s{0,9}"?([\w.:+-]{1,60})/i)?.[1]
}
