// The keys of a search that are about messages: their ids, sent day, header fields and text. Each is asked of ascending
// message ids and marks the ones that match. Texts are narrowed by the index where there is one, then compared; what
// the index answers exactly (a needle of three characters or fewer in a whole text) isn't compared again.

import type { FileBlobs } from '../blobs/file-blobs.js'
import type { MailboxIndex } from '../messages/mailbox-index.js'
import type { AccountId } from '../model.js'
import type { Column } from '../search/column.js'
import { fold } from '../search/fold.js'
import { type NeedleGrams, needleGrams } from '../search/grams.js'
import { fieldText, searchableFields } from '../search/message-text.js'
import type { DayRange, SearchableField, SearchQuery } from '../search/query.js'
import type { TextColumn } from '../search/text-column.js'
import type { Connection } from './connection.js'
import { readFields } from './search-batch.js'
import {
  type ColumnAsk,
  type ColumnCache,
  type ColumnKind,
  fieldColumn,
  markedId,
  objectIdColumn,
  sentDayColumn,
} from './search-columns.js'
import { IndexGone, type IndexView, type SearchIndexReader } from './search-reader.js'
import type { GramTable } from './search-schema.js'
import type { Slices } from './search-slices.js'
import { type EntrySnapshot, keep, type Positions } from './search-snapshot.js'

export type MessageQuery = Extract<
  SearchQuery,
  { kind: 'sentDay' | 'emailId' | 'threadId' | SearchableField | 'header' | 'body' | 'text' }
>

export interface MessageSearchSources {
  readonly db: Connection
  readonly blobs: FileBlobs
  readonly reader: SearchIndexReader
  readonly index: MailboxIndex
  readonly accounts: readonly AccountId[]
  readonly snapshot: EntrySnapshot
  readonly slices: Slices
}

/** Of the ids asked for: those that match for sure, and those that have to be looked at. Ascending. */
interface Narrowed {
  readonly sure: Uint32Array
  readonly maybe: Uint32Array
}

type Check = (message: number) => boolean | Promise<boolean>

/** So few messages are compared sooner than looked up. */
const directMessagesMax = 64
/** Up to here a column is filled when it's first asked for. */
const smallMailbox = 1_024
/** A larger mailbox's fields are never kept in columns. */
const columnEntriesMax = 262_144
/** Where less than one in so many rows is asked for, each is looked at alone. */
const fewRows = 8
const fieldsAtOnce = 256
/** Message ids that the index is asked about at a time, to begin with. */
const idSpan = 16_384
const idSpanMin = 1_024
const fastAskMs = 1
const slowAskMs = 4
const none = new Uint32Array(0)

export class MessageSearch {
  readonly #sources: MessageSearchSources

  constructor(sources: MessageSearchSources) {
    this.#sources = sources
  }

  async filter(query: MessageQuery, positions: Positions): Promise<Positions> {
    switch (query.kind) {
      case 'sentDay':
        return this.#sentDay(query, positions)
      case 'emailId':
      case 'threadId':
        return this.#objectId(query.kind, query.id, positions)
      case 'header': {
        const field = searchableFields.find((name) => name === query.name.toLowerCase())
        return field === undefined
          ? this.#marked(positions, (ids) => this.#header(fold(query.name), fold(query.text), ids))
          : this.#field(field, fold(query.text), positions)
      }
      case 'body':
        return this.#marked(positions, (ids) => this.#body(fold(query.text), ids))
      case 'text':
        return this.#marked(positions, (ids) => this.#text(fold(query.text), ids))
      default:
        return this.#field(query.kind, fold(query.text), positions)
    }
  }

