// The thread behind the protocol thread: parses large messages, carries the WAL into the database file, builds the
// search index. Requests are answered in between, so that a message never waits for more than one slice of the rest.

import { statSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { FileSource } from '../blobs/file-source.js'
import { type PreparedMessage, prepareFile } from '../messages/prepare.js'
import { type BackgroundAnswer, failure } from './background-answer.js'
import { Connection, isBusy } from './connection.js'
import { SearchIndexBuilder } from './search-index.js'

export interface BackgroundPaths {
  readonly database: string
  readonly search: string
  readonly blobs: string
}

export type BackgroundRequest =
  | { readonly id: number; readonly kind: 'parse'; readonly path: string; readonly hash: Uint8Array }
  | { readonly id: number; readonly kind: 'indexed' }
  | { readonly id: number; readonly kind: 'close' }
  | { readonly id: number; readonly kind: 'committed' }
  | { readonly id: number; readonly kind: 'rebuild' }

const paths = workerData as BackgroundPaths
const port = parentPort as NonNullable<typeof parentPort>

/** Above the first the WAL is carried over beside the writers; above the second they are made to wait for it. */
const checkpointBytes = 4_194_304
const truncateBytes = 268_435_456
const indexBudgetMs = 20
const checkpointEveryMs = 500
/**
 * A burst of commits has the machine to itself for so long; mail that isn't indexed yet is found by scanning. Where commits
 * don't end, indexing takes a quarter of the time and leaves the disk and the core to the writer.
 */
const holdIndexMs = 2_000
const busyPauseMs = 3 * indexBudgetMs
const busyForMs = 100
const pauseAfterFailureMs = 2_000

const db = new Connection({ path: paths.database, cacheBytes: 8_388_608 })
const index = new SearchIndexBuilder({ mainPath: paths.database, searchPath: paths.search, blobsFolder: paths.blobs })
const waitingForIndex: number[] = []
let awake = false
let committedAt = 0
let heldSince: number | undefined

function parse(path: string, hash: Uint8Array): PreparedMessage {
  const file = new FileSource(path)
  try {
    return prepareFile(file, hash)
  } finally {
    file.close()
  }
}

function walBytes(): number {
  return statSync(`${paths.database}-wal`, { throwIfNoEntry: false })?.size ?? 0
}

let checkpointed = 0

function checkpoint(): void {
  const bytes = walBytes()
  if (bytes < checkpointBytes) return
  // The file keeps its size when the WAL starts over, so that size alone does not say there is work.
  const now = Date.now()
  if (bytes < truncateBytes && now - checkpointed < checkpointEveryMs) return
  checkpointed = now
  try {
    db.raw.pragma(`wal_checkpoint(${bytes < truncateBytes ? 'PASSIVE' : 'TRUNCATE'})`)
  } catch (error) {
    if (!isBusy(error)) throw error
  }
}

const writerIsBusy = (): boolean => performance.now() - committedAt < busyForMs

/** A burst goes on, and nobody waits for the index. */
function isHeld(): boolean {
  if (!writerIsBusy() || waitingForIndex.length > 0) {
    heldSince = undefined
    return false
  }
  const now = performance.now()
  heldSince ??= now
  return now - heldSince < holdIndexMs
}

/** One slice of work, then another while there is more; requests are taken in between. */
function turn(): void {
  let pauseMs: number | undefined
  try {
    checkpoint()
    if (isHeld()) pauseMs = busyPauseMs
    else if (index.step({ budgetMs: indexBudgetMs }) === 'more') pauseMs = writerIsBusy() ? busyPauseMs : 0
  } catch (error) {
    port.postMessage(failure(0, error))
    pauseMs = pauseAfterFailureMs
  }
  if (pauseMs === 0) setImmediate(turn)
  else if (pauseMs !== undefined) setTimeout(turn, pauseMs)
  else rest()
}

function rest(): void {
  awake = false
  for (const id of waitingForIndex.splice(0)) port.postMessage({ id } satisfies BackgroundAnswer)
}

function wake(): void {
  if (awake) return
  awake = true
  setImmediate(turn)
}

function answer(id: number, work: () => unknown): BackgroundAnswer {
  try {
    return { id, value: work() }
  } catch (error) {
    return failure(id, error)
  }
}

port.on('message', (request: BackgroundRequest) => {
  switch (request.kind) {
    case 'committed':
      committedAt = performance.now()
      wake()
      return
    case 'rebuild':
      index.rebuild()
      wake()
      return
    case 'indexed':
      waitingForIndex.push(request.id)
      wake()
      return
    case 'close':
      index.close()
      db.close()
      port.postMessage({ id: request.id, value: undefined } satisfies BackgroundAnswer)
      port.close()
      process.exit(0)
      return
    case 'parse':
      port.postMessage(answer(request.id, () => parse(request.path, request.hash)))
  }
})

wake()
