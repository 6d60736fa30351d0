// SORT's order (RFC 5256 §3, RFC 5957). Keys become ranks, equal for equal keys; the ranks of a mailbox's strings are
// kept with their column, so that sorting again is arithmetic: one pass over numbers for each key, the last key first,
// each pass stable. What is equal in all keys stays in the order of uids, also under REVERSE.

import type { MailboxIndex } from '../messages/mailbox-index.js'
import { unpackSort } from '../messages/sort-column.js'
import { fold } from '../search/fold.js'
import type { SortBy, SortKey } from '../search/query.js'
import type { SortColumn } from '../store.js'
import type { Connection } from './connection.js'
import { type Column, type ColumnCache, placesIn } from './search-columns.js'
import { readMessages } from './search-rows.js'
import type { Slices } from './search-slices.js'
import { upTo } from './search-snapshot.js'

/** What is to be sorted, by position: all arrays have one length and stand in the order of uids. */
export interface Sortable {
  readonly internalDates: Float64Array
  readonly sizes: Uint32Array
  /** Message ids, ascending and none twice, and for each position its place there. */
  readonly ids: Uint32Array
  readonly places: Uint32Array
}

export interface SortSources {
  readonly db: Connection
  readonly index: MailboxIndex
  readonly columns: ColumnCache
  readonly slices: Slices
}

type StringKey = Exclude<SortBy, 'arrival' | 'size' | 'date'>

const sortRun = 1_024

/** Positions in order. */
export async function sortOrder(
  sources: SortSources,
  keys: readonly SortKey[],
  sortable: Sortable,
): Promise<Uint32Array> {
  let order = upTo(sortable.places.length)
  for (const { by, reverse = false } of [...keys].reverse()) {
    const values = await keyValues(sources, by, sortable)
    order = pass(order, values, reverse)
    if (sources.slices.due) await sources.slices.turn()
  }
  return order
}

const digitBits = 16
const digitCount = 1 << digitBits

/** One stable pass: a counting sort by 16 bits at a time, which for keys of few bits is one walk. */
function pass(order: Uint32Array, values: Float64Array | Uint32Array, reverse: boolean): Uint32Array {
  const { least, most } = bounds(values)
  let sorted = order
  for (let unit = 1; unit <= most - least; unit *= digitCount) {
    const digits = new Uint16Array(sorted.length)
    for (let i = 0; i < digits.length; i++) {
      const value = values[sorted[i] as number] as number
      digits[i] = Math.floor((reverse ? most - value : value - least) / unit) % digitCount
    }
    sorted = byDigit(sorted, digits)
  }
  return sorted
}

function byDigit(order: Uint32Array, digits: Uint16Array): Uint32Array {
  const starts = new Uint32Array(digitCount + 1)
  for (let i = 0; i < digits.length; i++) {
    const next = (digits[i] as number) + 1
    starts[next] = (starts[next] as number) + 1
  }
  for (let digit = 1; digit <= digitCount; digit++)
    starts[digit] = (starts[digit] as number) + (starts[digit - 1] as number)
  const sorted = new Uint32Array(order.length)
  for (let i = 0; i < order.length; i++) {
    const digit = digits[i] as number
    const place = starts[digit] as number
    starts[digit] = place + 1
    sorted[place] = order[i] as number
  }
  return sorted
}

function bounds(values: Float64Array | Uint32Array): { least: number; most: number } {
  let least = Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value < least) least = value
    if (value > most) most = value
  }
  return { least, most }
}

async function keyValues(sources: SortSources, by: SortBy, sortable: Sortable): Promise<Float64Array | Uint32Array> {
  switch (by) {
    case 'arrival':
      return sortable.internalDates
    case 'size':
      return sortable.sizes
    case 'date':
      return dates(sources, sortable)
    case 'cc':
    case 'from':
    case 'to':
    case 'subject':
    case 'displayFrom':
    case 'displayTo':
      return stringRanks(sources, by, sortable)
  }
}

