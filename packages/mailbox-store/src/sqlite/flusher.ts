// Makes commits durable. SQLite writes a commit to the WAL and returns; one `fdatasync` at a time on the WAL covers
// everything committed before it began. Where flushes are slow it runs on libuv's pool, so that callers wait for the
// disk and the protocol thread does not; where they take a fraction of a millisecond the way to the pool and back would
// cost more than the flush, and it is done here (docs/decisions/writer-placement.md).
//
// After a flush has failed nobody knows what the disk holds, and a later flush that succeeds proves nothing: the
// flusher then refuses for good, and the process has to be restarted.

import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs'
import { promisify } from 'node:util'
import { StoreRefusal } from '../refusals.js'
import type { Fault } from './connection.js'

const flushFile = promisify(fdatasync)

/** A disk whose flushes take less than this on average is waited for on the protocol thread. */
const blockingFlushMs = 1
/** How much of the average the latest flush is. */
const latestShare = 0.1

/** Stands around a flush: benchmarks slow it down with this. */
export type AroundFlush = (flush: () => Promise<void>) => Promise<void>

interface Waiting {
  resolve(): void
  reject(error: unknown): void
}

export class Flusher {
  readonly #walPath: string
  readonly #fault: Fault | undefined
  readonly #around: AroundFlush | undefined
  #averageMs = 2 * blockingFlushMs
  #file: number | undefined
  #running = false
  #waiting: Waiting[] = []
  #failed: StoreRefusal | undefined

  constructor({
    walPath,
    fault,
    around,
  }: { walPath: string; fault?: Fault | undefined; around?: AroundFlush | undefined }) {
    this.#walPath = walPath
    this.#fault = fault
    this.#around = around
  }

  /** Why nothing can be written any more, once a flush has failed. */
  get failed(): StoreRefusal | undefined {
    return this.#failed
  }

  /** Resolves when all that is committed now is on the disk. */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      if (!this.#running) void this.#run()
    })
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#waiting.length > 0) {
      const served = this.#waiting
      this.#waiting = []
      const error = this.#failed ?? (await this.#flushOnce())
      for (const waiting of served) {
        if (error === undefined) waiting.resolve()
        else waiting.reject(error)
      }
    }
    this.#running = false
  }

  async #flushOnce(): Promise<StoreRefusal | undefined> {
    try {
      this.#fault?.('flush')
      this.#file ??= openSync(this.#walPath, 'r')
      const started = performance.now()
      if (this.#around === undefined && this.#averageMs < blockingFlushMs) fdatasyncSync(this.#file)
      else await this.#flushInPool(this.#file)
      this.#averageMs += (performance.now() - started - this.#averageMs) * latestShare
      return undefined
    } catch (error) {
      this.#failed = new StoreRefusal('io-error', `Flushing ${this.#walPath} to the disk failed.`, {
        fix: 'Check the disk, then restart Postern: what was acknowledged before this is safe.',
        cause: error,
      })
      return this.#failed
    }
  }

  #flushInPool(file: number): Promise<void> {
    return this.#around === undefined ? flushFile(file) : this.#around(() => flushFile(file))
  }
}
