// What an inbox does with a message by itself: into mailboxes that are made when they're missing, with flags, sent on, posted to a sink. All
// of it is in the commit that delivers, and none of it loses a message.

import { createHash } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Inbox } from '../../src/directory/records.js'
import type { Claimed, Delivery, DeliveryOutcome, LocalPlace, Once, Outcome, SentOn } from '../../src/outbox/outbox.js'
import { type Bench, type MakeBench, prepared, settled } from './bench.js'

const flagged = 4

export function sentOnContract(makeBench: MakeBench): void {
  let bench: Bench
  let ada: Inbox
  let bob: Inbox

  beforeEach(async () => {
    bench = await makeBench()
    const { domain } = await settled(bench)
    ada = await bench.directory.createInbox({ domain: domain.id, address: 'ada@example.test' })
    bob = await bench.directory.createInbox({ domain: domain.id, address: 'bob@example.test' })
  })
  afterEach(() => bench.destroy())

  const place = (name: string, more: Partial<LocalPlace> = {}): LocalPlace => ({
    ...{ account: ada.id, mailbox: { name }, orInbox: true },
    ...more,
  })
  const forward = (more: Partial<SentOn> = {}): SentOn => ({
    ...{ account: ada.id, sender: ada.address, recipients: ['r@remote.test'], message: prepared('Forwarded') },
    ...{ body: '8bitmime', notify: 'FAILURE', keep: false, foreign: true },
    ...more,
  })
  const deliver = (
    recipients: Delivery['recipients'],
    more: Partial<Delivery> = {},
  ): Promise<readonly DeliveryOutcome[]> =>
    bench.outbox.deliver({ message: prepared('Hello'), internalDate: 1, recipients, ...more })
  const held = (inbox: Inbox, mailbox = 'INBOX') => bench.probe.entries(inbox.id, mailbox)
  const claim = async (): Promise<readonly Claimed[]> =>
    bench.outbox.claim({ owner: 'relay', limit: 10, leaseMs: 60_000 })
  const report = (id: number, outcome: Outcome) => bench.outbox.report({ id, owner: 'relay', outcome })

  test('a mailbox that is missing is made, with its flags; several have the same message', async () => {
    const flags = { system: flagged, keywords: ['todo'] }
    const outcomes = await deliver([place('A/B', { flags }), place('inbox'), { account: ada.id, mailbox: '\\Archive' }])
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['delivered', 'delivered', 'delivered'])
    expect(bench.probe.mailboxes(ada.id)).toEqual(expect.arrayContaining(['A', 'A/B']))
    expect((held(ada, 'A/B')[0]?.flags ?? 0) & flagged).toBe(flagged)
    const [message] = held(ada).map((entry) => entry.message)
    expect([held(ada, 'A/B')[0]?.message, held(ada, 'Archive')[0]?.message]).toEqual([message, message])
    expect(bench.probe.copies(message as number)).toBe(2)
    await bench.probe.deleteMailbox(ada.id, 'A/B')
    await deliver([place('A/B')])
    expect(held(ada, 'A/B')).toHaveLength(1)
  })

  test.each<[string, Partial<LocalPlace>, string]>([
    ['a name that none can have', { mailbox: { name: 'a//b' } }, 'mailbox-name-invalid'],
    ['a mailbox that is gone', { mailbox: 99_999 as never }, 'no-such-mailbox'],
  ])('INBOX takes it in the place of %s, and says so', async (_, more, instead) => {
    const [outcome] = await deliver([place('x', more)])
    expect(outcome).toMatchObject({ outcome: 'delivered', instead })
    expect(held(ada)).toHaveLength(1)
  })

  test('keywords that none can have are left out', async () => {
    const keywords = Array.from({ length: 101 }, (_, i) => `k${i}`)
    await deliver([place('A', { flags: { system: flagged, keywords } })])
    expect(held(ada, 'A')[0]?.flags).toBe(flagged)
  })

  test('a forward is queued in the commit that delivers, and not without it', async () => {
    bench.fault.on = 'commit'
    await expect(deliver([place('A')], { sentOn: [forward()] })).rejects.toThrow()
    bench.fault.on = undefined
    expect([await claim(), held(ada)]).toEqual([[], []])
    const rings = bench.bell.outbox
    await deliver([place('A')], { sentOn: [forward()] })
    expect(bench.bell.outbox).toBe(rings + 1)
    const [claimed] = await claim()
    expect(claimed).toMatchObject({
      ...{ account: ada.id, environment: ada.environment, sender: ada.address, recipient: 'r@remote.test' },
      ...{ notify: 'FAILURE', keep: false, foreign: true, sink: undefined, body: '8bitmime' },
    })
    expect(claimed?.message).not.toBe(held(ada, 'A')[0]?.message)
    expect(await report(claimed?.id as number, { kind: 'failed' })).toMatchObject({ kept: false, closed: true })
    expect(held(ada)).toEqual([])
  })

  test('what is nowhere else comes back into INBOX when it fails or is cancelled, once, beyond the quota', async () => {
    await deliver([], { sentOn: [forward({ keep: true, recipients: ['r@remote.test', 's@remote.test'] })] })
    await bench.directory.updateInbox(ada.id, { quotaBytes: 1 })
    const [one, two] = await claim()
    expect(await report(one?.id as number, { kind: 'failed' })).toMatchObject({ kept: true, closed: false })
    expect(await report(two?.id as number, { kind: 'failed' })).toMatchObject({ kept: false, closed: true })
    expect(held(ada)).toHaveLength(1)
    await deliver([], { sentOn: [forward({ keep: true, queueId: 'q1' })] })
    await bench.outbox.cancel('q1')
    expect(held(ada)).toHaveLength(2)
    await deliver([], { sentOn: [forward({ keep: true })] })
    const [third] = await claim()
    await report(third?.id as number, { kind: 'delivered' })
    expect(held(ada)).toHaveLength(2)
  })

  test('a sink is posted the text that was delivered, which stays until it was taken', async () => {
    const sinks = [1, 2].map((n) => forward({ message: undefined, sink: `rul_${n}`, recipients: [ada.address] }))
    await deliver([place('A')], { sentOn: sinks })
    const [entry] = held(ada, 'A')
    expect(bench.probe.copies(entry?.message as number)).toBe(2)
    const claimed = await claim()
    expect(claimed.map(({ sink, message }) => [sink, message])).toEqual([
      ['rul_1', entry?.message],
      ['rul_2', entry?.message],
    ])
    for (const { id } of claimed) await report(id, { kind: 'delivered' })
    expect(bench.probe.garbage()).toEqual([entry?.message, entry?.message])
    await deliver([], {
      sentOn: [forward({ message: undefined, sink: 'rul_1', recipients: [ada.address], keep: true })],
    })
    const [alone] = await claim()
    expect(await bench.outbox.content(alone?.message as never)).toBeDefined()
  })

  test('over its limits an inbox keeps the message, and nothing is sent on', async () => {
    const sending = { credentialLimits: undefined, inboxLimits: { perHour: 1 } } as unknown as SentOn['sending']
    await deliver([], { sentOn: [forward({ sending, keep: true })] })
    expect(held(ada)).toEqual([])
    expect(await deliver([], { sentOn: [forward({ sending, keep: true })] })).toMatchObject([
      { outcome: 'delivered', instead: 'sending-limit', account: ada.id },
    ])
    expect(await deliver([place('A')], { sentOn: [forward({ sending })] })).toMatchObject([
      { outcome: 'delivered' },
      { outcome: 'delivered', instead: 'sending-limit' },
    ])
    expect([held(ada).length, held(ada, 'A').length, (await claim()).length]).toEqual([1, 1, 1])
  })

  test('a recipient with a text of its own sends that on, in the commit of the submission', async () => {
    const rings = bench.bell.outbox
    const own = prepared('Encrypted')
    await bench.outbox.submit({
      ...{ account: bob.id, sender: bob.address, message: undefined, internalDate: 1, body: '7bit' },
      recipients: [
        {
          ...{ address: ada.address, message: own, local: [] },
          sentOn: [
            forward({ message: undefined, keep: true, foreign: false }),
            forward({ message: undefined, sink: 'rul_1', recipients: [ada.address] }),
          ],
        },
      ],
    })
    expect(bench.bell.outbox).toBe(rings + 1)
    const [first, second] = await claim()
    expect([first?.recipient, second?.sink, first?.message]).toEqual(['r@remote.test', 'rul_1', second?.message])
    const content = await bench.outbox.content(first?.message as never)
    expect(Buffer.from((await content?.bytes()) ?? []).toString()).toBe('Encrypted')
    expect(await report(first?.id as number, { kind: 'failed' })).toMatchObject({ kept: true })
    expect(held(ada)).toHaveLength(1)
    await bench.directory.updateInbox(ada.id, { quotaBytes: 1 })
    await bench.outbox.submit({
      ...{ account: bob.id, sender: bob.address, message: own, internalDate: 1, body: '7bit' },
      recipients: [{ address: ada.address, local: [place('A')], sentOn: [forward({ queueId: 'q9' })] }],
    })
    expect((await bench.outbox.list()).items.map(({ queueId }) => queueId)).not.toContain('q9')
  })

  test('an answer is given once to a sender within its days, and by a rule that is there', async () => {
    const id = 'rul_00000000000000000000'
    await bench.directory.addRules(ada.id, { rules: [{ publicId: id, name: 'away', body: '{}' }] })
    const day = 86_400_000
    const answer = (to: string, more: Partial<SentOn> = {}): SentOn =>
      forward({ sender: '', recipients: [to], reply: { rule: id, withinMs: day }, foreign: false, ...more })
    const answered = async (to: string, more: Partial<SentOn> = {}): Promise<number> => {
      const before = (await bench.outbox.list()).items.length
      await deliver([{ account: ada.id }], { sentOn: [answer(to, more)] })
      return (await bench.outbox.list()).items.length - before
    }
    expect(await answered('c@x.test')).toBe(1)
    expect(await answered('C@X.test')).toBe(0)
    expect(await answered('d@x.test')).toBe(1)
    bench.clock.now += day + 1
    expect(await answered('c@x.test')).toBe(1)
    const sending = { credentialLimits: undefined, inboxLimits: { perHour: 0 } } as unknown as SentOn['sending']
    expect(await answered('e@x.test', { sending })).toBe(0)
    expect(held(ada)).toHaveLength(5)
    expect(await answered('e@x.test')).toBe(1)
    await bench.directory.removeRule(id)
    expect(await answered('f@x.test')).toBe(0)
  })

  test('of several places all have room, or none', async () => {
    await bench.directory.updateInbox(ada.id, { quotaMessages: 1 })
    const outcomes = await deliver([place('A'), { account: bob.id }, place('B')])
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['over-quota', 'delivered', 'over-quota'])
    expect([held(ada, 'A').length, (await bench.directory.getInbox(ada.id)).usedMessages]).toEqual([0, 0])
    await bench.directory.updateInbox(ada.id, { quotaMessages: 2 })
    await deliver([place('A'), place('B')])
    expect([held(ada, 'A').length, held(ada, 'B').length]).toEqual([1, 1])
  })

  test('who has no room has nothing sent on: it comes again', async () => {
    await bench.directory.updateInbox(ada.id, { quotaBytes: 1 })
    const [outcome] = await deliver([place('A'), { account: bob.id }], { sentOn: [forward()] })
    expect(outcome).toMatchObject({ outcome: 'over-quota' })
    expect([await claim(), held(bob).length]).toEqual([[], 1])
  })

  test('what comes once is sent on once, also where nothing of it is kept', async () => {
    const once: Once = { scope: 's', id: 'i', digest: createHash('sha256').update('x').digest() }
    await deliver([], { once, sentOn: [forward()] })
    await deliver([], { once, sentOn: [forward()] })
    expect(await claim()).toHaveLength(1)
    const other = { ...once, id: 'j' }
    await bench.directory.updateInbox(ada.id, { quotaBytes: 1 })
    await deliver([place('A')], { once: other, sentOn: [forward()] })
    await bench.directory.updateInbox(ada.id, { quotaBytes: null })
    await deliver([place('A')], { once: other, sentOn: [forward()] })
    expect([(await claim()).length, held(ada, 'A').length]).toEqual([1, 1])
  })

  test('a submission obeys the same places, and a relay that delivers here', async () => {
    const submitted = await bench.outbox.submit({
      ...{ account: bob.id, sender: bob.address, message: prepared('Hi'), internalDate: 1, body: '7bit' },
      recipients: [
        { address: ada.address, local: [place('A', { flags: { system: flagged, keywords: [] } }), place('B')] },
        { address: 'gone@example.test', local: [] },
        { address: bob.address },
      ],
    })
    expect(submitted.delivered).toHaveLength(2)
    expect([held(ada).length, held(ada, 'A')[0]?.flags, held(ada, 'B').length]).toEqual([0, flagged, 1])
    const [claimed] = await claim()
    const to = [{ ...place('x'), account: bob.id, mailbox: { name: 'C//' } }]
    const sentOn = [forward({ account: bob.id, message: undefined, sink: 'rul_1', recipients: [bob.address] })]
    const reported = await report(claimed?.id as number, { kind: 'delivered', to, sentOn })
    expect(reported).toMatchObject({ state: 'delivered', instead: 'mailbox-name-invalid', closed: true })
    expect(held(bob)).toHaveLength(1)
    expect(await claim()).toMatchObject([{ account: bob.id, sink: 'rul_1', message: held(bob)[0]?.message }])
  })
}
