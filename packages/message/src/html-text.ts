// The text of an HTML part, for previews and for the code finder: tags, comments, styles and scripts dropped, character references
// decoded, blocks kept apart by a space. One walk from left to right that stops when there's enough; no document is built, and
// nothing of the result is ever shown as HTML.
import { decodeCharacterReference } from './html-entities.js'

/** Elements whose content isn't text of the message. */
const hidden = new Set(['style', 'script', 'title', 'template', 'xml', 'noframes'])
/** Elements inside of a word or sentence: `<b>B</b>old` is one word. All others separate. */
const inline = new Set(
  'a abbr b bdi bdo big cite code em font i ins kbd mark nobr q s small span strike strong sub sup tt u var wbr'.split(
    ' ',
  ),
)
const tagNameCharsMax = 20

export interface HtmlTextOptions {
  /** Characters of text after which the walk stops. */
  charsMax: number
  /** What stands between two blocks. */
  separator?: ' ' | '\n'
}

export function htmlText(html: string, { charsMax, separator = ' ' }: HtmlTextOptions): string {
  let out = ''
  let at = 0
  while (at < html.length && out.length < charsMax) {
    const less = html.indexOf('<', at)
    const end = less < 0 ? html.length : less
    if (end > at) out += decoded(html.slice(at, Math.min(end, at + charsMax * 2)))
    if (less < 0) break
    at = afterMarkup(html, less)
    if (at < 0) {
      out += '<'
      at = less + 1
    } else if (separates(html, less)) out += separator
  }
  return out
}

/** The offset behind the tag, comment or hidden element at `less`; -1 when it is a plain less-than sign. */
function afterMarkup(html: string, less: number): number {
  if (html.startsWith('<!--', less)) return endOf(html, '-->', less + 4)
  const next = html.charCodeAt(less + 1)
  const isTag = isLetter(next) || next === 0x2f || next === 0x21 || next === 0x3f
  if (!isTag) return -1
  const name = tagName(html, less + 1)
  const end = tagEnd(html, less + 1)
  return hidden.has(name) ? afterHidden(html, end, name) : end
}

function endOf(html: string, mark: string, from: number): number {
  const at = html.indexOf(mark, from)
  return at < 0 ? html.length : at + mark.length
}

/** Behind the `>` of a tag; one inside of an attribute's quotes doesn't count, unless the quotes never end. */
function tagEnd(html: string, from: number): number {
  let quote = 0
  let firstGreater = -1
  for (let at = from; at < html.length; at++) {
    const code = html.charCodeAt(at)
    if (code === 0x3e) {
      if (quote === 0) return at + 1
      if (firstGreater < 0) firstGreater = at
    } else if (quote !== 0) {
      if (code === quote) quote = 0
    } else if ((code === 0x22 || code === 0x27) && html.charCodeAt(at - 1) === 0x3d) quote = code
  }
  return firstGreater < 0 ? html.length : firstGreater + 1
}

function afterHidden(html: string, from: number, name: string): number {
  for (let at = html.indexOf('</', from); at >= 0; at = html.indexOf('</', at + 2)) {
    if (tagName(html, at + 2) === name) return tagEnd(html, at + 2)
  }
  return html.length
}

function tagName(html: string, from: number): string {
  let end = from
  while (end - from < tagNameCharsMax && isNameChar(html.charCodeAt(end))) end++
  return html.slice(from, end).toLowerCase()
}

function separates(html: string, less: number): boolean {
  const closing = html.charCodeAt(less + 1) === 0x2f
  const name = tagName(html, closing ? less + 2 : less + 1)
  return name !== '' && !inline.has(name)
}

function isLetter(code: number): boolean {
  return (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a
}

function isNameChar(code: number): boolean {
  return isLetter(code) || (code >= 0x30 && code <= 0x39) || code === 0x3a
}

function decoded(text: string): string {
  let amp = text.indexOf('&')
  if (amp < 0) return text
  let out = ''
  let done = 0
  while (amp >= 0) {
    const reference = decodeCharacterReference(text, amp)
    if (reference !== undefined) {
      out += text.slice(done, amp) + reference.text
      done = reference.end
    }
    amp = text.indexOf('&', reference?.end ?? amp + 1)
  }
  return out + text.slice(done)
}
