// Header fields as SEARCH compares them (RFC 9051 §6.4.4): unfolded, encoded words and raw 8-bit text decoded, RFC 2231 parameters
// decoded behind what was sent, so that both are found. Of the message here, and of its parts there.
import { type Charsets, iconvCharsets } from './charsets.js'
import { decodeRawHeader } from './decode-text.js'
import { decodeWords } from './encoded-word.js'
import { HeaderLines, unfold } from './header-lines.js'
import { latin1 } from './latin1.js'
import { parameterOf, parameters } from './parameters.js'
import type { ParsedMessage } from './parse.js'
import type { Part } from './part.js'

export interface SearchHeader {
  /** As sent. */
  name: string
  value: string
}

export function searchHeaders(
  bytes: Uint8Array,
  parsed: ParsedMessage,
  options: { charsets?: Charsets } = {},
): SearchHeader[] {
  return headersOf(bytes, parsed.root, {
    charsets: options.charsets ?? iconvCharsets,
    bytesMax: parsed.limits.headerBytesMax,
  })
}

/** Those of the parts and of attached messages, which SEARCH TEXT compares too: one list each. */
export function searchPartHeaders(
  bytes: Uint8Array,
  parsed: ParsedMessage,
  options: { charsets?: Charsets } = {},
): SearchHeader[][] {
  const found: SearchHeader[][] = []
  const limits = { charsets: options.charsets ?? iconvCharsets, bytesMax: parsed.limits.headerBytesMax }
  const collect = (part: Part): void => {
    const below = part.message === undefined ? part.children : [part.message.root]
    for (const child of below) {
      if (child.bodyStart > child.headerStart) found.push(headersOf(bytes, child, limits))
      collect(child)
    }
  }
  collect(parsed.root)
  return found
}

function headersOf(
  bytes: Uint8Array,
  part: Part,
  { charsets, bytesMax }: { charsets: Charsets; bytesMax: number },
): SearchHeader[] {
  const end = Math.min(part.bodyStart, part.headerStart + bytesMax)
  const { text, ascii } = latin1(bytes.subarray(part.headerStart, end))
  const fallback = ascii ? undefined : parameterOf(part.params, 'CHARSET')
  const lines = new HeaderLines(text)
  const found: SearchHeader[] = []
  while (lines.next()) {
    const sent = unfold(text.slice(lines.valueStart, lines.valueEnd))
    const value = decodeWords(ascii ? sent : decodeRawHeader(sent, fallback, charsets), charsets)
    const name = text.slice(lines.nameStart, lines.nameEnd)
    found.push({ name, value: value.includes('*') ? value + decodedParameters(name, value, charsets) : value })
  }
  return found
}

function decodedParameters(name: string, value: string, charsets: Charsets): string {
  if (!/^content-(type|disposition)$/i.test(name)) return ''
  let out = ''
  for (const [key, text] of parameters(value, 0, charsets)) out += `; ${key.toLowerCase()}="${text}"`
  return out
}
