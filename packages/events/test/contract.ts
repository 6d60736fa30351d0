/**
 * What every engine of the doorbell and the counters must do; each engine's test file calls these with a way to make one.
 * Engines may take their time to deliver, so rings are awaited, and what must not come is proven by a later ring that did.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Counters, Doorbell, Sending } from '../src/index.js'

/** Looks until it holds, for as long as a busy machine or a network may need. */
const soon = (look: () => void): Promise<void> => vi.waitFor(look, { timeout: 10_000 })

export type DoorbellMaker = (options: { readonly onError: (error: unknown) => void }) => Promise<Doorbell> | Doorbell

export function doorbellContract(make: DoorbellMaker): void {
  describe('doorbell', () => {
    let doorbell: Doorbell
    let errors: unknown[]

    beforeEach(async () => {
      errors = []
      doorbell = await make({ onError: (error) => errors.push(error) })
    })
    afterEach(() => doorbell.close())

    /** Without the rings that only say "look": an engine may give as many of them as it likes. */
    const listen = (mailbox: number, listener: (modSeq: number) => void | Promise<void>) =>
      doorbell.listen(mailbox, (modSeq) => (modSeq === 0 ? undefined : listener(modSeq)))

    /** Rings the outbox and waits until that is heard: everything rung before has then been delivered. */
    const settled = () =>
      new Promise<void>((resolve) => {
        const stop = doorbell.listenForOutbox(() => {
          stop()
          resolve()
        })
        doorbell.ring({ outbox: 'due' })
      })

    test('a listener hears its mailbox with the modSeq', async () => {
      const heard: number[] = []
      listen(7, (modSeq) => void heard.push(modSeq))
      doorbell.ring({ mailbox: 7, modSeq: 42 })
      doorbell.ring({ mailbox: 8, modSeq: 43 })
      await settled()
      expect(heard).toEqual([42])
    })

    test("delivery is never inside the ringer's call", async () => {
      let isRinging = true
      const heard: boolean[] = []
      listen(7, () => void heard.push(isRinging))
      doorbell.listenToDirectory(() => void heard.push(isRinging))
      doorbell.listenForOutbox(() => void heard.push(isRinging))
      doorbell.ring({ mailbox: 7, modSeq: 1 })
      doorbell.ring({ directory: 'c' })
      doorbell.ring({ outbox: 'due' })
      isRinging = false
      await soon(() => expect(heard.length).toBeGreaterThanOrEqual(3))
      expect(heard).not.toContain(true)
    })

    test('rings in a row are heard once, with the highest modSeq', async () => {
      const heard: number[] = []
      listen(7, (modSeq) => void heard.push(modSeq))
      for (const modSeq of [5, 9, 7]) doorbell.ring({ mailbox: 7, modSeq })
      await settled()
      expect(heard.at(-1)).toBe(9)
      expect(heard.length).toBeLessThanOrEqual(3)
    })

    test('all listeners of a mailbox hear, each until it stops', async () => {
      const heard: string[] = []
      const stopOne = listen(7, () => void heard.push('one'))
      listen(7, () => void heard.push('two'))
      doorbell.ring({ mailbox: 7, modSeq: 1 })
      await settled()
      expect(heard.splice(0).sort()).toEqual(['one', 'two'])
      stopOne()
      stopOne()
      doorbell.ring({ mailbox: 7, modSeq: 2 })
      await settled()
      expect(heard).toEqual(['two'])
    })

    test('a listener that stopped hears nothing, even of a ring before', async () => {
      const heard: string[] = []
      const stop = listen(7, () => void heard.push('late'))
      doorbell.ring({ mailbox: 7, modSeq: 1 })
      stop()
      await settled()
      expect(heard).toEqual([])
    })

    test('a listener may stop another, or itself, while it hears', async () => {
      const heard: string[] = []
      const stops: (() => void)[] = []
      for (const name of ['one', 'two', 'three']) {
        stops.push(
          listen(7, () => {
            heard.push(name)
            for (const stop of stops) stop()
          }),
        )
      }
      doorbell.ring({ mailbox: 7, modSeq: 1 })
      await settled()
      expect(heard).toHaveLength(1)
    })

    test('the same function listens twice and stops once', async () => {
      let calls = 0
      const listener = (modSeq: number) => {
        if (modSeq > 0) calls++
      }
      const stop = doorbell.listen(7, listener)
      doorbell.listen(7, listener)
      stop()
      doorbell.ring({ mailbox: 7, modSeq: 1 })
      await settled()
      expect(calls).toBe(1)
    })

    test('who listens again after all have stopped hears again', async () => {
      const heard: number[] = []
      listen(7, () => void heard.push(0))()
      listen(7, (modSeq) => void heard.push(modSeq))
      doorbell.ring({ mailbox: 7, modSeq: 3 })
      await settled()
      expect(heard).toEqual([3])
    })

    test('a listener that throws or rejects is reported and hurts no other', async () => {
      const heard: number[] = []
      listen(7, () => {
        throw new Error('thrown')
      })
      listen(7, () => Promise.reject(new Error('rejected')))
      listen(7, (modSeq) => void heard.push(modSeq))
      listen(8, (modSeq) => void heard.push(modSeq))
      doorbell.ring({ mailbox: 7, modSeq: 1 })
      doorbell.ring({ mailbox: 8, modSeq: 2 })
      await settled()
      expect(heard.sort()).toEqual([1, 2])
      await soon(() => expect(errors.map(String).sort()).toEqual(['Error: rejected', 'Error: thrown']))
    })

    test('a ring from a listener is delivered later', async () => {
      const heard: number[] = []
      listen(7, (modSeq) => {
        heard.push(modSeq)
        if (modSeq < 3) doorbell.ring({ mailbox: 7, modSeq: modSeq + 1 })
      })
      doorbell.ring({ mailbox: 7, modSeq: 1 })
      await soon(() => expect(heard).toEqual([1, 2, 3]))
    })

    test('each revoked credential is heard by all', async () => {
      const heard: string[] = []
      doorbell.listenToDirectory((publicId) => void heard.push(`one ${publicId}`))
      const stop = doorbell.listenToDirectory((publicId) => void heard.push(`two ${publicId}`))
      doorbell.ring({ directory: 'a' })
      doorbell.ring({ directory: 'b' })
      await settled()
      expect(heard.splice(0).sort()).toEqual(['one a', 'one b', 'two a', 'two b'])
      stop()
      doorbell.ring({ directory: 'c' })
      await settled()
      expect(heard).toEqual(['one c'])
    })

    test('10,000 listeners on their own mailboxes cost little', async () => {
      const count = 10_000
      let calls = 0
      const beganMs = performance.now()
      const stops = Array.from({ length: count }, (_, mailbox) => listen(mailbox, () => void calls++))
      for (let mailbox = 0; mailbox < count; mailbox++) doorbell.ring({ mailbox, modSeq: 1 })
      await settled()
      for (const stop of stops) stop()
      expect(calls).toBe(count)
      expect(performance.now() - beganMs).toBeLessThan(2000)
    })

    test('after close nothing is heard', async () => {
      const heard: unknown[] = []
      listen(7, (modSeq) => void heard.push(modSeq))
      doorbell.listenToDirectory((publicId) => void heard.push(publicId))
      doorbell.ring({ mailbox: 7, modSeq: 1 })
      doorbell.ring({ directory: 'c' })
      await doorbell.close()
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect(heard).toEqual([])
    })
  })
}

