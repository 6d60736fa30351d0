// A thread for one piece of maintenance, a backup or the integrity check, which may read for minutes. It has a thread
// of its own, so that large messages are parsed, and the WAL carried over, as ever.

import { parentPort, workerData } from 'node:worker_threads'
import type { BackupTarget } from '../store.js'
import { type BackgroundAnswer, failure } from './background-answer.js'
import type { BackgroundPaths } from './background-worker.js'
import { backupDatabase } from './backup.js'
import { Connection } from './connection.js'
import { verifyStore } from './verify.js'

export type MaintenanceTask =
  | { readonly kind: 'backup'; readonly target: Omit<BackupTarget, 'onFiles'> }
  | { readonly kind: 'verify' }

/** Comes before the answer. */
export interface MaintenanceProgress {
  readonly done: number
  readonly of: number
}

export interface MaintenanceOrder {
  readonly paths: BackgroundPaths
  readonly task: MaintenanceTask
}

const { paths, task } = workerData as MaintenanceOrder

const tellEveryMs = 200
let toldAt = 0

function tell(done: number, of: number): void {
  if (performance.now() - toldAt < tellEveryMs) return
  toldAt = performance.now()
  parentPort?.postMessage({ done, of } satisfies MaintenanceProgress)
}

function carryOut(): unknown {
  const db = new Connection({ path: paths.database, checkpoints: paths.checkpoints, cacheBytes: 8_388_608 })
  try {
    return task.kind === 'backup'
      ? backupDatabase(db, { files: paths.blobs, target: { ...task.target, onFiles: tell } })
      : verifyStore(db, { blobsFolder: paths.blobs })
  } finally {
    db.close()
  }
}

function answer(): BackgroundAnswer {
  try {
    return { id: 0, value: carryOut() }
  } catch (error) {
    return failure(0, error)
  }
}

parentPort?.postMessage(answer())
