// The files of large messages from one folder into another, for a backup and for a restore. Each is flushed under a passing
// name before it has its own, so that a file with its name is whole; what is there already stays, and what an earlier copy
// on the same disk has is linked: such files are never written again.

import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { digest } from '../messages/prepare.js'
import type { CopiedFiles } from '../store.js'
import { Connection } from './connection.js'

const missingToldMax = 100
const passing = '.copying'

export interface MessageFile {
  readonly place: string
  readonly size: number
}

export interface CopyFilesOptions {
  readonly from: string
  readonly to: string
  readonly linkFrom?: readonly string[] | undefined
  /** Links only what has the bytes of its name: the folder isn't one that was written by a backup. */
  readonly checksLinks?: boolean
  readonly onFile?: ((done: number, of: number) => void) | undefined
}

/** The files that the messages of a database name. */
export function messageFiles(database: string): MessageFile[] {
  const db = new Connection({ path: database, readonly: true })
  try {
    const rows = db.all<{ hash: Uint8Array; size: number }>(
      'SELECT hash, max(size) AS size FROM message WHERE file = 1 GROUP BY hash',
    )
    return rows.map(({ hash, size }) => ({ place: placeOf(hash), size }))
  } finally {
    db.close()
  }
}

function placeOf(hash: Uint8Array): string {
  const name = Buffer.from(hash).toString('hex')
  return join(name.slice(0, 2), name.slice(2))
}

/** What has to be written anew at the most. */
export function bytesToCopy(files: readonly MessageFile[], { to, linkFrom = [] }: CopyFilesOptions): number {
  const isHad = (file: MessageFile): boolean => [to, ...linkFrom].some((folder) => hasFile(folder, file))
  return files.reduce((sum, file) => (isHad(file) ? sum : sum + file.size), 0)
}

export function copyFiles(files: readonly MessageFile[], options: CopyFilesOptions): CopiedFiles {
  const done = { count: 0, bytes: 0, copied: 0, linked: 0, kept: 0 }
  const missing: string[] = []
  const folders = new Set<string>()
  for (const file of files) {
    const how = copyFile(file, options)
    if (how === 'missing') {
      if (missing.length < missingToldMax) missing.push(file.place)
    } else {
      done[how]++
      done.count++
      done.bytes += file.size
      if (how !== 'kept') folders.add(dirname(join(options.to, file.place)))
    }
    options.onFile?.(done.count + missing.length, files.length)
  }
  for (const folder of folders) flushPath(folder)
  if (existsSync(options.to)) flushPath(options.to)
  return { ...done, missing }
}

function copyFile(
  file: MessageFile,
  { from, to, linkFrom = [], checksLinks = false }: CopyFilesOptions,
): 'copied' | 'linked' | 'kept' | 'missing' {
  if (hasFile(to, file)) return 'kept'
  const target = join(to, file.place)
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 })
  rmSync(target, { force: true })
  for (const folder of linkFrom)
    if (
      hasFile(folder, file) &&
      (!checksLinks || hasOwnBytes(folder, file)) &&
      isLinked(join(folder, file.place), target)
    )
      return 'linked'
  const source = join(from, file.place)
  if (!existsSync(source)) return 'missing'
  copyFileSync(source, target + passing, constants.COPYFILE_FICLONE)
  chmodSync(target + passing, 0o600)
  flushPath(target + passing)
  renameSync(target + passing, target)
  return 'copied'
}

/** One of another size is damaged. */
const hasFile = (folder: string, { place, size }: MessageFile): boolean =>
  statSync(join(folder, place), { throwIfNoEntry: false })?.size === size

const hasOwnBytes = (folder: string, { place }: MessageFile): boolean =>
  placeOf(digest(readFileSync(join(folder, place)))) === place

/** False on another disk, on one that has no links, and where a file has as many as it may. */
function isLinked(source: string, target: string): boolean {
  try {
    linkSync(source, target)
    return true
  } catch {
    return false
  }
}

/** Removes what no message of the database names. Returns how many. */
export function pruneFiles(database: string, folder: string): number {
  const named = new Set(messageFiles(database).map(({ place }) => place))
  let removed = 0
  for (const first of existsSync(folder) ? readdirSync(folder) : [])
    for (const rest of readdirSync(join(folder, first)))
      if (!named.has(join(first, rest))) {
        rmSync(join(folder, first, rest), { force: true })
        removed++
      }
  return removed
}

/** A file's bytes, or a folder's names. */
export function flushPath(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
