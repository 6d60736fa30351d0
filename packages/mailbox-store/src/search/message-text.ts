// A message as searching sees it: its header as folded lines, its body as folded texts, and the few fields that have
// keys of their own. The index builder and the searcher both look through this file, so that they agree. Small
// messages come as bytes; of large ones, which lie in files, only the text parts are read, piece by piece.

import { isAscii } from 'node:buffer'
import {
  decodeParts,
  type ParsedMessage,
  type PartOffsets,
  parseMessage,
  type SearchHeader,
  searchHeaders,
  searchPartHeaders,
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
  const date = fields.find(({ name }) => name.length === 4 && name.toLowerCase() === 'date')?.value
  const utcMs = parsed.sort.date
  return {
    lines: linesOf(fields),
    sentDay: utcMs === undefined || date === undefined ? undefined : sentDay({ field: date, utcMs }),
  }
}

function linesOf(fields: readonly SearchHeader[]): string {
  let lines = ''
  for (const { name, value } of fields) lines += `\n${name}: ${value.replaceAll('\n', ' ')}`
  return fold(`${lines}\n`)
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

/** What stands behind a message's own header. */
export interface BodyText {
  /** Decoded and folded. */
  readonly texts: readonly string[]
  /** Headers of parts and of attached messages, as lines: TEXT looks into them, BODY doesn't (RFC 9051 §6.4.4). */
  readonly headers: readonly string[]
}

export function bodyText(bytes: Uint8Array, parsed: ParsedMessage = parseMessage(bytes)): BodyText {
  return {
    texts: searchText(bytes, parsed, { textBytesMax: Number.POSITIVE_INFINITY }).map(fold),
    headers: searchPartHeaders(bytes, parsed).map(linesOf),
  }
}

/** `("TEXT" subtype parameters id description encoding octets lines md5 disposition …`: a text alone. */
const plainStructure =
  /^\("TEXT" "[^"\\]*" (NIL|\([^()\\]*\)) (?:NIL|"[^"\\]*") NIL "(?:7BIT|8BIT|BINARY)" \d+ \d+ (?:NIL|"[^"\\]*") NIL /
const plainCharset = /^(?:utf-8|us-ascii|ascii|iso-8859-\d\d?|windows-125\d)$/i

/**
 * The same as `bodyText` for the plainest mail, at a third of its price: one text, sent as it is, all ASCII and in a
 * charset in which ASCII is ASCII. Undefined for any other.
 */
export function plainBody(
  bytes: Uint8Array,
  { structure, bodyStart }: { structure: string; bodyStart: number },
): BodyText | undefined {
  const parameters = plainStructure.exec(structure)?.[1]
  if (parameters === undefined || !isAscii(bytes)) return undefined
  const charset = /"CHARSET" "([^"]*)"/i.exec(parameters)?.[1]
  if (charset !== undefined && !plainCharset.test(charset)) return undefined
  const sent = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1', bodyStart)
  return { texts: [sent.toLowerCase()], headers: [] }
}

export interface PiecewiseText extends BodyText {
  /** There was more text than `bytesMax`. */
  readonly cut: boolean
}

/**
 * The same out of a file: yields the range it wants next and is given its bytes. Each leaf is read as a message of its own,
 * which a part with its MIME header is.
 */
export function* piecewiseText(
  parts: Uint8Array,
  { bytesMax }: { bytesMax: number },
): Generator<ByteRange, PiecewiseText, Uint8Array> {
  const texts: string[] = []
  const headers: string[] = []
  let left = bytesMax
  for (const { kind, headerStart, bodyStart, bodyEnd, isRoot } of pieces(decodeParts(parts))) {
    const header = yield { start: headerStart, end: bodyStart }
    const parsed = parseMessage(header)
    if (!isRoot && header.length > 0) headers.push(headerText(header, parsed).lines)
    if (kind !== 'leaf' || bodyEnd === bodyStart || !isSearched(parsed)) continue
    if (left <= 0) return { texts, headers, cut: true }
    const end = Math.min(bodyEnd, bodyStart + left)
    texts.push(...bodyText(yield { start: headerStart, end }).texts)
    left -= end - bodyStart
    if (end < bodyEnd) return { texts, headers, cut: true }
  }
  return { texts, headers, cut: false }
}

const isSearched = ({ root }: ParsedMessage): boolean => root.type === 'TEXT' || root.type === 'MESSAGE'

interface Piece extends PartOffsets {
  readonly isRoot: boolean
}

function* pieces(part: PartOffsets, isRoot = true): Generator<Piece> {
  yield { ...part, isRoot }
  for (const child of part.children) yield* pieces(child, false)
}
