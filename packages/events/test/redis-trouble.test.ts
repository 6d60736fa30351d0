/** Redis that is killed, started again, paused, slow, full, or says no: nothing is lost, and nobody waits long. */
import { beforeEach, expect, test } from 'vitest'
import { channels } from '../src/index.js'
import { hearing, type Member, member, members, slowWire, soon } from './redis-fixtures.js'
import { type RedisProcess, serverAt, startRedis } from './redis-process.js'

let redis: RedisProcess
beforeEach(async () => {
  redis = await startRedis()
  return () => redis.end()
})

const window = () => ({ windowMs: 60_000, nowMs: Date.now() })

/** Longer than a command may take, with room for a busy machine. */
const boundMs = 4_000

async function timed<Answer>(ask: () => Promise<Answer>): Promise<{ answer: Answer; tookMs: number }> {
  const beganMs = performance.now()
  return { answer: await ask(), tookMs: performance.now() - beganMs }
}

async function goesOnAlone(one: Member): Promise<void> {
  const here = hearing(one, 3)
  const before = one.stoodIn()
  for (let n = 1; n <= 3; n++) {
    const { answer, tookMs } = await timed(() => one.counters.add('alone', window()))
    expect(tookMs).toBeLessThan(boundMs)
    expect(answer).toBe(n)
  }
  const { answer } = await timed(() => one.counters.hold('places alone', 'a', { ...window(), max: 1 }))
  expect(answer).toBe(true)
  expect(one.stoodIn()).toBe(before + 4)
  one.doorbell.ring({ mailbox: 3, modSeq: 5 })
  await expect.poll(() => here.modSeqs(), soon).toEqual([5])
  here.stop()
}

async function worksTogether([one, two]: readonly [Member, Member], modSeq: number): Promise<void> {
  const there = hearing(two, 7)
  await expect.poll(() => one.link.isUp && two.link.isUp, soon).toBe(true)
  const rung = () => {
    one.doorbell.ring({ mailbox: 7, modSeq })
    return there.modSeqs()
  }
  await expect.poll(rung, { ...soon, interval: 50 }).toContain(modSeq)
  const key = `together ${modSeq}`
  const before = [one.stoodIn(), two.stoodIn()]
  await one.counters.add(key, window())
  expect(await two.counters.add(key, window())).toBe(2)
  expect([one.stoodIn(), two.stoodIn()]).toEqual(before)
  there.stop()
}

test('killed and started again: everyone is rung when it is back', async () => {
  const both = await members(serverAt(redis.port), { pollMs: 3_600_000 })
  const [one, two] = both
  const [there, other] = [hearing(two, 7), hearing(two, 8)]
  let due = 0
  two.doorbell.listenForOutbox(() => void due++)
  await expect.poll(() => [there.all, other.all, due], soon).toEqual([[0], [0], 1])
  await redis.kill()
  await expect.poll(() => [one.link.isUp, two.link.isUp], soon).toEqual([false, false])
  expect(one.states.at(-1)).not.toBe('up')
  await goesOnAlone(one)
  const before = [there.all.length, other.all.length, due]
  await redis.start()
  await expect
    .poll(() => there.all.length > before[0]! && other.all.length > before[1]! && due > before[2]!, soon)
    .toBe(true)
  await worksTogether(both, 7)
})

test('while it is away everyone is rung now and then, the outbox too', async () => {
  const [, two] = await members(serverAt(redis.port))
  const there = [7, 8, 10, -1, -20].map((mailbox) => hearing(two, mailbox))
  let due = 0
  two.doorbell.listenForOutbox(() => void due++)
  await redis.kill()
  await expect.poll(() => Math.min(...there.map(({ all }) => all.length), due), soon).toBeGreaterThan(5)
  expect(there.flatMap(({ modSeqs }) => modSeqs())).toEqual([])
})

test('paused: the first question waits a second at most, the others not at all; then it is as before', async () => {
  const both = await members(serverAt(redis.port))
  const [one] = both
  redis.pause()
  await goesOnAlone(one)
  expect(one.link.isUp).toBe(false)
  const { tookMs } = await timed(() =>
    Promise.all(Array.from({ length: 1_000 }, () => one.counters.add('x', window()))),
  )
  expect(tookMs).toBeLessThan(boundMs)
  await expect.poll(() => both[1].link.isUp, soon).toBe(false)
  one.doorbell.ring({ mailbox: 7, modSeq: 6 })
  redis.resume()
  await worksTogether(both, 7)
})

test('paused for long: the connections are given up, and made anew', async () => {
  const both = await members(serverAt(redis.port))
  redis.pause()
  await expect.poll(() => both[0].link.reason, soon).toMatch(/timeout|timed out/i)
  await new Promise((resolve) => setTimeout(resolve, 7_000))
  redis.resume()
  await worksTogether(both, 7)
})

test('slow: it is gone by without it, and used again when it is quick', async () => {
  const wire = await slowWire(redis.port)
  const both = [member(serverAt(wire.port)), member(serverAt(redis.port))] as const
  for (const { link } of both) expect(await link.opened(20_000)).toBe(true)
  const there = hearing(both[1], 7)
  await expect.poll(() => there.all, soon).toEqual([0])
  wire.delayMs = 3_000
  await goesOnAlone(both[0])
  // Its answers are late, its rings arrive.
  both[0].doorbell.ring({ mailbox: 7, modSeq: 5 })
  await expect.poll(() => there.modSeqs().includes(5), soon).toBe(true)
  wire.delayMs = 0
  await worksTogether(both, 7)
})