export type CountersMaker = (limits: {
  readonly keysMax: number
  readonly membersMax: number
}) => Promise<Counters> | Counters

export function countersContract(make: CountersMaker): void {
  describe('counters', () => {
    const windowMs = 1000
    /** Somewhere in a bucket, not at its start. */
    const t0 = 1_700_000_000_034
    let counters: Counters

    beforeEach(async () => {
      counters = await make({ keysMax: 100, membersMax: 5 })
    })
    afterEach(() => counters.close())

    test('adds up within the window, key by key', async () => {
      expect(await counters.add('a', { windowMs, nowMs: t0 })).toBe(1)
      expect(await counters.add('a', { windowMs, nowMs: t0 + 10, by: 4 })).toBe(5)
      expect(await counters.add('b', { windowMs, nowMs: t0 + 20, by: 2 })).toBe(2)
      expect(await counters.add('a', { windowMs, nowMs: t0 + 30, by: 0 })).toBe(5)
    })

    test.each([
      [999, 3],
      [1000, 3],
      [1100, 0],
      [5000, 0],
    ])('what was added counts for the window and at most a tenth more: after %i ms %i', async (laterMs, expected) => {
      await counters.add('a', { windowMs, nowMs: t0, by: 3 })
      expect(await counters.add('a', { windowMs, nowMs: t0 + laterMs, by: 0 })).toBe(expected)
    })

    test('slides: what was added first goes first', async () => {
      await counters.add('a', { windowMs, nowMs: t0, by: 1 })
      await counters.add('a', { windowMs, nowMs: t0 + 500, by: 10 })
      expect(await counters.add('a', { windowMs, nowMs: t0 + 1100, by: 100 })).toBe(110)
      expect(await counters.add('a', { windowMs, nowMs: t0 + 1600, by: 0 })).toBe(100)
    })

    test('counts distinct members once', async () => {
      const at = (nowMs: number, member: string) => counters.addDistinct('a', member, { windowMs, nowMs })
      expect(await at(t0, 'x')).toEqual({ count: 1, isNew: true })
      expect(await at(t0 + 1, 'x')).toEqual({ count: 1, isNew: false })
      expect(await at(t0 + 2, 'y')).toEqual({ count: 2, isNew: true })
      expect(await counters.addDistinct('b', 'x', { windowMs, nowMs: t0 + 3 })).toEqual({ count: 1, isNew: true })
    })

    test('a member is forgotten a window after it was last seen', async () => {
      const at = (nowMs: number, member: string) => counters.addDistinct('a', member, { windowMs, nowMs })
      await at(t0, 'x')
      await at(t0 + 10, 'y')
      await at(t0 + 900, 'x')
      expect(await at(t0 + 1010, 'z')).toEqual({ count: 2, isNew: true })
      expect(await at(t0 + 1900, 'x')).toEqual({ count: 2, isNew: true })
    })

    test('distinct members are read without adding one', async () => {
      const read = (laterMs: number) => counters.distinct('a', { windowMs, nowMs: t0 + laterMs })
      expect(await read(0)).toBe(0)
      await counters.addDistinct('a', 'x', { windowMs, nowMs: t0 })
      await counters.addDistinct('a', 'y', { windowMs, nowMs: t0 + 500 })
      expect([await read(600), await read(600), await read(1200), await read(1600)]).toEqual([2, 2, 1, 0])
    })

    test('keeps no more than membersMax members, the last ones', async () => {
      for (let member = 0; member < 20; member++) {
        const { count } = await counters.addDistinct('a', String(member), { windowMs, nowMs: t0 + member })
        expect(count).toBe(Math.min(member + 1, 5))
      }
      expect(await counters.addDistinct('a', '19', { windowMs, nowMs: t0 + 30 })).toEqual({ count: 5, isNew: false })
    })

    test('there are only so many places, and one that is given back is free', async () => {
      const hold = (member: string, nowMs = t0) => counters.hold('a', member, { windowMs, nowMs, max: 2 })
      expect([await hold('x'), await hold('y'), await hold('z'), await hold('x')]).toEqual([true, true, false, true])
      expect(await counters.hold('b', 'z', { windowMs, nowMs: t0, max: 2 })).toBe(true)
      await counters.release('a', 'y')
      await counters.release('a', 'nobody')
      expect([await hold('z'), await hold('y')]).toEqual([true, false])
    })

    test('a place is lost by who does not take it again in time', async () => {
      const hold = (member: string, nowMs: number) => counters.hold('a', member, { windowMs, nowMs, max: 2 })
      await hold('x', t0)
      await hold('y', t0)
      expect(await hold('y', t0 + 900)).toBe(true)
      expect(await hold('z', t0 + 950)).toBe(false)
      expect(await hold('z', t0 + 1000)).toBe(true)
      expect(await hold('x', t0 + 1001)).toBe(false)
    })
  })
}

