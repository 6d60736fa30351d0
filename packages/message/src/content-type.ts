// What a part is: media type, parameters, transfer encoding, disposition and language, from the raw fields of its header, with the
// defaults of RFC 2045 §5.2 and §6.1. Types, encodings and parameter names come out in upper case, as IMAP answers have them.
import type { Charsets } from './charsets.js'
import { unfold } from './header-lines.js'
import { languagesMax } from './limits.js'
import { noParameters, type Parameter, parameters } from './parameters.js'

export interface ContentType {
  type: string
  subtype: string
  params: readonly Parameter[]
}

export interface Disposition {
  type: string
  params: readonly Parameter[]
}

export const plainText: ContentType = { type: 'TEXT', subtype: 'PLAIN', params: [['CHARSET', 'US-ASCII']] }
/** RFC 2046 §5.1.5: what a part of a multipart/digest is when it doesn't say. */
export const attachedMessage: ContentType = { type: 'MESSAGE', subtype: 'RFC822', params: noParameters }
/** What a part is shown as when the parser may not go into it. */
export const opaque: ContentType = { type: 'APPLICATION', subtype: 'OCTET-STREAM', params: noParameters }

/**
 * content = "Content-Type" ":" type "/" subtype *(";" parameter)
 * RFC 2045 §5.2: what has no valid syntax is plain text; a bare `text` or `multipart` is still taken at its word.
 */
export function contentType(raw: string | undefined, fallback: ContentType, charsets: Charsets): ContentType {
  if (raw === undefined) return fallback
  const text = unfold(raw)
  const typeEnd = tokenEnd(text, 0)
  const slash = skipSpace(text, typeEnd)
  const type = text.slice(0, typeEnd).toUpperCase()
  const subtypeStart = text.charCodeAt(slash) === SLASH ? skipSpace(text, slash + 1) : slash
  const subtypeEnd = subtypeStart === slash ? slash : tokenEnd(text, subtypeStart)
  const subtype = text.slice(subtypeStart, subtypeEnd).toUpperCase() || bareSubtype(type)
  const params = parameters(text, subtypeEnd, charsets)
  if (type === '' || subtype === undefined) return { ...plainText, params: withCharset(params) }
  return { type, subtype, params: type === 'TEXT' ? withCharset(params) : params }
}

function bareSubtype(type: string): string | undefined {
  if (type === 'TEXT') return 'PLAIN'
  return type === 'MULTIPART' ? 'MIXED' : undefined
}

/** RFC 2046 §4.1.2: text without a charset is US-ASCII, and servers say so. */
function withCharset(params: readonly Parameter[]): readonly Parameter[] {
  for (const [name] of params) if (name === 'CHARSET') return params
  return [['CHARSET', 'US-ASCII'], ...params]
}

/** encoding = "Content-Transfer-Encoding" ":" mechanism */
export function transferEncoding(raw: string | undefined): string {
  if (raw === undefined) return '7BIT'
  const start = raw.charCodeAt(0) === DQUOTE ? 1 : 0
  return raw.slice(start, tokenEnd(raw, start)).toUpperCase() || '7BIT'
}

/** RFC 2183 §2: disposition = "Content-Disposition" ":" disposition-type *(";" disposition-parm) */
export function disposition(raw: string | undefined, charsets: Charsets): Disposition | undefined {
  if (raw === undefined || raw === '') return undefined
  const text = unfold(raw)
  const end = tokenEnd(text, 0)
  const params = parameters(text, end, charsets)
  // RFC 2183 §2.8: an unknown disposition is treated as an attachment; a missing one (`; filename=x`) as well.
  return { type: text.slice(0, end).toUpperCase() || 'ATTACHMENT', params }
}

/** RFC 3282 §2: Content-Language = "Content-Language" ":" Language-Tag *("," Language-Tag) */
export function languages(raw: string | undefined): readonly string[] | undefined {
  if (raw === undefined) return undefined
  const tags: string[] = []
  for (const tag of unfold(raw).split(',', languagesMax)) if (tag.trim() !== '') tags.push(tag.trim())
  return tags.length === 0 ? undefined : tags
}

/** RFC 2557 §4.4: a URI may be folded anywhere, so its white space isn't part of it. */
export function location(raw: string | undefined): string | undefined {
  return raw?.replace(/[\s]+/g, '')
}

const SLASH = 0x2f
const DQUOTE = 0x22

/** token = 1*<any CHAR except SPACE, CTLs, or tspecials>, RFC 2045 §5.1 */
const tokenChar = new Uint8Array(128).fill(1)
tokenChar.fill(0, 0, 0x21)
tokenChar[127] = 0
for (const special of '()<>@,;:\\"/[]?=') tokenChar[special.charCodeAt(0)] = 0

function tokenEnd(text: string, start: number): number {
  let at = start
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code > 127 || tokenChar[code] === 0) break
    at++
  }
  return at
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++
  return at
}
