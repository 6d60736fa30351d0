// One search of one open mailbox: the query tree against the entries, cheap keys first, each key on what the ones
// before it have left. What entries answer alone is answered at once, on the index itself. Keys about text ask the search
// index for candidates and then the candidates themselves; messages that it doesn't have yet are all candidates. Long
// searches work in slices. RFC 9051 §6.4.4, RFC 5256.

import type { FileBlobs } from '../blobs/file-blobs.js'
import type { MailboxIndex } from '../messages/mailbox-index.js'
import type { AccountId } from '../model.js'
import type { SearchQuery, SortKey } from '../search/query.js'
import type { SearchOptions } from '../store.js'
import type { Connection } from './connection.js'
import type { KeywordNames } from './keywords.js'
import { entryMarks, marked, walksOf } from './search-entries.js'
import { type MessageQuery, MessageSearch } from './search-messages.js'
import type { SearchIndexReader } from './search-reader.js'
import { Slices } from './search-slices.js'
import { EntrySnapshot, keep, type Positions } from './search-snapshot.js'
import { sortOrder } from './search-sort.js'

export interface SearchPlace {
  readonly db: Connection
  readonly blobs: FileBlobs
  readonly reader: SearchIndexReader
  readonly index: MailboxIndex
  readonly keywords: KeywordNames
  /** Whose mail the mailbox holds: one account's, or all of a domain's. */
  readonly accounts: readonly AccountId[]
}

/** Of entries times keys, so many are looked at in one go: a few milliseconds. */
const atOnceMax = 1_000_000

/** Uids, ascending or in the order asked for. */
export async function searchMailbox(
  place: SearchPlace,
  query: SearchQuery,
  { sort = [], signal }: SearchOptions = {},
): Promise<Uint32Array> {
  const slices = new Slices(signal)
  const { entries } = place.index
  // Nothing waits, so that nothing moves.
  if (sort.length === 0 && walksOf(query) * entries.length <= atOnceMax)
    return marked(entries.uids, entryMarks(query, entries, place.keywords))
  const snapshot = new EntrySnapshot(place.index, query)
  const search = new Search(place, { snapshot, slices })
  const found = await search.filter(query, snapshot.all)
  const uids = snapshot.uidsAt(found)
  return sort.length === 0 ? uids : inOrder(place, { snapshot, slices, uids, sort })
}

class Search {
  readonly #place: SearchPlace
  readonly #snapshot: EntrySnapshot
  readonly #slices: Slices
  readonly #messages: MessageSearch

  constructor(place: SearchPlace, { snapshot, slices }: { snapshot: EntrySnapshot; slices: Slices }) {
    this.#place = place
    this.#snapshot = snapshot
    this.#slices = slices
    this.#messages = new MessageSearch({ ...place, snapshot, slices })
  }

  /** Of these positions the ones that the query matches. */
  async filter(query: SearchQuery, positions: Positions): Promise<Positions> {
    if (positions.length === 0 || query.kind === 'all') return positions
    if (this.#slices.due) await this.#slices.turn()
    const walks = walksOf(query)
    if (walks === 1 || walks * this.#snapshot.entries.length <= atOnceMax) return this.#marked(query, positions)
    switch (query.kind) {
      case 'and':
        return this.#all(query.of, positions)
      case 'or':
        return this.#any(query.of, positions)
      case 'not':
        return without(positions, await this.filter(query.of, positions))
      default:
        return this.#messages.filter(query as MessageQuery, positions)
    }
  }

  #marked(query: SearchQuery, positions: Positions): Positions {
    const { entries } = this.#snapshot
    const marks = entryMarks(query, entries, this.#place.keywords)
    return marked(positions, positions.length === entries.length ? marks : positions.map((at) => marks[at] as number))
  }

  async #all(queries: readonly SearchQuery[], positions: Positions): Promise<Positions> {
    let left = positions
    for (const query of cheapestFirst(queries)) left = await this.filter(query, left)
    return left
  }

  async #any(queries: readonly SearchQuery[], positions: Positions): Promise<Positions> {
    let left = positions
    for (const query of cheapestFirst(queries)) left = without(left, await this.filter(query, left))
    return without(positions, left)
  }
}

const cheapestFirst = (queries: readonly SearchQuery[]): SearchQuery[] => [...queries].sort((a, b) => cost(a) - cost(b))

/** What has to be looked at: entries, small columns, headers, whole messages. */
function cost(query: SearchQuery): number {
  switch (query.kind) {
    case 'and':
    case 'or':
      return query.of.reduce((most, one) => Math.max(most, cost(one)), 0)
    case 'not':
      return cost(query.of)
    default:
      return costs[query.kind]
  }
}

const costs = {
  all: 0,
  uids: 0,
  flag: 0,
  keyword: 0,
  size: 0,
  internalDate: 0,
  saveDate: 0,
  modSeq: 0,
  sentDay: 1,
  emailId: 1,
  threadId: 1,
  subject: 2,
  from: 2,
  to: 2,
  cc: 2,
  bcc: 2,
  header: 3,
  body: 4,
  text: 5,
} as const satisfies Record<Exclude<SearchQuery['kind'], 'and' | 'or' | 'not'>, number>

/** Both ascending. */
function without(positions: Positions, others: Positions): Positions {
  if (others.length === 0) return positions
  let at = 0
  return keep(positions, (position) => {
    while (at < others.length && (others[at] as number) < position) at++
    return others[at] !== position
  })
}

interface Ordering {
  readonly snapshot: EntrySnapshot
  readonly slices: Slices
  readonly uids: Uint32Array
  readonly sort: readonly SortKey[]
}

async function inOrder(place: SearchPlace, { snapshot, slices, uids, sort }: Ordering): Promise<Uint32Array> {
  const ask = { ...place, entries: snapshot.entries, slices }
  const order = await sortOrder(place.reader.columns, ask, { uids, keys: sort })
  for (let i = 0; i < order.length; i++) order[i] = uids[order[i] as number] as number
  return order
}
