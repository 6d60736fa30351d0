// This side of the background thread: requests with their answers, and the word that something was committed. If the
// thread dies, what it was asked is refused, it is started again, and the store goes on: mail is found by scanning
// while the index stands still, and the writer checkpoints for itself.

import { Worker } from 'node:worker_threads'
import type { WrittenBlob } from '../blobs/file-blobs.js'
import type { PreparedMessage } from '../messages/prepare.js'
import { StoreRefusal } from '../refusals.js'
import { type Asker, type BackgroundAnswer, settle } from './background-answer.js'
import type { BackgroundPaths, BackgroundRequest } from './background-worker.js'
import type { MaintenanceOrder, MaintenanceProgress, MaintenanceTask } from './maintenance-worker.js'

type Ask = BackgroundRequest extends infer R ? (R extends { id: number } ? Omit<R, 'id'> : never) : never

/** Commits in quick succession wake the thread once. */
const wakeEveryMs = 25
const restartAfterMs = 1_000

export class Background {
  readonly #paths: BackgroundPaths
  readonly #onError: (error: Error) => void
  readonly #pending = new Map<number, Asker>()
  readonly #maintaining = new Set<Worker>()
  #worker: Worker | undefined
  #nextId = 1
  #waking: NodeJS.Timeout | undefined
  #restarting: NodeJS.Timeout | undefined
  #closing = false

  constructor({ paths, onError }: { paths: BackgroundPaths; onError: (error: Error) => void }) {
    this.#paths = paths
    this.#onError = onError
    this.#start()
  }

  async parse(file: WrittenBlob): Promise<PreparedMessage> {
    return (await this.ask({ kind: 'parse', path: file.path, hash: file.hash })) as PreparedMessage
  }

  committed(): void {
    if (this.#waking !== undefined || this.#closing) return
    this.#waking = setTimeout(() => {
      this.#waking = undefined
      this.#worker?.postMessage({ id: 0, kind: 'committed' } satisfies BackgroundRequest)
    }, wakeEveryMs)
    this.#waking.unref()
  }

  /** A search has found the index damaged: it is made anew, and searches scan until it is there. */
  rebuildIndex(): void {
    this.#worker?.postMessage({ id: 0, kind: 'rebuild' } satisfies BackgroundRequest)
  }

  ask(request: Ask): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#worker === undefined) {
        reject(this.#ended())
        return
      }
      const id = this.#nextId++
      this.#pending.set(id, { resolve, reject })
      this.#worker.ref()
      this.#worker.postMessage({ ...request, id } as BackgroundRequest)
    })
  }

  /** In a thread of its own. */
  maintain(task: MaintenanceTask, onProgress: (progress: MaintenanceProgress) => void = () => {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closing) {
        reject(this.#ended())
        return
      }
      const order: MaintenanceOrder = { paths: this.#paths, task }
      const worker = new Worker(new URL('./maintenance-worker.js', import.meta.url), { workerData: order })
      this.#maintaining.add(worker)
      worker.on('message', (said: BackgroundAnswer | MaintenanceProgress) => {
        if ('of' in said) onProgress(said)
        else settle({ resolve, reject }, said)
      })
      worker.once('error', reject)
      worker.once('exit', () => {
        this.#maintaining.delete(worker)
        reject(this.#ended())
      })
    })
  }

  async close(): Promise<void> {
    this.#closing = true
    for (const worker of this.#maintaining) await worker.terminate()
    clearTimeout(this.#waking)
    clearTimeout(this.#restarting)
    const worker = this.#worker
    if (worker === undefined) return
    const exited = new Promise((resolve) => worker.once('exit', resolve))
    await this.ask({ kind: 'close' }).catch(() => {})
    await exited
  }

  #start(): void {
    const worker = new Worker(new URL('./background-worker.js', import.meta.url), { workerData: this.#paths })
    this.#worker = worker
    worker.unref()
    worker.on('message', (answer: BackgroundAnswer) => this.#take(answer))
    worker.on('error', (error) => this.#onError(error as Error))
    worker.on('exit', () => this.#gone(worker))
  }

  #take(answer: BackgroundAnswer): void {
    if (answer.id === 0) {
      this.#onError(new Error(`background work failed: ${answer.error ?? answer.refusal?.message}`))
      return
    }
    const pending = this.#pending.get(answer.id)
    this.#pending.delete(answer.id)
    // An idle thread does not keep the process alive; one that is closing must be seen to its end.
    if (this.#pending.size === 0 && !this.#closing) this.#worker?.unref()
    if (pending !== undefined) settle(pending, answer)
  }

  #gone(worker: Worker): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    for (const pending of this.#pending.values()) pending.reject(this.#ended())
    this.#pending.clear()
    if (this.#closing) return
    this.#restarting = setTimeout(() => this.#start(), restartAfterMs)
    this.#restarting.unref()
  }

  #ended(): StoreRefusal {
    return this.#closing
      ? new StoreRefusal('closed', 'The store is closed.')
      : new StoreRefusal('io-error', 'The background thread has ended; it is being restarted.', { fix: 'Try again.' })
  }
}
