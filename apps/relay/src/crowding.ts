// When mail comes again that found its host full: about when the host can take it, judged by how fast it takes what it gets. So a
// fast host is never left without work, and a slow one's mail isn't looked at over and over.

import type { RelayLimits } from './relay-limits.js'

interface Pace {
  since: number
  served: number
  /** Recipients a second, of the window before. */
  rate: number | undefined
  /** Up to here the host's time is given away. */
  until: number
}

const windowMs = 1_000
/** Nothing is known yet, or nothing is taken: it's looked again when the longest wait is over. */
const slowestRate = 1
/** Rather too early than too late. */
const hope = 2
const hostsMax = 1_000

export class Crowding {
  readonly #paces = new Map<string, Pace>()
  readonly #limits: Pick<RelayLimits, 'crowdedMs' | 'crowdedMsMax'>

  constructor(limits: Pick<RelayLimits, 'crowdedMs' | 'crowdedMsMax'>) {
    this.#limits = limits
  }

  served(lane: string, recipients: number, now: number): void {
    const pace = this.#pace(lane, now)
    if (now - pace.since >= windowMs) {
      pace.rate = rateOf(pace, now)
      pace.since = now
      pace.served = 0
    }
    pace.served += recipients
  }

  comesAgainAt(lane: string, recipients: number, now: number): number {
    const { crowdedMs, crowdedMsMax } = this.#limits
    const pace = this.#pace(lane, now)
    const rate = Math.max(pace.rate ?? 0, rateOf(pace, now), slowestRate) * hope
    const until = Math.max(pace.until, now + crowdedMs) + (recipients / rate) * 1_000
    pace.until = Math.min(until, now + crowdedMsMax)
    return Math.round(pace.until)
  }

  #pace(lane: string, now: number): Pace {
    const pace = this.#paces.get(lane) ?? { since: now, served: 0, rate: undefined, until: 0 }
    this.#paces.set(lane, pace)
    for (const oldest of this.#paces.keys()) {
      if (this.#paces.size <= hostsMax) break
      this.#paces.delete(oldest)
    }
    return pace
  }
}

const rateOf = ({ since, served }: Pace, now: number): number => (now > since ? (served * 1_000) / (now - since) : 0)
