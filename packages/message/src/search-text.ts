// Text as SEARCH BODY and SEARCH TEXT compare it (RFC 9051 §6.4.4): one string for each text part, decoded, one for each header of
// an attached message, and one for the name of each attachment, which people look for. HTML stays as it was sent, since a substring
// of the message is what's asked for.
import { type Charsets, iconvCharsets } from './charsets.js'
import { decodeWords } from './encoded-word.js'
import { parameterOf } from './parameters.js'
import type { ParsedMessage } from './parse.js'
import { isText, type Part } from './part.js'
import { partText } from './part-text.js'
import { headersOf } from './search-headers.js'

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
    headerBytesMax: parsed.limits.headerBytesMax,
    left: options.textBytesMax ?? searchTextBytesMax,
    found: [],
  }
  collect(collector, parsed.root)
  return collector.found
}

interface Collector {
  readonly bytes: Uint8Array
  readonly charsets: Charsets
  readonly headerBytesMax: number
  readonly found: string[]
  left: number
}

function collect(collector: Collector, part: Part): void {
  if (collector.left <= 0) return
  for (const child of part.children) collect(collector, child)
  collectName(collector, part)
  if (part.message !== undefined) {
    collectHeader(collector, part.message.root)
    collect(collector, part.message.root)
  } else if (isText(part) && part.bodyEnd > part.bodyStart) {
    const { bytes, charsets, left } = collector
    collector.found.push(partText(bytes, part, { charsets, bytesMax: left }))
    collector.left -= part.bodyEnd - part.bodyStart
  }
}

function collectHeader(collector: Collector, root: Part): void {
  const bytesMax = Math.min(collector.left, collector.headerBytesMax)
  const fields = headersOf(collector.bytes, root, { charsets: collector.charsets, bytesMax })
  if (fields.length > 0) collector.found.push(fields.map(({ name, value }) => `${name}: ${value}`).join('\n'))
  collector.left -= root.bodyStart - root.headerStart
}

function collectName({ found, charsets }: Collector, part: Part): void {
  const names = new Set<string>()
  for (const name of [
    parameterOf(part.disposition?.params ?? [], 'FILENAME'),
    parameterOf(part.params, 'NAME'),
    part.description,
  ]) {
    if (name) names.add(decodeWords(name, charsets))
  }
  if (names.size > 0) found.push([...names].join('\n'))
}
