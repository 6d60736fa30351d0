// The outbox: what every engine must do behind a 250, and until the last recipient is settled.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Inbox } from '../../src/directory/records.js'
import type { AccountId, DomainId, MailboxId, MessageId } from '../../src/model.js'
import type {
  Claimed,
  Outbox,
  Outcome,
  QueueFilter,
  Submission,
  SubmitRecipient,
  Submitted,
} from '../../src/outbox/outbox.js'
import { type Bench, type MakeBench, prepared, refused, settled } from './bench.js'

const seen = 1
const leaseMs = 60_000
const to = (address: string, more: Partial<SubmitRecipient> = {}): SubmitRecipient => ({ address, ...more })

export function outboxContract(makeBench: MakeBench): void {
  let bench: Bench
  let outbox: Outbox
  let domain: DomainId
  let ada: Inbox
  let bob: Inbox

  beforeEach(async () => {
    bench = await makeBench()
    outbox = bench.outbox
    const home = await settled(bench)
    domain = home.domain.id
    ada = await bench.directory.createInbox({ domain, address: 'ada@example.test' })
    bob = await bench.directory.createInbox({ domain, address: 'bob@example.test' })
  })
  afterEach(() => bench.destroy())

  const submit = (recipients: readonly SubmitRecipient[], more: Partial<Submission> = {}): Promise<Submitted> =>
    outbox.submit({
      account: ada.id,
      sender: 'ada@example.test',
      recipients,
      message: prepared('Hello'),
      internalDate: 1_800_000_000,
      body: '7bit',
      ...more,
    })
  const remote = (n = 1): SubmitRecipient[] => Array.from({ length: n }, (_, i) => to(`r${i}@remote${i}.test`))
  const claim = (owner = 'relay', limit = 10, from = outbox): Promise<readonly Claimed[]> =>
    from.claim({ owner, limit, leaseMs })
  const one = async (owner = 'relay'): Promise<Claimed> => (await claim(owner, 1))[0] as Claimed
  const report = (id: number, outcome: Outcome, owner = 'relay') => outbox.report({ id, owner, outcome })
  const recipients = (claimed: readonly Claimed[]): string[] => claimed.map(({ recipient }) => recipient)
  const states = async (queueId: string): Promise<string[]> =>
    (await outbox.get(queueId)).recipients.map(({ state }) => state)

  describe('submit', () => {
    test('one commit: the queue, the Sent copy with \\Seen, and the local inbox share one message', async () => {
      const { queueId, repeated, sent, delivered, undelivered } = await submit(
        [
          to('R@Remote.test', { notify: 'FAILURE', originalRecipient: 'rfc822;R@Remote.test' }),
          to('bob@example.test', { local: { account: bob.id } }),
        ],
        { sentCopy: { account: ada.id }, ret: 'hdrs', envelopeId: 'e1', requireTls: true },
      )
      const [inSent] = bench.probe.entries(ada.id, 'Sent')
      const [inInbox] = bench.probe.entries(bob.id, 'INBOX')
      expect(repeated).toBe(false)
      expect(undelivered).toEqual([])
      expect(inSent).toMatchObject({ uid: sent?.uid, flags: seen })
      expect(inInbox).toMatchObject({ uid: delivered[0]?.uid, flags: 0, message: inSent?.message })
      expect(bench.rung).toEqual(expect.arrayContaining([sent?.mailbox, delivered[0]?.mailbox]))
      expect(bench.probe.messages()).toBe(1)
      expect(bench.probe.copies(inSent?.message as number)).toBe(2)
      expect(bench.probe.accountsOf(inSent?.message as number)).toEqual([ada.id, bob.id])
      expect(await outbox.messageOf(queueId)).toBe(inSent?.message)
      expect(await outbox.get(queueId)).toMatchObject({
        account: ada.id,
        environment: ada.environment,
        sender: 'ada@example.test',
        closedAt: undefined,
        recipients: [
          { recipient: 'R@Remote.test', domain: 'remote.test', state: 'waiting', attempts: 0 },
          { recipient: 'bob@example.test', state: 'delivered', doneAt: bench.clock.now },
        ],
      })
      expect(await one()).toMatchObject({
        queueId,
        recipient: 'R@Remote.test',
        domain: 'remote.test',
        notify: 'FAILURE',
        ret: 'hdrs',
        envelopeId: 'e1',
        originalRecipient: 'rfc822;R@Remote.test',
        requireTls: true,
        body: '7bit',
        attempts: 1,
        message: inSent?.message,
      })
    })

    test('nothing of it is there when the commit fails, and the same again is one message', async () => {
      const again = { sentCopy: { account: ada.id }, resendKey: new Uint8Array([7]), resendWithinMs: 60_000 }
      bench.fault.on = 'commit'
      await refused(submit(remote(), again), 'disk-full')
      bench.fault.on = undefined
      expect([bench.probe.messages(), (await outbox.list()).items.length]).toEqual([0, 0])
      await submit(remote(), again)
      expect(bench.probe.entries(ada.id, 'Sent')).toHaveLength(1)
    })

    test('a Sent copy of another text has its own message', async () => {
      await submit(remote(), { sentCopy: { account: ada.id, message: prepared('Bcc: x\r\n\r\nHello') } })
      const [entry] = bench.probe.entries(ada.id, 'Sent')
      expect(bench.probe.messages()).toBe(2)
      expect(bench.probe.copies(entry?.message as number)).toBe(0)
      expect((await one()).message).not.toBe(entry?.message)
    })

    test('only local: the queue does not hold the message, and is closed at once', async () => {
      const { queueId } = await submit([to('bob@example.test', { local: { account: bob.id } })])
      expect(await outbox.get(queueId)).toMatchObject({ closedAt: bench.clock.now })
      expect(await outbox.messageOf(queueId)).toBeUndefined()
      expect(bench.probe.copies(bench.probe.entries(bob.id, 'INBOX')[0]?.message as number)).toBe(0)
      expect(await claim()).toEqual([])
    })

    test('only remote: the queue alone holds it', async () => {
      const { queueId } = await submit(remote(3))
      const message = (await outbox.messageOf(queueId)) as number
      expect([bench.probe.messages(), bench.probe.copies(message)]).toEqual([1, 0])
      expect(bench.probe.accountsOf(message)).toEqual([])
    })

    test('a resend within its time is the same submission', async () => {
      const key = { resendKey: new Uint8Array([1, 2, 3]), resendWithinMs: 60_000 }
      const first = await submit(remote(), { ...key, sentCopy: { account: ada.id } })
      bench.clock.now += 59_999
      const second = await submit(remote(), { ...key, sentCopy: { account: ada.id } })
      expect(second).toEqual({
        queueId: first.queueId,
        repeated: true,
        sent: undefined,
        delivered: [],
        undelivered: [],
      })
      expect([bench.probe.messages(), bench.probe.entries(ada.id, 'Sent').length]).toEqual([1, 1])
      bench.clock.now += 1
      expect(await submit(remote(), key)).toMatchObject({ repeated: false })
    })

    test('two resends at once, on two nodes, are one submission', async () => {
      const key = { resendKey: new Uint8Array([9]), resendWithinMs: 60_000 }
      const other = bench.node().outbox
      const submission: Submission = {
        account: ada.id,
        sender: '',
        recipients: remote(),
        message: prepared('x'),
        internalDate: 1,
        body: '7bit',
        ...key,
      }
      const answers = await Promise.all([
        outbox.submit(submission),
        other.submit(submission),
        outbox.submit(submission),
      ])
      expect(answers.filter(({ repeated }) => !repeated)).toHaveLength(1)
      expect(new Set(answers.map(({ queueId }) => queueId)).size).toBe(1)
    })

    test("another account's key, or that of a cancelled submission, is no resend", async () => {
      const key = { resendKey: new Uint8Array([1]), resendWithinMs: 60_000 }
      const first = await submit(remote(), key)
      expect(await submit(remote(), { ...key, account: bob.id })).toMatchObject({ repeated: false })
      await outbox.cancel(first.queueId)
      expect(await submit(remote(), key)).toMatchObject({ repeated: false })
    })

    test('a local recipient without room, or who is gone, waits in the queue; the others have it', async () => {
      await bench.directory.updateInbox(bob.id, { quotaBytes: 3 })
      const { queueId, delivered, undelivered } = await submit([
        to('bob@example.test', { local: { account: bob.id } }),
        to('gone@example.test', { local: { account: 999 as AccountId } }),
        to('ada@example.test', { local: { account: ada.id } }),
      ])
      expect(undelivered).toEqual([
        { address: 'bob@example.test', why: 'over-quota' },
        { address: 'gone@example.test', why: 'gone' },
      ])
      expect(delivered).toMatchObject([{ account: ada.id }])
      expect(await states(queueId)).toEqual(['waiting', 'waiting', 'delivered'])
      expect(bench.probe.copies((await outbox.messageOf(queueId)) as number)).toBe(1)
    })

    test('a sender without room for the Sent copy is refused, and nobody has it', async () => {
      await bench.directory.updateInbox(ada.id, { quotaBytes: 3 })
      const local = to('bob@example.test', { local: { account: bob.id } })
      await refused(submit([local, ...remote()], { sentCopy: { account: ada.id } }), 'over-quota')
      expect([bench.probe.messages(), bench.probe.entries(bob.id, 'INBOX').length]).toEqual([0, 0])
      expect((await outbox.list()).items).toEqual([])
      expect(await bench.directory.getInbox(bob.id)).toMatchObject({ usedBytes: 0 })
    })

    test('a message to oneself counts once in Sent and once in INBOX', async () => {
      await submit([to('ada@example.test', { local: { account: ada.id } })], { sentCopy: { account: ada.id } })
      expect(await bench.directory.getInbox(ada.id)).toMatchObject({ usedMessages: 2, usedBytes: 10 })
      expect(bench.probe.accountsOf(bench.probe.entries(ada.id, 'Sent')[0]?.message as number)).toEqual([ada.id])
    })

    test('two addresses of one inbox, or one address twice, are one message', async () => {
      const { delivered } = await submit([
        to('ada@example.test', { local: { account: ada.id } }),
        to('alias@example.test', { local: { account: ada.id } }),
        to('x@remote.test'),
        to('x@remote.test'),
      ])
      expect(delivered[0]).toEqual(delivered[1])
      expect(bench.probe.entries(ada.id, 'INBOX')).toHaveLength(1)
      expect(recipients(await claim())).toEqual(['x@remote.test'])
    })

    test('Sent is made again when its owner has deleted it', async () => {
      await bench.probe.deleteMailbox(ada.id, 'Sent')
      expect(bench.probe.mailboxes(ada.id)).not.toContain('Sent')
      await submit(remote(), { sentCopy: { account: ada.id } })
      expect(bench.probe.entries(ada.id, 'Sent')).toHaveLength(1)
    })

    test.each([
      ['x@bücher.test', 'xn--bcher-kva.test'],
      ['x@[192.0.2.1]', '[192.0.2.1]'],
      ['X@[IPv6:2001:DB8::1]', '[ipv6:2001:db8::1]'],
      ['"a@b c"@Remote.Test.', 'remote.test'],
      ['用户@例え.jp', 'xn--r8jz45g.jp'],
    ])('%j is queued for %s', async (address, where) => {
      await submit([to(address)])
      expect(await one()).toMatchObject({ recipient: address, domain: where })
    })

    test.each<[string, readonly SubmitRecipient[], Partial<Submission>]>([
      ['no recipient', [], {}],
      ['a recipient without domain', [to('x')], {}],
      ['a recipient without name', [to('@remote.test')], {}],
      ['a recipient with a line break', [to('x\r\nDATA@remote.test')], {}],
      ['a recipient with brackets', [to('<x@remote.test>')], {}],
      ['a recipient that is too long', [to(`${'x'.repeat(501)}@remote.test`)], {}],
      ['a recipient whose domain is none', [to('x@-.test')], {}],
      ['too many recipients', Array.from({ length: 1_001 }, (_, i) => to(`x${i}@remote.test`)), {}],
      ['a sender with a line break', [to('x@remote.test')], { sender: 'a\nb@example.test' }],
      ['an ENVID of two words', [to('x@remote.test')], { envelopeId: 'a b' }],
      ['an ORCPT with a control character', [to('x@remote.test', { originalRecipient: 'rfc822;\u0000' })], {}],
      ['a queue id that is none', [to('x@remote.test')], { queueId: 'a b' }],
    ])('%s is refused', async (_, wrong, more) => {
      await refused(submit(wrong, more), 'invalid')
      expect(bench.probe.messages()).toBe(0)
    })

    test('a queue id is used once', async () => {
      expect((await submit(remote(), { queueId: 'abc-1' })).queueId).toBe('abc-1')
      await refused(submit(remote(), { queueId: 'abc-1' }), 'exists')
    })
  })

  describe('deliver', () => {
    test('one message for all, each with its own flags and mailbox, an outcome for each', async () => {
      await bench.directory.updateInbox(bob.id, { quotaMessages: 0 })
      const outcomes = await outbox.deliver({
        message: prepared('Hi'),
        internalDate: 1_800_000_000,
        recipients: [
          { account: ada.id, flags: { system: 4, keywords: ['$Work'] } },
          { account: bob.id },
          { account: 999 as AccountId },
          { account: ada.id, mailbox: '\\Junk' },
          { account: ada.id, mailbox: 9_999 as MailboxId },
        ],
      })
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(['delivered', 'over-quota', 'gone', 'delivered', 'gone'])
      const [inbox] = bench.probe.entries(ada.id, 'INBOX')
      const [spam] = bench.probe.entries(ada.id, 'Spam')
      expect(inbox?.message).toBe(spam?.message)
      expect((inbox?.flags ?? 0) & 0xff).toBe(4)
      expect(bench.probe.messages()).toBe(1)
      expect(bench.probe.copies(inbox?.message as number)).toBe(1)
      // Ada's INBOX, the merged INBOX of her domain, and her Spam.
      expect(bench.rung).toHaveLength(3)
      expect(new Set(bench.rung).size).toBe(3)
    })

    test("another account's mailbox is not reached", async () => {
      const [first] = await outbox.deliver({
        message: prepared('a'),
        internalDate: 1,
        recipients: [{ account: bob.id }],
      })
      const mailbox = first?.outcome === 'delivered' ? first.mailbox : undefined
      const outcomes = await outbox.deliver({
        message: prepared('b'),
        internalDate: 1,
        recipients: [{ account: ada.id, mailbox }],
      })
      expect(outcomes).toEqual([{ outcome: 'gone', account: ada.id }])
      expect(bench.probe.entries(bob.id, 'INBOX')).toHaveLength(1)
    })

    test('where nobody takes it nothing is stored', async () => {
      await outbox.deliver({ message: prepared('x'), internalDate: 1, recipients: [{ account: 999 as AccountId }] })
      expect([bench.probe.messages(), bench.rung.length]).toEqual([0, 0])
    })

    test('all of them or none: where one has no room nothing is stored, and nobody is charged for it', async () => {
      await bench.directory.updateInbox(bob.id, { quotaMessages: 0 })
      const recipients = [{ account: ada.id }, { account: bob.id }, { account: 999 as AccountId }]
      const outcomes = await outbox.deliver({ message: prepared('x'), internalDate: 1, recipients, allOrNone: true })
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(['held-back', 'over-quota', 'gone'])
      expect([bench.probe.messages(), bench.rung.length]).toEqual([0, 0])
      expect((await bench.directory.getInbox(ada.id)).usedMessages).toBe(0)
      const [taken] = await outbox.deliver({
        ...{ message: prepared('x'), internalDate: 1, allOrNone: true },
        recipients: [{ account: ada.id }],
      })
      expect(taken?.outcome).toBe('delivered')
    })
  })

  describe('leases', () => {
    test('the longest due comes first, and what is not due does not come', async () => {
      await submit([to('late@remote.test')])
      const late = await one()
      await report(late.id, { kind: 'deferred', nextTryAt: bench.clock.now + 100 })
      bench.clock.now += 10
      await submit([to('b@remote.test')])
      bench.clock.now -= 5
      await submit([to('a@remote.test')])
      bench.clock.now += 5
      expect(recipients(await claim())).toEqual(['a@remote.test', 'b@remote.test'])
      expect(await claim()).toEqual([])
      bench.clock.now += 90
      expect(await claim()).toMatchObject([{ recipient: 'late@remote.test', attempts: 2 }])
    })

    test('two owners on two nodes never hold the same recipient, and together hold all', async () => {
      await submit(remote(40))
      const other = bench.node().outbox
      const claims = await Promise.all(
        Array.from({ length: 10 }, (_, i) => claim(`relay${i % 2}`, 5, i % 2 === 0 ? outbox : other)),
      )
      const ids = claims.flat().map(({ id }) => id)
      expect(ids).toHaveLength(40)
      expect(new Set(ids).size).toBe(40)
    })

    test('the lease of an owner that died ends; its late report changes nothing', async () => {
      const { queueId } = await submit(remote())
      const { id } = await one('dead')
      bench.clock.now += leaseMs - 1
      expect(await claim('alive')).toEqual([])
      bench.clock.now += 1
      const other = bench.node().outbox
      expect(await claim('alive', 10, other)).toMatchObject([{ id, attempts: 2 }])
      await refused(report(id, { kind: 'delivered' }, 'dead'), 'lease-lost')
      await other.report({ id, owner: 'alive', outcome: { kind: 'delivered', code: '250' } })
      expect(await states(queueId)).toEqual(['delivered'])
    })

    test('renewing puts the end off, and names those that were lost', async () => {
      await submit(remote(2))
      const [a, b] = (await claim()).map(({ id }) => id) as [number, number]
      bench.clock.now += leaseMs - 1
      expect(await outbox.renew({ owner: 'relay', ids: [a, 999], leaseMs })).toEqual([999])
      bench.clock.now += 1
      expect((await claim('other')).map(({ id }) => id)).toEqual([b])
      expect(await outbox.renew({ owner: 'relay', ids: [a, b], leaseMs })).toEqual([b])
    })

    test('a shutdown gives back what it holds, as if it had not been claimed', async () => {
      await submit(remote(3))
      await claim('relay', 2)
      const [kept] = await claim('other', 1)
      expect(await outbox.release('relay')).toBe(2)
      expect(await outbox.stats()).toMatchObject({ waiting: 2, leased: 1 })
      expect((await claim('next')).map(({ attempts }) => attempts)).toEqual([1, 1])
      await report(kept?.id as number, { kind: 'delivered' }, 'other')
    })

    test('what its owner died over is tried again at once, and the try counts', async () => {
      const { queueId } = await submit(remote(2))
      await claim('dead', 1)
      await claim('alive', 1)
      expect([...(await outbox.owners())].sort()).toEqual(['alive', 'dead'])
      expect(await outbox.release('dead', { died: true })).toBe(1)
      expect(await outbox.owners()).toEqual(['alive'])
      expect(await states(queueId)).toEqual(['waiting', 'leased'])
      expect(await claim()).toMatchObject([{ recipient: 'r0@remote0.test', attempts: 2 }])
    })

    test('what kills its relay over and over waits a while', async () => {
      await submit(remote())
      for (let n = 0; n < 3; n++) {
        expect(await claim('dying')).toMatchObject([{ attempts: n + 1 }])
        await outbox.release('dying', { died: true })
      }
      await claim('dying')
      await outbox.release('dying', { died: true })
      expect(await claim()).toEqual([])
      bench.clock.now += 300_000
      expect(await claim()).toMatchObject([{ attempts: 5 }])
    })

    test('what is postponed comes again at its time, as if it had not been claimed', async () => {
      const { queueId } = await submit(remote(3))
      const [a, b] = (await claim('relay', 2)).map(({ id }) => id) as [number, number]
      const [other] = await claim('other', 1)
      const until = bench.clock.now + 5_000
      await outbox.postpone({ owner: 'relay', ids: [a, other?.id as number], until })
      expect(await states(queueId)).toEqual(['waiting', 'leased', 'leased'])
      expect(await claim()).toEqual([])
      await report(b, { kind: 'delivered' })
      await report(other?.id as number, { kind: 'delivered' }, 'other')
      bench.clock.now = until
      const [again] = await claim()
      expect(again).toMatchObject({ id: a, attempts: 1 })
      await outbox.cancel(queueId)
      await outbox.postpone({ owner: 'relay', ids: [a], until })
      expect(await outbox.get(queueId)).toMatchObject({ closedAt: until })
      await refused(outbox.postpone({ owner: 'relay', ids: [a], until: Number.NaN }), 'invalid')
    })

    test('busy domains are passed over', async () => {
      await submit([to('a@busy.test'), to('b@free.test'), to('c@busy.test')])
      const claimed = await outbox.claim({ owner: 'relay', limit: 10, leaseMs, domainsBusy: ['busy.test'] })
      expect(recipients(claimed)).toEqual(['b@free.test'])
    })

    test.each([
      { owner: '', limit: 1, leaseMs },
      { owner: 'relay', limit: 0, leaseMs },
      { owner: 'relay', limit: 1.5, leaseMs },
      { owner: 'relay', limit: 1, leaseMs: 0 },
      { owner: 'relay', limit: 1, leaseMs: 86_400_000 },
    ])('the claim %j is refused', async (options) => {
      await submit(remote())
      await refused(outbox.claim(options), 'invalid')
    })
  })

  describe('report', () => {
    test('deferred: it comes again at its time, with what the server said', async () => {
      const { queueId } = await submit(remote())
      const { id } = await one()
      const nextTryAt = bench.clock.now + 1_000
      const reply = { code: '450 4.2.1', text: 'Try later', remote: 'mx.remote0.test' }
      expect(await report(id, { kind: 'deferred', nextTryAt, delayTold: true, ...reply })).toMatchObject({
        state: 'waiting',
        closed: false,
      })
      expect((await outbox.get(queueId)).recipients).toMatchObject([
        { state: 'waiting', nextTryAt, lastCode: '450 4.2.1', lastText: 'Try later', lastRemote: 'mx.remote0.test' },
      ])
      bench.clock.now = nextTryAt
      expect(await one()).toMatchObject({ attempts: 2, delayTold: true })
    })

    test.each<[Outcome, string]>([
      [{ kind: 'delivered', code: '250' }, 'delivered'],
      [{ kind: 'failed', code: '550', text: 'No such user' }, 'failed'],
      [{ kind: 'cancelled' }, 'cancelled'],
    ])('%j settles it, once', async (outcome, state) => {
      const { queueId } = await submit(remote())
      const { id } = await one()
      expect(await report(id, outcome)).toMatchObject({ state, closed: true })
      await refused(report(id, outcome), 'lease-lost')
      await refused(report(id, { kind: 'deferred', nextTryAt: 0 }), 'lease-lost')
      expect(await states(queueId)).toEqual([state])
      expect(await claim()).toEqual([])
    })

    test('a report that is lost with its commit can be made again', async () => {
      await submit(remote())
      const { id } = await one()
      bench.fault.on = 'commit'
      await refused(report(id, { kind: 'delivered' }), 'disk-full')
      bench.fault.on = undefined
      expect(await report(id, { kind: 'delivered' })).toMatchObject({ closed: true })
    })

    test('the last recipient closes the submission, and the message is let go', async () => {
      const { queueId } = await submit(remote(2), { sentCopy: { account: ada.id } })
      const [a, b] = (await claim()).map(({ id }) => id) as [number, number]
      expect((await report(a, { kind: 'failed' })).closed).toBe(false)
      expect(bench.probe.garbage()).toEqual([])
      const message = await outbox.messageOf(queueId)
      expect((await report(b, { kind: 'delivered' })).closed).toBe(true)
      expect(bench.probe.garbage()).toEqual([message])
      expect(bench.probe.copies(message as number)).toBe(1)
      expect(await outbox.messageOf(queueId)).toBeUndefined()
      expect(await outbox.get(queueId)).toMatchObject({ closedAt: bench.clock.now })
    })

    test('a notice to the sender is in the same commit', async () => {
      await submit(remote())
      const { id } = await one()
      const notice = { message: prepared('DSN'), internalDate: 1, recipients: [{ account: ada.id }] }
      bench.fault.on = 'commit'
      await refused(outbox.report({ id, owner: 'relay', outcome: { kind: 'failed' }, notice }), 'disk-full')
      bench.fault.on = undefined
      expect(bench.probe.entries(ada.id, 'INBOX')).toEqual([])
      const told = await outbox.report({ id, owner: 'relay', outcome: { kind: 'failed' }, notice })
      expect(told.notice).toMatchObject([{ outcome: 'delivered', account: ada.id }])
      await refused(outbox.report({ id, owner: 'relay', outcome: { kind: 'failed' }, notice }), 'lease-lost')
      expect(bench.probe.entries(ada.id, 'INBOX')).toHaveLength(1)
    })

    test('several recipients are settled with one notice, all of them or none', async () => {
      const { queueId } = await submit(remote(3))
      const [a, b, c] = (await claim()).map(({ id }) => id) as [number, number, number]
      const notice = { message: prepared('DSN'), internalDate: 1, recipients: [{ account: ada.id }] }
      const failed = (...ids: number[]) => ids.map((id) => ({ id, outcome: { kind: 'failed' as const } }))
      await refused(outbox.reportTogether({ owner: 'relay', recipients: failed(a, b, 999), notice }), 'lease-lost')
      expect([await states(queueId), bench.probe.entries(ada.id, 'INBOX')]).toEqual([
        ['leased', 'leased', 'leased'],
        [],
      ])
      const told = await outbox.reportTogether({
        owner: 'relay',
        recipients: [...failed(a, b), { id: c, outcome: { kind: 'deferred', nextTryAt: bench.clock.now + 1 } }],
        notice,
      })
      expect(told).toMatchObject({ states: ['failed', 'failed', 'waiting'], notice: [{ outcome: 'delivered' }] })
      expect(bench.probe.entries(ada.id, 'INBOX')).toHaveLength(1)
    })

    test('the message of a claimed recipient is read as it came', async () => {
      await submit(remote())
      const { message } = await one()
      const content = await outbox.content(message)
      expect(new TextDecoder().decode(await content?.bytes())).toBe('Hello')
      expect(await outbox.content(9_999 as MessageId)).toBeUndefined()
    })

    test('a recipient that turned out to be local gets a message of its own', async () => {
      await bench.directory.updateInbox(bob.id, { quotaBytes: 3 })
      const { queueId } = await submit([to('bob@example.test', { local: { account: bob.id } })])
      const { id, message } = await one()
      await refused(report(id, { kind: 'delivered', to: { account: bob.id } }), 'over-quota')
      await refused(report(id, { kind: 'delivered', to: { account: 999 as AccountId } }), 'not-found')
      expect(await states(queueId)).toEqual(['leased'])
      await bench.directory.updateInbox(bob.id, { quotaBytes: null })
      const { delivered } = await report(id, { kind: 'delivered', to: { account: bob.id } })
      const [entry] = bench.probe.entries(bob.id, 'INBOX')
      expect(delivered).toMatchObject({ account: bob.id, uid: entry?.uid })
      expect(bench.probe.accountsOf(entry?.message as number)).toEqual([bob.id])
      expect(bench.probe.garbage()).toEqual([message])
      expect(entry?.message).not.toBe(message)
    })
  })

  describe('the queue', () => {
    test('cancelling settles what waits; what is under way is not tried again', async () => {
      const { queueId } = await submit(remote(3))
      const { id } = await one()
      expect(await outbox.cancel(queueId)).toEqual({ cancelled: 2, inFlight: 1 })
      expect(await states(queueId)).toEqual(['leased', 'cancelled', 'cancelled'])
      expect(await report(id, { kind: 'deferred', nextTryAt: 0 })).toMatchObject({ state: 'cancelled', closed: true })
      expect(await outbox.cancel(queueId)).toEqual({ cancelled: 0, inFlight: 0 })
      expect(await claim()).toEqual([])
    })

    test('a cancelled recipient whose owner dies, or shuts down, is cancelled', async () => {
      for (const end of ['die', 'release']) {
        const { queueId } = await submit(remote())
        await one('dead')
        await outbox.cancel(queueId)
        if (end === 'release') await outbox.release('dead')
        else bench.clock.now += leaseMs
        expect(await claim('alive')).toEqual([])
        expect(await states(queueId)).toEqual(['cancelled'])
      }
    })

    test('what is under way may still be delivered', async () => {
      const { queueId } = await submit(remote())
      const { id } = await one()
      await outbox.cancel(queueId)
      await report(id, { kind: 'delivered' })
      expect(await states(queueId)).toEqual(['delivered'])
    })

    test('it rings for what can be sent now, after the commit', async () => {
      const { queueId } = await submit(remote(), { resendKey: new Uint8Array([1]), resendWithinMs: 60_000 })
      expect(bench.bell.outbox).toBe(1)
      await submit(remote(), { resendKey: new Uint8Array([1]), resendWithinMs: 60_000 })
      await submit([to('bob@example.test', { local: { account: bob.id } })])
      expect(bench.bell.outbox).toBe(1)
      await submit([to('gone@example.test', { local: { account: 999 as AccountId } })])
      expect(bench.bell.outbox).toBe(2)
      await outbox.retryNow(queueId)
      expect(bench.bell.outbox).toBe(3)
      bench.fault.on = 'commit'
      await refused(submit(remote()), 'disk-full')
      expect(bench.bell.outbox).toBe(3)
    })

    test('retryNow brings back what waits for later', async () => {
      const { queueId } = await submit(remote(2))
      for (const { id } of await claim()) await report(id, { kind: 'deferred', nextTryAt: bench.clock.now + 1_000 })
      expect(await claim()).toEqual([])
      expect(await outbox.retryNow(queueId)).toBe(2)
      expect(await claim()).toHaveLength(2)
    })

    test('an account and an environment reach their own submissions only', async () => {
      const { queueId } = await submit(remote())
      const staging = await bench.directory.ensureDefault({ tenant: 'default', environment: 'staging' })
      for (const scope of [{ account: bob.id }, { environment: staging.environment.id }]) {
        await refused(outbox.get(queueId, scope), 'not-found')
        await refused(outbox.cancel(queueId, scope), 'not-found')
        await refused(outbox.retryNow(queueId, scope), 'not-found')
        expect((await outbox.list(scope)).items).toEqual([])
      }
      expect(await outbox.get(queueId, { account: ada.id, environment: ada.environment })).toMatchObject({ queueId })
      await refused(outbox.get('unknown'), 'not-found')
    })

    test('lists are newest first, page by page, open ones alone if asked', async () => {
      const ids: string[] = []
      for (let i = 0; i < 5; i++) ids.unshift((await submit(remote())).queueId)
      await outbox.cancel(ids[4] as string)
      const first = await outbox.list({ account: ada.id, limit: 3 })
      const rest = await outbox.list({ account: ada.id, limit: 3, afterId: first.next })
      expect([...first.items, ...rest.items].map(({ queueId }) => queueId)).toEqual(ids)
      expect(rest.next).toBeUndefined()
      expect((await outbox.list({ open: false })).items.map(({ queueId }) => queueId)).toEqual([ids[4]])
      expect((await outbox.list({ open: true })).items).toHaveLength(4)
    })

    test('lists those of a tenant, of a sender, for a domain, in a state', async () => {
      const { tenant } = await bench.directory.getEnvironment(ada.environment)
      const acme = await bench.directory.createTenant({ name: 'acme' })
      const first = await submit([to('x@One.test'), to('y@two.test')])
      const second = await submit([to('z@two.test')], { sender: 'Bob@example.test' })
      await outbox.cancel(second.queueId)
      const ids = async (filter: QueueFilter): Promise<string[]> =>
        (await outbox.list(filter)).items.map(({ queueId }) => queueId)
      expect(await ids({ tenant: tenant })).toEqual([second.queueId, first.queueId])
      expect(await ids({ tenant: acme.id })).toEqual([])
      expect(await ids({ sender: 'bob@EXAMPLE.test' })).toEqual([second.queueId])
      expect(await ids({ domain: 'Two.test' })).toEqual([second.queueId, first.queueId])
      expect(await ids({ domain: 'one.test' })).toEqual([first.queueId])
      expect(await ids({ state: 'cancelled' })).toEqual([second.queueId])
      expect(await ids({ domain: 'two.test', state: 'waiting', sender: 'ada@example.test' })).toEqual([first.queueId])
      expect(await ids({ domain: 'one.test', state: 'cancelled' })).toEqual([])
    })

    test('retryAllOf brings back what waits for a domain, whoever sent it', async () => {
      await submit([to('x@one.test'), to('y@two.test')])
      await submit([to('z@two.test')])
      for (const { id } of await claim()) await report(id, { kind: 'deferred', nextTryAt: bench.clock.now + 1_000 })
      expect(await outbox.retryAllOf('Two.test')).toBe(2)
      expect(recipients(await claim()).sort()).toEqual(['y@two.test', 'z@two.test'])
      expect(await outbox.retryAllOf('nowhere.test')).toBe(0)
    })

    test('purge forgets what closed before, a bounded number at a time, and nothing that is open', async () => {
      for (let i = 0; i < 3; i++) await outbox.cancel((await submit(remote())).queueId)
      const open = await submit(remote())
      bench.clock.now += 10
      expect(await outbox.purge({ closedBefore: bench.clock.now - 10, limit: 10 })).toBe(0)
      expect(await outbox.purge({ closedBefore: bench.clock.now, limit: 2 })).toBe(2)
      expect(await outbox.purge({ closedBefore: bench.clock.now, limit: 2 })).toBe(1)
      expect((await outbox.list()).items.map(({ queueId }) => queueId)).toEqual([open.queueId])
    })

    test('numbers: what waits, what is under way, and since when', async () => {
      expect(await outbox.stats()).toEqual({ waiting: 0, leased: 0, held: 0, oldestDueAt: undefined })
      const since = bench.clock.now
      await submit(remote(3))
      await claim('relay', 1)
      bench.clock.now += 500
      expect(await outbox.stats()).toEqual({ waiting: 2, leased: 1, held: 0, oldestDueAt: since, openSince: since })
    })

    test("mail that waits outlives its sender's inbox", async () => {
      const { queueId } = await submit(remote(), { sentCopy: { account: ada.id } })
      await bench.directory.deleteInbox(ada.id)
      expect(await one()).toMatchObject({ queueId, account: ada.id, environment: ada.environment })
      expect(await outbox.messageOf(queueId)).toBeDefined()
    })
  })
}
