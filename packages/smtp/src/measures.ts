// What a session is measured by: its commands by name and answer, its messages, its bytes, and one line in the log when it ends.
// Nothing that a client said gets into either but the name in its EHLO; reasons are the server's own words.

import type { Logger, Metrics } from '@postern/telemetry'
import type { Wire } from './wire.js'

export type Outcome = 'ok' | 'refused' | 'bug' | 'gone'

/** The metrics of a door. */
export interface Meters {
  /** Those that count: of submission, the ones that are logged in. */
  readonly sessionsOpen: Metrics['submissionSessionsOpen']
  readonly commands: Metrics['submissionCommands']
  readonly commandSeconds: Metrics['submissionCommandSeconds']
  readonly messageBytes: Metrics['submissionMessageBytes']
  readonly bytes: Metrics['submissionBytes']
}

export class Measures {
  readonly #wire: Wire
  readonly #meters: Meters
  readonly #beganMs = performance.now()
  readonly #outcomes: Partial<Record<Outcome, number>> = {}
  #messages = 0
  #isCounted = false

  constructor(wire: Wire, meters: Meters) {
    this.#wire = wire
    this.#meters = meters
  }

  /** From now on the session is one of those that are open. */
  opened(): void {
    this.#isCounted = true
    this.#meters.sessionsOpen.inc()
  }

  /** `beganMs` is of `performance.now()`. */
  command(command: string, { outcome, beganMs }: { readonly outcome: Outcome; readonly beganMs: number }): void {
    this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + 1
    this.#meters.commands.inc({ command, outcome })
    this.#meters.commandSeconds.observe({ command }, (performance.now() - beganMs) / 1000)
  }

  message(sizeBytes: number): void {
    this.#messages++
    this.#meters.messageBytes.observe(sizeBytes)
  }

  end(logger: Logger, about: { readonly address?: string; readonly client?: string; readonly reason: string }): void {
    if (this.#isCounted) this.#meters.sessionsOpen.dec()
    const { bytesIn, bytesOut } = this.#wire
    this.#meters.bytes.inc({ direction: 'in' }, bytesIn)
    this.#meters.bytes.inc({ direction: 'out' }, bytesOut)
    const durationMs = Math.round(performance.now() - this.#beganMs)
    const counts = { commands: this.#outcomes, messages: this.#messages, bytesIn, bytesOut }
    logger.info({ ...about, durationMs, ...counts }, 'session ended')
  }
}
