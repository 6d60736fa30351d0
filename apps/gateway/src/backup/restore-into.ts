// `postern restore` from a backup to a data folder: the backup made ready beside the old data, held against it, checked, and
// only then moved in (restore-plan.ts). Until the plan is written a restore that is broken off has changed nothing; from then
// on it goes on when it's run again.

import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Actor,
  type LockedStore,
  lockFile,
  lockStore,
  type RestoreReport,
  stageRestore,
} from '@postern/mailbox-store'
import { Failure, makeFolder, writeFileAtomic } from '@postern/service'
import type { DataFolder } from '../data-folder.js'
import { refuseForeign } from '../folder-owner.js'
import { runningGateways } from '../running.js'
import { type Backup, openBackup } from './backup-folder.js'
import { flushPath, flushTree } from './flush.js'
import { carryOut, partsOfStore, plannedIn, type RestorePlan, stagingOf, writePlan } from './restore-plan.js'

export interface RestoreInto {
  readonly backup: string
  readonly folder: DataFolder
  readonly nothingWasLost: boolean
  readonly evenIfDamaged: boolean
  readonly by: Actor
  readonly clock: () => number
  readonly tell: (step: string) => void
}

export interface Restored extends Omit<RestoreReport, 'files'> {
  readonly backup: string
  readonly takenAt: string
  readonly folder: string
  /** Where the old data is; null where there was none. */
  readonly aside: string | null
  /** Whether passwords of the old data depended on another key; null where there was none. */
  readonly anotherKey: boolean | null
  readonly files: Omit<RestoreReport['files'], 'missing'>
  /** True where an earlier run had been broken off, and this one took it to its end. */
  readonly wentOn: boolean
}

export async function restoreInto(options: RestoreInto): Promise<Restored> {
  const { folder } = options
  const backup = await openBackup(options.backup)
  if (backup.path === folder.path)
    throw new Failure('backup_place', `${backup.path} is the backup itself.`, { fix: 'Name the data folder: --into.' })
  await makeFolder(folder.path, { mode: 0o700 })
  await refuseForeign(folder.path)
  const unlock = lockFile(folder.restoreLock)
  try {
    const found = await plannedIn<Restored>(folder)
    if (found !== undefined) return await goOn(folder, { found, backup })
    await rm(folder.restoring, { recursive: true, force: true })
    await refuseRunning(folder)
    return await restore(options, backup)
  } finally {
    unlock()
  }
}

async function goOn(
  folder: DataFolder,
  { found, backup }: { found: RestorePlan<Restored>; backup: Backup },
): Promise<Restored> {
  await carryOut(folder, found)
  if (found.backup === backup.manifest.id) return { ...found.said, wentOn: true }
  throw new Failure(
    'restore_unfinished',
    `An earlier restore, of ${found.said.backup}, had been broken off: now it's done.`,
    {
      fix: 'Run this one again if you want its backup in place of that one.',
    },
  )
}

async function refuseRunning(folder: DataFolder): Promise<void> {
  const pids = (await runningGateways(folder.running)).map(({ pid }) => pid)
  if (pids.length > 0)
    throw new Failure('gateway_running', `A gateway runs on ${folder.path}: process ${pids.join(', ')}.`, {
      fix: 'Stop it first: what it takes in the meantime would be lost.',
    })
}

async function restore(options: RestoreInto, backup: Backup): Promise<Restored> {
  const { folder, nothingWasLost, evenIfDamaged, by, clock, tell } = options
  await mkdir(folder.restoring, { mode: 0o700 })
  const old = lockStore(folder.path)
  try {
    const present = await keyIn(folder.serverKey)
    const own = await keyIn(backup.serverKey)
    const { files, ...report } = stageRestore({
      backup: { ...backup, databaseBytes: backup.manifest.database.bytes },
      staging: stagingOf(folder),
      ...{ old, nothingWasLost, by, now: clock(), onProgress: tell },
      sameKey: present === own,
    })
    if (report.findings.length > 0 && !evenIfDamaged) throw unsound(backup, report.findings)
    await stageSecrets(backup, stagingOf(folder))
    const { missing, ...counted } = files
    const said: Restored = {
      ...{ backup: backup.path, takenAt: backup.manifest.startedAt, folder: folder.path, ...report, files: counted },
      ...{ aside: null, anotherKey: present === undefined ? null : present !== own, wentOn: false },
    }
    return await moveIn(folder, { backup, said, old, now: clock() })
  } catch (error) {
    if ((await plannedIn(folder)) === undefined) await rm(folder.restoring, { recursive: true, force: true })
    throw error
  } finally {
    old.unlock()
  }
}

const unsound = ({ path }: Backup, findings: readonly string[]): Failure =>
  new Failure('backup_damaged', `The backup in ${path} is damaged: ${findings.slice(0, 3).join('; ')}.`, {
    fix: 'The data folder is as it was. Take another backup, or this one as far as it goes: --even-if-damaged.',
  })

const keyIn = async (path: string): Promise<string | undefined> =>
  existsSync(path) ? (await readFile(path, 'utf8')).trim() : undefined

async function stageSecrets(backup: Backup, staging: string): Promise<void> {
  if (existsSync(backup.serverKey))
    await writeFileAtomic(join(staging, 'secret.key'), await readFile(backup.serverKey, 'utf8'), { mode: 0o600 })
  if (!existsSync(backup.tls)) return
  await cp(backup.tls, join(staging, 'tls'), { recursive: true, preserveTimestamps: true })
  await chmod(join(staging, 'tls'), 0o700)
  await flushTree(join(staging, 'tls'))
}

interface MoveIn {
  readonly backup: Backup
  readonly said: Restored
  readonly old: LockedStore
  readonly now: number
}

async function moveIn(folder: DataFolder, { backup, said, old, now }: MoveIn): Promise<Restored> {
  await flushPath(stagingOf(folder))
  await flushPath(folder.restoring)
  const coming = await partsOfStore({ ...folder, path: stagingOf(folder) })
  // Certificates that the backup doesn't have stay.
  const going = (await partsOfStore(folder)).filter((name) => name !== 'tls' || coming.includes('tls'))
  const aside = going.length === 0 ? undefined : newName(folder, now)
  const done = { ...said, aside: aside === undefined ? null : join(folder.path, aside) }
  const plan: RestorePlan = { backup: backup.manifest.id, aside, out: going, in: coming, said: done }
  await writePlan(folder, plan)
  // From here on nobody else begins to work on it: the plan is there.
  old.unlock()
  await carryOut(folder, plan)
  return done
}

/** Two restores within a second put their old data into two places. */
function newName({ path }: DataFolder, now: number): string {
  const name = `before-restore-${new Date(now).toISOString().replace(/[-:]|\.\d+/g, '')}`
  for (let n = 1; ; n++) {
    const numbered = n === 1 ? name : `${name}-${n}`
    if (!existsSync(join(path, numbered))) return numbered
  }
}
