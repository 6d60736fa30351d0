/**
 * Counters within one process, in bounded memory: over `keysMax` keys the one untouched longest is dropped, over `membersMax`
 * members of a key the one not seen longest, and keys whose window has passed go as others are touched.
 */
import { bucketsPerWindow, type Counters, type Window } from './counters.js'

export interface LocalCountersOptions {
  readonly keysMax: number
  /** Distinct members kept per key; the count stops growing there. */
  readonly membersMax: number
}

interface Windowed {
  endsAtMs: number
}
interface Sum extends Windowed {
  /** Oldest first, at most one more than there are buckets in a window. */
  buckets: { readonly startMs: number; sum: number }[]
}
interface Members extends Windowed {
  /** When each was last seen, the longest ago first. */
  readonly seenAtMs: Map<string, number>
}

export function localCounters({ keysMax, membersMax }: LocalCountersOptions): Counters {
  const sums = new RecentlyTouched<Sum>(keysMax)
  const distinct = new RecentlyTouched<Members>(keysMax)
  const places = new RecentlyTouched<Members>(keysMax)

  return {
    async add(key, { windowMs, nowMs, by = 1 }) {
      if (by === 0 && sums.get(key) === undefined) return 0
      const entry = sums.touch(key, { windowMs, nowMs }, () => ({ endsAtMs: 0, buckets: [] }))
      const bucketMs = Math.max(1, Math.ceil(windowMs / bucketsPerWindow))
      const startMs = nowMs - (nowMs % bucketMs)
      entry.buckets = entry.buckets.filter((bucket) => bucket.startMs + bucketMs > nowMs - windowMs)
      const last = entry.buckets.at(-1)
      if (last && last.startMs >= startMs) last.sum += by
      else if (by !== 0) entry.buckets.push({ startMs, sum: by })
      return entry.buckets.reduce((total, bucket) => total + bucket.sum, 0)
    },
    async addDistinct(key, member, window) {
      const { seenAtMs } = distinct.touch(key, window, noMembers)
      forget(seenAtMs, window.nowMs - window.windowMs)
      const isNew = !seenAtMs.delete(member)
      seenAtMs.set(member, window.nowMs)
      if (seenAtMs.size > membersMax) deleteFirst(seenAtMs)
      return { count: seenAtMs.size, isNew }
    },
    async distinct(key, window) {
      const entry = distinct.get(key)
      if (entry === undefined) return 0
      forget(entry.seenAtMs, window.nowMs - window.windowMs)
      return entry.seenAtMs.size
    },
    async hold(key, member, { windowMs, nowMs, max }) {
      const { seenAtMs } = places.touch(key, { windowMs, nowMs }, noMembers)
      forget(seenAtMs, nowMs - windowMs)
      if (!seenAtMs.delete(member) && seenAtMs.size >= max) return false
      seenAtMs.set(member, nowMs)
      return true
    },
    async release(key, member) {
      const seenAtMs = places.get(key)?.seenAtMs
      seenAtMs?.delete(member)
      if (seenAtMs?.size === 0) places.delete(key)
    },
    async close() {
      sums.clear()
      distinct.clear()
      places.clear()
    },
  }
}

const noMembers = (): Members => ({ endsAtMs: 0, seenAtMs: new Map() })

/** Members that weren't seen since. */
function forget(seenAtMs: Map<string, number>, sinceMs: number): void {
  for (const [member, atMs] of seenAtMs) {
    if (atMs > sinceMs) return
    seenAtMs.delete(member)
  }
}

/** A bounded map in the order of last use. */
class RecentlyTouched<Entry extends Windowed> {
  readonly #entries = new Map<string, Entry>()
  readonly #keysMax: number

  constructor(keysMax: number) {
    this.#keysMax = keysMax
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  touch(key: string, { windowMs, nowMs }: Window, create: () => Entry): Entry {
    const entry = this.#entries.get(key) ?? create()
    entry.endsAtMs = Math.max(entry.endsAtMs, nowMs + windowMs)
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    this.#dropPassed(nowMs)
    if (this.#entries.size > this.#keysMax) deleteFirst(this.#entries)
    return entry
  }

  /** Two per touch keep up with any rate of new keys. */
  #dropPassed(nowMs: number): void {
    let looks = 2
    for (const [key, entry] of this.#entries) {
      if (looks-- === 0 || entry.endsAtMs > nowMs) return
      this.#entries.delete(key)
    }
  }

  clear(): void {
    this.#entries.clear()
  }
}

function deleteFirst(map: Map<string, unknown>): void {
  const first = map.keys().next()
  if (!first.done) map.delete(first.value)
}
