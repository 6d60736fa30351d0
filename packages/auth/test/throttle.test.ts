/** The throttle (contract B10) with a clock of its own: who is delayed, how long, and who never is. */
import { localCounters } from '@postern/events'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { delayMsMax, freeWrongSecrets, Throttle } from '../src/index.js'
import { hasher, home, now0 } from './town.js'

const minute = 60_000

class Place {
  now = now0
  readonly counters = localCounters({ keysMax: 10_000, membersMax: 100 })
  readonly throttle = this.another()

  another(): Throttle {
    return new Throttle({ counters: this.counters, hasher, clock: () => this.now })
  }

  wrong(secret: string, { address = home, user = 'alice@example.test', inbox = 'inb_alice' } = {}): Promise<number> {
    return this.throttle.delayFor({ address, user, inbox, wrong: secret })
  }

  right({ address = home, user = 'alice@example.test', inbox = 'inb_alice' } = {}): Promise<number> {
    return this.throttle.delayFor({ address, user, inbox, wrong: undefined })
  }

  async guess(times: number, where: Parameters<Place['wrong']>[1] = {}): Promise<number[]> {
    const delays: number[] = []
    for (let i = 0; i < times; i++) delays.push(await this.wrong(`guess ${i} ${JSON.stringify(where)}`, where))
    return delays
  }
}

test('guesses for one name from one network: some are free, then each waits twice as long, four seconds at most', async () => {
  const delays = await new Place().guess(12)
  expect(delays).toEqual([0, 0, 0, 0, 250, 500, 1000, 2000, 4000, 4000, 4000, 4000])
  expect(freeWrongSecrets.userFromNetwork).toBe(4)
})

test('an old password again and again is one wrong secret, and never delayed', async () => {
  const place = new Place()
  for (let i = 0; i < 500; i++) {
    place.now += 20_000
    expect(await place.wrong('the old password')).toBe(0)
  }
})

test("an old password isn't delayed either where others guess", async () => {
  const place = new Place()
  await place.wrong('the old password')
  await place.guess(30)
  expect(await place.wrong('the old password')).toBe(0)
})

test('many names from one network: the network has its share, then waits for any name', async () => {
  const place = new Place()
  const delays: number[] = []
  for (let i = 0; i < 26; i++)
    delays.push(await place.wrong(`guess ${i}`, { user: `u${i}@example.test`, inbox: `i${i}` }))
  expect(delays.slice(0, freeWrongSecrets.network)).toEqual(new Array(20).fill(0))
  expect(delays.slice(20)).toEqual([250, 500, 1000, 2000, 4000, 4000])
  expect(await place.right({ user: 'zoe@example.test', inbox: 'inb_zoe' })).toBe(4000)
  expect(
    await place.right({ address: '192.0.2.200', user: 'zoe@example.test', inbox: 'inb_eve' }),
    'the same /24',
  ).toBe(4000)
  expect(await place.right({ address: '192.0.3.7', user: 'zoe@example.test', inbox: 'inb_zoe' }), 'another /24').toBe(0)
})

test('an IPv6 client counts as its /48', async () => {
  const place = new Place()
  for (let i = 0; i < 10; i++) await place.wrong(`guess ${i}`, { address: `2001:db8:1:${i}::1` })
  expect(await place.right({ address: '2001:db8:1:ffff::1', inbox: 'other' })).toBe(4000)
  expect(await place.right({ address: '2001:db8:2::1', inbox: 'other' })).toBe(0)
})

test('an inbox is not locked out for its other networks, nor for good', async () => {
  const place = new Place()
  await place.guess(40)
  expect(await place.right({ address: '198.51.100.9' })).toBe(0)
  expect(await place.right(), 'waits, and is let in').toBe(delayMsMax)
  place.now += 15 * minute + 1
  expect(await place.right({ inbox: 'other' }), 'the window has passed').toBe(0)
})

test('one name from everywhere: leniently, and where it was opened lately not at all', async () => {
  const place = new Place()
  const known = { address: '203.0.113.9' }
  expect(await place.right(known)).toBe(0)
  for (let i = 0; i < 56; i++) await place.wrong(`guess ${i}`, { address: `10.0.${i}.1` })
  expect(await place.wrong('one more', { address: '10.9.9.9' })).toBe(4000)
  expect(await place.right(known)).toBe(0)
  expect(await place.right({ address: '198.51.100.9' }), 'a new network').toBe(4000)
  expect(await place.right({ address: '198.51.100.9' }), 'and no longer new').toBe(0)
})

test('a network that opened an inbox lately waits for no guess at it, but for the others it does', async () => {
  const place = new Place()
  await place.right()
  await place.guess(40, { user: 'bob@example.test', inbox: 'inb_bob' })
  expect(await place.right()).toBe(0)
  expect(await place.wrong('mistyped')).toBe(0)
  expect(await place.right({ user: 'bob@example.test', inbox: 'inb_bob' })).toBe(4000)
  place.now += 26 * 60 * minute
  await place.guess(40)
  expect(await place.right(), 'a day later that is forgotten').toBe(4000)
})

