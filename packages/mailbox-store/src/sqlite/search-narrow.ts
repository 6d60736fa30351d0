// Asks the search index which messages may hold a text. It's asked range by range, as wide as can be answered within a slice;
// messages that it doesn't have yet, and those whose text it doesn't have to the end, are always among the answer.

import type { AccountId } from '../model.js'
import type { NeedleGrams } from '../search/grams.js'
import type { Connection } from './connection.js'
import { IndexGone, type IndexView, type SearchIndexReader } from './search-reader.js'
import type { GramTable } from './search-schema.js'
import { common, countUpTo, idsWithout, joined, none, union } from './search-sets.js'
import type { Slices } from './search-slices.js'

export interface NarrowSources {
  readonly db: Connection
  readonly reader: SearchIndexReader
  readonly accounts: readonly AccountId[]
  readonly slices: Slices
}

/** Of the ids asked for: those that match for sure, and those that have to be looked at. Ascending. */
export interface Narrowed {
  readonly sure: Uint32Array
  readonly maybe: Uint32Array
}

/** So few messages are compared sooner than looked up. */
export const directMessagesMax = 64
/** Message ids that the index is asked about at a time, to begin with. */
const idSpan = 16_384
const idSpanMin = 1_024
const fastAskMs = 1
const slowAskMs = 4

export class Narrowing {
  readonly #sources: NarrowSources

  constructor(sources: NarrowSources) {
    this.#sources = sources
  }

  async narrow(table: GramTable, needle: NeedleGrams, ids: Uint32Array): Promise<Narrowed> {
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
