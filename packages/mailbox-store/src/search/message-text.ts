// A message as searching sees it: its header as folded lines, its body as folded texts, and the few fields that have
// keys of their own. The index builder and the searcher both look through this file, so that they agree. Small
// messages come as bytes; of large ones, which lie in files, only the text parts are read, piece by piece.

import { isAscii } from 'node:buffer'
import {
  decodeParts,
  type ParsedMessage,
  type PartOffsets,
  parseMessage,
  searchHeaders,
  searchText,
} from '@postern/message'
import type { ByteRange } from '../store.js'
import { fold } from './fold.js'
import type { SearchableField } from './query.js'
import { sentDay } from './sent-day.js'

export const searchableFields: readonly SearchableField[] = ['subject', 'from', 'to', 'cc', 'bcc']

export interface HeaderText {
  /**
   * Every field as `name: value`, folded, each behind a line feed, with one at the end. A line feed inside a value (an
   * encoded word may hold one) is a space, so that a line is a field.
   */
  readonly lines: string
  readonly sentDay: number | undefined
}

/** `block`: the header block alone or the whole message. */
export function headerText(block: Uint8Array, parsed: ParsedMessage = parseMessage(block)): HeaderText {
  const fields = searchHeaders(block, parsed)
  let lines = ''
  let date: string | undefined
  for (const { name, value } of fields) {
    lines += `\n${name}: ${value.replaceAll('\n', ' ')}`
    if (date === undefined && name.length === 4 && name.toLowerCase() === 'date') date = value
  }
  const utcMs = parsed.sort.date
  return {
    lines: fold(`${lines}\n`),
    sentDay: utcMs === undefined || date === undefined ? undefined : sentDay({ field: date, utcMs }),
  }
}

/** The values of the fields of this name, each on a line of its own; undefined where there's no such field. */
export function fieldText(lines: string, name: string): string | undefined {
  const mark = `\n${fold(name)}: `
  let found: string | undefined
  for (let at = lines.indexOf(mark); at >= 0; ) {
    const end = lines.indexOf('\n', at + mark.length)
    const value = lines.slice(at + mark.length, end)
    found = found === undefined ? value : `${found}\n${value}`
    at = lines.indexOf(mark, end)
  }
  return found
}

export function bodyTexts(bytes: Uint8Array, parsed: ParsedMessage = parseMessage(bytes)): string[] {
  return searchText(bytes, parsed, { textBytesMax: Number.POSITIVE_INFINITY }).map(fold)
}

/** `("TEXT" subtype parameters id description encoding octets lines md5 disposition …`: nothing that has a name of its own. */
const plainStructure =
  /^\("TEXT" "[^"\\]*" (NIL|\([^()\\]*\)) (?:NIL|"[^"\\]*") NIL "(?:7BIT|8BIT|BINARY)" \d+ \d+ (?:NIL|"[^"\\]*") NIL /
const plainCharset = /^(?:utf-8|us-ascii|ascii|iso-8859-\d\d?|windows-125\d)$/i

/**
 * The same as `bodyTexts` for the plainest mail, at a third of its price: one text, sent as it is, all ASCII and in a
 * charset in which ASCII is ASCII. Undefined for any other.
 */
export function plainBody(
  bytes: Uint8Array,
  { structure, bodyStart }: { structure: string; bodyStart: number },
): string[] | undefined {
  const parameters = plainStructure.exec(structure)?.[1]
  if (parameters === undefined || /"NAME"/i.test(parameters) || !isAscii(bytes)) return undefined
  const charset = /"CHARSET" "([^"]*)"/i.exec(parameters)?.[1]
  if (charset !== undefined && !plainCharset.test(charset)) return undefined
  return [Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1', bodyStart).toLowerCase()]
}

export interface PiecewiseTexts {
  readonly texts: string[]
  /** There was more text than `bytesMax`. */
  readonly cut: boolean
}

/**
 * The same texts out of a file: yields the range it wants next and is given its bytes. Each leaf is read as a message
 * of its own, which a part with its MIME header is.
 */
export function* piecewiseTexts(
  parts: Uint8Array,
  { bytesMax }: { bytesMax: number },
): Generator<ByteRange, PiecewiseTexts, Uint8Array> {
  const texts: string[] = []
  let left = bytesMax
  for (const { kind, headerStart, bodyStart, bodyEnd, isAttached } of pieces(decodeParts(parts))) {
    const header = yield { start: headerStart, end: bodyStart }
    if (isAttached) texts.push(headerText(header).lines)
    if (kind !== 'leaf' || bodyEnd === bodyStart || parseMessage(header).root.type !== 'TEXT') {
      // Names of files and descriptions.
      texts.push(...bodyTexts(header))
      continue
    }
    if (left <= 0) return { texts, cut: true }
    const end = Math.min(bodyEnd, bodyStart + left)
    texts.push(...bodyTexts(yield { start: headerStart, end }))
    left -= end - bodyStart
    if (end < bodyEnd) return { texts, cut: true }
  }
  return { texts, cut: false }
}

interface Piece extends PartOffsets {
  /** The root of an attached message: its header is text of the body. */
  readonly isAttached: boolean
}

function* pieces(part: PartOffsets, isAttached = false): Generator<Piece> {
  yield { ...part, isAttached }
  for (const child of part.children) yield* pieces(child, part.kind === 'message')
}
