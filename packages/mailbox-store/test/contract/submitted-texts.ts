// A submission whose recipients don't all get the same text (contract D4, F2): one commit, each its own, and in the queue nothing but
// what somebody waits for. What every engine must do.

import {
  type Account,
  allUids,
  type MailboxId,
  messageIdentity,
  type StagedMessage,
  type Store,
  type Submission,
} from '@postern/mailbox-store'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  bytesOf,
  deleted,
  type EngineUnderTest,
  expectRefusal,
  type Home,
  idOf,
  type MakeEngine,
  mail,
  seen,
  settle,
  show,
  textOf,
} from './engine.js'

export function submittedTextsContract(makeEngine: MakeEngine): void {
  let engine: EngineUnderTest
  let home: Home
  let store: Store
  let alice: Account
  let bob: Account
  let now: number
  let plain: StagedMessage
  let sealed: StagedMessage
  let sent: MailboxId

  beforeEach(async () => {
    now = 1_800_000_000_000
    engine = await makeEngine()
    store = await engine.open({ now: () => now, limits: { inlineBytesMax: 50_000 } })
    home = await settle(store)
    alice = home.alice
    bob = await home.addInbox('bob')
    sent = await idOf(alice, 'Sent')
    plain = await store.stage(mail('plain'))
    sealed = await store.stage(mail('plain', { body: 'sealed', headers: 'X-Sealed: yes\r\n' }))
  })
  afterEach(async () => {
    expect(await store.maintenance.verify()).toEqual([])
    await store.close()
    await engine.destroy()
  })

  const submit = (more: Partial<Submission>) =>
    store.outbox.submit({
      ...{ account: alice.id, sender: 'alice@example.test', recipients: [], body: '7bit', message: plain },
      ...{ internalDate: now / 1_000, ...more },
    })
  const toBob = (message?: StagedMessage) => ({ address: 'bob@example.test', local: { account: bob.id }, message })
  const remote = { address: 'x@remote.test' }
  const textsIn = async (account: Account, mailbox: MailboxId): Promise<string[]> => {
    const open = await account.open(mailbox)
    const messages = Array.from({ length: open.index.length }, (_, i) => open.index.entries.at(i).message)
    const texts = await Promise.all(
      messages.map(async (each) => textOf((await (await open.content(each))?.bytes()) ?? new Uint8Array())),
    )
    open.close()
    return texts
  }
  const claim = () => store.outbox.claim({ owner: 'relay', limit: 10, leaseMs: 60_000 })
  const queuedText = async (message: Parameters<Store['outbox']['content']>[0]): Promise<string | undefined> => {
    const content = await store.outbox.content(message)
    return content && textOf(await content.bytes())
  }
  const isSealed = (text: string | undefined): boolean => text?.includes('X-Sealed') ?? false
  const full = () => store.directory.updateInbox(bob.id, { quotaMessages: 0 })
  const sweepAll = async (): Promise<void> => {
    now += 86_400_000
    while (await store.maintenance.sweep());
  }
  const done = (id: number) => store.outbox.report({ id, owner: 'relay', outcome: { kind: 'delivered' } })

  describe('a submission with several texts', () => {
    test('gives each recipient, the queue and Sent their own, in one commit', async () => {
      const copy = await store.stage(mail('plain', { headers: 'Bcc: c@d.test\r\n' }))
      const submitted = await submit({
        recipients: [toBob(sealed), { address: 'alice@example.test', local: { account: alice.id } }, remote],
        sentCopy: { account: alice.id, message: copy },
      })
      expect(submitted).toMatchObject({ undelivered: [], delivered: [{ account: bob.id }, { account: alice.id }] })
      expect(isSealed((await textsIn(bob, await idOf(bob, 'INBOX')))[0])).toBe(true)
      expect(isSealed((await textsIn(alice, home.inbox))[0])).toBe(false)
      expect((await textsIn(alice, sent))[0]).toContain('Bcc: ')
      const [waiting, ...others] = await claim()
      expect(others).toEqual([])
      expect(isSealed(await queuedText(waiting!.message))).toBe(false)
    })

    test('that nobody gets in clear holds no clear text', async () => {
      const submitted = await submit({
        ...{ message: undefined, recipients: [toBob(sealed)] },
        sentCopy: { account: alice.id, message: await store.stage(mail('plain', { body: 'sealed too' })) },
      })
      expect(submitted).toMatchObject({ delivered: [{ account: bob.id }], sent: { account: alice.id } })
      expect((await store.outbox.get(submitted.queueId)).closedAt).toBe(now)
      expect(await claim()).toEqual([])
    })

    test('has a recipient without room wait for its own text, and lets go of it behind the delivery', async () => {
      await full()
      const submitted = await submit({ message: undefined, recipients: [toBob(sealed)] })
      expect(submitted.undelivered).toEqual([{ address: 'bob@example.test', why: 'over-quota' }])
      expect((await store.outbox.get(submitted.queueId)).closedAt).toBeUndefined()
      const [waiting] = await claim()
      expect(isSealed(await queuedText(waiting!.message))).toBe(true)
      await store.directory.updateInbox(bob.id, { quotaMessages: null })
      const outcome = { kind: 'delivered' as const, to: { account: bob.id } }
      expect(await store.outbox.report({ id: waiting!.id, owner: 'relay', outcome })).toMatchObject({ closed: true })
      expect(isSealed((await textsIn(bob, await idOf(bob, 'INBOX')))[0])).toBe(true)
      await sweepAll()
      expect(await queuedText(waiting!.message)).toBeUndefined()
    })

    test('keeps the plain one for who waits for it, and the sealed one for who waits for that', async () => {
      await full()
      await submit({ recipients: [remote, toBob(sealed), { address: 'y@remote.test' }] })
      const waiting = await claim()
      const texts = await Promise.all(waiting.map(({ message }) => queuedText(message)))
      expect(waiting.map(({ recipient }, i) => [recipient, isSealed(texts[i])])).toEqual([
        ['x@remote.test', false],
        ['bob@example.test', true],
        ['y@remote.test', false],
      ])
      for (const { id } of waiting.slice(0, 2)) await done(id)
      await sweepAll()
      expect(await Promise.all(waiting.map(({ message }) => queuedText(message)))).toEqual([
        textOf(mail('plain')),
        undefined,
        textOf(mail('plain')),
      ])
      await done(waiting[2]!.id)
      await sweepAll()
      expect(await queuedText(waiting[0]!.message)).toBeUndefined()
    })

    test('of which two wait for one text lets go of it behind the second, also where one is cancelled', async () => {
      await full()
      const carol = await home.addInbox('carol')
      await store.directory.updateInbox(carol.id, { quotaMessages: 0 })
      const toCarol = { address: 'carol@example.test', local: { account: carol.id }, message: sealed }
      const { queueId } = await submit({ message: undefined, recipients: [toBob(sealed), toCarol] })
      const [first, second] = await claim()
      expect(first!.message).toBe(second!.message)
      await done(first!.id)
      await sweepAll()
      expect(isSealed(await queuedText(second!.message))).toBe(true)
      await store.outbox.release('relay')
      expect(await store.outbox.cancel(queueId)).toMatchObject({ cancelled: 1 })
      await sweepAll()
      expect(await queuedText(second!.message)).toBeUndefined()
    })

    test('counts who has it already, and stores nothing for them', async () => {
      const handed = { address: 'eve@elsewhere.test', handedOver: true }
      const submitted = await submit({ message: undefined, recipients: [handed] })
      const { recipients, closedAt } = await store.outbox.get(submitted.queueId)
      expect(recipients).toMatchObject([{ recipient: 'eve@elsewhere.test', state: 'delivered' }])
      expect(closedAt).toBe(now)
      expect(submitted).toMatchObject({ delivered: [], undelivered: [], sent: undefined })
      const limits = { perHour: undefined, perDay: 1 }
      const sending = { credentialLimits: limits, inboxLimits: limits }
      expect(await store.outbox.sendingRoom({ account: alice.id, sending, recipients: 1 })).toMatchObject({
        fits: false,
      })
    })

    test('is refused where somebody would get nothing', async () => {
      await expectRefusal(submit({ message: undefined, recipients: [remote] }), 'invalid')
      await expectRefusal(
        submit({ message: undefined, recipients: [toBob(sealed)], sentCopy: { account: alice.id } }),
        'invalid',
      )
    })

    test('is refused as a whole where the sender has no room for the copy', async () => {
      await store.directory.updateInbox(alice.id, { quotaMessages: 0 })
      const sentCopy = { account: alice.id, message: await store.stage(bytesOf('x')) }
      await expectRefusal(submit({ recipients: [toBob(sealed)], sentCopy }), 'over-quota')
      expect(await textsIn(bob, await idOf(bob, 'INBOX'))).toEqual([])
    })
  })

  describe('an encrypted copy in Sent', () => {
    const identityOf = (bytes: Uint8Array) => {
      const at = textOf(bytes).indexOf('\r\n\r\n') + 4
      return messageIdentity({
        header: bytes.subarray(0, at),
        body: async function* () {
          yield bytes.subarray(at)
        },
      })
    }
    const submitSealed = async (bytes = mail('plain')) =>
      submit({
        recipients: [remote],
        sentCopy: { account: alice.id, message: sealed, identity: await identityOf(bytes) },
      })
    const own = (body = 'This is plain.  \r\n') => mail('plain', { body, headers: 'Bcc: c@d.test\r\n' })

    test("is the client's own copy of the plain text, too, when that comes behind it", async () => {
      await submitSealed()
      const { uids } = await alice.append(sent, [{ message: own(), flags: { system: 5, keywords: ['Work'] } }])
      expect(uids).toEqual(Uint32Array.of(1))
      expect(await show(alice, sent)).toEqual(['1 plain seen flagged Work'])
      expect((await textsIn(alice, sent)).map(isSealed)).toEqual([true])
    })

    test('takes the place of the plain one that came before it, with its flags', async () => {
      const before = (await alice.quota()).bytes.used
      await alice.append(sent, [{ message: own(), flags: { system: 4, keywords: ['Work'] } }])
      await submitSealed()
      expect(await show(alice, sent)).toEqual(['2 plain seen flagged Work'])
      expect((await textsIn(alice, sent)).map(isSealed)).toEqual([true])
      expect((await alice.quota()).bytes.used).toBe(before + sealed.size)
      await sweepAll()
    })

    test('is another message than one of another text, of none, or one that is going', async () => {
      await submitSealed()
      await alice.append(sent, [{ message: own('Another text.') }])
      expect(await show(alice, sent)).toHaveLength(2)
      await alice.setFlags(sent, [[1, 1]], { how: 'add', flags: deleted })
      await alice.append(sent, [{ message: own(), flags: seen }])
      expect(await show(alice, sent)).toHaveLength(3)
    })

    test('large texts are compared piece by piece', async () => {
      const body = 'A line of text.\r\n'.repeat(20_000)
      await submitSealed(mail('plain', { body }))
      await alice.append(sent, [{ message: own(body) }])
      expect(await show(alice, sent)).toHaveLength(1)
      await alice.remove(sent, allUids)
      await alice.append(sent, [{ message: own(body) }])
      await submitSealed(mail('plain', { body }))
      expect((await textsIn(alice, sent)).map(isSealed)).toEqual([true])
    })

    test('has an identity of its own each time, and none without what makes a message the same', async () => {
      const [one, other] = [await identityOf(mail('plain')), await identityOf(mail('plain'))]
      expect(Buffer.from(one!).equals(other!)).toBe(false)
      expect(await identityOf(bytesOf('Subject: x\r\n\r\ny\r\n'))).toBeUndefined()
    })
  })
}
