// Errors of which one says as much as a thousand: while the disk is full the queue is asked every second, and each answer would be a
// line. The first is told, then one a minute, with how many came between.

import type { Logger } from '@postern/telemetry'

export interface SeldomOptions {
  readonly logger: Logger
  readonly clock: () => number
}

const everyMs = 60_000

export class Seldom {
  readonly #options: SeldomOptions
  /** By message, of which there are a few. */
  readonly #told = new Map<string, { at: number; untold: number }>()

  constructor(options: SeldomOptions) {
    this.#options = options
  }

  error(err: unknown, message: string): void {
    const { logger, clock } = this.#options
    const now = clock()
    const last = this.#told.get(message)
    if (last !== undefined && Math.abs(now - last.at) < everyMs) {
      last.untold++
      return
    }
    this.#told.set(message, { at: now, untold: 0 })
    const untold = last?.untold ?? 0
    logger.error(untold === 0 ? { err } : { err, untold }, message)
  }
}
