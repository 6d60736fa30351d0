// A store's files with two accounts and three mailboxes, filled through the writer, for the tests of searching: the
// searcher and the index builder are driven directly, so that a test decides how much is indexed.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileBlobs } from '../src/blobs/file-blobs.js'
import { defaultLimits } from '../src/limits.js'
import { Entries } from '../src/messages/entries.js'
import { MailboxIndex } from '../src/messages/mailbox-index.js'
import { prepareMessage } from '../src/messages/prepare.js'
import { type AccountId, allUids, type Flags, type MailboxId, noFlags } from '../src/model.js'
import type { SearchQuery, SortKey } from '../src/search/query.js'
import { Chunks } from '../src/sqlite/chunks.js'
import { Connection } from '../src/sqlite/connection.js'
import { KeywordNames } from '../src/sqlite/keywords.js'
import { insertMessage, packFlags, place } from '../src/sqlite/messages.js'
import { Others } from '../src/sqlite/others.js'
import { migrate } from '../src/sqlite/schema.js'
import { searchMailbox } from '../src/sqlite/search.js'
import { SearchIndexBuilder, type SearchIndexBuilderOptions, SearchIndexReader } from '../src/sqlite/search-index.js'
import { Writer } from '../src/sqlite/writer.js'

export const anna = 1 as AccountId
export const bert = 70_000 as AccountId
/** Two of Anna's, one of Bert's. */
export const inbox = 1 as MailboxId
export const archive = 2 as MailboxId
export const bertsInbox = 3 as MailboxId
const owners = new Map([
  [inbox, anna],
  [archive, anna],
  [bertsInbox, bert],
])

export interface Delivery {
  readonly to?: readonly MailboxId[]
  readonly flags?: Flags
  /** Unix seconds. */
  readonly internalDate?: number
  /** The bytes lie in a file, as those of large messages do. */
  readonly inFile?: boolean
}

export class SearchFixture {
  readonly folder = mkdtempSync(join(tmpdir(), 'postern-search-'))
  readonly mainPath = join(this.folder, 'mail.sqlite')
  readonly searchPath = join(this.folder, 'search.sqlite')
  readonly blobs = new FileBlobs({ folder: join(this.folder, 'blobs') })
  readonly db: Connection
  reader: SearchIndexReader
  nowMs = 1_700_000_000_000
  readonly damages: Error[] = []
  readonly #writer: Writer
  #builder: SearchIndexBuilder | undefined

  constructor() {
    this.db = new Connection({ path: this.mainPath })
    migrate(this.db)
    this.db.raw.pragma('foreign_keys = OFF')
    this.insert('meta', { key: 'store_id', value: 'fixture' })
    for (const id of [anna, bert]) this.insert('inbox', { id, address: `inbox ${id}`, public_id: `inbox ${id}` })
    for (const [id, account] of owners) {
      this.insert('uid_space', { id, uid_validity: 1, uid_next: 1 })
      this.insert('mailbox', { id, account, name: `mailbox ${id}`, space: id, uid_next: 1 })
    }
    this.#writer = new Writer(this.db, {
      limits: defaultLimits,
      now: () => this.nowMs,
      ring: () => {},
      blobs: this.blobs,
      followers: { follows: () => false, committed: () => {} },
      others: new Others(this.db),
    })
    this.reader = this.newReader()
  }

  /** A row in which everything that isn't said and has to be is 0. */
  insert(table: string, values: Readonly<Record<string, string | number>>): void {
    const columns = this.db.raw.pragma(`table_info(${table})`) as {
      name: string
      notnull: number
      dflt_value: unknown
    }[]
    const needed = columns.filter(({ notnull, dflt_value }) => notnull === 1 && dflt_value === null)
    const row = { ...Object.fromEntries(needed.map(({ name }) => [name, 0])), ...values }
    const names = Object.keys(row)
    this.db.run(
      `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
      ...Object.values(row),
    )
  }

  /** Puts one message into the mailboxes (INBOX of Anna if none is named) and returns its id. */
  async deliver(message: string | Uint8Array, delivery: Delivery = {}): Promise<number> {
    const { to = [inbox], flags = noFlags, internalDate = 1_600_000_000, inFile = false } = delivery
    const bytes = typeof message === 'string' ? Buffer.from(message) : message
    const prepared = prepareMessage(bytes, { inline: !inFile })
    if (inFile) await this.blobs.write([bytes] as never, { bytesMax: bytes.length, reading: () => undefined })
    return this.#writer.submit({
      flush: false,
      run(tx) {
        const accounts = [...new Set(to.map((mailbox) => owners.get(mailbox) as AccountId))]
        const id = insertMessage(tx, prepared, { internalDate, accounts })
        for (const mailbox of to) {
          const box = tx.mailbox(mailbox)
          place(tx, box, {
            flags: packFlags(tx, box.account, flags),
            modSeq: tx.nextModSeq(box),
            message: id,
            size: prepared.size,
            internalDate,
            saveDate: Math.floor(tx.now / 1000),
          })
        }
        return id
      },
    })
  }

  /** As if the sweep had removed it: the entry is still in sessions' indices. */
  purge(message: number): void {
    this.db.run('DELETE FROM message WHERE id = ?', message)
  }

  newReader(): SearchIndexReader {
    return new SearchIndexReader({ searchPath: this.searchPath, onDamage: (error) => this.damages.push(error) })
  }

  builder(options: Partial<SearchIndexBuilderOptions> = {}): SearchIndexBuilder {
    this.#builder ??= new SearchIndexBuilder({
      mainPath: this.mainPath,
      searchPath: this.searchPath,
      blobsFolder: join(this.folder, 'blobs'),
      ...options,
    })
    return this.#builder
  }

  closeBuilder(): void {
    this.#builder?.close()
    this.#builder = undefined
  }

  index(options: Partial<SearchIndexBuilderOptions> = {}): void {
    const builder = this.builder(options)
    for (let i = 0; builder.step({ budgetMs: 1_000 }) === 'more'; i++)
      if (i > 1_000) throw new Error('indexing does not end')
  }

  open(mailbox: MailboxId = inbox): MailboxIndex {
    const entries = new Entries(0)
    for (const { entries: some } of new Chunks(this.db, { undo: () => {} }).covering(mailbox, allUids)) {
      entries.grow(entries.length + some.length)
      entries.copyFrom(some, { from: 0, to: some.length, at: entries.length })
    }
    const index = new MailboxIndex({ entries, modSeq: 1 })
    return index
  }

  /** Uids. `mailbox` is opened anew unless `index` is given. */
  async search(
    query: SearchQuery,
    options: { mailbox?: MailboxId; index?: MailboxIndex; sort?: readonly SortKey[]; signal?: AbortSignal } = {},
  ): Promise<number[]> {
    const { mailbox = inbox, index = this.open(mailbox), ...rest } = options
    const keywords = new KeywordNames(this.db)
    const { db, blobs, reader } = this
    const accounts = [owners.get(mailbox) as AccountId]
    return Array.from(await searchMailbox({ db, blobs, reader, index, keywords, accounts }, query, rest))
  }

  async close(): Promise<void> {
    await this.#writer.close()
    this.closeBuilder()
    this.reader.close()
    this.db.close()
    rmSync(this.folder, { recursive: true })
  }
}

/** Messages that no test looks for: with them a mailbox is large enough for the index to be asked. */
export async function addFiller(fixture: SearchFixture, count = 80): Promise<void> {
  for (let i = 0; i < count; i++)
    await fixture.deliver(`From: filler@example.com\r\nSubject: padding ${i}\r\n\r\nNothing to see, number ${i}.\r\n`)
}
