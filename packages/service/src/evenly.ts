/**
 * Does one thing after the other spread over a time, so that what each of them sets off doesn't come all at once: clients that are told
 * goodbye by a server that stops come back, to another one, within a moment. Few things take no longer than they must.
 */
import { setTimeout as sleep } from 'node:timers/promises'

/** Between two of them at most: who stops a server that has a handful of clients needn't wait. */
const gapMsMax = 20

/** Resolves when the last one was begun. */
export async function evenly(things: readonly (() => void)[], { overMs }: { readonly overMs: number }): Promise<void> {
  const gapMs = Math.min(gapMsMax, overMs / Math.max(1, things.length))
  const beganMs = performance.now()
  for (const [i, thing] of things.entries()) {
    const waitMs = beganMs + i * gapMs - performance.now()
    // A timer takes a millisecond at least: those that are due by then go together.
    if (waitMs >= 1) await sleep(waitMs)
    thing()
  }
}
