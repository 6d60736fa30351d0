// When mail comes again that found its host full: about when the host can take it, judged by how fast it takes what it gets. So a
// fast host is never left without work, and a slow one's mail isn't looked at over and over.

import type { RelayLimits } from './relay-limits.js'

interface Pace {
  since: number
  lastAt: number
  served: number
  /** Recipients a second, of the window before. */
  rate: number | undefined
  /** Up to here the host's time is given away. */
  until: number
}

const windowMs = 1_000
/** What was learnt before a rest says nothing any more; what is learnt anew takes as long. */
const learningMs = 5_000
/** Until more is known, and where nothing is taken. */
const firstRate = 100
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
    const known = now - pace.since < learningMs ? (pace.rate ?? firstRate) : rateOf(pace, now)
    const rate = Math.max(known, slowestRate) * hope
    const until = Math.max(pace.until, now + crowdedMs) + (recipients / rate) * 1_000
    pace.until = Math.min(until, now + crowdedMsMax)
    return Math.round(pace.until)
  }

  #pace(lane: string, now: number): Pace {
    const before = this.#paces.get(lane)
    const isFresh = before !== undefined && now - before.lastAt < learningMs
    const pace = isFresh ? before : { since: now, lastAt: now, served: 0, rate: undefined, until: before?.until ?? 0 }
    pace.lastAt = now
    this.#paces.set(lane, pace)
    for (const oldest of this.#paces.keys()) {
      if (this.#paces.size <= hostsMax) break
      this.#paces.delete(oldest)
    }
    return pace
  }
}

const rateOf = ({ since, served }: Pace, now: number): number => (now > since ? (served * 1_000) / (now - since) : 0)
