// Builds the search index behind the writer's back: in slices, in a worker, with its own connections. Each batch takes
// the messages above the watermark in ascending order and writes their documents and the new watermark in one
// transaction; several builders on one file so take turns. When nothing is left to index it merges and sweeps.
//
// The index may be lost at any moment: a file that is damaged, of another format, of another store, or ahead of its
// store (a restored backup) is removed and built anew.

import { randomUUID } from 'node:crypto'
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { parseMessage } from '@postern/message'
import { FileBlobs } from '../blobs/file-blobs.js'
import type { AccountId } from '../model.js'
import { indexText, ownerText } from '../search/grams.js'
import {
  bodyText,
  fieldText,
  headerText,
  type PiecewiseText,
  piecewiseText,
  searchableFields,
} from '../search/message-text.js'
import { Connection, isBusy } from './connection.js'
import { nextMessageId } from './message-ids.js'
import { rawColumn } from './message-reads.js'
import {
  createTables,
  cutBody,
  cutFields,
  fieldCharsMax,
  type GramTable,
  isDamage,
  isForeign,
  readSample,
  readState,
  removeSearchFiles,
  type SearchState,
  sampleEvery,
  searchFormat,
  storeIdOf,
} from './search-schema.js'

export { SearchIndexReader } from './search-reader.js'

export interface SearchIndexBuilderOptions {
  readonly mainPath: string
  readonly searchPath: string
  readonly blobsFolder: string
  /** Text of one message that is indexed, in bytes as sent. A longer one is looked into at every search. */
  readonly textBytesMax?: number
  /** How often purged messages are looked for. */
  readonly sweepIntervalMs?: number
}

const batchMessagesMax = 256
const batchBytesMax = 8 * 1024 * 1024
const sweepDocumentsMax = 2_000
/** Pages that one merge step writes. */
const mergePages = 128
const builderCacheBytes = 33_554_432
const hashBytesMax = 16 * 1024 * 1024
const sampleCharsMax = 65_536
const rebuildsMax = 3
const unreadable: PiecewiseText = { texts: [], headers: [], cut: true }
const gramTables: readonly GramTable[] = ['header_gram', 'body_gram']

interface SourceRow {
  readonly id: number
  readonly size: number
  readonly file: number
  readonly hash: Uint8Array
  readonly accounts: Uint8Array
  readonly sort: string
  readonly refs: Uint8Array
  readonly parts: Uint8Array
  readonly raw: Uint8Array
}

interface Document {
  readonly cut: number
  readonly sentDay: number | null
  readonly fields: readonly (string | null)[]
  readonly header: string
  readonly body: string
}

export class SearchIndexBuilder {
  readonly #options: Required<SearchIndexBuilderOptions>
  readonly #main: Connection
  readonly #blobs: FileBlobs
  #index: Connection | undefined
  #inode = 0
  #rebuilds = 0
  #mergesLeft: GramTable[] = []
  #sweepFrom: number | undefined
  #sweptAtMs = Number.NEGATIVE_INFINITY
  #sweptVersion = -1

  constructor(options: SearchIndexBuilderOptions) {
    this.#options = { textBytesMax: 8 * 1024 * 1024, sweepIntervalMs: 600_000, ...options }
    this.#main = new Connection({ path: options.mainPath, readonly: true, cacheBytes: builderCacheBytes })
    this.#blobs = new FileBlobs({ folder: options.blobsFolder })
  }

