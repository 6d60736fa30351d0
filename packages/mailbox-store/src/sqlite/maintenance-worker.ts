// A thread for one piece of maintenance, a backup or the integrity check, which may read for minutes. It has a thread
// of its own, so that large messages are parsed, and the WAL carried over, as ever.

import { parentPort, workerData } from 'node:worker_threads'
import { type BackgroundAnswer, failure } from './background-answer.js'
import type { BackgroundPaths } from './background-worker.js'
import { backupDatabase } from './backup.js'
import { Connection } from './connection.js'
import { verifyStore } from './verify.js'

export type MaintenanceTask = { readonly kind: 'backup'; readonly folder: string } | { readonly kind: 'verify' }

export interface MaintenanceOrder {
  readonly paths: BackgroundPaths
  readonly task: MaintenanceTask
}

const { paths, task } = workerData as MaintenanceOrder

function carryOut(): unknown {
  const db = new Connection({ path: paths.database, cacheBytes: 8_388_608 })
  try {
    return task.kind === 'backup'
      ? backupDatabase(db, { paths, folder: task.folder })
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
