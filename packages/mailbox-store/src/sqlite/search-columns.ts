// What repeated searches and sorts of one mailbox ask again and again (subjects, addresses, sent days, sort keys), kept
// by message id while the mailbox is open. Messages never change, so that what was read holds; new messages are read
// and merged in. Bounded in bytes over all mailboxes, the least recently used mailbox goes first.

import type { MailboxIndex } from '../messages/mailbox-index.js'
import type { Slices } from './search-slices.js'

export interface Column<Value> {
  /** Ascending. */
  ids: Uint32Array
  /** Beside `ids`. */
  values: readonly Value[]
  bytes: number
  /** Made of all values, dropped when they change. */
  ranks: Uint32Array | undefined
}

export interface ColumnAsk<Value> {
  readonly name: string
  /** Ascending, none twice. */
  readonly ids: Uint32Array
  /** Values of these ids, in their order. */
  readonly load: (ids: Uint32Array) => readonly Value[]
  readonly slices: Slices
}

const idsPerLoad = 64
/** A larger mailbox's columns are read for each search. */
const columnEntriesMax = 262_144
const stringOverheadBytes = 32

class MailboxColumns {
  readonly byName = new Map<string, Column<unknown>>()

  get bytes(): number {
    let bytes = 0
    for (const column of this.byName.values()) bytes += column.bytes
    return bytes
  }
}

export class ColumnCache {
  readonly #bytesMax: number
  readonly #mailboxes = new WeakMap<MailboxIndex, MailboxColumns>()
  /** Least recently used first. */
  readonly #recent = new Set<MailboxColumns>()

  constructor({ bytesMax }: { bytesMax: number }) {
    this.#bytesMax = bytesMax
  }

  /** How many of these ids would have to be read. */
  missing(index: MailboxIndex, name: string, ids: Uint32Array): number {
    const column = this.#mailboxes.get(index)?.byName.get(name)
    return column === undefined ? ids.length : idsWithout(ids, column.ids).length
  }

  /** The column with at least these ids in it. */
  async column<Value>(index: MailboxIndex, { name, ids, load, slices }: ColumnAsk<Value>): Promise<Column<Value>> {
    const mailbox = this.#mailbox(index)
    const known = columnOf<Value>(mailbox, name)
    const missing = idsWithout(ids, known.ids)
    if (missing.length === 0) return known
    const loaded: Value[] = []
    for (let at = 0; at < missing.length; at += idsPerLoad) {
      if (slices.due) await slices.turn()
      for (const value of load(missing.subarray(at, at + idsPerLoad))) loaded.push(value)
    }
    const fresh: Column<Value> = { ids: missing, values: loaded, bytes: bytesOf(loaded), ranks: undefined }
    // Another search may have merged its own meanwhile, or the cache may have been emptied.
    const merged = merge(columnOf<Value>(mailbox, name), fresh)
    if (!containsAll(merged.ids, ids)) return this.column(index, { name, ids, load, slices })
    if (merged.ids.length <= columnEntriesMax && merged.ids.length <= 2 * index.length + 1024)
      mailbox.byName.set(name, merged)
    else mailbox.byName.delete(name)
    this.#evict()
    return merged
  }

  #mailbox(index: MailboxIndex): MailboxColumns {
    let columns = this.#mailboxes.get(index)
    if (columns === undefined) {
      columns = new MailboxColumns()
      this.#mailboxes.set(index, columns)
    }
    this.#recent.delete(columns)
    this.#recent.add(columns)
    return columns
  }

  #evict(): void {
    let bytes = 0
    for (const columns of this.#recent) bytes += columns.bytes
    for (const columns of this.#recent) {
      if (bytes <= this.#bytesMax) return
      bytes -= columns.bytes
      columns.byName.clear()
      this.#recent.delete(columns)
    }
  }
}

/** Positions in the column of these ids, all of which it has. */
export function placesIn(column: Column<unknown>, ids: Uint32Array): Uint32Array {
  const places = new Uint32Array(ids.length)
  const { ids: all } = column
  let at = 0
  for (let i = 0; i < ids.length; i++) {
    while ((all[at] as number) < (ids[i] as number)) at++
    places[i] = at
  }
  return places
}

/** Ascending ids that are in `ids` and not in `others`. */
export function idsWithout(ids: Uint32Array, others: Uint32Array): Uint32Array {
  if (others.length === 0) return ids
  if (same(ids, others)) return nothing
  const left: number[] = []
  let at = 0
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] as number
    while (at < others.length && (others[at] as number) < id) at++
    if (others[at] !== id) left.push(id)
  }
  return Uint32Array.from(left)
}

const nothing = new Uint32Array(0)

function same(ids: Uint32Array, others: Uint32Array): boolean {
  if (ids.length !== others.length) return false
  for (let i = 0; i < ids.length; i++) if (ids[i] !== others[i]) return false
  return true
}

const containsAll = (all: Uint32Array, ids: Uint32Array): boolean => idsWithout(ids, all).length === 0

function columnOf<Value>(mailbox: MailboxColumns, name: string): Column<Value> {
  const column = mailbox.byName.get(name) as Column<Value> | undefined
  return column ?? { ids: new Uint32Array(0), values: [], bytes: 0, ranks: undefined }
}

function merge<Value>(a: Column<Value>, b: Column<Value>): Column<Value> {
  if (a.ids.length === 0) return b
  const ids = new Uint32Array(a.ids.length + b.ids.length)
  const values: Value[] = []
  let i = 0
  let k = 0
  while (i < a.ids.length || k < b.ids.length) {
    const left = i < a.ids.length ? (a.ids[i] as number) : Number.POSITIVE_INFINITY
    const right = k < b.ids.length ? (b.ids[k] as number) : Number.POSITIVE_INFINITY
    ids[values.length] = Math.min(left, right)
    values.push((left <= right ? a.values[i] : b.values[k]) as Value)
    if (left <= right) i++
    if (right <= left) k++
  }
  return { ids: ids.slice(0, values.length), values, bytes: a.bytes + b.bytes, ranks: undefined }
}

function bytesOf(values: readonly unknown[]): number {
  let bytes = values.length * 12
  for (const value of values) if (typeof value === 'string') bytes += value.length + stringOverheadBytes
  return bytes
}
