// The keys of a search that entries answer alone: uids, flags, sizes, dates, modseqs, and whatever AND, OR and NOT make of
// them. Each key is one walk along one column that leaves a mark of 0 or 1 for each entry; nothing is read and nothing waits.

import { type Entries, keywordSetShift } from '../messages/entries.js'
import type { SearchQuery } from '../search/query.js'
import type { KeywordNames } from './keywords.js'

/** A 1 for each entry that matches. */
export type Marks = Uint8Array

type EntryKey = Extract<
  SearchQuery,
  { kind: 'uids' | 'flag' | 'keyword' | 'size' | 'internalDate' | 'saveDate' | 'modSeq' }
>
export type EntryQuery = Extract<SearchQuery, { kind: 'all' | 'and' | 'or' | 'not' }> | EntryKey

/** How many walks the query is; infinite where the entries don't answer it. */
export function walksOf(query: SearchQuery): number {
  switch (query.kind) {
    case 'and':
    case 'or':
      return query.of.reduce((sum, one) => sum + walksOf(one), 1)
    case 'not':
      return walksOf(query.of)
    case 'all':
    case 'uids':
    case 'flag':
    case 'keyword':
    case 'size':
    case 'internalDate':
    case 'saveDate':
    case 'modSeq':
      return 1
    default:
      return Number.POSITIVE_INFINITY
  }
}

/** `query` has a finite number of walks. */
export function entryMarks(query: SearchQuery, entries: Entries, keywords: KeywordNames): Marks {
  const marked = (inner: SearchQuery): Marks => entryMarks(inner, entries, keywords)
  switch (query.kind) {
    case 'all':
      return new Uint8Array(entries.length).fill(1)
    case 'and':
      return combined(query.of.map(marked), entries.length, { every: true })
    case 'or':
      return combined(query.of.map(marked), entries.length, { every: false })
    case 'not':
      return opposite(marked(query.of))
    default:
      return keyMarks(query as EntryKey, entries, keywords)
  }
}

function keyMarks(query: EntryKey, entries: Entries, keywords: KeywordNames): Marks {
  const { length } = entries
  switch (query.kind) {
    case 'uids':
      return uidMarks(query.uids, entries)
    case 'flag':
      return flagMarks(entries.flags, length, query.flag)
    case 'keyword':
      return keywordMarks(entries, query.keyword, keywords)
    case 'size':
      return rangeMarks(entries.sizes, length, { above: query.above, below: query.below })
    case 'internalDate':
      return rangeMarks(entries.internalDates, length, halfOpen(query))
    case 'saveDate':
      return rangeMarks(entries.saveDates, length, halfOpen(query))
    case 'modSeq':
      return rangeMarks(entries.modSeqs, length, { above: query.min - 1 })
  }
}

interface Range {
  readonly above?: number | undefined
  readonly below?: number | undefined
}

/** All of these are whole numbers. */
const halfOpen = ({ from, to }: { from?: number; to?: number }): Range => ({
  above: from === undefined ? undefined : Math.ceil(from) - 1,
  below: to,
})

function rangeMarks(values: Float64Array | Uint32Array, length: number, { above, below }: Range): Marks {
  const low = above ?? Number.NEGATIVE_INFINITY
  const high = below ?? Number.POSITIVE_INFINITY
  const marks = new Uint8Array(length)
  for (let i = 0; i < length; i++) {
    const value = values[i] as number
    marks[i] = value > low && value < high ? 1 : 0
  }
  return marks
}

function flagMarks(flags: Uint32Array, length: number, flag: number): Marks {
  const marks = new Uint8Array(length)
  for (let i = 0; i < length; i++) marks[i] = ((flags[i] as number) & flag) === 0 ? 0 : 1
  return marks
}

function uidMarks(ranges: Extract<SearchQuery, { kind: 'uids' }>['uids'], entries: Entries): Marks {
  const marks = new Uint8Array(entries.length)
  for (const [from, to] of ranges) marks.fill(1, entries.lowerBound(from), entries.lowerBound(to + 1))
  return marks
}

/** RFC 9051 §2.3.2: keywords compare without case. A mailbox has few sets, each is looked at once. */
function keywordMarks({ flags, length }: Entries, keyword: string, keywords: KeywordNames): Marks {
  const wanted = keyword.toLowerCase()
  const known = new Map<number, 0 | 1>()
  const marks = new Uint8Array(length)
  for (let i = 0; i < length; i++) {
    const set = (flags[i] as number) >>> keywordSetShift
    if (set === 0) continue
    let has = known.get(set)
    if (has === undefined) {
      has = keywords.of(set).some((name) => name.toLowerCase() === wanted) ? 1 : 0
      known.set(set, has)
    }
    marks[i] = has
  }
  return marks
}

function combined(all: readonly Marks[], length: number, { every }: { every: boolean }): Marks {
  const [first, ...others] = all
  if (first === undefined) return new Uint8Array(length).fill(every ? 1 : 0)
  for (const other of others) {
    if (every) for (let i = 0; i < length; i++) first[i] = (first[i] as number) & (other[i] as number)
    else for (let i = 0; i < length; i++) first[i] = (first[i] as number) | (other[i] as number)
  }
  return first
}

function opposite(marks: Marks): Marks {
  for (let i = 0; i < marks.length; i++) marks[i] = 1 - (marks[i] as number)
  return marks
}

/** The values that stand where a mark is, in their order. */
export function marked(values: Uint32Array, marks: ArrayLike<number>): Uint32Array {
  const found = new Uint32Array(marks.length)
  let count = 0
  for (let i = 0; i < marks.length; i++) {
    found[count] = values[i] as number
    count += marks[i] as number
  }
  return found.subarray(0, count)
}
