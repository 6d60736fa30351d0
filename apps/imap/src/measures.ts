// What a session is measured by: its commands by name and outcome, its bytes, and one line in the log when it ends. Nothing that
// a client said gets into either: names are those of the registry, and reasons are the server's own words.

import type { Connection } from '@postern/service'
import type { Logger, Metrics } from '@postern/telemetry'
import type { Asked } from './asked.js'

export type Outcome = 'ok' | 'no' | 'bad' | 'bye' | 'bug' | 'gone'

export class Measures {
  readonly #connection: Connection
  readonly #metrics: Metrics
  readonly #beganMs = performance.now()
  readonly #outcomes: Partial<Record<Outcome, number>> = {}
  #isLoggedIn = false
  #countedIn = 0
  #countedOut = 0

  constructor(connection: Connection, metrics: Metrics) {
    this.#connection = connection
    this.#metrics = metrics
  }

  /** When the session began, in Unix milliseconds. */
  get since(): number {
    return performance.timeOrigin + this.#beganMs
  }

  loggedIn(): void {
    this.#isLoggedIn = true
    this.#metrics.imapSessionsOpen.inc()
  }

  /** So many of a kind that were answered in one go count each. */
  command({ found, beganMs }: Pick<Asked, 'found' | 'beganMs'>, outcome: Outcome, count = 1): void {
    const command = found?.name ?? 'unknown'
    this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + count
    this.#metrics.imapCommands.inc({ command, outcome }, count)
    const seconds = (performance.now() - beganMs) / 1000
    for (let i = 0; i < count; i++) this.#metrics.imapCommandSeconds.observe({ command }, seconds)
    this.#countBytes()
  }

  /** News that came by a ring is on its way. */
  pushed(sinceMs: number): void {
    this.#metrics.imapPushSeconds.observe((performance.now() - sinceMs) / 1000)
  }

  end(logger: Logger, about: { readonly address?: string; readonly client?: string; readonly reason: string }): void {
    this.#countBytes()
    if (this.#isLoggedIn) this.#metrics.imapSessionsOpen.dec()
    const { bytesIn, bytesOut } = this.#connection
    const durationMs = Math.round(performance.now() - this.#beganMs)
    logger.info({ ...about, durationMs, commands: this.#outcomes, bytesIn, bytesOut }, 'session ended')
  }

  #countBytes(): void {
    const { bytesIn, bytesOut } = this.#connection
    this.#metrics.imapBytes.inc({ direction: 'in' }, bytesIn - this.#countedIn)
    this.#metrics.imapBytes.inc({ direction: 'out' }, bytesOut - this.#countedOut)
    this.#countedIn = bytesIn
    this.#countedOut = bytesOut
  }
}
