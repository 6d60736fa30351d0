// Online backup: one consistent copy of the database, made by SQLite itself on a snapshot while the store works, and
// the files it names. No file goes meanwhile: the sweep is held. The search index is left out: it is made anew from the
// mail. Nothing of the copy is left to the system's caches when this returns.

import { createHash, randomBytes } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, openSync, readSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { refuse } from '../refusals.js'
import type { BackupContents, BackupReport, BackupTarget, SpaceMark } from '../store.js'
import { asRefusal, Connection } from './connection.js'
import { bytesToCopy, copyFiles, flushPath, messageFiles } from './copy-files.js'
import { schemaVersion } from './schema.js'
import { holdFiles } from './sweep.js'

export const databaseName = 'postern.sqlite'
export const blobsName = 'blobs'

/** In the place of the machine's boot: a store that is opened on a copy takes its step ahead (power-cut.ts). */
export const backupBoot = 'a backup'

const renewEveryMs = 60_000
const readBytes = 1_048_576
/** For the file system's own needs. */
const spareBytes = 16_777_216

export interface BackupOptions {
  /** Where the store's own files are. */
  readonly files: string
  readonly target: BackupTarget
}

export function backupDatabase(db: Connection, { files, target }: BackupOptions): BackupReport {
  if (existsSync(target.database)) refuse('exists', `${target.database} is there already.`)
  const storeId = db.get<{ value: string }>("SELECT value FROM meta WHERE key = 'store_id'")?.value
  if (target.storeId !== undefined && target.storeId !== storeId)
    refuse('exists', 'That folder holds a backup of another server.', 'Name another folder.')
  const hold = holdFiles(db)
  try {
    for (const folder of [dirname(target.database), target.files]) mkdirSync(folder, { recursive: true, mode: 0o700 })
    requireRoom(dirname(target.database), databaseBytes(db))
    // SQLite would make it readable for everybody; an empty file it takes.
    closeSync(openSync(target.database, 'wx', 0o600))
    db.prepare('VACUUM INTO ?').run(target.database)
    const marks = markAsCopy(target.database)
    flushPath(target.database)
    hold.renew()
    return { ...marks, files: copyNamed(target, { from: files, renew: hold.renew }) }
  } catch (error) {
    throw asRefusal(error, dirname(target.database))
  } finally {
    hold.letGo()
  }
}

function databaseBytes(db: Connection): number {
  const [pages, free, size] = (['page_count', 'freelist_count', 'page_size'] as const).map(
    (name) => db.raw.pragma(name, { simple: true }) as number,
  ) as [number, number, number]
  return (pages - free) * size
}

export function requireRoom(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  if (free < bytes + spareBytes)
    refuse(
      'disk-full',
      `${folder} has ${free} bytes free, and ${bytes + spareBytes} are needed.`,
      'Free space on that disk, or name a folder on another one.',
    )
}

function copyNamed(target: BackupTarget, { from, renew }: { from: string; renew: () => void }): BackupReport['files'] {
  const named = messageFiles(target.database)
  let renewedAt = performance.now()
  const options = {
    from,
    to: target.files,
    linkFrom: target.linkFrom,
    onFile(done: number, of: number) {
      target.onFiles?.(done, of)
      if (performance.now() - renewedAt < renewEveryMs) return
      renew()
      renewedAt = performance.now()
    },
  }
  requireRoom(target.files, bytesToCopy(named, options))
  return copyFiles(named, options)
}

/** Says in the copy that it's one, and what it holds. */
function markAsCopy(database: string): Omit<BackupReport, 'files'> {
  const id = randomBytes(16).toString('hex')
  const copy = new Connection({ path: database })
  try {
    copy.run("INSERT OR REPLACE INTO meta VALUES ('boot', ?), ('backup_id', ?)", backupBoot, id)
    copy.run("DELETE FROM meta WHERE key GLOB 'files_held:*'")
    copy.raw.pragma('journal_mode = DELETE')
    const storeId = copy.get<{ value: string }>("SELECT value FROM meta WHERE key = 'store_id'")?.value ?? ''
    const spaces = copy
      .prepareRaw('SELECT id, uid_validity, uid_next, mod_seq FROM uid_space ORDER BY id')
      .all() as unknown as SpaceMark[]
    const facts = { id, storeId, schema: schemaVersion, holds: contentsOf(copy), spaces }
    copy.close()
    return { ...facts, database: { bytes: statSync(database).size, sha256: fileDigest(database) } }
  } finally {
    copy.close()
  }
}

function contentsOf(db: Connection): BackupContents {
  const one = (sql: string): number => db.get<{ n: number }>(sql)?.n ?? 0
  return {
    domains: one('SELECT count(*) AS n FROM domain'),
    inboxes: one('SELECT count(*) AS n FROM inbox'),
    mailboxes: one('SELECT count(*) AS n FROM mailbox'),
    messages: one('SELECT coalesce(sum(messages), 0) AS n FROM mailbox'),
    credentials: one('SELECT count(*) AS n FROM credential WHERE revoked_at IS NULL'),
    queued: one("SELECT count(*) AS n FROM outbox WHERE state IN ('waiting', 'leased', 'held')"),
  }
}

export function fileDigest(path: string): string {
  const hash = createHash('sha256')
  const file = openSync(path, 'r')
  const piece = new Uint8Array(readBytes)
  try {
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) hash.update(piece.subarray(0, read))
    return hash.digest('hex')
  } finally {
    closeSync(file)
  }
}
