// A backup made ready to be a store again, beside the one that it replaces: the database copied and brought to this
// program's schema, what has happened since held against it, its files beside it, all of it flushed and checked. Nothing of
// the store that is replaced is changed; who calls this moves the folder in.

import { chmodSync, copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { StoreRefusal } from '../refusals.js'
import type { CopiedFiles } from '../store.js'
import { backupBoot, blobsName, databaseName, requireRoom } from './backup.js'
import { asRefusal, Connection } from './connection.js'
import { bytesToCopy, copyFiles, flushPath, messageFiles } from './copy-files.js'
import { compareDirectory, credentialsAsTheyWere, type DirectoryRestored } from './restore-directory.js'
import { beginHistory, metaOf, raiseSequences, type Successor, setMeta, successorOf } from './restore-lineage.js'
import { compareQueue, holdQueue, type QueueRestored } from './restore-queue.js'
import { compareSpaces, countMailboxes, renewSpaces, type SpacesRestored } from './restore-spaces.js'
import { migrate } from './schema.js'
import type { LockedStore } from './store-lock.js'
import { verifyStore } from './verify.js'

export interface RestoreOptions {
  readonly backup: { readonly database: string; readonly databaseBytes: number; readonly files: string }
  /** A folder that isn't there yet, on the disk of the data folder. */
  readonly staging: string
  /** What is replaced; locked. */
  readonly old: LockedStore
  /** Whether the server key that comes with the backup is the present one. */
  readonly sameKey: boolean
  /** Somebody's word, for where there's nothing to compare with. */
  readonly nothingWasLost: boolean
  readonly by: { readonly name: string; readonly network?: string | undefined }
  readonly now: number
  readonly onProgress?: ((step: string) => void) | undefined
}

export interface RestoreReport {
  readonly comparedWith: Successor
  readonly mailboxes: SpacesRestored
  readonly queue: QueueRestored
  readonly directory: DirectoryRestored
  readonly files: CopiedFiles
  /** As of `verify`; empty where everything is sound. */
  readonly findings: readonly string[]
}

export function stageRestore(options: RestoreOptions): RestoreReport {
  const { staging, backup, old, onProgress = () => {} } = options
  try {
    mkdirSync(staging, { recursive: true, mode: 0o700 })
    const database = join(staging, databaseName)
    requireRoom(staging, backup.databaseBytes)
    onProgress('copying the database')
    copyFileSync(backup.database, database)
    chmodSync(database, 0o600)
    const report = reconcile(database, options)
    flushPath(database)
    const to = join(staging, blobsName)
    mkdirSync(to, { recursive: true, mode: 0o700 })
    const named = messageFiles(database)
    const copying = { from: backup.files, to, linkFrom: [old.files], checksLinks: true }
    requireRoom(staging, bytesToCopy(named, copying))
    const files = copyFiles(named, {
      ...copying,
      onFile: (done, of) => onProgress(`files: ${done} of ${of}`),
    })
    onProgress('checking everything')
    const findings = verifyFolder({ database, files: to })
    flushPath(staging)
    return { ...report, files, findings }
  } catch (error) {
    throw asRefusal(error, staging)
  }
}

/** The integrity check of a store that nobody works on, which it leaves as it is. */
export function verifyFolder({ database, files }: { database: string; files: string }): string[] {
  const db = new Connection({ path: database, readonly: true })
  try {
    return verifyStore(db, { blobsFolder: files })
  } finally {
    db.close()
  }
}

type Reconciled = Omit<RestoreReport, 'files' | 'findings'>

function reconcile(database: string, options: RestoreOptions): Reconciled {
  const { db: old, isDamaged } = options.old
  const copy = new Connection({ path: database })
  try {
    migrate(copy)
    const successor = old === undefined ? (isDamaged ? 'damaged' : 'none') : knownOr(() => successorOf(copy, old))
    const report =
      old !== undefined && successor === 'known'
        ? compared(copy, old, options)
        : unknown(copy, { ...options, successor: successor === 'known' ? 'none' : successor })
    copy.raw.pragma('journal_mode = DELETE')
    return report
  } finally {
    copy.close()
  }
}

function knownOr(look: () => Successor): Successor {
  try {
    return look()
  } catch (error) {
    if (isUnreadable(error)) return 'damaged'
    throw error
  }
}

function isUnreadable(error: unknown): boolean {
  const refusal = asRefusal(error)
  return refusal instanceof StoreRefusal && (refusal.code === 'corrupt' || refusal.code === 'io-error')
}

/** Where the other store turns out to be damaged half way, nothing is believed of it. */
function compared(copy: Connection, old: Connection, options: RestoreOptions): Reconciled {
  const { now, sameKey } = options
  const compare = (): Reconciled => {
    const mailboxes = compareSpaces(copy, old, now)
    const queue = compareQueue(copy, old, now)
    const directory = compareDirectory(copy, { old, sameKey, now })
    raiseSequences(copy, old)
    setMeta(copy, 'message_next', Math.max(nextMessage(copy), nextMessage(old)))
    setMeta(copy, 'boot', metaOf(old, 'boot') ?? backupBoot)
    return finish(copy, { comparedWith: 'known', mailboxes, queue, directory }, options)
  }
  try {
    return copy.raw.transaction(compare)()
  } catch (error) {
    if (!isUnreadable(error)) throw error
    return unknown(copy, { ...options, successor: 'damaged' })
  }
}

const nextMessage = (db: Connection): number =>
  Math.max(
    Number(metaOf(db, 'message_next') ?? 1),
    (db.get<{ id: number | null }>('SELECT max(id) AS id FROM message')?.id ?? 0) + 1,
  )

function unknown(copy: Connection, options: RestoreOptions & { successor: Exclude<Successor, 'known'> }): Reconciled {
  const { now, nothingWasLost, old, successor } = options
  const { db } = old
  // Only so that no value comes again: a newer program's store has them in the same place.
  const other = db !== undefined && (successor === 'apart' || successor === 'newer') ? db : undefined
  return copy.raw.transaction(() => {
    const mailboxes = nothingWasLost ? { kept: countMailboxes(copy), anew: [] } : renewSpaces(copy, { now, old: other })
    const queue = nothingWasLost ? { settled: 0, held: 0, leftBehind: 0 } : holdQueue(copy)
    const directory = credentialsAsTheyWere(copy, now)
    return finish(copy, { comparedWith: successor, mailboxes, queue, directory }, options)
  })()
}

/** The audit log tells it, and each credential that is not as it was in the backup. */
function finish(copy: Connection, report: Reconciled, { now, by, nothingWasLost }: RestoreOptions): Reconciled {
  const { mailboxes, queue, directory, comparedWith } = report
  const note = (action: string, object: string, detail: unknown): void => {
    copy.run(
      'INSERT INTO audit (at, actor, action, object, network, detail) VALUES (?, ?, ?, ?, ?, ?)',
      ...[now, by.name, action, object, by.network ?? null, JSON.stringify(detail)],
    )
  }
  note('store.restore', String(metaOf(copy, 'backup_id') ?? ''), {
    ...{ comparedWith, nothingWasLost, mailboxesKept: mailboxes.kept, mailboxesAnew: mailboxes.anew.length },
    ...queue,
  })
  for (const { id, how } of directory.credentials) if (how !== 'works') note('credential.restore', id, { how })
  for (const address of directory.inboxesBack) note('inbox.restore', address, { how: 'deleted since the backup' })
  beginHistory(copy)
  return report
}
