// Sending limits of the hour and the day: what every engine must count, for a credential and for an inbox, whoever else
// writes to the same data.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Inbox } from '../../src/directory/records.js'
import type { CredentialId } from '../../src/model.js'
import type { SendingAsk, Submission, Submitted } from '../../src/outbox/outbox.js'
import { type Bench, type MakeBench, type Node, prepared, refused, settled } from './bench.js'

const minuteMs = 60_000
const hourMs = 3_600_000
const dayMs = 86_400_000
const unlimited = { perHour: undefined, perDay: undefined }
const credential = 7 as CredentialId
type Limits = readonly [hour?: number | undefined, day?: number | undefined]

export function sendingCountsContract(makeBench: MakeBench): void {
  let bench: Bench
  let ada: Inbox

  beforeEach(async () => {
    bench = await makeBench()
    const home = await settled(bench)
    ada = await bench.directory.createInbox({ domain: home.domain.id, address: 'ada@example.test' })
  })
  afterEach(() => bench.destroy())

  const sending = (limits: { credential?: Limits; inbox?: Limits }) => ({
    credentialLimits: { ...unlimited, perHour: limits.credential?.[0], perDay: limits.credential?.[1] },
    inboxLimits: { ...unlimited, perHour: limits.inbox?.[0], perDay: limits.inbox?.[1] },
  })
  const submit = (recipients: number, more: Partial<Submission> = {}, node: Node = bench): Promise<Submitted> =>
    node.outbox.submit({
      ...{ account: ada.id, credential, sender: 'ada@example.test', message: prepared('Hello'), body: '7bit' },
      internalDate: 1_800_000_000,
      recipients: Array.from({ length: recipients }, (_, i) => ({ address: `r${i}@remote.test` })),
      ...more,
    })
  const room = (recipients: number, more: Omit<SendingAsk, 'recipients'>, node: Node = bench) =>
    node.outbox.sendingRoom({ account: ada.id, credential, recipients, ...more })

  test('over the hour is refused with the time when it opens, and then it opens', async () => {
    const limits = { sending: sending({ credential: [5] }) }
    await submit(3, limits)
    bench.clock.now += 10 * minuteMs
    await submit(2, limits)
    const asked = await room(1, limits)
    expect(asked).toMatchObject({ fits: false })
    const opensAt = (asked.fits ? undefined : asked.opensAt) as number
    expect(opensAt).toBeGreaterThanOrEqual(bench.clock.now + hourMs - 10 * minuteMs)
    expect(opensAt).toBeLessThanOrEqual(bench.clock.now + hourMs - 9 * minuteMs)
    await expect(submit(1, limits)).rejects.toMatchObject({ code: 'sending-limit', opensAt })
    expect(bench.probe.messages(), 'a refused submission leaves nothing').toBe(2)
    bench.clock.now = opensAt - 1
    await refused(submit(1, limits), 'sending-limit')
    bench.clock.now = opensAt
    expect(await room(3, limits)).toEqual({ fits: true })
    await submit(3, limits)
    expect(await room(1, limits)).toMatchObject({ fits: false })
  })

  test('the day counts what the hour has forgotten', async () => {
    const limits = { sending: sending({ inbox: [2, 5] }) }
    for (const n of [2, 2]) {
      await submit(n, limits)
      bench.clock.now += 2 * hourMs
    }
    await submit(1, limits)
    bench.clock.now += 2 * hourMs
    const asked = await room(1, limits)
    const opensAt = asked.fits ? 0 : (asked.opensAt as number)
    const firstSent = bench.clock.now - 6 * hourMs
    expect(opensAt).toBeGreaterThanOrEqual(firstSent + dayMs)
    expect(opensAt).toBeLessThanOrEqual(firstSent + dayMs + 15 * minuteMs)
    bench.clock.now = opensAt
    await submit(2, limits)
  })

  test('more recipients than the limit never fit, and 0 sends nothing', async () => {
    expect(await room(6, { sending: sending({ credential: [5] }) })).toEqual({ fits: false, opensAt: undefined })
    const none = { sending: sending({ inbox: [undefined, 0] }) }
    await expect(submit(1, none)).rejects.toMatchObject({ code: 'sending-limit', opensAt: undefined })
  })

  test('a credential and an inbox are counted apart, others not at all', async () => {
    await submit(3)
    await submit(2, { credential: 8 as CredentialId })
    expect(await room(1, { sending: sending({ credential: [4] }) })).toEqual({ fits: true })
    expect(await room(1, { sending: sending({ credential: [3] }) })).toMatchObject({ fits: false })
    expect(await room(1, { sending: sending({ inbox: [6] }) })).toEqual({ fits: true })
    expect(await room(1, { sending: sending({ inbox: [5] }) })).toMatchObject({ fits: false })
    expect(
      await room(1, { credential: 9 as CredentialId, account: undefined, sending: sending({ credential: [1] }) }),
    ).toEqual({ fits: true })
    expect(await room(1_000, {}), 'nothing holds where nothing is said').toEqual({ fits: true })
  })

  test('a limit holds at once over what was sent before there was one', async () => {
    await submit(10)
    await refused(submit(1, { sending: sending({ credential: [10] }) }), 'sending-limit')
  })

  test('of submissions at once on two nodes as many fit as the limit says', async () => {
    const limits = { sending: sending({ inbox: [10] }) }
    const other = bench.node()
    const answers = await Promise.allSettled(
      Array.from({ length: 30 }, (_, i) => submit(1, limits, i % 2 === 0 ? bench : other)),
    )
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
    expect(await room(1, limits, other)).toMatchObject({ fits: false })
  })

  test('a resend that is repeated is not counted; what was cancelled stays counted', async () => {
    const key = { resendKey: new Uint8Array([1]), resendWithinMs: minuteMs, sending: sending({ inbox: [2] }) }
    const { queueId } = await submit(1, key)
    for (let i = 0; i < 3; i++) expect(await submit(1, key)).toMatchObject({ repeated: true })
    expect(await room(1, key)).toEqual({ fits: true })
    await bench.outbox.cancel(queueId)
    expect(await room(2, key)).toMatchObject({ fits: false })
  })

  test('an address that is named twice counts once; a commit that fails counts nothing', async () => {
    const twice = [{ address: 'x@remote.test' }, { address: 'x@remote.test' }]
    await submit(0, { recipients: twice, sending: sending({ inbox: [1] }) })
    bench.fault.on = 'commit'
    await refused(submit(1), 'disk-full')
    bench.fault.on = undefined
    expect(await room(1, { sending: sending({ inbox: [2] }) })).toEqual({ fits: true })
  })

  describe('against a plain list of what was sent', () => {
    test.each([1, 2, 3])('nothing too early, and little too late (seed %d)', async (seed) => {
      const random = generator(seed)
      const nodes = [bench, bench.node()]
      const sent: { at: number; recipients: number }[] = []
      const within = (ms: number): number =>
        sent.filter(({ at }) => at > bench.clock.now - ms).reduce((sum, { recipients }) => sum + recipients, 0)
      const limits = { sending: sending({ inbox: [20, 60] }) }
      let [taken, refusals] = [0, 0]
      for (let step = 0; step < 400; step++) {
        bench.clock.now += Math.floor(random() * (random() < 0.05 ? 5 * hourMs : 8 * minuteMs))
        const recipients = 1 + Math.floor(random() * 6)
        const fits = await submit(recipients, limits, nodes[step % 2] as Node).then(
          () => true,
          () => false,
        )
        const surely = within(hourMs + minuteMs) + recipients <= 20 && within(dayMs + 15 * minuteMs) + recipients <= 60
        const never = within(hourMs) + recipients > 20 || within(dayMs) + recipients > 60
        if (surely) expect(fits, `step ${step} fits`).toBe(true)
        if (never) expect(fits, `step ${step} is over`).toBe(false)
        if (fits) sent.push({ at: bench.clock.now, recipients })
        if (fits) taken++
        else refusals++
      }
      expect(Math.min(taken, refusals)).toBeGreaterThan(20)
      expect(bench.probe.sendingCounts()).toBeLessThan(2 * (61 + 98))
    })

    test('a busy day is a bounded number of rows', async () => {
      for (let minute = 0; minute < 24 * 60; minute += 2) {
        bench.clock.now += 2 * minuteMs
        await submit(1)
      }
      expect(bench.probe.sendingCounts()).toBeLessThan(2 * (31 + 98))
      expect(await room(1, { sending: sending({ inbox: [30, 720] }) })).toMatchObject({ fits: false })
      expect(await room(1, { sending: sending({ inbox: [32, 740] }) })).toEqual({ fits: true })
    })
  })
}

/** Numbers from 0 to 1 that a seed repeats. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
