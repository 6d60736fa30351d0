// Online backup: one consistent copy of the database, made by SQLite itself on a snapshot while the store works, and
// the files it names. The search index is left out: it is made anew from the mail.

import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { refuse } from '../refusals.js'
import type { BackupReport } from '../store.js'
import { asRefusal, Connection } from './connection.js'
import { holdFiles } from './sweep.js'

export const databaseName = 'postern.sqlite'
export const blobsName = 'blobs'

export interface BackupOptions {
  readonly paths: { readonly blobs: string }
  readonly folder: string
}

export function backupDatabase(db: Connection, { paths, folder }: BackupOptions): BackupReport {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    refuse('exists', `${folder} is not empty.`, 'Name a folder that does not exist yet, or an empty one.')
  const letGo = holdFiles(db)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const target = join(folder, databaseName)
    db.prepare('VACUUM INTO ?').run(target)
    markAsCopy(target)
    const files = copyFiles(target, { from: paths.blobs, to: join(folder, blobsName) })
    return { bytes: statSync(target).size + files.bytes, files: 1 + files.count }
  } catch (error) {
    throw asRefusal(error, folder)
  } finally {
    letGo()
  }
}

/** Uids and modseqs that were given out after the backup must not come again: a store on the copy takes a step ahead. */
function markAsCopy(database: string): void {
  const copy = new Connection({ path: database })
  copy.run("INSERT OR REPLACE INTO meta VALUES ('boot', 'a backup')")
  copy.run("DELETE FROM meta WHERE key GLOB 'files_held:*'")
  copy.raw.pragma('journal_mode = DELETE')
  copy.close()
}

function copyFiles(database: string, { from, to }: { from: string; to: string }): { bytes: number; count: number } {
  const copy = new Connection({ path: database, readonly: true })
  let bytes = 0
  let count = 0
  try {
    const hashes = copy.prepareRaw('SELECT DISTINCT hash FROM message WHERE file = 1').iterate() as IterableIterator<
      [Uint8Array]
    >
    for (const [hash] of hashes) {
      const name = Buffer.from(hash).toString('hex')
      const place = join(name.slice(0, 2), name.slice(2))
      mkdirSync(dirname(join(to, place)), { recursive: true, mode: 0o700 })
      copyFileSync(join(from, place), join(to, place), constants.COPYFILE_FICLONE)
      flushFile(join(to, place))
      bytes += statSync(join(to, place)).size
      count++
    }
  } finally {
    copy.close()
  }
  return { bytes, count }
}

function flushFile(path: string): void {
  const file = openSync(path, 'r')
  try {
    fdatasyncSync(file)
  } finally {
    closeSync(file)
  }
}
