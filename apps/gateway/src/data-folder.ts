// What lies in the data folder besides what the store keeps to itself. All of it but the search index, an unfinished
// first start's claim and the files of running gateways belongs in a backup.

import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { databaseName } from '@postern/mailbox-store'

export interface DataFolder {
  readonly path: string
  readonly database: string
  readonly serverKey: string
  readonly tls: string
  /** There while a first start is under way. */
  readonly firstStart: string
  /** For messages on their way in; nothing stays there. */
  readonly incoming: string
  /** A file for each gateway that runs on the folder. */
  readonly running: string
  /** There while a restore is under way, or was broken off. */
  readonly restoring: string
  /** Keeps two restores apart. */
  readonly restoreLock: string
}

export function dataFolder(setting: string): DataFolder {
  const path = resolve(setting)
  return {
    path,
    database: join(path, databaseName),
    serverKey: join(path, 'secret.key'),
    tls: join(path, 'tls'),
    firstStart: join(path, 'first-start'),
    incoming: join(path, 'incoming'),
    running: join(path, 'running'),
    restoring: join(path, 'restoring'),
    restoreLock: join(path, 'restore.lock'),
  }
}

export const holdsStore = (folder: DataFolder): boolean => existsSync(folder.database)

export interface FileSize {
  readonly name: string
  readonly bytes: number
}

/** Each entry of the folder, with all that is below it. */
export async function sizesIn(folder: string): Promise<FileSize[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  entries.sort((a, b) => a.name.localeCompare(b.name, 'en'))
  return Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name)
      if (!entry.isDirectory()) return { name: entry.name, bytes: await sizeOf(path) }
      const below = await sizesIn(path)
      return { name: `${entry.name}/`, bytes: below.reduce((sum, { bytes }) => sum + bytes, 0) }
    }),
  )
}

/** A running gateway may remove a file between the look at its name and the look at its size. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch {
    return 0
  }
}
