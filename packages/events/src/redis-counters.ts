/**
 * Counters that processes share: each question is one command to Redis, a script where it writes. When Redis is away, slow,
 * full or refuses, a counter of this process alone answers in its place, at once or within a command's time: logins and
 * submissions go on, and limits are milder until Redis is back.
 */
import { bucketsPerWindow, type Counters } from './counters.js'
import type { RedisLink } from './redis-link.js'
import { refusalTeller } from './redis-refusals.js'
import { counterScripts } from './redis-scripts.js'

export interface RedisCountersOptions {
  readonly link: RedisLink
  /** Answers while Redis doesn't. */
  readonly standIn: Counters
  /** Distinct members kept per key; the count stops growing there. */
  readonly membersMax: number
  /** Told of what Redis refused. */
  readonly onError: (error: unknown) => void
  /** Told of each answer that the stand-in gave. */
  readonly onStoodIn?: () => void
}

/** Places that were given back while Redis was away; more of them come free by their window. */
const owedMax = 10_000

export function redisCounters({ link, standIn, membersMax, onError, onStoodIn }: RedisCountersOptions): Counters {
  const failed = refusalTeller({ link, what: 'the counters', onError })
  const commands = () => link.clients.commands
  const owed = new Map<string, { readonly key: string; readonly member: string }>()

  const either = async <Answer>(ask: () => Promise<Answer>, stand: () => Promise<Answer>): Promise<Answer> => {
    if (link.isUp) {
      try {
        return await ask()
      } catch (error) {
        failed(error)
      }
    }
    onStoodIn?.()
    return stand()
  }
  const giveBack = (key: string, member: string) => commands().zrem(key, member)

  const unlink = link.add({
    async up() {
      const places = [...owed.values()]
      owed.clear()
      await Promise.all(places.map(({ key, member }) => giveBack(key, member))).catch(failed)
    },
  })

  return {
    add(key, { windowMs, nowMs, by = 1 }) {
      const bucketMs = Math.max(1, Math.ceil(windowMs / bucketsPerWindow))
      const ask = () =>
        counterScripts.add.run(commands(), key, [nowMs, windowMs, bucketMs, nowMs - (nowMs % bucketMs), by])
      return either(
        async () => Number(await ask()),
        () => standIn.add(key, { windowMs, nowMs, by }),
      )
    },
    addDistinct(key, member, window) {
      const { nowMs, windowMs } = window
      return either(
        async () => {
          const answer = await counterScripts.addDistinct.run(commands(), key, [
            nowMs,
            nowMs - windowMs,
            windowMs,
            member,
            membersMax,
          ])
          const [count, added] = Array.isArray(answer) ? answer.map(Number) : []
          return { count: count ?? 0, isNew: added === 1 }
        },
        () => standIn.addDistinct(key, member, window),
      )
    },
    distinct(key, window) {
      const sinceMs = window.nowMs - window.windowMs
      return either(
        () => commands().zcount(key, `(${sinceMs}`, '+inf'),
        () => standIn.distinct(key, window),
      )
    },
    hold(key, member, place) {
      const { nowMs, windowMs, max } = place
      return either(
        async () => {
          const isHeld =
            (await counterScripts.hold.run(commands(), key, [nowMs, nowMs - windowMs, windowMs, member, max])) === 1
          if (isHeld) owed.delete(`${key} ${member}`)
          return isHeld
        },
        () => standIn.hold(key, member, place),
      )
    },
    async release(key, member) {
      await standIn.release(key, member)
      const owe = async () => {
        if (owed.size < owedMax) owed.set(`${key} ${member}`, { key, member })
      }
      await either(async () => void (await giveBack(key, member)), owe)
    },
    async close() {
      unlink()
      await standIn.close()
    },
  }
}