  async #marked(positions: Positions, marksOf: (ids: Uint32Array) => Promise<Uint8Array>): Promise<Positions> {
    const { ids, places } = this.#sources.snapshot.messagesAt(positions)
    const marks = await marksOf(ids)
    return keep(positions, (_, i) => marks[places[i] as number] === 1)
  }

  get #columns(): ColumnCache {
    return this.#sources.reader.columns
  }

  get #ask(): ColumnAsk {
    const { db, reader, index, snapshot, slices } = this.#sources
    return { db, reader, index, entries: snapshot.entries, slices }
  }

  async #sentDay(
    { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY }: DayRange,
    positions: Positions,
  ): Promise<Positions> {
    const [column] = await this.#columns.filled(this.#ask, [sentDayColumn])
    const days = column.pick(column.rowsOf(this.#sources.snapshot.uidsAt(positions)))
    return keep(positions, (_, i) => (days[i] as number) >= from && (days[i] as number) < to)
  }

  async #objectId(kind: 'emailId' | 'threadId', id: string, positions: Positions): Promise<Positions> {
    const [column] = await this.#columns.filled(this.#ask, [objectIdColumn(kind)])
    return this.#inColumn(column, markedId(id), positions)
  }

  /** Out of the column where it's at hand, or asked for again; else the search index says which few messages to look at. */
  async #field(field: SearchableField, needle: string, positions: Positions): Promise<Positions> {
    // A line of header has no line feed, so nothing with one is in it; and fields are kept apart by them.
    if (needle.includes('\n')) return none
    const kind = fieldColumn(field)
    const { index, snapshot } = this.#sources
    const missing = this.#columns.missing(index, kind, snapshot.entries)
    if (missing > directMessagesMax && needle !== '' && this.#isRatherNarrowed(kind)) {
      const found = await this.#narrowedField(field, needle, positions)
      if (found !== undefined) return found
    }
    const [column] = await this.#columns.filled(this.#ask, [kind])
    return this.#inColumn(column, needle, positions)
  }

  /** A column is worth its reading from the second time on, and no room for it is worth it in the largest mailboxes. */
  #isRatherNarrowed(kind: ColumnKind<Column>): boolean {
    const { index } = this.#sources
    return (
      index.length > columnEntriesMax || (index.length > smallMailbox && this.#columns.noteAsked(index, kind) === 0)
    )
  }

  /** Undefined where the index leaves too many. */
  async #narrowedField(field: SearchableField, needle: string, positions: Positions): Promise<Positions | undefined> {
    const { db, reader, slices, snapshot } = this.#sources
    const { ids, places } = snapshot.messagesAt(positions)
    const { sure, maybe } = await this.#narrow('header_gram', needleGrams(needle), ids)
    const candidates = sure.length === 0 ? maybe : union(sure, maybe)
    if (candidates.length > ids.length / 4 && ids.length <= columnEntriesMax) return undefined
    const marks = new Uint8Array(ids.length)
    const found: number[] = []
    for (let at = 0; at < candidates.length; at += fieldsAtOnce) {
      if (slices.due) await slices.turn()
      const some = candidates.subarray(at, at + fieldsAtOnce)
      for (const [i, text] of readFields({ db, reader }, field, some).entries())
        if (text?.includes(needle)) found.push(some[i] as number)
    }
    mark(marks, ids, Uint32Array.from(found))
    return keep(positions, (_, i) => marks[places[i] as number] === 1)
  }

  #inColumn(column: TextColumn, needle: string, positions: Positions): Positions {
    const rows = column.rowsOf(this.#sources.snapshot.uidsAt(positions))
    if (rows !== undefined && rows.length * fewRows < column.length)
      return keep(positions, (_, i) => column.holds(rows[i] as number, needle))
    const marks = column.marks(needle)
    return rows === undefined
      ? keep(positions, (_, i) => marks[i] === 1)
      : keep(positions, (_, i) => marks[rows[i] as number] === 1)
  }

  async #header(name: string, needle: string, ids: Uint32Array): Promise<Uint8Array> {
    const { db, reader } = this.#sources
    const marks = new Uint8Array(ids.length)
    // A name is looked up only where there's no text: it is in most headers, a text is in few.
    const { sure, maybe } = await this.#narrow('header_gram', needleGrams(needle === '' ? `\n${name}: ` : needle), ids)
    const candidates = sure.length === 0 ? maybe : union(sure, maybe)
    await this.#verify(marks, ids, candidates, (id) => {
      const header = reader.texts.header(db, id)
      const value = header === undefined ? undefined : fieldText(header.lines, name)
      return value !== undefined && holdsLine(value, needle)
    })
    return marks
  }

  async #body(needle: string, ids: Uint32Array): Promise<Uint8Array> {
    const marks = new Uint8Array(ids.length)
    if (needle === '') return marks.fill(1)
    const { sure, maybe } = await this.#narrow('body_gram', needleGrams(needle), ids)
    mark(marks, ids, sure)
    await this.#verify(marks, ids, maybe, (id) => this.#bodyHolds(id, needle))
    return marks
  }

  async #text(needle: string, ids: Uint32Array): Promise<Uint8Array> {
    const { db, reader } = this.#sources
    const marks = new Uint8Array(ids.length)
    if (needle === '') return marks.fill(1)
    const grams = needleGrams(needle)
    const header = await this.#narrow('header_gram', grams, ids)
    const body = await this.#narrow('body_gram', grams, ids)
    mark(marks, ids, header.sure)
    mark(marks, ids, body.sure)
    await this.#verify(marks, ids, header.maybe, (id) => {
      const text = reader.texts.header(db, id)
      return text !== undefined && holdsLine(text.lines, needle)
    })
    await this.#verify(marks, ids, body.maybe, (id) => this.#bodyHolds(id, needle))
    return marks
  }

  #bodyHolds(id: number, needle: string): boolean | Promise<boolean> {
    const { db, blobs, reader } = this.#sources
    const texts = reader.texts.body(db, blobs, id)
    const holds = (all: readonly string[]): boolean => all.some((text) => text.includes(needle))
    return texts instanceof Promise ? texts.then(holds) : holds(texts)
  }

  /** Marks the candidates that pass; those that are marked already aren't looked at. */
  async #verify(marks: Uint8Array, ids: Uint32Array, candidates: Uint32Array, check: Check): Promise<void> {
    const { slices } = this.#sources
    let at = 0
    for (const id of candidates) {
      while ((ids[at] as number) < id) at++
      if (marks[at] === 1) continue
      if (slices.due) await slices.turn()
      const passed = check(id)
      if (typeof passed === 'boolean' ? passed : await passed) marks[at] = 1
    }
  }

  async #narrow(table: GramTable, needle: NeedleGrams, ids: Uint32Array): Promise<Narrowed> {
    const { db, reader, accounts } = this.#sources
    const everything: Narrowed = { sure: none, maybe: ids }
    const view = reader.view(db)
    if (view === undefined || countUpTo(ids, view.watermark) <= directMessagesMax) return everything
    try {
      const expression = reader.expression(view, table, needle, accounts)
      if (expression === undefined) return everything
      return await this.#lookUp({ view, table, expression, exact: needle.exact }, ids)
    } catch (error) {
      if (error instanceof IndexGone) return everything
      throw error
    }
  }

  async #lookUp(
    { view, table, expression, exact }: { view: IndexView; table: GramTable; expression: string; exact: boolean },
    ids: Uint32Array,
  ): Promise<Narrowed> {
    const indexed = ids.subarray(0, countUpTo(ids, view.watermark))
    const rest = ids.subarray(indexed.length)
    const range = { from: indexed[0] as number, to: indexed[indexed.length - 1] as number }
    const hits = common(indexed, expression === '' ? none : await this.#matches({ view, table, expression, ...range }))
    const cut = table === 'body_gram' ? common(indexed, this.#sources.reader.cutBodies(view, range)) : none
    const whole = idsWithout(hits, cut)
    return exact
      ? { sure: whole, maybe: joined(cut, rest) }
      : { sure: none, maybe: joined(cut.length === 0 ? whole : union(whole, cut), rest) }
  }

  /** Asks the index range by range: as wide as can be answered within a slice. */
  async #matches(ask: {
    view: IndexView
    table: GramTable
    expression: string
    from: number
    to: number
  }): Promise<Uint32Array> {
    const { reader, slices } = this.#sources
    const found: Uint32Array[] = []
    let span = idSpan
    for (let from = ask.from; from <= ask.to; ) {
      if (slices.due) await slices.turn()
      const to = Math.min(ask.to, from + span - 1)
      const started = performance.now()
      found.push(reader.matches(ask.view, { table: ask.table, expression: ask.expression, from, to }))
      const tookMs = performance.now() - started
      if (tookMs < fastAskMs) span *= 4
      else if (tookMs > slowAskMs) span = Math.max(idSpanMin, span >>> 1)
      from = to + 1
    }
    return found.length === 1 ? (found[0] as Uint32Array) : joined(...found)
  }
}

