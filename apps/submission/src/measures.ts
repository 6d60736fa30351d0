// What a session is measured by: its commands by name and answer, its messages, its bytes, and one line in the log when it ends.
// Nothing that a client said gets into either but the name in its EHLO; reasons are the server's own words.

import type { Logger, Metrics } from '@postern/telemetry'
import type { Wire } from './wire.js'

export type Outcome = 'ok' | 'refused' | 'bug' | 'gone'

export class Measures {
  readonly #wire: Wire
  readonly #metrics: Metrics
  readonly #beganMs = performance.now()
  readonly #outcomes: Partial<Record<Outcome, number>> = {}
  #messages = 0
  #isLoggedIn = false

  constructor(wire: Wire, metrics: Metrics) {
    this.#wire = wire
    this.#metrics = metrics
  }

  loggedIn(): void {
    this.#isLoggedIn = true
    this.#metrics.submissionSessionsOpen.inc()
  }

  /** `beganMs` is of `performance.now()`. */
  command(command: string, { outcome, beganMs }: { readonly outcome: Outcome; readonly beganMs: number }): void {
    this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + 1
    this.#metrics.submissionCommands.inc({ command, outcome })
    this.#metrics.submissionCommandSeconds.observe({ command }, (performance.now() - beganMs) / 1000)
  }

  message(sizeBytes: number): void {
    this.#messages++
    this.#metrics.submissionMessageBytes.observe(sizeBytes)
  }

  end(logger: Logger, about: { readonly address?: string; readonly client?: string; readonly reason: string }): void {
    if (this.#isLoggedIn) this.#metrics.submissionSessionsOpen.dec()
    const { bytesIn, bytesOut } = this.#wire
    this.#metrics.submissionBytes.inc({ direction: 'in' }, bytesIn)
    this.#metrics.submissionBytes.inc({ direction: 'out' }, bytesOut)
    const durationMs = Math.round(performance.now() - this.#beganMs)
    const counts = { commands: this.#outcomes, messages: this.#messages, bytesIn, bytesOut }
    logger.info({ ...about, durationMs, ...counts }, 'session ended')
  }
}
