// The searching side of the index: asks trigrams for candidates. The file may be missing, half built, replaced by
// another or damaged at any time; then there is no view of it and searches read the messages themselves. An answer
// that was begun on one build of the index never goes on with another.

import { statSync } from 'node:fs'
import type { AccountId } from '../model.js'
import { allOf, anyOf, type GramSample, type NeedleGrams, ownerToken } from '../search/grams.js'
import { Connection } from './connection.js'
import { nextMessageId } from './message-ids.js'
import { ColumnCache } from './search-columns.js'
import { idsIn, rowsById } from './search-rows.js'
import {
  cutBody,
  type GramTable,
  isDamage,
  isFileTrouble,
  readSample,
  readState,
  type SearchState,
  searchFormat,
  storeIdOf,
} from './search-schema.js'
import { MessageTexts } from './search-texts.js'

export interface SearchIndexReaderOptions {
  readonly searchPath: string
  /** Called when SQLite finds the file damaged: the builder shall rebuild it. */
  readonly onDamage?: (error: Error) => void
  readonly textCacheBytes?: number
  readonly columnCacheBytes?: number
}

/** What the index held at one moment. Messages above the watermark aren't in it. */
export type IndexView = Pick<SearchState, 'build' | 'watermark'>

/** Message ids, both included. */
export interface IdRange {
  readonly from: number
  readonly to: number
}

/** The index was replaced while it was being asked. */
export class IndexGone extends Error {
  override readonly name = 'IndexGone'
}

const readerCacheBytes = 33_554_432
/** A filter by more accounts than this costs more than it saves. */
const ownersMax = 16
/** Trigrams that are looked up in place of a needle shorter than one; beyond, reading the messages is cheaper. */
const shortNeedleGramsMax = 512
/** The terms that begin with two letters of ASCII are in so many documents that listing them takes longer than reading. */
const asciiShortNeedleDocumentsMax = 100_000
const termTables = { header_gram: 'header_term', body_gram: 'body_term' } as const

export class SearchIndexReader {
  readonly texts: MessageTexts
  readonly columns: ColumnCache
  readonly #options: SearchIndexReaderOptions
  #index: Connection | undefined
  #inode = 0
  readonly #samples = new Map<GramTable, IndexView & { readonly sample: GramSample }>()

  constructor(options: SearchIndexReaderOptions) {
    this.#options = options
    this.texts = new MessageTexts({ bytesMax: options.textCacheBytes ?? 33_554_432 })
    this.columns = new ColumnCache({ bytesMax: options.columnCacheBytes ?? 67_108_864 })
  }

  /** Undefined while there is no index of this store. */
  view(main: Connection): IndexView | undefined {
    try {
      const index = this.#open()
      const state = index === undefined ? undefined : readState(index)
      if (state === undefined || state.format !== searchFormat || state.storeId !== storeIdOf(main)) return undefined
      return state.watermark < nextMessageId(main) ? state : undefined
    } catch (error) {
      return this.#lost(error)
    }
  }

  /** The FTS5 expression whose matches hold every document that contains the needle; undefined: none is worth asking. */
  expression(
    view: IndexView,
    table: GramTable,
    needle: NeedleGrams,
    accounts: readonly AccountId[],
  ): string | undefined {
    const owners = accounts.length > ownersMax ? '' : ` AND (${anyOf(accounts.map(ownerToken))})`
    if (!needle.short) return allOf(this.#sample(view, table).rarest(needle.grams)) + owners
    const terms = this.#termsFrom(view, table, needle.prefix)
    if (terms === undefined) return undefined
    return terms.length === 0 ? '' : `(${anyOf(terms)})${owners}`
  }

  /** Ids of matching documents within the range, ascending. */
  matches(
    view: IndexView,
    { table, expression, from, to }: IdRange & { table: GramTable; expression: string },
  ): Uint32Array {
    return this.#ask(view, (index) => {
      // FTS5 seeks to integers only, and a number is bound as a float.
      const range = 'BETWEEN CAST(? AS INTEGER) AND CAST(? AS INTEGER)'
      const matching = `SELECT rowid FROM ${table} WHERE ${table} MATCH ? AND rowid ${range} ORDER BY rowid`
      const sql = `SELECT group_concat(rowid) FROM (${matching})`
      return idsIn((index.prepareRaw(sql).get(expression, from, to) as [string | null])[0])
    })
  }

  /** Ids of documents whose body isn't in the index to its end, ascending. */
  cutBodies(view: IndexView, { from, to }: IdRange): Uint32Array {
    return this.#ask(view, (index) => {
      const sql = `SELECT id FROM doc WHERE cut <> 0 AND cut & ${cutBody} AND id BETWEEN ? AND ?`
      return Uint32Array.from(index.prepareRaw(sql).all(from, to) as [number][], ([id]) => id)
    })
  }

  /** Rows of `doc` beside the messages' ids, each beginning with its id; undefined for those that aren't indexed. */
  documents<Row extends readonly [id: number, ...unknown[]]>(
    view: IndexView,
    columns: string,
    ids: Uint32Array,
  ): (Row | undefined)[] {
    return this.#ask(view, (index) => rowsById<Row>(index, { table: 'doc', columns }, ids))
  }

  close(): void {
    this.#index?.close()
    this.#index = undefined
  }

  /** Read again each time the index has grown by half. */
  #sample(view: IndexView, table: GramTable): GramSample {
    const known = this.#samples.get(table)
    if (known !== undefined && known.build === view.build && view.watermark <= known.watermark * 1.5)
      return known.sample
    const sample = this.#ask(view, (index) => readSample(index, table))
    this.#samples.set(table, { ...view, sample })
    return sample
  }

  #termsFrom(view: IndexView, table: GramTable, prefix: string): readonly string[] | undefined {
    const ascii = /^[\0-\x7f]*$/.test(prefix)
    if (ascii && (prefix.length === 1 || view.watermark > asciiShortNeedleDocumentsMax)) return undefined
    return this.#ask(view, (index) => {
      const sql = `SELECT term FROM ${termTables[table]} WHERE term >= ? AND term < ? LIMIT ${shortNeedleGramsMax + 1}`
      const terms = index.prepareRaw(sql).all(prefix, `${prefix}\u{10ffff}`) as [string][]
      return terms.length > shortNeedleGramsMax ? undefined : terms.map(([term]) => term)
    })
  }

  #ask<Result>({ build }: IndexView, read: (index: Connection) => Result): Result {
    const index = this.#index
    if (index === undefined) throw new IndexGone()
    try {
      return index.snapshot(() => {
        if (readState(index)?.build !== build) throw new IndexGone()
        return read(index)
      })
    } catch (error) {
      if (error instanceof IndexGone || !isFileTrouble(error)) throw error
      this.#lost(error)
      throw new IndexGone()
    }
  }

  #open(): Connection | undefined {
    const path = this.#options.searchPath
    const inode = statSync(path, { throwIfNoEntry: false })?.ino ?? 0
    if (this.#index !== undefined && inode === this.#inode) return this.#index
    this.close()
    if (inode === 0) return undefined
    this.#index = new Connection({ path, readonly: true, cacheBytes: readerCacheBytes })
    this.#inode = inode
    return this.#index
  }

  /** Nothing that is wrong with the index is the user's trouble. */
  #lost(error: unknown): undefined {
    this.close()
    if (isDamage(error)) this.#options.onDamage?.(error as Error)
    return undefined
  }
}
