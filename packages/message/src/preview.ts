// PREVIEW, RFC 8970: the first words of a message, in plain text, at most 200 characters. Made when the message arrives, so it
// decodes only as much of a part as it needs: first a little, and a bounded lot where that little was markup or quotation.
import type { ByteSource } from './byte-window.js'
import { type Charsets, iconvCharsets } from './charsets.js'
import { htmlText } from './html-text.js'
import type { ParsedMessage } from './parse.js'
import { isText, type Part } from './part.js'
import { partText } from './part-text.js'

export interface PreviewOptions {
  charsets?: Charsets
  /** RFC 8970 §3.3: 200 characters; more than 256 are forbidden. */
  charsMax?: number
}

const previewCharsMax = 200
/** Bytes of a part that are decoded: first, and if that wasn't enough. */
const plainBytes = [1024, 16 * 1024]
const htmlBytes = [8 * 1024, 256 * 1024]
/** HTML text collected for one preview: white space and invisible filler are much of it. */
const htmlCharsMax = 4096

export function preview(bytes: ByteSource, parsed: ParsedMessage, options: PreviewOptions = {}): string {
  const charsets = options.charsets ?? iconvCharsets
  const charsMax = options.charsMax ?? previewCharsMax
  const found: Candidates = { plain: undefined, html: undefined, other: undefined }
  findText(parsed.root, found)
  for (const part of [found.plain, found.html, found.other]) {
    const text = part === undefined ? '' : partPreview(bytes, part, { charsets, charsMax })
    if (text !== '') return text
  }
  return ''
}

interface Candidates {
  plain: Part | undefined
  html: Part | undefined
  other: Part | undefined
}

/** The first text parts that aren't attachments; what's in attached messages counts only if there's nothing else. */
function findText(part: Part, found: Candidates): void {
  for (const child of part.children) {
    if (found.plain !== undefined && found.html !== undefined) return
    findText(child, found)
  }
  if (part.message !== undefined && found.other === undefined) {
    const inside: Candidates = { plain: undefined, html: undefined, other: undefined }
    findText(part.message.root, inside)
    found.other = inside.plain ?? inside.html ?? inside.other
  }
  if (!isText(part) || part.bodyEnd === part.bodyStart || part.disposition?.type === 'ATTACHMENT') return
  if (part.subtype === 'PLAIN') found.plain ??= part
  else if (part.subtype === 'HTML') found.html ??= part
  else if (part.subtype === 'ENRICHED') found.other ??= part
}

function partPreview(
  bytes: ByteSource,
  part: Part,
  { charsets, charsMax }: { charsets: Charsets; charsMax: number },
): string {
  const isHtml = part.subtype === 'HTML' || part.subtype === 'ENRICHED'
  let sent = ''
  let text = ''
  for (const bytesMax of isHtml ? htmlBytes : plainBytes) {
    sent = partText(bytes, part, { charsets, bytesMax })
    const reader = new PreviewReader(charsMax)
    text = isHtml ? reader.flow(htmlText(sent, { charsMax: htmlCharsMax })) : reader.ownLines(sent)
    if (reader.full || part.bodyEnd - part.bodyStart <= bytesMax) break
  }
  return text === '' && !isHtml ? new PreviewReader(charsMax).flow(sent.replace(/^[> ]+/gm, '')) : text
}

/** Collects words, one space between them, up to the number of characters. */
class PreviewReader {
  full = false
  private out = ''
  private left: number

  constructor(charsMax: number) {
    this.left = charsMax
  }

  flow(text: string): string {
    this.words(text, 0, text.length)
    return this.out
  }

  /** Quoted lines are what others wrote, and the signature follows the text. */
  ownLines(text: string): string {
    for (let start = 0; start < text.length && !this.full; ) {
      const lf = text.indexOf('\n', start)
      const end = lf < 0 ? text.length : lf
      if (text.charCodeAt(start) !== GREATER) {
        if (isSignatureMark(text, start, end)) break
        this.words(text, start, end)
      }
      start = end + 1
    }
    return this.out
  }

  private words(text: string, start: number, end: number): void {
    let at = start
    while (at < end && !this.full) {
      while (at < end && isSpace(text.charCodeAt(at))) at++
      let visibleStart = -1
      let visibleEnd = at
      for (; at < end; at++) {
        const code = text.charCodeAt(at)
        if (isSpace(code)) break
        if (code > 0xa0 && isInvisible(code)) continue
        if (visibleStart < 0) visibleStart = at
        visibleEnd = at + 1
      }
      if (visibleStart >= 0) this.word(text.slice(visibleStart, visibleEnd))
    }
  }

  private word(word: string): void {
    if (this.out !== '') {
      this.out += ' '
      this.left--
    }
    // RFC 8970 §3.3 counts characters of Unicode, a string of JavaScript counts halves of some
    if (word.length <= this.left) {
      this.out += word
      this.left -= characters(word)
    } else {
      const cut = firstCharacters(word, this.left)
      this.out += cut
      this.left -= characters(cut)
    }
    if (this.left <= 1) this.finish()
  }

  private finish(): void {
    this.full = true
    this.out = this.out.trimEnd()
  }
}

const GREATER = 0x3e

function isSignatureMark(text: string, start: number, end: number): boolean {
  const length = end - start - (text.charCodeAt(end - 1) === 0x0d ? 1 : 0)
  return length === 3 && text.startsWith('-- ', start)
}

function isSpace(code: number): boolean {
  if (code <= 0x20 || (code >= 0x7f && code <= 0xa0)) return true
  return code >= 0x2000 && (code <= 0x200a || code === 0x2028 || code === 0x2029 || code === 0x202f || code === 0x3000)
}

/** Newsletters fill up their preview with these. Inside of a word they mean something (emoji, Persian). */
function isInvisible(code: number): boolean {
  if (code < 0x200b) return code === 0xad || code === 0x34f
  return code <= 0x200f || (code >= 0x2060 && code <= 0x2064) || code === 0xfeff
}

function characters(text: string): number {
  let count = text.length
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) count--
  return count
}

function firstCharacters(text: string, max: number): string {
  let out = ''
  let left = max
  for (const character of text.slice(0, max * 2)) {
    if (left-- <= 0) break
    out += character
  }
  return out
}