/** RFC 5256 §2.2: the Date header in UTC; without one, the internal date. */
async function dates({ db, index, columns, slices }: SortSources, sortable: Sortable): Promise<Float64Array> {
  const load = (ids: Uint32Array): (number | undefined)[] => sortColumns(db, ids).map((sort) => sort?.date)
  const column = await columns.column(index, { name: 'sort date', ids: sortable.ids, load, slices })
  const places = placesIn(column, sortable.ids)
  const values = new Float64Array(sortable.places.length)
  for (let i = 0; i < values.length; i++) {
    const ms = column.values[places[sortable.places[i] as number] as number]
    values[i] = ms === undefined ? (sortable.internalDates[i] as number) : Math.floor(ms / 1000)
  }
  return values
}

async function stringRanks(
  { db, index, columns, slices }: SortSources,
  by: StringKey,
  sortable: Sortable,
): Promise<Uint32Array> {
  const load = (ids: Uint32Array): string[] =>
    sortColumns(db, ids).map((sort) => (sort === undefined ? '' : collationKey(sort[by])))
  const column = await columns.column(index, { name: `sort ${by}`, ids: sortable.ids, load, slices })
  column.ranks ??= await ranksOf(column, slices)
  const places = placesIn(column, sortable.ids)
  const ranks = new Uint32Array(sortable.places.length)
  for (let i = 0; i < ranks.length; i++)
    ranks[i] = column.ranks[places[sortable.places[i] as number] as number] as number
  return ranks
}

function sortColumns(db: Connection, ids: Uint32Array): (SortColumn | undefined)[] {
  const rows = readMessages<[sort: string]>(db, 'sort', ids)
  return Array.from(ids, (id) => {
    const row = rows.get(id)
    return row === undefined ? undefined : unpackSort(row[0])
  })
}

const beyondSurrogates = /[\ud800-\uffff]/
const fromSurrogates = /[\ud800-\uffff]/g

/** i;unicode-casemap compares by code point; strings here compare by UTF-16 unit, where surrogates stand too low. */
export function collationKey(text: string): string {
  const folded = fold(text)
  if (!beyondSurrogates.test(folded)) return folded
  return folded.replace(fromSurrogates, (unit) => {
    const code = unit.charCodeAt(0)
    return String.fromCharCode(code >= 0xe000 ? code - 0x800 : code + 0x2000)
  })
}

async function ranksOf({ values }: Column<string>, slices: Slices): Promise<Uint32Array> {
  const order = await orderOf(values, slices)
  const ranks = new Uint32Array(values.length)
  let rank = 0
  for (let i = 1; i < order.length; i++) {
    if (values[order[i] as number] !== values[order[i - 1] as number]) rank++
    ranks[order[i] as number] = rank
  }
  return ranks
}

/** A merge sort that can stop for others: short runs by the engine's sort, then runs of double length, and so on. */
async function orderOf(values: readonly string[], slices: Slices): Promise<Uint32Array> {
  let order = Uint32Array.from(values, (_, i) => i)
  for (let from = 0; from < order.length; from += sortRun) {
    if (slices.due) await slices.turn()
    order.subarray(from, from + sortRun).sort((a, b) => compare(values[a] as string, values[b] as string))
  }
  for (let run = sortRun; run < order.length; run *= 2) {
    const merged = new Uint32Array(order.length)
    for (let from = 0; from < order.length; from += run * 2)
      await mergeRuns(values, { order, merged, from, run, slices })
    order = merged
  }
  return order
}

interface Runs {
  readonly order: Uint32Array
  readonly merged: Uint32Array
  readonly from: number
  readonly run: number
  readonly slices: Slices
}

async function mergeRuns(values: readonly string[], { order, merged, from, run, slices }: Runs): Promise<void> {
  const middle = Math.min(from + run, order.length)
  const end = Math.min(from + run * 2, order.length)
  let left = from
  let right = middle
  for (let at = from; at < end; at++) {
    if (at % sortRun === 0 && slices.due) await slices.turn()
    const takeLeft =
      right >= end ||
      (left < middle && (values[order[left] as number] as string) <= (values[order[right] as number] as string))
    merged[at] = order[takeLeft ? left++ : right++] as number
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
