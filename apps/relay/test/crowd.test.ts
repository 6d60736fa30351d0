// Thousands of recipients that wait for one destination which takes nothing: others go by, and what is in hand stays small.

import type { SmartHost } from '@postern/routing'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { defaultRelayLimits as limits } from '../src/relay-limits.js'
import { type Bench, makeBench, taken, until } from './bench.js'

let bench: Bench
beforeEach(async () => {
  bench = await makeBench()
})
afterEach(() => bench.destroy())

/** The clock goes as everybody's does. */
function clockRuns(): void {
  const ahead = bench.clock.now - Date.now()
  const timer = setInterval(() => {
    bench.clock.now = Date.now() + ahead
  }, 5)
  onTestFinished(() => clearInterval(timer))
}

/** Some small submissions first, which make many loads, then large ones. All are due. */
async function fill(waiting: number, domain: (i: number) => string): Promise<void> {
  const message = await bench.store.stage(Buffer.from('Subject: many\r\n\r\n'))
  const sender = {
    account: bench.ada.id,
    sender: 'ada@example.test',
    internalDate: 1_800_000_000,
    body: '7bit',
  } as const
  for (let first = 0; first < waiting; ) {
    const count = first < 1_000 ? 10 : 1_000
    const recipients = Array.from({ length: count }, (_, n) => ({ address: `x${first + n}@${domain(first + n)}` }))
    await bench.store.outbox.submit({ ...sender, message, recipients })
    first += count
  }
}

const host = (name: string): SmartHost => ({
  kind: 'smart-host',
  host: name,
  port: 587,
  tls: 'required',
  user: undefined,
  secret: undefined,
})
const never = new Promise<never>(() => {})
const delivered = (queueId: string): Promise<void> =>
  until(async () => (await bench.states(queueId)).join() === 'delivered', 60_000)

test('a slow domain', async () => {
  await fill(100_000, () => 'slow.test')
  bench.remote.answer = ({ domain }) => (domain === 'slow.test' ? never : taken)
  const relay = await bench.relay({ pollMs: 50 })
  await until(() => relay.stats().inHand >= limits.inHandPerDomain / 2)
  for (let n = 0; n < 5; n++) await delivered(await bench.submit([`r${n}@fast.test`]))
  expect(relay.stats().inHand).toBeLessThanOrEqual(limits.inHandPerDomain + 1)
  await until(() => relay.stats().sending === limits.parallelPerDomain)
})

test('a slow domain, where another sender has a smart host', { timeout: 90_000 }, async () => {
  await fill(2_000, () => 'slow.test')
  bench.remote.routeOf = ({ sender }) =>
    sender === 'bob@example.test' ? host('fast.test') : { kind: 'direct', port: 25 }
  bench.remote.answer = (_, { sender }) => (sender === 'bob@example.test' ? taken : never)
  clockRuns()
  const relay = await bench.relay({ pollMs: 50, otherRoutesMs: 50 })
  await until(() => relay.stats().inHand >= limits.inHandPerDomain / 2)
  await delivered(await bench.submit(['r@slow.test'], { sender: 'bob@example.test', account: bench.bob.id }))
  expect(relay.stats().inHand).toBeLessThanOrEqual(limits.inHandPerDomain + 1)
})

test('a slow smart host that takes mail for many domains', { timeout: 90_000 }, async () => {
  await fill(20_000, (i) => `d${i % 5_000}.test`)
  bench.remote.answer = ({ domain }) => (domain === 'fast.test' ? taken : never)
  bench.remote.routeOf = ({ sender }) =>
    sender === 'bob@example.test' ? { kind: 'direct', port: 25 } : host('slow.test')
  clockRuns()
  const relay = await bench.relay({ pollMs: 50 })
  await until(() => relay.stats().inHand > limits.inHandPerHost - limits.claimMax)
  await delivered(await bench.submit(['r@fast.test'], { sender: 'bob@example.test', account: bench.bob.id }))
  expect(relay.stats().inHand).toBeLessThanOrEqual(limits.inHandPerHost + 1)
})

// Alone it takes three seconds. A host that is left without work takes minutes.
test('a host that takes its time is not left without work, though much of its mail was put off', {
  timeout: 90_000,
}, async () => {
  bench.remote.route = host('slow.test')
  await fill(4_000, (i) => `d${i}.test`)
  bench.remote.answer = () => new Promise((resolve) => setTimeout(resolve, 100, taken))
  clockRuns()
  await bench.relay({ pollMs: 50 })
  await until(async () => {
    const { waiting, leased } = await bench.store.outbox.stats()
    return waiting + leased === 0
  }, 60_000)
})

test('with a hundred thousand waiting, memory stays flat', async () => {
  await fill(100_000, (i) => `d${i}.test`)
  bench.remote.answer = () => never
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  const relay = await bench.relay({ pollMs: 20 })
  await until(() => relay.stats().sending === limits.parallelMax)
  await until(() => relay.stats().inHand > limits.inHandMax / 2)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(relay.stats().inHand).toBeLessThanOrEqual(limits.inHandMax)
  expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
})
