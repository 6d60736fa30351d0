/**
 * Counters that the workers of one parent share: the parent counts (ipc-hub.ts), and each question is one there and back. When the
 * parent is gone, or doesn't answer in time, the stand-in of this worker alone does: limits are milder, and nobody waits.
 */
import type { Counters } from './counters.js'
import { type CountQuestion, type HeldPlace, ipcKinds } from './ipc-kinds.js'
import type { IpcLink } from './ipc-link.js'

export interface IpcCountersOptions {
  readonly link: IpcLink
  /** Answers while the parent doesn't. */
  readonly standIn: Counters
  /** Told of each answer that the stand-in gave. */
  readonly onStoodIn?: () => void
  readonly timeoutMs?: number
}

const timeoutMsDefault = 1_000

export function ipcCounters({ link, standIn, onStoodIn, timeoutMs = timeoutMsDefault }: IpcCountersOptions): Counters {
  const either = async <Answer>(question: CountQuestion, stand: () => Promise<Answer>): Promise<Answer> => {
    try {
      return await link.ask<Answer>(ipcKinds.count, question, { timeoutMs })
    } catch {
      onStoodIn?.()
      return stand()
    }
  }
  return {
    add: (key, { windowMs, nowMs, by = 1 }) =>
      either({ what: 'add', key, windowMs, nowMs, by }, () => standIn.add(key, { windowMs, nowMs, by })),
    addDistinct: (key, member, window) =>
      either({ what: 'addDistinct', key, member, ...window }, () => standIn.addDistinct(key, member, window)),
    distinct: (key, window) => either({ what: 'distinct', key, ...window }, () => standIn.distinct(key, window)),
    hold: (key, member, place) =>
      either({ what: 'hold', key, member, ...place }, () => standIn.hold(key, member, place)),
    async release(key, member) {
      link.post(ipcKinds.release, { key, member } satisfies HeldPlace)
      await standIn.release(key, member)
    },
    close: () => standIn.close(),
  }
}
