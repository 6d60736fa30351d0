// How many sessions an inbox has: each holds one of so many places, among all nodes that share their counters. A place is taken
// anew now and then while its session lives, so that those of a node that died come free by themselves. Counters that can't be
// reached keep nobody out.

import { type Counters, placeKeys } from '@postern/events'
import type { Logger } from '@postern/telemetry'

export interface InboxSessionsOptions {
  readonly counters: Counters
  readonly clock: () => number
  readonly logger: Logger
  readonly sessionsPerInboxMax: number
  readonly renewEveryMs?: number
}

const renewEveryMsDefault = 60_000
/** A place outlives this many rounds in which nobody took it anew. */
const roundsKept = 3

export class InboxSessions {
  /** Of this node: each session's address. */
  readonly #addresses = new Map<string, string>()
  readonly #options: InboxSessionsOptions
  readonly #windowMs: number
  readonly #timer: NodeJS.Timeout

  constructor(options: InboxSessionsOptions) {
    const { renewEveryMs = renewEveryMsDefault } = options
    this.#options = options
    this.#windowMs = roundsKept * renewEveryMs
    this.#timer = setInterval(() => this.#renew(), renewEveryMs)
    this.#timer.unref()
  }

  /** Whether there's a place for one session more. */
  async enter(session: string, address: string): Promise<boolean> {
    if (!(await this.#hold(session, address))) return false
    this.#addresses.set(session, address)
    return true
  }

  leave(session: string): void {
    const address = this.#addresses.get(session)
    if (address === undefined) return
    this.#addresses.delete(session)
    const { counters, logger } = this.#options
    counters
      .release(placeKeys.sessionsOfInbox(address), session)
      .catch((err: unknown) => logger.warn({ err }, 'place of a session not given back'))
  }

  close(): void {
    clearInterval(this.#timer)
    for (const session of this.#addresses.keys()) this.leave(session)
  }

  async #hold(session: string, address: string): Promise<boolean> {
    const { counters, clock, logger, sessionsPerInboxMax: max } = this.#options
    try {
      const place = { windowMs: this.#windowMs, nowMs: clock(), max }
      return await counters.hold(placeKeys.sessionsOfInbox(address), session, place)
    } catch (err) {
      logger.warn({ err }, 'sessions of an inbox not counted')
      return true
    }
  }

  #renew(): void {
    for (const [session, address] of this.#addresses) void this.#hold(session, address)
  }
}
