// The clock behind the store's cleaning: a round of slices every minute, audit rows that are old among them, and once an
// hour a look for files that no row names. A round that fails is logged and tried again at the next stroke; a stop waits for the slice under way.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from '@postern/mailbox-store'
import type { Part } from '@postern/service'
import type { Logger } from '@postern/telemetry'
import { sweepEveryMs, sweepOrphansEveryMs, sweepPauseMs } from '../limits.js'
import { retentionRules } from './retention.js'

const dayMs = 86_400_000

export interface SweeperOptions {
  readonly store: () => Store
  /** Of workers on one data folder one sweeps. */
  readonly isKeeper: () => boolean
  readonly auditDays: number
  readonly logger: Logger
  readonly clock: () => number
}

export function createSweeper({ store, isKeeper, auditDays, logger, clock }: SweeperOptions): Part {
  const stopping = new AbortController()
  const { signal } = stopping
  let orphansAt = 0
  let running: Promise<void> | undefined

  const round = async (): Promise<void> => {
    const { directory, maintenance } = store()
    const retention = await retentionRules(directory)
    while (!signal.aborted && (await maintenance.sweep({ retention }))) await pause(sweepPauseMs)
    const before = clock() - auditDays * dayMs
    while (!signal.aborted && (await directory.pruneAudit({ before }))) await pause(sweepPauseMs)
    if (signal.aborted || clock() < orphansAt) return
    orphansAt = clock() + sweepOrphansEveryMs
    const removed = await maintenance.sweepOrphans()
    if (removed > 0) logger.info({ removed }, 'removed message files that nothing names')
  }

  const pause = (ms: number): Promise<unknown> => sleep(ms, undefined, { signal }).catch(() => undefined)

  const keepSweeping = async (): Promise<void> => {
    while (!signal.aborted) {
      if (isKeeper()) await round().catch((err) => logger.error({ err }, 'sweep failed'))
      await pause(sweepEveryMs)
    }
  }

  return {
    name: 'sweeper',
    start() {
      running = keepSweeping()
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}
