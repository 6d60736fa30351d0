// One search of one open mailbox: the query tree against the entries, cheap keys first, each key on what the ones
// before it have left. Keys about text ask the index for candidates and then the candidates themselves; messages that
// the index doesn't have yet are all candidates. Long searches work in slices. RFC 9051 §6.4.4, RFC 5256.

import type { FileBlobs } from '../blobs/file-blobs.js'
import type { MailboxIndex } from '../messages/mailbox-index.js'
import type { AccountId } from '../model.js'
import type { SearchQuery, SortKey } from '../search/query.js'
import type { SearchOptions } from '../store.js'
import type { Connection } from './connection.js'
import type { KeywordNames } from './keywords.js'
import { MessageSearch } from './search-messages.js'
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

/** Uids, ascending or in the order asked for. */
export async function searchMailbox(
  place: SearchPlace,
  query: SearchQuery,
  { sort, signal }: SearchOptions = {},
): Promise<Uint32Array> {
  const slices = new Slices(signal)
  const snapshot = new EntrySnapshot(place.index, place.keywords)
  const search = new Search(snapshot, new MessageSearch({ ...place, snapshot, slices }))
  const found = await search.filter(query, snapshot.all)
  const ordered =
    sort === undefined || sort.length === 0 ? found : await inOrder(place, { snapshot, slices, found, sort })
  const uids = new Uint32Array(ordered.length)
  for (let i = 0; i < uids.length; i++) uids[i] = snapshot.entries.uids[ordered[i] as number] as number
  return uids
}

class Search {
  readonly #snapshot: EntrySnapshot
  readonly #messages: MessageSearch

  constructor(snapshot: EntrySnapshot, messages: MessageSearch) {
    this.#snapshot = snapshot
    this.#messages = messages
  }

  /** Of these positions the ones that the query matches. */
  async filter(query: SearchQuery, positions: Positions): Promise<Positions> {
    if (positions.length === 0) return positions
    switch (query.kind) {
      case 'all':
        return positions
      case 'and':
        return this.#all(query.of, positions)
      case 'or':
        return this.#any(query.of, positions)
      case 'not':
        return without(positions, await this.filter(query.of, positions))
      case 'uids':
      case 'flag':
      case 'keyword':
      case 'size':
      case 'internalDate':
      case 'saveDate':
      case 'modSeq':
        return this.#snapshot.filter(query, positions)
      default:
        return this.#messages.filter(query, positions)
    }
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
  readonly found: Positions
  readonly sort: readonly SortKey[]
}

async function inOrder(place: SearchPlace, { snapshot, slices, found, sort }: Ordering): Promise<Positions> {
  const { entries } = snapshot
  const internalDates = new Float64Array(found.length)
  const sizes = new Uint32Array(found.length)
  for (let i = 0; i < found.length; i++) {
    internalDates[i] = entries.internalDates[found[i] as number] as number
    sizes[i] = entries.sizes[found[i] as number] as number
  }
  const order = await sortOrder({ db: place.db, index: place.index, columns: place.reader.columns, slices }, sort, {
    internalDates: Float64Array.from(found, (at) => internalDates[at] as number),
    sizes: found.map((at) => sizes[at] as number),
    ...snapshot.messagesAt(found),
  })
  for (let i = 0; i < order.length; i++) order[i] = found[order[i] as number] as number
  return order
}
