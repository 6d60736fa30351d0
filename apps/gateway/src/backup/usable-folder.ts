// Whether a data folder may be worked on: not while a restore moves another store into it, nor after one that was broken off
// in the middle of that; and a backup isn't worked on at all, or it would be none any more.

import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { lockFile, StoreRefusal } from '@postern/mailbox-store'
import { Failure } from '@postern/service'
import { type DataFolder, holdsStore } from '../data-folder.js'
import { manifestName } from './backup-folder.js'
import { planPath } from './restore-plan.js'

export function refuseUnusable(folder: DataFolder): void {
  if (existsSync(join(folder.path, manifestName)))
    throw new Failure('is_backup', `${folder.path} is a backup.`, {
      fix: 'Put it in place with `postern restore`; `postern verify` checks it.',
    })
  if (!existsSync(folder.restoring)) return
  if (existsSync(planPath(folder)) || !holdsStore(folder))
    throw new Failure('restore_unfinished', `A restore into ${folder.path} was broken off, or is under way.`, {
      fix: 'Run `postern restore` with the same backup again: it goes on.',
    })
  refuseUnderWay(folder)
}

/** One that was killed before it moved anything has left the folder as it was. */
function refuseUnderWay({ path, restoreLock }: DataFolder): void {
  if (!existsSync(restoreLock)) return
  try {
    lockFile(restoreLock)()
  } catch (error) {
    if (!(error instanceof StoreRefusal) || error.code !== 'busy') throw error
    throw new Failure('busy', `A restore into ${path} is under way.`, { fix: 'Wait until it has ended.' })
  }
}

/** Opens what is there before and after: a restore may have moved in another store meanwhile, and this one be put aside. */
export async function openingSame<Opened extends { close(): Promise<void> }>(
  folder: DataFolder,
  open: () => Promise<Opened>,
): Promise<Opened> {
  refuseUnusable(folder)
  const before = fileNumber(folder)
  const opened = await open()
  if (existsSync(planPath(folder))) {
    await opened.close()
    refuseUnusable(folder)
  }
  if (before === undefined || before === fileNumber(folder)) return opened
  await opened.close()
  throw new Failure('busy', `A restore has put another store into ${folder.path} just now.`, { fix: 'Start again.' })
}

const fileNumber = ({ database }: DataFolder): number | undefined => statSync(database, { throwIfNoEntry: false })?.ino
