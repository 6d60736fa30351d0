// Mailboxes: what every engine must do with names, renames, deletions, special uses, subscriptions and counters.

import type { SpecialUse } from '@postern/mailbox-store'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  deleted,
  type EngineUnderTest,
  expectRefusal,
  fill,
  type Home,
  idOf,
  type MakeEngine,
  mail,
  seen,
  settle,
  show,
} from './engine.js'

export function mailboxContract(makeEngine: MakeEngine): void {
  describe('mailboxes', () => {
    let engine: EngineUnderTest
    let home: Home
    let now = 1_800_000_000_000

    beforeEach(async () => {
      now = 1_800_000_000_000
      engine = await makeEngine()
      home = await settle(await engine.open({ now: () => now, limits: { mailboxesPerAccountMax: 40 } }))
    })
    afterEach(async () => {
      await home.store.close()
      await engine.destroy()
    })

    const names = async (): Promise<string[]> => (await home.alice.mailboxes()).map(({ name }) => name)

    test('an inbox begins with the mailboxes of the contract, subscribed, each with its special use', async () => {
      const list = await home.alice.mailboxes()
      expect(list.map(({ name, specialUse, subscribed }) => [name, specialUse, subscribed])).toEqual([
        ['Archive', '\\Archive', true],
        ['Drafts', '\\Drafts', true],
        ['INBOX', undefined, true],
        ['Sent', '\\Sent', true],
        ['Spam', '\\Junk', true],
        ['Trash', '\\Trash', true],
      ])
      expect(new Set(list.map(({ objectId }) => objectId)).size).toBe(6)
    })

    test('create makes the missing levels above, and drops a trailing delimiter', async () => {
      await home.alice.createMailbox('Work/2026/Q4/')
      expect(await names()).toEqual(expect.arrayContaining(['Work', 'Work/2026', 'Work/2026/Q4']))
      await expectRefusal(home.alice.createMailbox('Work/2026'), 'mailbox-exists')
    })

    test.each([
      ['INBOX', 'mailbox-exists'],
      ['inbox', 'mailbox-exists'],
      ['iNbOx/', 'mailbox-exists'],
      ['', 'mailbox-name-invalid'],
      ['/', 'mailbox-name-invalid'],
      ['a//b', 'mailbox-name-invalid'],
      ['/a', 'mailbox-name-invalid'],
      ['a\u0000b', 'mailbox-name-invalid'],
      ['a\nb', 'mailbox-name-invalid'],
      ['a\u0085b', 'mailbox-name-invalid'],
      ['\ud800', 'mailbox-name-invalid'],
      ['x'.repeat(1001), 'mailbox-name-invalid'],
      ['ä'.repeat(501), 'mailbox-name-invalid'],
      [Array(51).fill('d').join('/'), 'mailbox-name-invalid'],
    ] as const)('create %j is refused: %s', async (name, code) => {
      await expectRefusal(home.alice.createMailbox(name), code)
    })

    test.each(['R&D', '✉️ Post', '"quoted"', 'a*b%', 'Entwürfe', 'x'.repeat(1000), 'inbox/sub'])(
      'create %j',
      async (name) => {
        await home.alice.createMailbox(name)
        const expected = name.startsWith('inbox/') ? 'INBOX/sub' : name.normalize('NFC')
        expect(await names()).toContain(expected)
      },
    )

    test('one spelling of a name: NFC', async () => {
      await home.alice.createMailbox('Entwu\u0308rfe')
      await expectRefusal(home.alice.createMailbox('Entw\u00fcrfe'), 'mailbox-exists')
      expect((await home.alice.mailbox('Entwu\u0308rfe'))?.name).toBe('Entw\u00fcrfe')
    })

    test.each([
      ['inbox/sub', 'INBOX/sub'],
      ['Inbox/sub/', 'INBOX/sub'],
      ['Work/', 'Work'],
      ['work', undefined],
      ['\u0131nbox', undefined],
      ['', undefined],
    ])('a mailbox is found under the spelling that makes it: %j', async (asked, found) => {
      await home.alice.createMailbox('inbox/sub')
      await home.alice.createMailbox('Work')
      expect((await home.alice.mailbox(asked))?.name).toBe(found)
    })

    test('names are case-sensitive but for INBOX', async () => {
      await home.alice.createMailbox('sent')
      expect((await home.alice.mailbox('sent'))?.specialUse).toBeUndefined()
      expect((await home.alice.mailbox('inbox'))?.name).toBe('INBOX')
      expect(await home.alice.mailbox('SENT')).toBeUndefined()
    })

    test('the number of mailboxes is limited, the levels above counted', async () => {
      for (let i = 0; i < 33; i++) await home.alice.createMailbox(`m${i}`)
      await expectRefusal(home.alice.createMailbox('x/y'), 'mailbox-limit')
      await home.alice.createMailbox('x')
      await expectRefusal(home.alice.createMailbox('z'), 'mailbox-limit')
    })

    test('rename takes the children and subscriptions along and keeps uids and UIDVALIDITY', async () => {
      const id = await home.alice.createMailbox('Work')
      const child = await home.alice.createMailbox('Work/2026')
      await home.alice.createMailbox('Workshop')
      await home.alice.subscribe('Work')
      await home.alice.subscribe('Work/2026')
      await fill(home.alice, child, ['a', 'b'])
      const before = await home.alice.status(child)
      await home.alice.renameMailbox(id, 'Old/Job')
      expect(await names()).toEqual(expect.arrayContaining(['Old', 'Old/Job', 'Old/Job/2026', 'Workshop']))
      expect(await names()).not.toContain('Work')
      expect(await home.alice.status(child)).toEqual(before)
      expect(await show(home.alice, child)).toEqual(['1 a', '2 b'])
      expect(await home.alice.subscriptions()).toEqual(expect.arrayContaining(['Old/Job', 'Old/Job/2026']))
      expect(await home.alice.subscriptions()).not.toContain('Work/2026')
    })

    test('rename is refused onto an existing name and below itself', async () => {
      const id = await home.alice.createMailbox('Work')
      await expectRefusal(home.alice.renameMailbox(id, 'Sent'), 'mailbox-exists')
      await expectRefusal(home.alice.renameMailbox(id, 'Work/inner'), 'mailbox-name-invalid')
      await expectRefusal(home.alice.renameMailbox(id, 'a\nb'), 'mailbox-name-invalid')
    })

    test('rename of INBOX moves its mail and leaves INBOX, with its children, in place', async () => {
      await fill(home.alice, home.inbox, ['a', 'b'])
      await home.alice.createMailbox('INBOX/child')
      const target = await home.alice.renameMailbox(home.inbox, 'Old mail')
      expect(await show(home.alice, target)).toEqual(['1 a', '2 b'])
      expect(await show(home.alice, home.inbox)).toEqual([])
      expect(await names()).toEqual(expect.arrayContaining(['INBOX', 'INBOX/child', 'Old mail']))
      await fill(home.alice, home.inbox, ['c'])
      expect(await show(home.alice, home.inbox)).toEqual(['3 c'])
    })

    test('delete takes the messages, leaves the children, and INBOX cannot be deleted', async () => {
      const id = await home.alice.createMailbox('Work')
      await home.alice.createMailbox('Work/2026')
      await fill(home.alice, id, ['a'])
      await home.alice.deleteMailbox(id)
      expect(await names()).not.toContain('Work')
      expect(await names()).toContain('Work/2026')
      expect((await home.alice.quota()).messages.used).toBe(0)
      await expectRefusal(home.alice.status(id), 'no-such-mailbox')
      await expectRefusal(home.alice.append(id, [{ message: mail('x') }]), 'no-such-mailbox')
      await expectRefusal(home.alice.deleteMailbox(home.inbox), 'mailbox-protected')
    })

    test('made again, a mailbox has a higher UIDVALIDITY and another object id, even when the clock jumps back', async () => {
      const first = await home.alice.createMailbox('Work')
      const before = await home.alice.mailbox('Work')
      await fill(home.alice, first, ['a'])
      await home.alice.deleteMailbox(first)
      now -= 365 * 86_400_000
      await home.alice.createMailbox('Work')
      const after = await home.alice.mailbox('Work')
      expect(after?.uidValidity).toBeGreaterThan(before?.uidValidity ?? Number.NaN)
      expect(after?.objectId).not.toBe(before?.objectId)
    })

    test('a special use belongs to one mailbox', async () => {
      await expectRefusal(home.alice.createMailbox('Gesendet', { specialUse: '\\Sent' }), 'special-use-taken')
      const sent = await idOf(home.alice, 'Sent')
      await home.alice.setSpecialUse(sent, undefined)
      await home.alice.createMailbox('Gesendet', { specialUse: '\\Sent' })
      await expectRefusal(home.alice.setSpecialUse(sent, '\\Sent'), 'special-use-taken')
      await expectRefusal(home.alice.setSpecialUse(home.inbox, '\\All' as SpecialUse), 'mailbox-protected')
    })

    test('a name can be subscribed to before and after it has a mailbox', async () => {
      await home.alice.subscribe('Later')
      const id = await home.alice.createMailbox('Later')
      await home.alice.deleteMailbox(id)
      expect(await home.alice.subscriptions()).toContain('Later')
      await home.alice.unsubscribe('Later')
      expect(await home.alice.subscriptions()).not.toContain('Later')
    })

    test('status counts messages, unseen, deleted and bytes', async () => {
      const size = mail('a').length
      await home.alice.append(home.inbox, [
        { message: mail('a') },
        { message: mail('b'), flags: seen },
        { message: mail('c'), flags: deleted },
      ])
      expect(await home.alice.status(home.inbox)).toMatchObject({
        messages: 3,
        unseen: 2,
        deleted: 1,
        bytes: 3 * size,
        uidNext: 4,
      })
      await home.alice.setFlags(home.inbox, [[1, 1]], { how: 'add', flags: seen })
      await home.alice.expunge(home.inbox, [[1, 10]])
      expect(await home.alice.status(home.inbox)).toMatchObject({
        messages: 2,
        unseen: 0,
        deleted: 0,
        bytes: 2 * size,
        uidNext: 4,
      })
    })

    test("another account's mailbox is a mailbox that does not exist", async () => {
      const bob = await home.addInbox('bob')
      const own = await idOf(bob, 'Sent')
      await fill(home.alice, home.inbox, ['a'])
      const all: [number, number][] = [[1, 1]]
      for (const attempt of [
        () => bob.status(home.inbox),
        () => bob.open(home.inbox),
        () => bob.append(home.inbox, [{ message: mail('x') }]),
        () => bob.setFlags(home.inbox, all, { how: 'add', flags: seen }),
        () => bob.expunge(home.inbox, all),
        () => bob.remove(home.inbox, all),
        () => bob.copy(home.inbox, all, own),
        () => bob.move(home.inbox, all, own),
        () => home.alice.copy(home.inbox, all, own),
        () => home.alice.move(home.inbox, all, own),
        () => bob.changesSince(home.inbox, 0),
        () => bob.renameMailbox(home.inbox, 'mine'),
        () => bob.deleteMailbox(home.inbox),
      ])
        await expectRefusal(attempt(), 'no-such-mailbox')
      expect(await show(home.alice, home.inbox)).toEqual(['1 a'])
    })
  })
}
