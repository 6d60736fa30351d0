// The thread behind the protocol thread: parses large messages, carries the WAL into the database file, builds the
// search index. Requests are answered in between, so that a message never waits for more than one slice of the rest.

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
  readonly checkpoints: boolean
}

export type BackgroundRequest =
  | { readonly id: number; readonly kind: 'parse'; readonly path: string; readonly hash: Uint8Array }
  | { readonly id: number; readonly kind: 'indexed' }
  | { readonly id: number; readonly kind: 'close' }
  | { readonly id: number; readonly kind: 'committed' }
  | { readonly id: number; readonly kind: 'rebuild' }

const paths = workerData as BackgroundPaths
const port = parentPort as NonNullable<typeof parentPort>

/** Pages that wait in the WAL: from the first on they are carried over; beyond the second the writers wait until all are. */
const carryPages = 2_048
const carryAllPages = 65_536
/** So long the writers wait at most for the last few pages, and for readers that look at older ones. */
const finishMs = 20
const carryAllMs = 5_000
/** Where somebody holds pages back, it's tried again so much later. */
const carryAgainMs = 500
const indexBudgetMs = 20
/**
 * A burst of commits has the machine to itself for so long; mail that isn't indexed yet is found by scanning. Where commits
 * don't end, indexing takes a quarter of the time and leaves the disk and the core to the writer.
 */
const holdIndexMs = 2_000
const busyPauses = 3
const busyPauseMs = busyPauses * indexBudgetMs
const busyForMs = 100
const pauseAfterFailureMs = 2_000
/** Whether another process has brought mail and gone, as an import does, is looked at so often. */
const lookForOthersMs = 2_000

const { checkpoints } = paths
const db = new Connection({ path: paths.database, checkpoints, cacheBytes: 8_388_608 })
const index = new SearchIndexBuilder({ mainPath: paths.database, searchPath: paths.search, blobsFolder: paths.blobs })
const waitingForIndex: number[] = []
let awake = false
let committedAt = 0
let seenVersion = db.dataVersion()
let heldSince: number | undefined

function parse(path: string, hash: Uint8Array): PreparedMessage {
  const file = new FileSource(path)
  try {
    return prepareFile(file, hash)
  } finally {
    file.close()
  }
}

let heldBackAt = Number.NEGATIVE_INFINITY

/** Returns how many pages still wait. */
function carry(how: 'NOOP' | 'PASSIVE' | 'FULL' | 'TRUNCATE'): number {
  const [, pages, done] = db.prepareRaw(`PRAGMA wal_checkpoint(${how})`).get() as [number, number, number]
  return pages - done
}

/**
 * Most of it goes beside the writers; for what they have written meanwhile they wait a moment. Then the WAL starts over in
 * the room that it has, and to flush a file that doesn't grow takes half the time.
 */
function checkpoint(): void {
  if (!checkpoints || performance.now() - heldBackAt < carryAgainMs) return
  const waiting = carry('NOOP')
  if (waiting < carryPages) return
  if (waiting < carryAllPages) carry('PASSIVE')
  const left =
    waiting < carryAllPages ? within(finishMs, () => carry('FULL')) : within(carryAllMs, () => carry('TRUNCATE'))
  if (left > 0) heldBackAt = performance.now()
}

/** As many as there may be where a writer didn't let go in time. */
function within(ms: number, work: () => number): number {
  db.raw.pragma(`busy_timeout = ${ms}`)
  try {
    return work()
  } catch (error) {
    if (!isBusy(error)) throw error
    return carryPages
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
    pauseMs = isHeld() ? busyPauseMs : indexed()
  } catch (error) {
    port.postMessage(failure(0, error))
    pauseMs = pauseAfterFailureMs
  }
  if (pauseMs === 0) setImmediate(turn)
  else if (pauseMs !== undefined) setTimeout(turn, pauseMs)
  else rest()
}

/** Returns how long to wait before the next slice, if there has to be one. One large message may take longer than the budget. */
function indexed(): number | undefined {
  const began = performance.now()
  const isDone = index.step({ budgetMs: indexBudgetMs }) === 'done'
  if (isDone && waitingForIndex.length > 0) return undefined
  if (writerIsBusy()) return Math.max(busyPauseMs, busyPauses * (performance.now() - began))
  return isDone ? undefined : 0
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

setInterval(() => {
  const version = db.dataVersion()
  if (version !== seenVersion) wake()
  seenVersion = version
}, lookForOthersMs).unref()

wake()
