// One message in \Sent, though both the submission and the client file it (contract E3): what every engine must do.

import type { Account, Append, Flags, MailboxId, MessageId, Store, Submission, Submitted } from '@postern/mailbox-store'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  bytesOf,
  type EngineUnderTest,
  expectRefusal,
  idOf,
  type MakeEngine,
  mail,
  seen,
  settle,
  show,
  textOf,
} from './engine.js'
import { clientHabits } from './sent-copies.js'

const dayMs = 86_400_000

export function sentMergeContract(makeEngine: MakeEngine): void {
  let engine: EngineUnderTest
  let store: Store
  let alice: Account
  let sent: MailboxId
  let now: number
  let inboxes = 0

  /** One store for all, an inbox for each: what is checked at the end has been through everything. */
  beforeAll(async () => {
    now = 1_800_000_000_000
    engine = await makeEngine()
    await open()
  })
  beforeEach(async () => {
    alice = await (await settle(store)).addInbox(`a${++inboxes}`)
    sent = await idOf(alice, 'Sent')
  })
  afterAll(async () => {
    expect(await store.maintenance.verify()).toEqual([])
    await store.close()
    await engine.destroy()
  })

  const open = async (): Promise<void> => {
    store = await engine.open({ now: () => now, limits: { inlineBytesMax: 50_000 } })
  }
  const submit = async (bytes: Uint8Array, more: Partial<Submission> = {}, by = store): Promise<Submitted> =>
    by.outbox.submit({
      ...{
        account: alice.id,
        sender: 'alice@example.test',
        recipients: [{ address: 'bob@example.net' }],
        body: '7bit',
      },
      message: await by.stage(bytes),
      internalDate: now / 1_000,
      sentCopy: { account: alice.id },
      ...more,
    })
  const file = (bytes: Uint8Array, flags: Flags = seen, mailbox = sent) =>
    alice.append(mailbox, [{ message: bytes, flags }])
  const count = async (mailbox = sent): Promise<number> => (await alice.status(mailbox)).messages
  const withBcc = (key: string): Uint8Array => mail(key, { headers: 'Bcc: carol@example.org\r\n' })

  describe('clients and their habits', () => {
    for (const [name, { submitted, copy, same }] of Object.entries(clientHabits)) {
      test(`${name}: ${same ? 'one message' : 'two messages'}, whichever comes first`, async () => {
        await submit(bytesOf(submitted))
        await file(bytesOf(copy))
        expect(await count()).toBe(same ? 1 : 2)
        expect((await alice.remove(sent, [[1, 9]])).uids).toHaveLength(same ? 1 : 2)
        await file(bytesOf(copy))
        await submit(bytesOf(submitted))
        expect(await count()).toBe(same ? 1 : 2)
      })
    }
  })

  describe('a copy behind its submission', () => {
    test('the uid that is there is named, flags come together, and what was filed first stays', async () => {
      const { sent: placed } = await submit(mail('a'))
      const before = await alice.status(sent)
      const quota = await alice.quota()
      const appended = await file(withBcc('a'), { system: 1 | 4, keywords: ['$Forwarded'] })
      expect(Array.from(appended.uids)).toEqual([placed?.uid])
      expect(await show(alice, sent)).toEqual([`${placed?.uid} a seen flagged $Forwarded`])
      expect(await alice.quota()).toEqual(quota)
      const after = await alice.status(sent)
      expect(after).toMatchObject({ messages: 1, uidNext: before.uidNext, recent: before.recent })
      expect(after.highestModSeq).toBe(before.highestModSeq + 1)
      const content = await opened((mailbox) => mailbox.content(mailbox.index.entries.at(0).message))
      expect(textOf((await content?.bytes()) as Uint8Array)).toBe(textOf(mail('a')))
    })

    test('where no flag changes nothing does, and nobody is rung', async () => {
      await submit(mail('a'))
      const before = await alice.status(sent)
      expect((await file(withBcc('a'))).modSeq).toBe(before.highestModSeq)
      expect(await alice.status(sent)).toEqual(before)
    })

    test('it needs no room', async () => {
      await submit(mail('a'))
      const { bytes } = await alice.quota()
      await store.directory.updateInbox(alice.id, { quotaBytes: bytes.used, quotaMessages: 1 })
      await file(withBcc('a'))
      expect(await count()).toBe(1)
      await expectRefusal(file(mail('b')), 'over-quota')
    })

    test('a second copy of the client merges too; a day later it is its own message', async () => {
      await submit(mail('a'))
      for (let i = 0; i < 3; i++) await file(withBcc('a'))
      expect(await count()).toBe(1)
      now += dayMs - 1
      await file(withBcc('a'))
      expect(await count()).toBe(1)
      now += 1
      await file(withBcc('a'))
      expect(await count()).toBe(2)
    })

    test('only in \\Sent, and only with the mailbox that is it now', async () => {
      await submit(mail('a'))
      const drafts = await idOf(alice, 'Drafts')
      await file(mail('a'), seen, drafts)
      expect([await count(), await count(drafts)]).toEqual([1, 1])
      await alice.setSpecialUse(sent, undefined)
      await file(mail('a'))
      expect(await count()).toBe(2)
      const own = await alice.createMailbox('Mine', { specialUse: '\\Sent' })
      await file(mail('a'), seen, own)
      expect(await count(own)).toBe(1)
    })

    test('two copies of a client alone stay two; so do those of two submissions', async () => {
      await file(mail('a'))
      await file(mail('a'))
      expect(await count()).toBe(2)
      await submit(mail('b'))
      await submit(mail('b'))
      expect(await count()).toBe(4)
    })

    test.each([
      ['expunged', () => alice.remove(sent, [[1, 9]])],
      ['moved away', async () => alice.move(sent, [[1, 9]], await idOf(alice, 'Archive'))],
      [
        'about to be expunged',
        () => alice.setFlags(sent, [[1, 9]], { how: 'add', flags: { system: 8, keywords: [] } }),
      ],
    ])('one that was %s meanwhile is no match', async (_, meanwhile) => {
      await submit(mail('a'))
      await meanwhile()
      const before = await count()
      const { uids } = await file(mail('a'))
      expect(await count()).toBe(before + 1)
      expect(uids[0]).toBe(2)
    })

    test('MULTIAPPEND: some merge, some do not, the uids come in the order of the messages', async () => {
      await submit(mail('a'))
      await submit(mail('b'))
      const messages: Append[] = ['new', 'b', 'a', 'a', 'other'].map((key) => ({ message: withBcc(key), flags: seen }))
      expect(Array.from((await alice.append(sent, messages)).uids)).toEqual([3, 2, 1, 1, 4])
      expect(await show(alice, sent)).toEqual(['1 a seen', '2 b seen', '3 new seen', '4 other seen'])
    })

    test('REPLACE of a draft: the draft goes, and the submitted message stays as it is', async () => {
      const drafts = await idOf(alice, 'Drafts')
      const draft = await alice.append(drafts, [{ message: mail('draft') }])
      const { sent: placed } = await submit(mail('a'))
      const before = await alice.quota()
      const replaced = await alice.replace(drafts, draft.uids[0] as number, sent, {
        message: withBcc('a'),
        flags: { system: 4, keywords: [] },
      })
      expect(replaced.uid).toBe(placed?.uid)
      expect([await count(drafts), await show(alice, sent)]).toEqual([0, ['1 a seen flagged']])
      const after = await alice.quota()
      expect([after.messages.used, after.bytes.used]).toEqual([1, before.bytes.used - mail('draft').length])
    })

    test('REPLACE of the very message puts the new one in its place', async () => {
      await submit(mail('a'))
      expect((await alice.replace(sent, 1, sent, { message: withBcc('a') })).uid).toBe(2)
      expect(await show(alice, sent)).toEqual(['2 a'])
    })

    test('large bodies, one in a file and one not, are compared as they are', async () => {
      const text = 'A line of the large body.\r\n'.repeat(1_920)
      const large = mail('large', { body: text })
      const padded = mail('large', { body: text.replaceAll('body.\r\n', 'body.   \r\n'), headers: 'Bcc: x@y.test\r\n' })
      expect([large.length < 52_000, padded.length > 50_000]).toEqual([true, true])
      await submit(large)
      await file(padded)
      expect(await count()).toBe(1)
      await file(mail('large', { body: `${text}more` }))
      expect(await count()).toBe(2)
    })
  })

  describe('a copy before its submission', () => {
    test('it becomes the Sent copy: seen, its own bytes, charged once', async () => {
      await file(withBcc('a'), { system: 0, keywords: ['$Label1'] })
      const quota = await alice.quota()
      const { sent: placed, queueId } = await submit(mail('a'))
      expect(placed).toEqual({ account: alice.id, mailbox: sent, uid: 1 })
      expect(await show(alice, sent)).toEqual(['1 a seen $Label1'])
      expect(await alice.quota()).toEqual(quota)
      const wire = await store.outbox.content((await store.outbox.messageOf(queueId)) as MessageId)
      expect(textOf((await wire?.bytes()) as Uint8Array), 'what leaves has no Bcc').toBe(textOf(mail('a')))
      await file(withBcc('a'))
      expect(await count()).toBe(1)
    })

    test("a submission's own text for Sent is what is compared", async () => {
      await file(withBcc('a'))
      await submit(mail('a'), { sentCopy: { account: alice.id, message: await store.stage(withBcc('a')) } })
      expect(await count()).toBe(1)
    })

    test('without room for another message it goes through', async () => {
      await file(withBcc('a'))
      await store.directory.updateInbox(alice.id, { quotaMessages: 1 })
      await submit(mail('a'))
      expect(await count()).toBe(1)
      await expectRefusal(submit(mail('b')), 'over-quota')
    })

    test('a resend of it changes nothing', async () => {
      await file(withBcc('a'))
      const key = { resendKey: new Uint8Array([1]), resendWithinMs: 60_000 }
      const first = await submit(mail('a'), key)
      const before = await alice.status(sent)
      expect(await submit(mail('a'), key)).toMatchObject({ queueId: first.queueId, repeated: true })
      expect(await alice.status(sent)).toEqual(before)
    })
  })

  test('without a Sent copy nothing merges, and the client keeps its own', async () => {
    await submit(mail('a'), { sentCopy: undefined })
    await file(mail('a'))
    await submit(mail('a'), { sentCopy: undefined })
    expect(await show(alice, sent)).toEqual(['1 a seen'])
  })

  test('both at once, from two processes, are one message each', async () => {
    const other = await engine.open({ now: () => now })
    const theirs = other.account(alice.id)
    const keys = Array.from({ length: 25 }, (_, i) => `m${i}`)
    await Promise.all(
      keys.flatMap((key) => [submit(mail(key)), theirs.append(sent, [{ message: withBcc(key), flags: seen }])]),
    )
    expect(await count()).toBe(keys.length)
    await other.close()
  })

  test('a restart forgets nothing of it; a sweep forgets what is over a day old', async () => {
    await submit(mail('a'))
    await store.close()
    await open()
    alice = store.account(alice.id)
    await file(withBcc('a'))
    expect(await count()).toBe(1)
    now += dayMs
    while (await store.maintenance.sweep());
    await file(withBcc('a'))
    expect(await count()).toBe(2)
  })

  const opened = async <Result>(
    look: (mailbox: Awaited<ReturnType<Account['open']>>) => Promise<Result>,
  ): Promise<Result> => {
    const mailbox = await alice.open(sent)
    try {
      return await look(mailbox)
    } finally {
      mailbox.close()
    }
  }
}