export type SendingMaker = (options: { readonly messagesMax: number }) => Promise<Sending> | Sending

export function sendingContract(make: SendingMaker): void {
  describe('sending', () => {
    let sending: Sending

    beforeEach(async () => {
      sending = await make({ messagesMax: 5 })
    })
    afterEach(() => sending.close())

    /** Long enough for a busy machine; a test that has to wait so long fails by its own timeout. */
    const long = { timeoutMs: 60_000 }
    const isOpen = async (account: number, message: number): Promise<boolean> => {
      const settled = sending.settled(account, message, long).then(() => false)
      return Promise.race([settled, new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 50))])
    }

    test('where nobody is sending there is nothing to wait for', async () => {
      await sending.settled(1, 7, long)
      const end = sending.begin(1, 7)
      end()
      await soonEnded(1, 7)
      sending.begin(1, 7)
      await sending.settled(1, 8, long)
      await sending.settled(2, 7, long)
    })

    const soonEnded = (account: number, message: number) =>
      vi.waitFor(async () => expect(await isOpen(account, message)).toBe(false), { timeout: 10_000 })

    test('everybody who waits goes on when the submission ends, and not before', async () => {
      const end = sending.begin(1, 7)
      const waiting = Promise.all([sending.settled(1, 7, long), sending.settled(1, 7, long)])
      expect(await isOpen(1, 7)).toBe(true)
      end()
      await waiting
      await sending.settled(1, 7, long)
    })

    test('of two submissions of a message the last one counts; ending one twice ends no other', async () => {
      const [first, second] = [sending.begin(1, 7), sending.begin(1, 7)]
      first()
      first()
      expect(await isOpen(1, 7)).toBe(true)
      second()
      await soonEnded(1, 7)
    })

    test('the wait ends by its own time, or by its signal', async () => {
      sending.begin(1, 7)
      await sending.settled(1, 7, { timeoutMs: 20 })
      const gone = new AbortController()
      const waiting = sending.settled(1, 7, { ...long, signal: gone.signal })
      gone.abort()
      await waiting
      await sending.settled(1, 7, { ...long, signal: gone.signal })
    })

    test('a close lets everybody go on', async () => {
      const end = sending.begin(1, 7)
      const waiting = sending.settled(1, 7, long)
      await sending.close()
      await waiting
      end()
    })
  })
}
