// The one-time code or link in a mail, for the API's `/otp`: one-time-code.ts and one-time-link.ts over the text of a message.
import { type Charsets, iconvCharsets } from './charsets.js'
import { htmlText } from './html-text.js'
import { findCode } from './one-time-code.js'
import { findLink } from './one-time-link.js'
import type { ParsedMessage } from './parse.js'
import { isText, type Part } from './part.js'
import { partText } from './part-text.js'
import { searchHeaders } from './search-headers.js'

export interface Otp {
  code?: string
  link?: string
}

const textCharsMax = 16_000
const partBytesMax = 256 * 1024

/** @param mail subject, and the text as plain text, as HTML, or both */
export function findOtp(mail: { subject: string; text?: string | undefined; html?: string | undefined }): Otp {
  const html = mail.html ?? ''
  const text = mail.text ?? ''
  const code = findCode(mail.subject, text) ?? findCode(mail.subject, lineText(html))
  const link = findLink(text, html)
  return { ...(code === undefined ? {} : { code }), ...(link === undefined ? {} : { link }) }
}

/** The same from a message's bytes. */
export function findOtpIn(bytes: Uint8Array, parsed: ParsedMessage, options: { charsets?: Charsets } = {}): Otp {
  const charsets = options.charsets ?? iconvCharsets
  const subject = searchHeaders(bytes, parsed, { charsets }).find(({ name }) => name.toLowerCase() === 'subject')
  const textOf = (subtype: string): string | undefined => {
    const part = firstText(parsed.root, subtype)
    return part === undefined ? undefined : partText(bytes, part, { charsets, bytesMax: partBytesMax })
  }
  return findOtp({
    subject: subject?.value ?? '',
    text: textOf('PLAIN'),
    html: textOf('HTML'),
  })
}

function firstText(part: Part, subtype: string): Part | undefined {
  if (isText(part)) return part.subtype === subtype && part.disposition?.type !== 'ATTACHMENT' ? part : undefined
  for (const child of part.children) {
    const found = firstText(child, subtype)
    if (found !== undefined) return found
  }
  return undefined
}

/** Blocks on lines of their own: a code often stands alone in one. */
function lineText(html: string): string {
  return htmlText(html, { charsMax: textCharsMax, separator: '\n' })
    .replace(/[ \t\r\u00a0]+/g, ' ')
    .replace(/\n[\n ]+/g, '\n')
}
