// A few messages, as columns are filled with them: what is read of each is read once, though several columns want it. It's in
// the index's `doc`, in narrow rows; messages that the index doesn't have yet are read themselves.

import { objectId } from '../messages/prepare.js'
import { unpackIsReply } from '../messages/sort-column.js'
import { fieldText, type HeaderText } from '../search/message-text.js'
import type { SearchableField } from '../search/query.js'
import type { Refs } from '../search/refs-column.js'
import type { Connection } from './connection.js'
import { IndexGone, type SearchIndexReader } from './search-reader.js'
import { rowsById } from './search-rows.js'

export interface BatchSources {
  readonly db: Connection
  readonly reader: SearchIndexReader
}

/** By position; all have one length. */
export interface BatchEntries {
  readonly uids: Uint32Array
  readonly messages: Uint32Array
  readonly sizes: Uint32Array
  readonly internalDates: Float64Array
}

type Row<Values extends readonly unknown[]> = readonly [id: number, ...Values]

/** Undefined where a message has no such field. */
export function readFields(
  sources: BatchSources,
  field: SearchableField,
  messages: Uint32Array,
): (string | undefined)[] {
  type Columns = [cut: number, text: string | null]
  return indexed<Columns>(sources, `cut, "${field}"`, messages).map((row, i) => {
    if (row !== undefined && (row[2] !== null || row[1] === 0)) return row[2] ?? undefined
    const header = headerOf(sources, messages[i] as number)
    const text = header === undefined ? undefined : fieldText(header.lines, field)
    // A copy: a part of a string would keep the whole header in memory.
    return text === undefined ? undefined : Buffer.from(text, 'utf16le').toString('utf16le')
  })
}

export class Batch {
  readonly entries: BatchEntries
  readonly #sources: BatchSources
  #sorts: readonly string[] | undefined

  constructor(sources: BatchSources, entries: BatchEntries) {
    this.#sources = sources
    this.entries = entries
  }

  fields(field: SearchableField): (string | undefined)[] {
    return readFields(this.#sources, field, this.entries.messages)
  }

  /** Undefined where no Date says it. */
  sentDays(): (number | undefined)[] {
    const { messages } = this.entries
    return indexed<[day: number | null]>(this.#sources, 'sent_day', messages).map((row, i) =>
      row === undefined ? headerOf(this.#sources, messages[i] as number)?.sentDay : (row[1] ?? undefined),
    )
  }

  emailIds(): (string | undefined)[] {
    const rows = this.#messages<[hash: Uint8Array]>('hash')
    return rows.map((row) => (row === undefined ? undefined : objectId('M', row[1])))
  }

  threadIds(): (string | undefined)[] {
    return this.#messages<[thread: string]>('thread').map((row) => row?.[1])
  }

  /** What SORT compares, packed. */
  sorts(): readonly string[] {
    this.#sorts ??= this.#read<[sort: string]>('sort').map((row) => row?.[1] ?? '')
    return this.#sorts
  }

  refs(): readonly Refs[] {
    const rows = this.#read<[sort: string, refs: Uint8Array]>('sort, refs')
    const sorts = rows.map((row) => row?.[1] ?? '')
    this.#sorts = sorts
    return rows.map((row, i) => ({ isReply: unpackIsReply(sorts[i] as string), hashes: floats(row?.[2] ?? noRefs) }))
  }

  /** Columns that the index has as the messages have them. */
  #read<Values extends readonly unknown[]>(columns: string): (Row<Values> | undefined)[] {
    const found = indexed<Values>(this.#sources, columns, this.entries.messages)
    if (!found.includes(undefined)) return found
    const rest = this.#messages<Values>(columns)
    return found.map((row, i) => row ?? rest[i])
  }

  #messages<Values extends readonly unknown[]>(columns: string): (Row<Values> | undefined)[] {
    return rowsById<Row<Values>>(this.#sources.db, { table: 'message', columns }, this.entries.messages)
  }
}

function headerOf({ db, reader }: BatchSources, message: number): HeaderText | undefined {
  return reader.texts.header(db, message)
}

/** What the index has of these messages; undefined for those that it doesn't have yet. */
function indexed<Values extends readonly unknown[]>(
  { db, reader }: BatchSources,
  columns: string,
  messages: Uint32Array,
): (Row<Values> | undefined)[] {
  const view = reader.view(db)
  try {
    if (view !== undefined) return reader.documents<Row<Values>>(view, columns, messages)
  } catch (error) {
    if (!(error instanceof IndexGone)) throw error
  }
  return Array.from(messages, () => undefined)
}

const noRefs = new Uint8Array(0)

/** A copy, since bytes out of a row stand anywhere. */
function floats(bytes: Uint8Array): Float64Array {
  const copy = new Float64Array(bytes.length >>> 3)
  new Uint8Array(copy.buffer).set(bytes.subarray(0, copy.byteLength))
  return copy
}
