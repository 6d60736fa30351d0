// How strangers are kept from doing harm (contract F1): how often a network may come, write, and guess names; who is on a blocklist; who
// has to come a second time. Whoever hands mail over from a trusted network is asked for none of it. Everything is counted in
// `Counters`, which forget: then a limit is milder for a while, and nothing is lost.

import type { Counters } from '@postern/events'
import type { Networks } from '@postern/service'
import type { Reply } from '@postern/smtp'
import type { Logger, Metrics } from '@postern/telemetry'
import type { ArrivalRecipient, Outcome } from '../arrival.js'
import type { Blocklists } from './blocklists.js'
import { FullInboxes } from './full-inboxes.js'
import { Stranger } from './stranger.js'
import { Trusted } from './trusted.js'

/** One client, as the guard sees it. Each of these says no by throwing what the client shall hear. */
export interface Guest {
  /** What it's told in place of a greeting, where it may not come in. */
  comes(): Promise<Reply | undefined>
  /** At MAIL. */
  sends(): Promise<void>
  /** At RCPT: whoever asks for too many who aren't here waits longer and longer. */
  asks<Answer>(find: () => Promise<Answer>): Promise<Answer>
  /** At RCPT, for somebody who is here. */
  mayWriteTo(recipient: ArrivalRecipient, sender: string): Promise<void>
  /** Behind DATA: for whom there was no room. */
  hadNoRoom(outcomes: readonly Outcome[], sender: string): Promise<void>
}

export interface GuardLimits {
  /** Of one network; 0 counts nothing. */
  readonly connectionsPerMinute: number
  readonly messagesPerMinute: number
  /** Recipients who aren't here, of one network. */
  readonly unknownPerHour: number
  /** In one session; then it ends. */
  readonly unknownPerSession: number
  /** So many are answered at once; from then on each answer waits longer. */
  readonly unknownAtOnce: number
  readonly tarpitStepMs: number
  readonly tarpitMsMax: number
  /** How long who is new is told to come back; 0 turns it off. */
  readonly greylistMs: number
  /** Who came back is known for so long. */
  readonly greylistKnownMs: number
  /** How long an inbox that had no room is full to the same sender. */
  readonly noRoomMs: number
}

export const defaultGuardLimits: GuardLimits = {
  connectionsPerMinute: 300,
  messagesPerMinute: 600,
  unknownPerHour: 200,
  unknownPerSession: 20,
  unknownAtOnce: 3,
  tarpitStepMs: 1_000,
  tarpitMsMax: 5_000,
  greylistMs: 0,
  greylistKnownMs: 129_600_000,
  noRoomMs: 14_400_000,
}

export interface GuardOptions {
  readonly counters: Counters
  readonly limits: GuardLimits
  /** Servers there are asked for nothing. */
  readonly trusted: Networks
  readonly blocklists: Blocklists
  readonly clock: () => number
  readonly logger: Logger
  readonly metrics: Metrics
}

export interface Guard {
  /** `until`: the client is gone. */
  guest(remoteAddress: string, options: { readonly until: Promise<void> }): Guest
}

export function createGuard(options: GuardOptions): Guard {
  const { trusted, counters, limits, clock } = options
  const full = new FullInboxes({ counters, clock, noRoomMs: limits.noRoomMs })
  return {
    // A unix socket has no address: who may open it says its folder.
    guest: (remoteAddress, { until }) =>
      remoteAddress === '' || trusted.has(remoteAddress)
        ? new Trusted(full)
        : new Stranger({ ...options, full, remoteAddress, until }),
  }
}
