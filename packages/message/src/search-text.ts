// Text as SEARCH BODY compares it (RFC 9051 §6.4.4): one string for each text part, decoded. HTML stays as it was sent, since a
// substring of the message is what's asked for. A MESSAGE part that isn't read as a message of its own, such as a delivery
// report, counts as text. Header fields, also those of parts, are no body: `searchPartHeaders`.
import { type Charsets, iconvCharsets } from './charsets.js'
import type { ParsedMessage } from './parse.js'
import { isText, type Part } from './part.js'
import { partText } from './part-text.js'

export interface SearchTextOptions {
  charsets?: Charsets
  /** Bytes as sent, of all parts together, that are decoded. */
  textBytesMax?: number
}

export const searchTextBytesMax = 16 * 1024 * 1024

export function searchText(bytes: Uint8Array, parsed: ParsedMessage, options: SearchTextOptions = {}): string[] {
  const collector: Collector = {
    bytes,
    charsets: options.charsets ?? iconvCharsets,
    left: options.textBytesMax ?? searchTextBytesMax,
    found: [],
  }
  collect(collector, parsed.root)
  return collector.found
}

interface Collector {
  readonly bytes: Uint8Array
  readonly charsets: Charsets
  readonly found: string[]
  left: number
}

function collect(collector: Collector, part: Part): void {
  if (collector.left <= 0) return
  for (const child of part.children) collect(collector, child)
  if (part.message !== undefined) collect(collector, part.message.root)
  else if ((isText(part) || part.type === 'MESSAGE') && part.bodyEnd > part.bodyStart) {
    const { bytes, charsets, left } = collector
    collector.found.push(partText(bytes, part, { charsets, bytesMax: left }))
    collector.left -= part.bodyEnd - part.bodyStart
  }
}
