// The entries that one search looks at when it has to wait: a copy, since the index may move on meanwhile. Of the columns only
// those are copied that the query asks for. Positions in it are in the order of uids.

import type { Entries, EntryColumn } from '../messages/entries.js'
import type { MailboxIndex } from '../messages/mailbox-index.js'
import type { SearchQuery } from '../search/query.js'
import { marked } from './search-entries.js'
import { isAscending } from './search-rows.js'

/** Ascending. */
export type Positions = Uint32Array

/** The messages of some positions: ids ascending, none twice, and for each of the positions its place among them. */
export interface MessagesAt {
  readonly ids: Uint32Array
  /** Undefined where each has the place that it has itself. */
  readonly places: Uint32Array | undefined
}

/** What columns are filled from. */
const always: readonly EntryColumn[] = ['uids', 'messages', 'sizes', 'internalDates']

export class EntrySnapshot {
  readonly entries: Entries

  constructor(index: MailboxIndex, query: SearchQuery) {
    this.entries = index.entries.clone(columnsOf(query, new Set(always)))
  }

  get all(): Positions {
    return upTo(this.entries.length)
  }

  uidsAt(positions: Positions): Uint32Array {
    const { uids, length } = this.entries
    if (positions.length === length) return uids
    const picked = new Uint32Array(positions.length)
    for (let i = 0; i < picked.length; i++) picked[i] = uids[positions[i] as number] as number
    return picked
  }

  messagesAt(positions: Positions): MessagesAt {
    const { entries } = this
    const isAll = positions.length === entries.length
    const messages = isAll ? entries.messages : entries.messages.slice(0, positions.length)
    if (!isAll)
      for (let i = 0; i < messages.length; i++) messages[i] = entries.messages[positions[i] as number] as number
    if (isAscending(messages)) return { ids: messages, places: undefined }
    const ids = messages.toSorted().filter((id, i, sorted) => i === 0 || id !== sorted[i - 1])
    const placeOf = new Map(Array.from(ids, (id, place) => [id, place]))
    return { ids, places: messages.map((id) => placeOf.get(id) as number) }
  }
}

function columnsOf(query: SearchQuery, columns: Set<EntryColumn>): Set<EntryColumn> {
  switch (query.kind) {
    case 'and':
    case 'or':
      for (const one of query.of) columnsOf(one, columns)
      return columns
    case 'not':
      return columnsOf(query.of, columns)
    case 'flag':
    case 'keyword':
      return columns.add('flags')
    case 'saveDate':
      return columns.add('saveDates')
    case 'modSeq':
      return columns.add('modSeqs')
    default:
      return columns
  }
}

/** 0, 1, 2 … */
export function upTo(count: number): Uint32Array {
  const numbers = new Uint32Array(count)
  for (let i = 0; i < count; i++) numbers[i] = i
  return numbers
}

/** Those of the positions whose message is marked. */
export function keepMarked(positions: Positions, marks: Uint8Array, places: Uint32Array | undefined): Positions {
  if (places === undefined) return marked(positions, marks)
  return keep(positions, (_, i) => marks[places[i] as number] === 1)
}

/** As `filter`, at a tenth of its price. */
export function keep(positions: Positions, test: (at: number, i: number) => boolean): Positions {
  const kept = new Uint32Array(positions.length)
  let count = 0
  for (let i = 0; i < positions.length; i++) {
    const at = positions[i] as number
    if (test(at, i)) kept[count++] = at
  }
  return kept.subarray(0, count)
}
