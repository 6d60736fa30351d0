// Moving a restored store in: what is there goes aside, what was made ready comes in its place, by renames inside the data
// folder. The plan is written before the first of them, and taken away after the last; whoever finds one goes on with it, so
// that however often it's broken off, the old data is aside and the new in place.

import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { blobsName, databaseName, searchName } from '@postern/mailbox-store'
import { writeFileAtomic } from '@postern/service'
import type { DataFolder } from '../data-folder.js'
import { flushPath } from './flush.js'

export interface RestorePlan<Said = unknown> {
  /** The id of the backup. */
  readonly backup: string
  /** Name of the folder that the old data goes to; undefined where there's none. */
  readonly aside: string | undefined
  readonly out: readonly string[]
  readonly in: readonly string[]
  /** What there is to say when it's done. */
  readonly said: Said
}

export const planPath = ({ restoring }: DataFolder): string => join(restoring, 'plan.json')
export const stagingOf = ({ restoring }: DataFolder): string => join(restoring, 'store')

const withTheStore = [databaseName, searchName, blobsName, 'secret.key', 'tls', 'incoming', 'first-start']

/** What of the folder belongs to its store: SQLite's own files and Litestream's too, but nothing that somebody else put there. */
export async function partsOfStore({ path }: DataFolder): Promise<string[]> {
  const names = await readdir(path)
  const beside = ['-wal', '-shm', '-journal']
  const isPart = (name: string): boolean =>
    withTheStore.includes(name) ||
    beside.some((end) => [databaseName, searchName].some((file) => name === file + end)) ||
    name === `.${databaseName}-litestream`
  return names.filter(isPart)
}

export async function writePlan(folder: DataFolder, plan: RestorePlan): Promise<void> {
  await writeFileAtomic(planPath(folder), `${JSON.stringify(plan)}\n`, { mode: 0o600 })
  await flushPath(folder.path)
}

export async function plannedIn<Said>(folder: DataFolder): Promise<RestorePlan<Said> | undefined> {
  if (!existsSync(planPath(folder))) return undefined
  return JSON.parse(await readFile(planPath(folder), 'utf8')) as RestorePlan<Said>
}

/** Each rename is done or not, and all of those that go out come before those that come in. */
export async function carryOut(folder: DataFolder, plan: RestorePlan): Promise<void> {
  const { path, restoring } = folder
  const staging = stagingOf(folder)
  if (plan.aside !== undefined) {
    const aside = join(path, plan.aside)
    await mkdir(aside, { recursive: true, mode: 0o700 })
    for (const name of plan.out)
      if (!existsSync(join(aside, name)) && existsSync(join(path, name)))
        await rename(join(path, name), join(aside, name))
    await flushPath(aside)
    await flushPath(path)
  }
  for (const name of plan.in) if (existsSync(join(staging, name))) await rename(join(staging, name), join(path, name))
  await flushPath(path)
  await rm(restoring, { recursive: true, force: true })
  await flushPath(path)
}
