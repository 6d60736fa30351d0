// The keys of a search that columns answer: the sent day, object ids, and the fields that have keys of their own. A field that
// is asked for the first time in a large mailbox is narrowed by the search index instead.

import type { MailboxIndex } from '../messages/mailbox-index.js'
import type { Column } from '../search/column.js'
import { needleGrams } from '../search/grams.js'
import type { DayRange, SearchableField } from '../search/query.js'
import type { TextColumn } from '../search/text-column.js'
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
import { directMessagesMax, Narrowing, type NarrowSources } from './search-narrow.js'
import { mark, none, union } from './search-sets.js'
import { type EntrySnapshot, keep, keepMarked, type Positions } from './search-snapshot.js'

export interface FieldSearchSources extends NarrowSources {
  readonly index: MailboxIndex
  readonly snapshot: EntrySnapshot
}

/** Up to here a column is filled when it's first asked for. */
const smallMailbox = 1_024
/** A larger mailbox's fields are never kept in columns. */
const columnEntriesMax = 262_144
/** Where less than one in so many rows is asked for, each is looked at alone. */
const fewRows = 8
const fieldsAtOnce = 256

export class FieldSearch {
  readonly #sources: FieldSearchSources
  readonly #narrowing: Narrowing

  constructor(sources: FieldSearchSources) {
    this.#sources = sources
    this.#narrowing = new Narrowing(sources)
  }

  get #columns(): ColumnCache {
    return this.#sources.reader.columns
  }

  get #ask(): ColumnAsk {
    const { db, reader, index, snapshot, slices } = this.#sources
    return { db, reader, index, entries: snapshot.entries, slices }
  }

  async sentDay(
    { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY }: DayRange,
    positions: Positions,
  ): Promise<Positions> {
    const [column] = await this.#columns.filled(this.#ask, [sentDayColumn])
    const days = column.pick(column.rowsOf(this.#sources.snapshot.uidsAt(positions)))
    return keep(positions, (_, i) => (days[i] as number) >= from && (days[i] as number) < to)
  }

  async objectId(kind: 'emailId' | 'threadId', id: string, positions: Positions): Promise<Positions> {
    const [column] = await this.#columns.filled(this.#ask, [objectIdColumn(kind)])
    return this.#inColumn(column, markedId(id), positions)
  }

  /** Out of the column where it's at hand, or asked for again; else the search index says which few messages to look at. */
  async field(field: SearchableField, needle: string, positions: Positions): Promise<Positions> {
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
    const { sure, maybe } = await this.#narrowing.narrow('header_gram', needleGrams(needle), ids)
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
    return keepMarked(positions, marks, places)
  }

  #inColumn(column: TextColumn, needle: string, positions: Positions): Positions {
    const rows = column.rowsOf(this.#sources.snapshot.uidsAt(positions))
    if (rows !== undefined && rows.length * fewRows < column.length)
      return keep(positions, (_, i) => column.holds(rows[i] as number, needle))
    const marks = column.marks(needle)
    return keepMarked(positions, marks, rows)
  }
}