test('without a user name the network alone counts, and a key that was used from there lately is not delayed', async () => {
  const place = new Place()
  const api = { user: undefined, inbox: undefined }
  const attempt = (wrong: string | undefined, address: string, inbox?: string) =>
    place.throttle.delayFor({ ...api, address, wrong, inbox })
  for (let i = 0; i < 100; i++) await attempt(`guess ${i}`, `10.0.${i}.1`)
  expect(await attempt('guess', '198.51.100.9'), 'elsewhere').toBe(0)
  expect(await attempt(undefined, home, 'cred_1')).toBe(0)
  for (let i = 0; i < 40; i++) await attempt(`guess ${i}`, home)
  expect(await attempt(undefined, home, 'cred_1')).toBe(0)
  expect(await attempt(undefined, home, 'cred_2')).toBe(4000)
})

test('what is counted is shared: another process that has the counters knows it, and so does one that starts later', async () => {
  const place = new Place()
  await place.guess(8)
  const other = place.another()
  expect(await other.delayFor({ address: home, user: 'alice@example.test', inbox: 'i', wrong: 'new' })).toBe(4000)
})

test('upper case and long names are the same name, and no secret is kept in a counter', async () => {
  const place = new Place()
  const keys: string[] = []
  const spied = new Proxy(place.counters, {
    get: (counters, name: 'addDistinct') =>
      name === 'addDistinct'
        ? (key: string, member: string, window: never) => {
            keys.push(key, member)
            return counters.addDistinct(key, member, window)
          }
        : counters[name],
  })
  const throttle = new Throttle({ counters: spied, hasher, clock: () => place.now })
  const attempt = { address: home, inbox: undefined, wrong: 'hunter2 hunter2' }
  await throttle.delayFor({ ...attempt, user: 'ALICE@example.test' })
  await throttle.delayFor({ ...attempt, user: 'alice@example.test' })
  await throttle.delayFor({ ...attempt, user: 'x'.repeat(10_240) })
  expect(keys.join(' ')).not.toContain('hunter2')
  expect(Math.max(...keys.map((key) => key.length))).toBeLessThan(500)
  expect(new Set(keys.slice(0, 12)).size).toBe(4)
})

describe('against a plain model', () => {
  const attempts = fc.array(
    fc.record({
      network: fc.integer({ min: 0, max: 2 }),
      user: fc.integer({ min: 0, max: 1 }),
      secret: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined }),
      laterMs: fc.constantFrom(0, 1_000, 200_000, 700_000),
    }),
    { maxLength: 80 },
  )
  /** All that ever happened, and the rules as they are told. */
  function expected(past: { network: number; user: number; secret: number | undefined; at: number }[]): number {
    const last = past.at(-1) as (typeof past)[number]
    const recent = past.filter(({ at }) => at > last.at - 900_000)
    const wrongs = (of: typeof past, same: (one: (typeof past)[number]) => boolean): Set<number> =>
      new Set(of.filter(same).flatMap(({ secret }) => secret ?? []))
    const scales: [number, (one: (typeof past)[number]) => boolean][] = [
      [freeWrongSecrets.network, ({ network }) => network === last.network],
      [freeWrongSecrets.userFromNetwork, ({ network, user }) => network === last.network && user === last.user],
      [freeWrongSecrets.user, ({ user }) => user === last.user],
    ]
    const delays = scales.map(([free, same]) => {
      const isKnown = last.secret !== undefined && wrongs(recent.slice(0, -1), same).has(last.secret)
      const beyond = wrongs(recent, same).size - free
      return isKnown || beyond <= 0 ? 0 : Math.min(delayMsMax, 250 * 2 ** (beyond - 1))
    })
    const hasOpened = past
      .slice(0, -1)
      .some((one) => one.secret === undefined && one.network === last.network && one.user === last.user)
    return hasOpened ? 0 : Math.max(...delays)
  }

  test('whatever happens within a day, the delay is what the rules say', async () => {
    await fc.assert(
      fc.asyncProperty(attempts, async (all) => {
        const place = new Place()
        const past: Parameters<typeof expected>[0] = []
        for (const { network, user, secret, laterMs } of all) {
          place.now += laterMs
          past.push({ network, user, secret, at: place.now })
          const where = { address: `10.${network}.0.1`, user: `u${user}@example.test`, inbox: `inb_${user}` }
          const delay = secret === undefined ? await place.right(where) : await place.wrong(`s${secret}`, where)
          expect(delay).toBe(expected(past))
        }
      }),
      { numRuns: 200 },
    )
  })
})
