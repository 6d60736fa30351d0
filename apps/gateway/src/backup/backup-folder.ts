// The folder of a backup. What is being made lies in `next` and counts for nothing until its own backup.json is there, which
// is written last; from then on it's the backup, wherever it was broken off on its way up. So a folder that held a backup
// holds that one or the new one at every moment. Files of large messages lie beside, named by their bytes, and serve both.

import { existsSync } from 'node:fs'
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type BackupReport, blobsName, databaseName, schemaVersion } from '@postern/mailbox-store'
import { Failure } from '@postern/service'
import { flushPath } from './flush.js'

export const manifestName = 'backup.json'
export const backupFormat = 1

/** backup.json. */
export interface Manifest extends BackupReport {
  readonly format: number
  /** Of the program that made it. */
  readonly version: string
  /** The backup holds everything that was acknowledged before. */
  readonly startedAt: string
  readonly finishedAt: string
}

export interface BackupPlaces {
  readonly path: string
  readonly next: string
  readonly files: string
  /** Keeps two backups into one folder apart. */
  readonly lock: string
}

/** A backup that is whole, each part where it is at the moment. */
export interface Backup {
  readonly path: string
  readonly manifest: Manifest
  readonly database: string
  readonly serverKey: string
  readonly tls: string
  readonly files: string
}

const parts = [databaseName, 'secret.key', 'tls'] as const

export function backupPlaces(folder: string): BackupPlaces {
  const path = resolve(folder)
  return { path, next: join(path, 'next'), files: join(path, blobsName), lock: join(path, 'backup.lock') }
}

/** Undefined where there's nothing; something else than backups is refused. */
export async function earlierBackup(places: BackupPlaces): Promise<Backup | undefined> {
  // One that was killed at once has left its lock alone.
  const names = (await readdir(places.path).catch(noneIfMissing)).filter(
    (name) => name !== 'lost+found' && !name.startsWith('backup.lock'),
  )
  const isOurs = names.includes(manifestName) || names.includes('next')
  const foreign = names.filter((name) => !isPart(name))
  if (names.length > 0 && (!isOurs || foreign.length > 0))
    throw new Failure('exists', `${places.path} is not empty, and no folder of backups.`, {
      fix: 'Name a folder that does not exist yet, an empty one, or one with an earlier backup of this server.',
    })
  return existsSync(manifestPath(places)) ? openBackup(places.path) : undefined
}

const isPart = (name: string): boolean => [...parts, manifestName, 'next', blobsName].includes(name)

function noneIfMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return []
  throw error
}

/** The newer one's where that is whole. */
function manifestPath({ path, next }: BackupPlaces): string {
  const newer = join(next, manifestName)
  return existsSync(newer) ? newer : join(path, manifestName)
}

export async function openBackup(folder: string): Promise<Backup> {
  const places = backupPlaces(folder)
  const { path, next, files } = places
  const manifest = await readManifest(places)
  const isOnItsWay = existsSync(join(next, manifestName))
  const place = (name: string): string =>
    isOnItsWay && existsSync(join(next, name)) ? join(next, name) : join(path, name)
  const backup = {
    path,
    manifest,
    database: place(databaseName),
    serverKey: place('secret.key'),
    tls: place('tls'),
    files,
  }
  const { size = -1 } = (await stat(backup.database).catch(() => undefined)) ?? {}
  if (size !== manifest.database.bytes)
    throw damaged(path, `its database has ${Math.max(size, 0)} bytes, not ${manifest.database.bytes}`)
  return backup
}

const damaged = (path: string, why: string): Failure =>
  new Failure('backup_damaged', `The backup in ${path} is damaged: ${why}.`, { fix: 'Take another backup.' })

async function readManifest(places: BackupPlaces): Promise<Manifest> {
  const { path, next } = places
  const text = await readFile(manifestPath(places), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    if (existsSync(next))
      throw new Failure('backup_unfinished', `The backup in ${path} was broken off: it is no backup.`, {
        fix: 'Run `postern backup` into it again, or take another backup.',
      })
    throw new Failure('no_backup', `There is no backup in ${path}.`, {
      fix: 'Name a folder that `postern backup` made.',
    })
  })
  const manifest = parsed(path, text)
  if (!(manifest.format >= 1))
    throw new Failure('no_backup', `${path} was written by an earlier Postern, which restored otherwise.`, {
      fix: 'Copy it, take backup.json out of the copy, and run `postern backup` with POSTERN_DATA_DIR set to the copy.',
    })
  if (manifest.format > backupFormat || manifest.schema > schemaVersion)
    throw new Failure('schema_newer', `A newer Postern (${manifest.version}) has written the backup in ${path}.`, {
      fix: 'Use that version.',
    })
  return manifest
}

function parsed(path: string, text: string): Manifest {
  try {
    return JSON.parse(text) as Manifest
  } catch {
    throw damaged(path, `${manifestName} can't be read`)
  }
}

/** Moves what is whole in `next` up, from wherever that was broken off; or removes what is half. */
export async function settleNext(places: BackupPlaces): Promise<void> {
  const { path, next } = places
  if (existsSync(join(next, manifestName))) {
    for (const name of parts) {
      if (!existsSync(join(next, name))) continue
      await rm(join(path, name), { recursive: true, force: true })
      await rename(join(next, name), join(path, name))
    }
    await flushPath(path)
    await rename(join(next, manifestName), join(path, manifestName))
    await flushPath(path)
  }
  await rm(next, { recursive: true, force: true })
}