/** A line of header has no line feed, so nothing with one is in it; and fields are kept apart by them. */
const holdsLine = (lines: string, needle: string): boolean => !needle.includes('\n') && lines.includes(needle)

/** How many of the ascending ids are at most `limit`. */
function countUpTo(ids: Uint32Array, limit: number): number {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ids[middle] as number) <= limit) low = middle + 1
    else high = middle
  }
  return low
}

/** `found` is a part of `ids`, both ascending. */
function mark(marks: Uint8Array, ids: Uint32Array, found: Uint32Array): void {
  let at = 0
  for (const id of found) {
    at = nextAt(ids, id, at)
    marks[at] = 1
  }
}

/** Ascending ids that are in `ids` and not in `others`. */
function idsWithout(ids: Uint32Array, others: Uint32Array): Uint32Array {
  if (others.length === 0) return ids
  let at = 0
  return keep(ids, (id) => {
    at = nextAt(others, id, at)
    return others[at] !== id
  })
}

function common(ids: Uint32Array, others: Uint32Array): Uint32Array {
  let at = 0
  return keep(others, (id) => {
    at = nextAt(ids, id, at)
    return ids[at] === id
  })
}

/** The first place from `at` on whose id is not below `id`: a few steps, else by halves. */
function nextAt(ids: Uint32Array, id: number, at: number): number {
  for (let i = at; i < at + 8; i++) if (i >= ids.length || (ids[i] as number) >= id) return i
  return at + 8 + countUpTo(ids.subarray(at + 8), id - 1)
}

function joined(...parts: readonly Uint32Array[]): Uint32Array {
  const filled = parts.filter(({ length }) => length > 0)
  if (filled.length < 2) return filled[0] ?? none
  const out = new Uint32Array(filled.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of filled) {
    out.set(part, at)
    at += part.length
  }
  return out
}

const union = (a: Uint32Array, b: Uint32Array): Uint32Array => joined(a, b).sort()
