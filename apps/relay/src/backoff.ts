// When a deferred recipient is tried again: after minutes first, after hours later, never beyond the end of its time. Pure: clock
// and chance are arguments.

import { jitterShare, type RelayLimits, retryAfterMsMax } from './relay-limits.js'

export interface Deferral {
  /** Tries so far, this one included. */
  readonly attempts: number
  readonly createdAt: number
  readonly now: number
  /** Between 0 and 1. */
  readonly random: number
  /** What the other side asked for. */
  readonly retryAfterMs?: number | undefined
}

/** Undefined when its time is over. The last try is at the end of the time, so that none of it is given away. */
export function nextTryAt(
  { attempts, createdAt, now, random, retryAfterMs = 0 }: Deferral,
  limits: Pick<RelayLimits, 'retryFirstMs' | 'retryMsMax' | 'giveUpMs'>,
): number | undefined {
  const end = createdAt + limits.giveUpMs
  if (now >= end) return undefined
  const doubled = limits.retryFirstMs * 2 ** Math.min(attempts - 1, 30)
  const wait = Math.min(doubled, limits.retryMsMax) * (1 + jitterShare * (2 * random - 1))
  return Math.min(now + Math.round(Math.max(wait, Math.min(retryAfterMs, retryAfterMsMax))), end)
}
