// Greylisting, where it's turned on: a sender whom nobody here knows yet is told to come back, which real mail servers do. Who is told so
// is the network, the sender and the recipient together; who came back is known for some time, and longer with each message.

import { createHash } from 'node:crypto'
import { type Counters, counterKeys } from '@postern/events'
import type { GuardLimits } from './guard.js'

export interface Triplet {
  readonly network: string
  readonly sender: string
  readonly recipient: string
}

export interface GreylistOptions {
  readonly counters: Counters
  readonly limits: Pick<GuardLimits, 'greylistMs' | 'greylistKnownMs'>
  readonly clock: () => number
}

/** Whether it may write now. */
export async function isKnown(triplet: Triplet, { counters, limits, clock }: GreylistOptions): Promise<boolean> {
  const { greylistMs, greylistKnownMs } = limits
  const { network, sender, recipient } = triplet
  const words = [network, sender.toLowerCase(), recipient.toLowerCase()]
  const hash = createHash('sha256').update(JSON.stringify(words)).digest('base64url')
  const nowMs = clock()
  const known = { windowMs: greylistKnownMs, nowMs }
  const young = { windowMs: greylistMs, nowMs }
  if ((await counters.add(counterKeys.greylisted('known', hash), { ...known, by: 0 })) === 0) {
    await counters.add(counterKeys.greylisted('new', hash), young)
    await counters.add(counterKeys.greylisted('known', hash), known)
    return false
  }
  if ((await counters.add(counterKeys.greylisted('new', hash), { ...young, by: 0 })) > 0) return false
  await counters.add(counterKeys.greylisted('known', hash), known)
  return true
}