  /** One slice of work. `done`: everything committed before the call is in the index, and it is tidy. */
  step({ budgetMs }: { budgetMs: number }): 'more' | 'done' {
    const end = performance.now() + budgetMs
    try {
      while (this.#indexBatch(this.#open(), end)) if (performance.now() >= end) return 'more'
      while (this.#tidy(this.#open())) if (performance.now() >= end) return 'more'
      return 'done'
    } catch (error) {
      if (isBusy(error)) return 'more'
      // Damage that new files don't end is elsewhere: in the main database, or in the disk.
      if (!isDamage(error) || ++this.#rebuilds > rebuildsMax) throw error
      this.rebuild()
      return 'more'
    }
  }

  /** Every message up to this id is in the index. */
  get watermark(): number {
    return readState(this.#open())?.watermark ?? 0
  }

  /** Throws the index away; the next steps build it again. Searching goes on without it. */
  rebuild(): void {
    this.#index?.close()
    this.#index = undefined
    removeSearchFiles(this.#options.searchPath)
  }

  close(): void {
    this.#index?.close()
    this.#index = undefined
    this.#main.close()
  }

  #open(): Connection {
    if (this.#index !== undefined && inodeOf(this.#options.searchPath) === this.#inode) return this.#index
    this.#index?.close()
    this.#index = undefined
    try {
      this.#index = this.#openFile()
    } catch (error) {
      if (!isDamage(error) && !isForeign(error)) throw error
      removeSearchFiles(this.#options.searchPath)
      this.#index = this.#openFile()
    }
    this.#inode = inodeOf(this.#options.searchPath)
    this.#sweepFrom = undefined
    return this.#index
  }

  #openFile(): Connection {
    const index = this.#connect()
    try {
      const found = stateOf(index)
      if (found === undefined) this.#create(index)
      if (found === undefined || this.#fits(found)) return index
    } catch (error) {
      index.close()
      throw error
    }
    index.close()
    removeSearchFiles(this.#options.searchPath)
    return this.#openFile()
  }

  #connect(): Connection {
    const index = new Connection({ path: this.#options.searchPath, cacheBytes: builderCacheBytes })
    // Losing the last batches costs indexing them again, so nothing waits for the disk but checkpoints.
    index.raw.pragma('synchronous = NORMAL')
    index.raw.pragma('wal_autocheckpoint = 4096')
    return index
  }

  #create(index: Connection): void {
    index.begin()
    try {
      if (stateOf(index) === undefined) {
        createTables(index, { storeId: storeIdOf(this.#main), build: randomUUID() })
        for (const table of gramTables)
          index.raw.exec(`INSERT INTO ${table} (${table}, rank) VALUES ('hashsize', ${hashBytesMax})`)
      }
      index.commit()
    } finally {
      index.rollback()
    }
  }

  #fits({ format, storeId, watermark, lastHash }: SearchState): boolean {
    if (format !== searchFormat || storeId !== storeIdOf(this.#main)) return false
    if (watermark >= nextMessageId(this.#main)) return false
    const row = this.#main.get<{ hash: Uint8Array }>('SELECT hash FROM message WHERE id = ?', watermark)
    return row === undefined || lastHash === null || Buffer.compare(row.hash, lastHash) === 0
  }

  /** False when there was nothing left to do. */
  #indexBatch(index: Connection, end: number): boolean {
    const before = readState(index)?.watermark ?? 0
    // Asked without the write lock first: an idle builder disturbs nobody.
    if (this.#main.get('SELECT 1 FROM message WHERE id > ? LIMIT 1', before) === undefined)
      return this.#retreated(before)
    index.begin()
    try {
      const state = readState(index) as SearchState
      let bytes = 0
      let last: SourceRow | undefined
      for (const row of this.#rowsAfter(state.watermark)) {
        if (last !== undefined && (bytes > batchBytesMax || performance.now() > end)) break
        this.#insert(index, row)
        bytes += row.size
        last = row
      }
      if (last !== undefined) index.run('UPDATE state SET watermark = ?, last_hash = ?', last.id, last.hash)
      index.commit()
    } finally {
      index.rollback()
    }
    this.#mergesLeft = [...gramTables]
    this.#rebuilds = 0
    return true
  }

  /** The store has gone back behind the index: a backup was put in its place while this builder ran. */
  #retreated(watermark: number): boolean {
    if (watermark < nextMessageId(this.#main)) return false
    this.rebuild()
    return nextMessageId(this.#main) > 1
  }

  #rowsAfter(id: number): Iterable<SourceRow> {
    const columns = `id, size, file, hash, accounts, sort, refs, parts, ${rawColumn}`
    const sql = `SELECT ${columns} FROM message WHERE id > ? ORDER BY id LIMIT ?`
    return this.#main.prepare(sql).iterate(id, batchMessagesMax) as Iterable<SourceRow>
  }

  #insert(index: Connection, row: SourceRow): void {
    const { cut, sentDay, fields, header, body } = this.#documentOf(row)
    const owner = ownerText(accountsOf(row.accounts))
    index.run(
      'INSERT INTO doc VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      row.id,
      cut,
      sentDay,
      ...fields,
      row.sort,
      row.refs,
    )
    if (row.id % sampleEvery === 0) this.#sample(index, { header_gram: header, body_gram: body })
    index.run('INSERT INTO header_gram (rowid, text, owner) VALUES (?, ?, ?)', row.id, header, owner)
    index.run('INSERT INTO body_gram (rowid, text, owner) VALUES (?, ?, ?)', row.id, body, owner)
  }

  #sample(index: Connection, texts: Readonly<Record<GramTable, string>>): void {
    for (const table of gramTables) {
      const sample = readSample(index, table)
      sample.add(texts[table].slice(0, sampleCharsMax))
      index.run('INSERT OR REPLACE INTO gram_sample VALUES (?, ?)', table, sample.bytes)
    }
  }

  #documentOf(row: SourceRow): Document {
    const parsed = parseMessage(row.raw)
    const { lines, sentDay } = headerText(row.raw, parsed)
    const { texts, headers, cut } = row.file === 0 ? { ...bodyText(row.raw, parsed), cut: false } : this.#fileText(row)
    let cuts = cut ? cutBody : 0
    const fields = searchableFields.map((name) => {
      const text = fieldText(lines, name)
      if (text === undefined) return null
      // SQLite would read a text with NUL only up to there.
      if (text.length <= fieldCharsMax && !text.includes('\0')) return text
      cuts |= cutFields
      return null
    })
    return {
      cut: cuts,
      sentDay: sentDay ?? null,
      fields,
      header: indexText([lines, ...headers]),
      body: indexText(texts),
    }
  }

  #fileText({ parts, hash }: SourceRow): PiecewiseText {
    let file: number
    try {
      file = openSync(this.#blobs.pathOf(hash), 'r')
    } catch {
      // The message is being purged, or its file is missing, which `verify` reports: nothing to find in it.
      return unreadable
    }
    try {
      const reading = piecewiseText(parts, { bytesMax: this.#options.textBytesMax })
      let next = reading.next()
      while (next.done !== true) {
        const { start, end } = next.value
        const bytes = new Uint8Array(end - start)
        let at = 0
        while (at < bytes.length) {
          const read = readSync(file, bytes, at, bytes.length - at, start + at)
          if (read === 0) return unreadable
          at += read
        }
        next = reading.next(bytes)
      }
      return next.value
    } finally {
      closeSync(file)
    }
  }

  /** Idle work: false when there's none. */
  #tidy(index: Connection): boolean {
    const table = this.#mergesLeft[0]
    if (table !== undefined) {
      if (!mergeSome(index, table)) this.#mergesLeft.shift()
      return true
    }
    return this.#sweep(index)
  }

  /** Removes documents of purged messages. They do no harm but take room. */
  #sweep(index: Connection): boolean {
    if (this.#sweepFrom === undefined) {
      const version = this.#main.dataVersion()
      if (version === this.#sweptVersion || performance.now() - this.#sweptAtMs < this.#options.sweepIntervalMs)
        return false
      this.#sweptVersion = version
      this.#sweptAtMs = performance.now()
      this.#sweepFrom = 0
    }
    const documents = index
      .prepareRaw('SELECT id FROM doc WHERE id > ? ORDER BY id LIMIT ?')
      .all(this.#sweepFrom, sweepDocumentsMax) as [number][]
    if (documents.length === 0) {
      this.#sweepFrom = undefined
      return false
    }
    const last = (documents[documents.length - 1] as [number])[0]
    const messages = this.#main.prepareRaw('SELECT id FROM message WHERE id > ? AND id <= ?').all(this.#sweepFrom, last)
    const alive = new Set((messages as [number][]).map(([id]) => id))
    this.#remove(
      index,
      documents.map(([id]) => id).filter((id) => !alive.has(id)),
    )
    this.#sweepFrom = last
    return true
  }

  #remove(index: Connection, ids: readonly number[]): void {
    if (ids.length === 0) return
    index.begin()
    try {
      for (const id of ids)
        for (const table of [...gramTables, 'doc'])
          index.run(`DELETE FROM ${table} WHERE ${table === 'doc' ? 'id' : 'rowid'} = ?`, id)
      index.commit()
    } finally {
      index.rollback()
    }
    this.#mergesLeft = [...gramTables]
  }
}

/** True when there was something to merge: FTS5 says so by the rows it has changed. */
function mergeSome(index: Connection, table: GramTable): boolean {
  const changes = (): number => (index.prepareRaw('SELECT total_changes()').get() as [number])[0]
  const before = changes()
  index.run(`INSERT INTO ${table} (${table}, rank) VALUES ('merge', ${mergePages})`)
  return changes() - before >= 2
}

function stateOf(index: Connection): SearchState | undefined {
  const found = index.get("SELECT 1 FROM sqlite_schema WHERE name = 'state'")
  return found === undefined ? undefined : readState(index)
}

function accountsOf(bytes: Uint8Array): AccountId[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length >> 2 }, (_, i) => view.getUint32(i * 4, true) as AccountId)
}

function inodeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? 0
}
