// Makes commits durable off the protocol thread. SQLite writes a commit to the WAL and returns; `fdatasync` on the WAL
// runs on libuv's pool, one at a time, and covers everything committed before it began. Callers wait for it, the
// protocol thread does not (docs/decisions/writer-placement.md).
//
// After a flush has failed nobody knows what the disk holds, and a later flush that succeeds proves nothing: the
// flusher then refuses for good, and the process has to be restarted.

import { closeSync, fdatasync, openSync } from 'node:fs'
import { promisify } from 'node:util'
import { StoreRefusal } from '../refusals.js'
import type { Fault } from './connection.js'

const flushFile = promisify(fdatasync)

/** Stands around a flush: benchmarks slow it down with this. */
export type AroundFlush = (flush: () => Promise<void>) => Promise<void>

interface Waiting {
  resolve(): void
  reject(error: unknown): void
}

export class Flusher {
  readonly #walPath: string
  readonly #fault: Fault | undefined
  readonly #around: AroundFlush
  #file: number | undefined
  #running = false
  #waiting: Waiting[] = []
  #failed: StoreRefusal | undefined

  constructor({
    walPath,
    fault,
    around = (flush) => flush(),
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
      const file = this.#file
      await this.#around(() => flushFile(file))
      return undefined
    } catch (error) {
      this.#failed = new StoreRefusal('io-error', `Flushing ${this.#walPath} to the disk failed.`, {
        fix: 'Check the disk, then restart Postern: what was acknowledged before this is safe.',
        cause: error,
      })
      return this.#failed
    }
  }
}
