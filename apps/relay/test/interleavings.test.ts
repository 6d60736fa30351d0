// Two relays on one queue, while the store fails now and then, remotes answer as chance has it, relays stop and start, and people cancel
// and retry: whatever happens in whatever order, nothing is sent twice, nothing is lost, and each failure is told once.

import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Relay } from '../src/relay.js'
import { type Answer, type Bench, later, makeBench, refusedAnswer, taken, until } from './bench.js'

let bench: Bench
beforeEach(async () => {
  bench = await makeBench()
})
afterEach(() => bench.destroy())

/** The same chances for the same number. */
function chances(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return Math.floor((state / 0x80000000) * below)
  }
}

test.each([1, 2, 3, 4])('%i', { timeout: 60_000 }, async (seed) => {
  const chance = chances(seed)
  const takenOf = new Map<string, number>()
  const refusedOf = new Set<string>()
  const answers: readonly (() => Answer)[] = [() => taken, () => taken, () => refusedAnswer, () => later]
  bench.remote.answer = async ({ address }) => {
    await new Promise((resolve) => setTimeout(resolve, chance(15)))
    const answer = (answers[chance(answers.length)] as () => Answer)()
    if (answer.kind === 'delivered') takenOf.set(address, (takenOf.get(address) ?? 0) + 1)
    if (answer.kind === 'failed') refusedOf.add(address)
    return answer
  }
  const begin = (): Promise<Relay> => bench.relay({ pollMs: 5, reportAgainMs: 5, unreachableMs: 0, leaseMs: 3_600_000 })
  const relays = [await begin(), await begin()]
  const queueIds: string[] = []
  const idle = (): Promise<void> => until(() => relays.every((relay) => relay.stats().inHand === 0))

  const steps: readonly (() => Promise<unknown>)[] = [
    async () => queueIds.push(await bench.submit([1, 2, 3].map((n) => `r${n}.${queueIds.length}@d${chance(4)}.test`))),
    async () => {
      // It drains: what is under way is heard out.
      const at = chance(2)
      await relays[at]?.drain()
      await relays[at]?.close()
      relays[at] = await begin()
    },
    async () => {
      bench.fault.on = 'commit'
      await new Promise((resolve) => setTimeout(resolve, chance(30)))
      bench.fault.on = undefined
    },
    // A jump while something is under way would be a relay that slept: its lease ends, and another one sends.
    async () => {
      bench.clock.now += chance(20) * 60_000
      await idle()
    },
    async () => {
      const queueId = queueIds[chance(queueIds.length)]
      if (queueId !== undefined) await bench.store.outbox.retryNow(queueId)
    },
    async () => {
      const queueId = queueIds[chance(queueIds.length)]
      if (queueId !== undefined && chance(4) === 0) await bench.store.outbox.cancel(queueId)
    },
  ]
  for (let n = 0; n < 60; n++) await (steps[chance(2) === 0 ? 0 : chance(steps.length)] as () => Promise<unknown>)()

  await until(async () => {
    await idle()
    bench.clock.now += 1_200_000
    bench.doorbell.ring({ outbox: 'due' })
    const { waiting, leased } = await bench.store.outbox.stats()
    return waiting + leased === 0
  }, 40_000)
  const told = (await bench.inbox(bench.ada.id)).join('\n')
  for (const queueId of queueIds)
    for (const { recipient, state } of await bench.recipients(queueId)) {
      expect(takenOf.get(recipient) ?? 0, recipient).toBe(state === 'delivered' ? 1 : 0)
      const notices = told.split(`Final-Recipient: rfc822; ${recipient}\r\n`).length - 1
      expect(notices, `${recipient} ${state}`).toBe(state === 'failed' ? 1 : 0)
      if (state !== 'failed') expect(refusedOf.has(recipient), recipient).toBe(false)
    }
})
