// A backup from a store that may be at work: its database and files, then the server key and the certificates, then what says
// that it's whole. Into a folder that has an earlier backup only the database is copied anew.

import { existsSync, realpathSync, statSync } from 'node:fs'
import { chmod, cp, readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { type BackupReport, databaseName, lockFile, pruneFiles, type Store } from '@postern/mailbox-store'
import { Failure, makeFolder, writeFileAtomic } from '@postern/service'
import type { DataFolder } from '../data-folder.js'
import { version } from '../version.js'
import {
  type BackupPlaces,
  backupFormat,
  backupPlaces,
  earlierBackup,
  type Manifest,
  manifestName,
  openBackup,
  settleNext,
} from './backup-folder.js'
import { flushPath, flushTree } from './flush.js'

const lookEveryMs = 1_000

export interface TakeBackup {
  readonly store: Store
  readonly from: DataFolder
  readonly to: string
  /** The folder of another backup, whose files are linked. */
  readonly since: string | undefined
  /** Bytes of the database so far. */
  readonly onDatabase: (bytes: number) => void
  readonly onFiles: (done: number, of: number) => void
}

export async function takeBackup({ store, from, to, since, onDatabase, onFiles }: TakeBackup): Promise<Manifest> {
  const places = backupPlaces(to)
  refuseInside(from.path, places.path)
  const linkFrom = since === undefined ? [] : [(await openBackup(since)).files]
  const earlier = await earlierBackup(places)
  await makeFolder(places.path, { mode: 0o700 })
  const unlock = lockFile(places.lock)
  try {
    await settleNext(places)
    const startedAt = new Date().toISOString()
    const database = join(places.next, databaseName)
    const target = { database, files: places.files, linkFrom, storeId: earlier?.manifest.storeId, onFiles }
    const report = await watched(database, onDatabase, () => store.maintenance.backup(target))
    await copySecrets(from, places.next)
    const manifest = await finish(places, { startedAt, report })
    pruneFiles(join(places.path, databaseName), places.files)
    return manifest
  } finally {
    unlock()
  }
}

/** SQLite says nothing while it copies. */
async function watched<Result>(
  file: string,
  onBytes: (bytes: number) => void,
  work: () => Promise<Result>,
): Promise<Result> {
  const look = () => onBytes(statSync(file, { throwIfNoEntry: false })?.size ?? 0)
  const timer = setInterval(look, lookEveryMs)
  return work().finally(() => clearInterval(timer))
}

async function finish(
  places: BackupPlaces,
  { startedAt, report }: { startedAt: string; report: BackupReport },
): Promise<Manifest> {
  await flushPath(places.next)
  await flushPath(places.path)
  const finishedAt = new Date().toISOString()
  const manifest: Manifest = { format: backupFormat, version, startedAt, finishedAt, ...report }
  await writeFileAtomic(join(places.next, manifestName), `${JSON.stringify(manifest)}\n`, { mode: 0o600 })
  await settleNext(places)
  return manifest
}

/** A store that no gateway was started on has none of both. */
async function copySecrets(from: DataFolder, to: string): Promise<void> {
  if (existsSync(from.serverKey))
    await writeFileAtomic(join(to, 'secret.key'), await readFile(from.serverKey, 'utf8'), { mode: 0o600 })
  if (!existsSync(from.tls)) return
  // Links to certificates that somebody else renews are copied as what they lead to; one that leads nowhere isn't.
  const copying = { recursive: true, dereference: true, preserveTimestamps: true, filter: existsSync }
  await cp(from.tls, join(to, 'tls'), copying)
  await chmod(join(to, 'tls'), 0o700)
  await flushTree(join(to, 'tls'))
}

/** It would be put aside with the data folder, go with its disk, and grow in the next one. */
function refuseInside(dataFolder: string, target: string): void {
  const [data, to] = [realpathSync(dataFolder), realPathOf(target)]
  const isInside = !relative(data, to).startsWith('..')
  if (!isInside && relative(to, data).startsWith('..')) return
  const message = isInside ? `${target} is inside the data folder.` : `The data folder is inside ${target}.`
  throw new Failure('backup_place', message, { fix: 'Name a folder elsewhere, on another disk at the best.' })
}

/** Of a path that may not be there yet. */
function realPathOf(path: string): string {
  const whole = resolve(path)
  if (existsSync(whole)) return realpathSync(whole)
  const above = dirname(whole)
  return above === whole ? whole : join(realPathOf(above), relative(above, whole))
}