test('cut off alone: what it rang meanwhile the others hear when its wire is whole again', async () => {
  const wire = await slowWire(redis.port)
  const both = [member(serverAt(wire.port)), member(serverAt(redis.port))] as const
  for (const { link } of both) expect(await link.opened(20_000)).toBe(true)
  const [there, other] = [hearing(both[1], 7), hearing(both[1], 8)]
  await expect.poll(() => [there.all, other.all], soon).toEqual([[0], [0]])
  wire.cut(true)
  await goesOnAlone(both[0])
  for (let modSeq = 1; modSeq <= 50; modSeq++) both[0].doorbell.ring({ mailbox: 7, modSeq })
  both[0].doorbell.ring({ mailbox: 8, modSeq: 9 })
  wire.cut(false)
  await expect
    .poll(() => [there.all, other.all], soon)
    .toEqual([
      [0, 50],
      [0, 9],
    ])
  await worksTogether(both, 70)
})

test('full: limits are counted alone, rings go on', async () => {
  const both = await members(serverAt(redis.port))
  await redis.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
  await redis.ask('CONFIG', 'SET', 'maxmemory', '1')
  await goesOnAlone(both[0])
  expect(both[0].link.isUp).toBe(true)
  expect(both[0].errors.map(String)).toEqual([expect.stringMatching(/Redis refuses the counters: .*OOM/)])
  const there = hearing(both[1], 7)
  await expect.poll(() => there.all, soon).toEqual([0])
  both[0].doorbell.ring({ mailbox: 7, modSeq: 5 })
  await expect.poll(() => there.modSeqs(), soon).toEqual([5])
  await redis.ask('CONFIG', 'SET', 'maxmemory', '0')
  await worksTogether(both, 7)
})

test('a replica, which takes nothing: limits are counted alone, and it is not connected to again and again', async () => {
  const replica = await startRedis('--replicaof', '127.0.0.1', String(redis.port))
  await expect.poll(() => replica.ask('INFO', 'replication'), soon).toContain('master_link_status:up')
  const both = [member(serverAt(replica.port)), member(serverAt(redis.port))] as const
  for (const { link } of both) expect(await link.opened(20_000)).toBe(true)
  for (let n = 1; n <= 50; n++) expect(await both[0].counters.add('x', window())).toBe(n)
  await expect.poll(() => both[0].link.isUp, soon).toBe(true)
  for (let n = 51; n <= 100; n++) expect(await both[0].counters.add('x', window())).toBe(n)
  expect(both[0].states.length).toBeLessThanOrEqual(3)
  // What is published at the server its replicas hear, too.
  const there = hearing(both[0], 7)
  await expect.poll(() => there.all, soon).toContain(0)
  both[1].doorbell.ring({ mailbox: 7, modSeq: 5 })
  await expect.poll(() => there.modSeqs(), soon).toEqual([5])
})

test('no leave to publish or to subscribe: said once, and everyone is rung in turns', async () => {
  const both = await members(serverAt(redis.port))
  await redis.ask('ACL', 'SETUSER', 'default', '-publish', '-subscribe')
  const there = hearing(both[1], 7)
  both[0].doorbell.ring({ mailbox: 7, modSeq: 5 })
  await expect.poll(() => there.all.length, soon).toBeGreaterThan(5)
  expect(there.modSeqs()).toEqual([])
  await expect.poll(() => [both[0].errors.length, both[1].errors.length], soon).toEqual([1, 1])
  expect(String(both[0].errors[0])).toMatch(/refuses the doorbell.*NOPERM/)
  await redis.ask('ACL', 'SETUSER', 'default', '+publish', '+subscribe')
  await worksTogether(both, 7)
})

test('places that were given back while it was away are free when it is back', async () => {
  const both = await members(serverAt(redis.port))
  const place = () => ({ ...window(), max: 1 })
  expect(await both[0].counters.hold('inbox', 'a', place())).toBe(true)
  redis.pause()
  await both[0].counters.release('inbox', 'a')
  redis.resume()
  await expect.poll(() => both[1].link.isUp && both[1].counters.hold('inbox', 'b', place()), soon).toBe(true)
})

test('never there: ring throws nothing, a close does not wait, and what waits is bounded', async () => {
  await redis.kill()
  const one = member(serverAt(redis.port))
  const here = hearing(one, 7)
  const before = process.memoryUsage().heapUsed
  for (let mailbox = 1; mailbox <= 300_000; mailbox++) one.doorbell.ring({ mailbox, modSeq: mailbox })
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024)
  await expect.poll(() => here.modSeqs(), soon).toEqual([7])
  expect(one.link.reason).toContain('ECONNREFUSED')
  const { tookMs } = await timed(() => one.doorbell.close())
  expect(tookMs).toBeLessThan(boundMs)
})

test('a restart forgets the scripts, which are then sent again', async () => {
  const both = await members(serverAt(redis.port))
  await both[0].counters.add('x', window())
  await redis.ask('SCRIPT', 'FLUSH')
  expect(await both[0].counters.add('x', window())).toBe(2)
  expect(both[0].stoodIn()).toBe(0)
})

test('the channel for everybody is listened to by all', async () => {
  await members(serverAt(redis.port))
  await expect.poll(() => redis.ask('PUBSUB', 'NUMSUB', channels.everyone), soon).toBe(`${channels.everyone}\n2`)
})
