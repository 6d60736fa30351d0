// The search index's own database, `search.sqlite` beside the main one: derived data, written by the builder alone, so
// that indexing never takes the main write lock. It names its format and the store it was built from; whatever doesn't
// fit is thrown away and built again, which costs time and nothing else.
//
// `header_gram` and `body_gram` hold trigrams to message ids and no text; `doc` holds what is cheap to compare without
// opening the message, and what SORT and THREAD compare, in narrow rows.
// The headers of parts are in `header_gram`. Trigrams narrow, the message's own text decides.

import { rmSync } from 'node:fs'
import { GramSample } from '../search/grams.js'
import type { Connection } from './connection.js'

/** Moves with the tables, with `fold`, and with what the message package makes of text. */
export const searchFormat = 4

const gramOptions = `tokenize = 'trigram case_sensitive 1', detail = none, content = '', contentless_delete = 1`

const tables = `
CREATE TABLE state (
  one INTEGER PRIMARY KEY CHECK (one = 1), format INTEGER NOT NULL, store_id TEXT NOT NULL, build TEXT NOT NULL,
  watermark INTEGER NOT NULL, last_hash BLOB);
CREATE TABLE gram_sample (gram_table TEXT PRIMARY KEY, counts BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE doc (
  id INTEGER PRIMARY KEY, cut INTEGER NOT NULL, sent_day INTEGER,
  subject TEXT, "from" TEXT, "to" TEXT, cc TEXT, bcc TEXT, sort TEXT NOT NULL, refs BLOB NOT NULL);
CREATE INDEX doc_cut ON doc (id) WHERE cut <> 0;
CREATE VIRTUAL TABLE header_gram USING fts5 (text, owner, ${gramOptions});
CREATE VIRTUAL TABLE body_gram USING fts5 (text, owner, ${gramOptions});
CREATE VIRTUAL TABLE header_term USING fts5vocab (header_gram, row);
CREATE VIRTUAL TABLE body_term USING fts5vocab (body_gram, row);
`

/** Messages whose id is a multiple of this are in the sample that says how often trigrams are. */
export const sampleEvery = 32

export type GramTable = 'header_gram' | 'body_gram'

/** `doc.cut`: the body's text wasn't indexed to its end, or a field is longer than what `doc` keeps. */
export const cutBody = 1
export const cutFields = 2

/** Characters of a field kept in `doc`; for a longer one the message is asked. */
export const fieldCharsMax = 512

export interface SearchState {
  readonly format: number
  readonly storeId: string
  /** Random, of this build: a reader whose answers span two builds would miss messages. */
  readonly build: string
  /** Every message up to this id is in the index. */
  readonly watermark: number
  /** The hash of the message `watermark`: an index of another history of the same store betrays itself by it. */
  readonly lastHash: Uint8Array | null
}

export function readState(db: Connection): SearchState | undefined {
  return db.get<SearchState>('SELECT format, store_id AS storeId, build, watermark, last_hash AS lastHash FROM state')
}

export function readSample(db: Connection, table: GramTable): GramSample {
  return new GramSample(
    db.get<{ counts: Uint8Array }>('SELECT counts FROM gram_sample WHERE gram_table = ?', table)?.counts,
  )
}

export function createTables(db: Connection, { storeId, build }: { storeId: string; build: string }): void {
  db.raw.exec(tables)
  db.run('INSERT INTO state VALUES (1, ?, ?, ?, 0, NULL)', searchFormat, storeId, build)
}

export function removeSearchFiles(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
}

/** The main database's identity; '' for one that has none. */
export function storeIdOf(main: Connection): string {
  const row = main.get<{ value: unknown }>("SELECT value FROM meta WHERE key = 'store_id'")
  return row === undefined ? '' : String(row.value)
}

/** SQLite found the file damaged, or not to be a database. */
export function isDamage(error: unknown): boolean {
  return /^(SQLITE_CORRUPT|SQLITE_NOTADB|SQLITE_IOERR_SHORT_READ|corrupt$)/.test(codeOf(error))
}

/** Anything that is the file's fault and not the program's. */
export function isFileTrouble(error: unknown): boolean {
  return isDamage(error) || /^SQLITE_(BUSY|LOCKED|IOERR|CANTOPEN|PROTOCOL|SCHEMA|FULL|NOMEM)/.test(codeOf(error))
}

/** The tables aren't the ones that this program's statements are written for. */
export function isForeign(error: unknown): boolean {
  return codeOf(error) === 'SQLITE_ERROR'
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
