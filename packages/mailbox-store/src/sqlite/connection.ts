// One SQLite connection: opened with the pragmas that every durability promise rests on, its statements prepared once,
// its errors turned into the store's refusals. Tests hand in `fault`, which is asked before each write and may throw
// in the disk's place.

import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { StoreRefusal } from '../refusals.js'

export type FaultPoint = 'write' | 'commit' | 'flush' | 'blob-write' | 'blob-flush' | 'blob-rename'
export type Fault = (point: FaultPoint) => void
type Value = number | bigint | string | Uint8Array | null

export interface ConnectionOptions {
  readonly path: string
  readonly readonly?: boolean
  /** Nobody else may have the database open, or open it; refused with `busy` where somebody has. */
  readonly exclusive?: boolean
  /** False where another program carries the WAL into the database file. */
  readonly checkpoints?: boolean
  readonly cacheBytes?: number
  readonly fault?: Fault | undefined
}

export class Connection {
  readonly raw: Database.Database
  readonly #statements = new Map<string, Database.Statement>()
  readonly #rawStatements = new Map<string, Database.Statement>()
  readonly fault: Fault | undefined

  constructor({
    path,
    readonly = false,
    exclusive = false,
    checkpoints = true,
    cacheBytes = 67_108_864,
    fault,
  }: ConnectionOptions) {
    this.fault = fault
    try {
      if (!readonly && !existsSync(dirname(path))) mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      // SQLite would make it readable for everybody; what it makes beside it has the same mode.
      if (!readonly && !existsSync(path)) closeSync(openSync(path, 'a', 0o600))
      this.raw = new Database(path, { readonly, timeout: 0 })
    } catch (error) {
      throw asRefusal(error, path)
    }
    try {
      this.raw.pragma(`busy_timeout = ${exclusive ? 1000 : 5000}`)
      // Before anything is read: from then on it would only keep the locks that it gets.
      if (exclusive) this.raw.pragma('locking_mode = EXCLUSIVE')
      if (!readonly) this.raw.pragma('journal_mode = WAL')
      this.raw.pragma('synchronous = FULL')
      this.raw.pragma('foreign_keys = ON')
      this.raw.pragma('temp_store = MEMORY')
      this.raw.pragma(`cache_size = ${-Math.ceil(cacheBytes / 1024)}`)
      // After a burst the WAL file shrinks to this when it starts over.
      this.raw.pragma('journal_size_limit = 134217728')
      // Checkpoints run in the worker; this bound is for the day the worker is dead (256 MB of WAL).
      this.raw.pragma(`wal_autocheckpoint = ${checkpoints ? 65_536 : 0}`)
    } catch (error) {
      this.raw.close()
      throw asRefusal(error, path)
    }
  }

  prepare(sql: string): Database.Statement {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.raw.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  /** Rows as arrays, which cost half of what objects do. */
  prepareRaw(sql: string): Database.Statement {
    let statement = this.#rawStatements.get(sql)
    if (statement === undefined) {
      statement = this.raw.prepare(sql).raw(true)
      this.#rawStatements.set(sql, statement)
    }
    return statement
  }

  get<Row>(sql: string, ...values: Value[]): Row | undefined {
    return this.reading(() => this.prepare(sql).get(...values) as Row | undefined)
  }

  all<Row>(sql: string, ...values: Value[]): Row[] {
    return this.reading(() => this.prepare(sql).all(...values) as Row[])
  }

  /** One write. Returns the new row's id. */
  run(sql: string, ...values: Value[]): number {
    this.fault?.('write')
    return Number(this.prepare(sql).run(...values).lastInsertRowid)
  }

  /** One write that is asked how many rows it changed. */
  change(sql: string, ...values: Value[]): number {
    this.fault?.('write')
    return this.prepare(sql).run(...values).changes
  }

  begin(): void {
    this.prepare('BEGIN IMMEDIATE').run()
  }

  commit(): void {
    this.fault?.('commit')
    this.prepare('COMMIT').run()
  }

  rollback(): void {
    if (this.raw.inTransaction) this.prepare('ROLLBACK').run()
  }

  /** Several reads that see the same moment. Must not await: a snapshot that stays open holds the WAL back. */
  snapshot<Result>(read: () => Result): Result {
    if (this.raw.open && this.raw.inTransaction) return read()
    return this.reading(() => {
      this.prepare('BEGIN').run()
      try {
        return read()
      } finally {
        this.rollback()
      }
    })
  }

  /** A damaged file or a failing disk shows in reads too: the caller hears a refusal, not SQLite's own words. */
  reading<Result>(read: () => Result): Result {
    try {
      return read()
    } catch (error) {
      throw this.raw.open ? asRefusal(error, this.raw.name) : new StoreRefusal('closed', 'The store is closed.')
    }
  }

  /** A number that moves when another connection has committed. */
  dataVersion(): number {
    return (this.prepareRaw('PRAGMA data_version').get() as [number])[0]
  }

  close(): void {
    this.#statements.clear()
    this.#rawStatements.clear()
    if (this.raw.open) this.raw.close()
  }
}

/** True where trying again a moment later is the whole remedy. */
export function isBusy(error: unknown): boolean {
  return errorCode(error).startsWith('SQLITE_BUSY') || errorCode(error) === 'SQLITE_LOCKED'
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** SQLite's and the file system's errors as refusals that say what to do; anything else passes through as the bug it is. */
export function asRefusal(error: unknown, path?: string): unknown {
  if (error instanceof StoreRefusal) return error
  const code = errorCode(error)
  const where = path === undefined ? 'the data folder' : path
  const refusal = (refusalCode: StoreRefusal['code'], message: string, fix: string): StoreRefusal =>
    new StoreRefusal(refusalCode, message, { fix, cause: error })
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
    return refusal(
      'disk-full',
      `The disk is full: ${where} cannot grow.`,
      'Free space on the disk of POSTERN_DATA_DIR.',
    )
  if (code.startsWith('SQLITE_READONLY') || code === 'EROFS')
    return refusal('read-only', `Cannot write: ${where} is read-only.`, 'Mount it writable, or check the file modes.')
  if (
    code.startsWith('SQLITE_CANTOPEN') ||
    code === 'EACCES' ||
    code === 'EPERM' ||
    code === 'ENOTDIR' ||
    code === 'EEXIST'
  )
    return refusal(
      'read-only',
      `Cannot open ${where}.`,
      'Check that POSTERN_DATA_DIR exists, is a folder, and belongs to the user that runs Postern.',
    )
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB')
    return refusal(
      'corrupt',
      `${where} is damaged or is not a mailbox database.`,
      'Stop Postern, keep the files, and put the last backup into an empty data folder; `postern verify` says what is damaged.',
    )
  if (isBusy(error)) return refusal('busy', `${where} is locked by another process.`, 'Try again.')
  if (code.startsWith('SQLITE_IOERR') || code === 'EIO')
    return refusal('io-error', `Reading or writing ${where} failed: ${(error as Error).message}.`, 'Check the disk.')
  return error
}
