// Who may work on a data folder alone: a restore. The store that it replaces is opened so that nobody else has it open, nor
// opens it meanwhile; and two restores of one folder take turns by a file of their own. Both locks are the system's: they
// end with the process, however that ends.

import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { refuse, StoreRefusal } from '../refusals.js'
import { blobsName, databaseName } from './backup.js'
import { Connection } from './connection.js'

export interface LockedStore {
  /** Undefined where there's no store, or what is there can't be read. */
  readonly db: Connection | undefined
  readonly files: string
  readonly isDamaged: boolean
  unlock(): void
}

const inUse = 'Stop the gateways and commands that work on it, then try again.'

export function lockStore(folder: string): LockedStore {
  const path = join(folder, databaseName)
  const files = join(folder, blobsName)
  const none = { db: undefined, files, unlock: () => undefined }
  if (!existsSync(path)) return { ...none, isDamaged: false }
  try {
    const db = new Connection({ path, exclusive: true })
    db.get('SELECT value FROM meta LIMIT 1')
    return { db, files, isDamaged: false, unlock: () => db.close() }
  } catch (error) {
    if (error instanceof StoreRefusal && error.code === 'busy') refuse('busy', `Somebody works on ${path}.`, inUse)
    return { ...none, isDamaged: true }
  }
}

/** Refused with `busy` where another process has it. */
export function lockFile(path: string): () => void {
  const db = new Connection({ path, exclusive: true })
  try {
    db.raw.pragma('busy_timeout = 0')
    db.begin()
  } catch (error) {
    db.close()
    throw error
  }
  return () => {
    db.rollback()
    db.close()
    for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
  }
}
