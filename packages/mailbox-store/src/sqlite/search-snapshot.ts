// The entries that one search looks at: a copy, since the index may move on while the search waits. Positions in it
// are in the order of uids. Keys that the entries alone can answer are answered here, at once.

import { Entries, keywordSetShift } from '../messages/entries.js'
import type { MailboxIndex } from '../messages/mailbox-index.js'
import { UidCursor } from '../messages/uid-set.js'
import type { SearchQuery } from '../search/query.js'
import type { KeywordNames } from './keywords.js'

/** Ascending. */
export type Positions = Uint32Array

/** The messages of some positions: ids ascending, none twice, and for each of the positions its place among them. */
export interface MessagesAt {
  readonly ids: Uint32Array
  readonly places: Uint32Array
}

export type EntryQuery = Extract<
  SearchQuery,
  { kind: 'uids' | 'flag' | 'keyword' | 'size' | 'internalDate' | 'saveDate' | 'modSeq' }
>

export class EntrySnapshot {
  readonly entries: Entries
  readonly #keywords: KeywordNames

  constructor(index: MailboxIndex, keywords: KeywordNames) {
    this.entries = new Entries(index.length)
    this.entries.copyFrom(index.entries, { from: 0, to: index.length, at: 0 })
    this.#keywords = keywords
  }

  get all(): Positions {
    return Uint32Array.from({ length: this.entries.length }, (_, i) => i)
  }

  filter(query: EntryQuery, positions: Positions): Positions {
    const { uids, flags, sizes, internalDates, saveDates, modSeqs } = this.entries
    switch (query.kind) {
      case 'uids': {
        const cursor = new UidCursor(query.uids)
        return positions.filter((at) => cursor.has(uids[at] as number))
      }
      case 'flag':
        return positions.filter((at) => ((flags[at] as number) & query.flag) !== 0)
      case 'keyword': {
        const has = this.#withKeyword(query.keyword)
        return positions.filter((at) => has((flags[at] as number) >>> keywordSetShift))
      }
      case 'size': {
        const { above = -1, below = Number.POSITIVE_INFINITY } = query
        return positions.filter((at) => (sizes[at] as number) > above && (sizes[at] as number) < below)
      }
      case 'internalDate':
        return within(positions, internalDates, query)
      case 'saveDate':
        return within(positions, saveDates, query)
      case 'modSeq':
        return positions.filter((at) => (modSeqs[at] as number) >= query.min)
    }
  }

  messagesAt(positions: Positions): MessagesAt {
    const messages = positions.map((at) => this.entries.messages[at] as number)
    let ascending = true
    for (let i = 1; i < messages.length && ascending; i++)
      ascending = (messages[i] as number) > (messages[i - 1] as number)
    if (ascending) return { ids: messages, places: positions.map((_, i) => i) }
    const ids = messages.toSorted().filter((id, i, sorted) => i === 0 || id !== sorted[i - 1])
    const placeOf = new Map(Array.from(ids, (id, place) => [id, place]))
    return { ids, places: messages.map((id) => placeOf.get(id) as number) }
  }

  /** RFC 9051 §2.3.2: keywords compare without case. A mailbox has few sets, each is looked at once. */
  #withKeyword(keyword: string): (set: number) => boolean {
    const wanted = keyword.toLowerCase()
    const known = new Map<number, boolean>()
    return (set) => {
      let has = known.get(set)
      if (has === undefined) {
        has = this.#keywords.of(set).some((name) => name.toLowerCase() === wanted)
        known.set(set, has)
      }
      return has
    }
  }
}

function within(
  positions: Positions,
  values: Float64Array | Uint32Array,
  { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY }: { from?: number; to?: number },
): Positions {
  return positions.filter((at) => (values[at] as number) >= from && (values[at] as number) < to)
}
