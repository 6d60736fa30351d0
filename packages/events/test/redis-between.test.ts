/** What is said between processes over Redis: who hears what, how often, and what it costs. */
import { beforeEach, expect, test } from 'vitest'
import { hearing, members, soon } from './redis-fixtures.js'
import { serverAt, startRedis } from './redis-process.js'

const redis = await startRedis()
const server = serverAt(redis.port)
beforeEach(() => redis.ask('FLUSHALL'))

const subscribers = async (channel: string): Promise<number> =>
  Number((await redis.ask('PUBSUB', 'NUMSUB', channel)).split('\n')[1])

test('a ring is heard by the others once, with its modSeq, and by its own process once', async () => {
  const [one, two] = await members(server)
  const [here, there] = [hearing(one, 7), hearing(two, 7)]
  await expect.poll(() => subscribers('postern:ring:mailbox:7'), soon).toBe(2)
  one.doorbell.ring({ mailbox: 7, modSeq: 42 })
  await expect.poll(() => there.modSeqs(), soon).toEqual([42])
  two.doorbell.ring({ mailbox: 7, modSeq: 43 })
  await expect.poll(() => here.modSeqs(), soon).toEqual([42, 43])
  expect(there.modSeqs()).toEqual([42, 43])
})

test('what changed in the directory and an outbox that is due are heard by the others', async () => {
  const [one, two] = await members(server)
  const records: string[] = []
  let due = 0
  two.doorbell.listenToDirectory((publicId) => void records.push(publicId))
  two.doorbell.listenForOutbox(() => void due++)
  await expect.poll(() => due, soon).toBe(1)
  await expect.poll(() => subscribers('postern:ring:directory'), soon).toBe(1)
  one.doorbell.ring({ directory: 'crd_1' })
  one.doorbell.ring({ directory: 'crd_2' })
  one.doorbell.ring({ outbox: 'due' })
  await expect.poll(() => [records, due], soon).toEqual([['crd_1', 'crd_2'], 2])
})

test('whoever begins to listen is told to look once Redis has noted it: nothing falls in between', async () => {
  const [one] = await members(server)
  const { all } = hearing(one, 7)
  expect(all).toEqual([])
  await expect.poll(() => all, soon).toEqual([0])
  const again = hearing(one, 7)
  one.doorbell.ring({ mailbox: 7, modSeq: 1 })
  await expect.poll(() => [all, again.all], soon).toEqual([[0, 1], [1]])
})

test('a process hears only of what it listens to; a client that comes back soon costs nothing', async () => {
  let heard = 0
  const [one, two] = await members(server, { lingerMs: 300, onHeard: () => heard++ })
  const first = hearing(two, 7)
  await expect.poll(() => subscribers('postern:ring:mailbox:7'), soon).toBe(1)
  first.stop()
  first.stop()
  const second = hearing(two, 7)
  one.doorbell.ring({ mailbox: 7, modSeq: 1 })
  one.doorbell.ring({ mailbox: 8, modSeq: 1 })
  await expect.poll(() => second.all, soon).toEqual([1])
  expect(heard).toBe(1)
  second.stop()
  await expect.poll(() => subscribers('postern:ring:mailbox:7'), soon).toBe(0)
  const third = hearing(two, 7)
  await expect.poll(() => third.all, soon).toEqual([0])
  one.doorbell.ring({ mailbox: 7, modSeq: 2 })
  await expect.poll(() => third.all, soon).toEqual([0, 2])
})

test('rings of one turn are one command for each mailbox', async () => {
  let published = 0
  const [one, two] = await members(server, { onPublished: (rings) => (published += rings) })
  const there = hearing(two, 7)
  await expect.poll(() => there.all, soon).toEqual([0])
  for (let modSeq = 1; modSeq <= 1000; modSeq++) one.doorbell.ring({ mailbox: 7, modSeq })
  await expect.poll(() => there.modSeqs(), soon).toEqual([1000])
  expect(published).toBe(1)
})

test('what strangers publish there harms nobody', async () => {
  const [one] = await members(server)
  const here = hearing(one, 7)
  const records: string[] = []
  one.doorbell.listenToDirectory((publicId) => void records.push(publicId))
  await expect.poll(() => subscribers('postern:ring:directory'), soon).toBe(1)
  await expect.poll(() => here.all, soon).toEqual([0])
  for (const payload of ['', 'x', 'x y z', 'x -1', 'x 1e99', '{"modSeq":7}'])
    await redis.ask('PUBLISH', 'postern:ring:mailbox:7', payload)
  await redis.ask('PUBLISH', 'postern:ring:everyone', 'x')
  await redis.ask('PUBLISH', 'postern:ring:directory', 'x crd_1')
  await expect.poll(() => records, soon).toEqual(['crd_1'])
  expect(here.modSeqs()).toEqual([])
  expect(one.errors).toEqual([])
})

test('counts, members and places are shared, in one command a question, and nothing is left for good', async () => {
  const [one, two] = await members(server)
  const window = { windowMs: 60_000, nowMs: Date.now() }
  for (const by of [1, 0, 2]) await one.counters.add('count', { ...window, by })
  expect(await two.counters.add('count', { ...window, by: 0 })).toBe(3)
  await one.counters.addDistinct('members', 'a', window)
  expect(await two.counters.addDistinct('members', 'b', window)).toEqual({ count: 2, isNew: true })
  expect(await one.counters.distinct('members', window)).toBe(2)
  expect(await one.counters.hold('places', 'a', { ...window, max: 1 })).toBe(true)
  expect(await two.counters.hold('places', 'b', { ...window, max: 1 })).toBe(false)
  await one.counters.release('places', 'a')
  expect(await two.counters.hold('places', 'b', { ...window, max: 1 })).toBe(true)
  for (const key of (await redis.ask('KEYS', '*')).split('\n')) {
    const leftMs = Number(await redis.ask('PTTL', key))
    expect(leftMs).toBeGreaterThan(0)
    expect(leftMs).toBeLessThanOrEqual(66_000)
  }
  await redis.ask('CONFIG', 'RESETSTAT')
  await one.counters.add('count', window)
  await one.counters.addDistinct('members', 'a', window)
  await one.counters.distinct('members', window)
  const calls = (await redis.ask('INFO', 'commandstats')).match(/(?<=cmdstat_)(?:evalsha|eval|zcount):calls=\d+/g)
  expect(calls?.sort()).toEqual(['evalsha:calls=2', 'zcount:calls=1'])
  expect([one.stoodIn(), two.stoodIn()]).toEqual([0, 0])
})

test('of many that want the last place at once, one gets it', async () => {
  const both = await members(server)
  const place = { windowMs: 60_000, nowMs: Date.now(), max: 10 }
  const asked = Array.from({ length: 100 }, (_, n) => both[n % 2]!.counters.hold('inbox', `session ${n}`, place))
  expect((await Promise.all(asked)).filter((isHeld) => isHeld)).toHaveLength(10)
})

test('the last rings before a close still leave', async () => {
  const [one, two] = await members(server)
  const there = hearing(two, 7)
  await expect.poll(() => there.all, soon).toEqual([0])
  one.doorbell.ring({ mailbox: 7, modSeq: 9 })
  await one.doorbell.close()
  one.doorbell.ring({ mailbox: 7, modSeq: 10 })
  await expect.poll(() => there.modSeqs(), soon).toEqual([9])
})
