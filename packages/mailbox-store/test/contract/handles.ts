// What stands in front of an account: a login that may only read and mark (contract B9), and the merged INBOX of a domain
// (contract C12). Every engine passes it.

import {
  type Account,
  allUids,
  domainAccount,
  domainRights,
  limitedAccount,
  type MailboxId,
  markingRights,
  type SpecialUse,
  systemFlag,
  uidMax,
} from '@postern/mailbox-store'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type EngineUnderTest,
  expectRefusal,
  fill,
  type Home,
  idOf,
  type MakeEngine,
  mail,
  settle,
  show,
} from './engine.js'

const { seen, answered, flagged, deleted, draft } = systemFlag

export function handlesContract(make: MakeEngine): void {
  describe('handles', () => {
    let engine: EngineUnderTest
    let home: Home
    let archive: MailboxId

    beforeEach(async () => {
      engine = await make()
      home = await settle(await engine.open())
      archive = await idOf(home.alice, 'Archive')
      await fill(home.alice, home.inbox, ['a', 'b', 'c'])
      await home.alice.setFlags(home.inbox, [[2, 2]], {
        how: 'replace',
        flags: { system: answered | deleted, keywords: ['old'] },
      })
    })
    afterEach(async () => {
      await home.store.close()
      await engine.destroy()
    })

    const flags = (system: number, keywords: string[] = []) => ({ system, keywords })
    const picture = async (): Promise<string> =>
      JSON.stringify([
        await home.alice.mailboxes(),
        await home.alice.subscriptions(),
        await show(home.alice, home.inbox),
        await show(home.alice, archive),
      ])

    const writes: readonly (readonly [name: string, run: (account: Account) => Promise<unknown>])[] = [
      ['append', (account) => account.append(home.inbox, [{ message: mail('new') }])],
      ['an append of nothing', (account) => account.append(home.inbox, [])],
      ['expunge', (account) => account.expunge(home.inbox, allUids)],
      ['remove', (account) => account.remove(home.inbox, allUids)],
      ['copy', (account) => account.copy(home.inbox, allUids, archive)],
      ['move', (account) => account.move(home.inbox, allUids, archive)],
      ['replace', (account) => account.replace(home.inbox, 1, archive, { message: mail('new') })],
      ['create', (account) => account.createMailbox('New')],
      ['rename', (account) => account.renameMailbox(archive, 'Renamed')],
      ['delete', (account) => account.deleteMailbox(archive)],
      ['special use', (account) => account.setSpecialUse(archive, '\\All' as SpecialUse)],
      ['subscribe', (account) => account.subscribe('New')],
      ['unsubscribe', (account) => account.unsubscribe('INBOX')],
      ['\\Deleted', (account) => account.setFlags(home.inbox, allUids, { how: 'add', flags: flags(deleted) })],
      [
        '\\Answered away',
        (account) => account.setFlags(home.inbox, allUids, { how: 'remove', flags: flags(answered) }),
      ],
      ['\\Draft alone', (account) => account.setFlags(home.inbox, [[2, 2]], { how: 'add', flags: flags(draft) })],
    ]

    test.each(writes)('reading only: %s is refused, and nothing is changed', async (_, run) => {
      const before = await picture()
      await expectRefusal(run(limitedAccount(home.alice, { quietly: false })), 'not-permitted')
      expect(await picture()).toBe(before)
    })

    test.each(writes)('reading only, quietly: %s is answered, and nothing is changed', async (_, run) => {
      const before = await picture()
      await run(limitedAccount(home.alice, { quietly: true }))
      expect(await picture()).toBe(before)
    })

    test('reading only: everything can be read, and the rights say what may be done', async () => {
      const account = limitedAccount(home.alice, { quietly: false })
      expect(account.rights).toEqual(markingRights)
      expect(await account.mailboxes()).toEqual(await home.alice.mailboxes())
      expect(await account.mailbox('INBOX')).toEqual(await home.alice.mailbox('INBOX'))
      expect(await account.quota()).toEqual(await home.alice.quota())
      expect(await account.changesSince(home.inbox, 0)).toEqual(await home.alice.changesSince(home.inbox, 0))
      const recent = await account.claimRecent(home.inbox, uidMax)
      expect(recent).toEqual([[1, uidMax]])
      expect(await account.claimRecent(home.inbox, uidMax), 'it takes none').toEqual(recent)
      const open = await account.open(home.inbox)
      expect(Array.from(await open.search({ kind: 'body', text: 'This is b' }))).toEqual([2])
      open.close()
    })

    test.each<[string, 'add' | 'remove' | 'replace', number, string[], number, string[]]>([
      ['\\Seen and \\Flagged are set', 'add', seen | flagged, [], seen | flagged | answered | deleted, ['old']],
      ['keywords are set', 'add', 0, ['new'], answered | deleted, ['old', 'new']],
      ['keywords are taken', 'remove', 0, ['old'], answered | deleted, []],
      ['replacing leaves what may not be changed', 'replace', seen, ['new'], seen | answered | deleted, ['new']],
      ['replacing by nothing, too', 'replace', 0, [], answered | deleted, []],
    ])('reading only: %s', async (_, how, system, keywords, after, keywordsAfter) => {
      for (const quietly of [false, true]) {
        const account = limitedAccount(home.alice, { quietly })
        await account.setFlags(home.inbox, [[2, 2]], { how, flags: flags(system, keywords) })
        const [entry] = (await home.alice.changesSince(home.inbox, 0)).changed.filter(({ uid }) => uid === 2)
        expect(entry?.flags.system).toBe(after)
        expect([...(entry?.flags.keywords ?? [])].sort()).toEqual([...keywordsAfter].sort())
      }
    })

    test('reading only: a forbidden flag among others refuses all of it, or quietly does the rest', async () => {
      const change = { how: 'add', flags: flags(seen | deleted, ['both']) } as const
      const before = await picture()
      await expectRefusal(
        limitedAccount(home.alice, { quietly: false }).setFlags(home.inbox, [[1, 1]], change),
        'not-permitted',
      )
      expect(await picture()).toBe(before)
      await limitedAccount(home.alice, { quietly: true }).setFlags(home.inbox, [[1, 1]], change)
      const [entry] = (await home.alice.changesSince(home.inbox, 0)).changed.filter(({ uid }) => uid === 1)
      expect(entry?.flags).toEqual({ system: seen, keywords: ['both'] })
    })

    describe('of a domain', () => {
      let merged: Account
      let bob: Account
      let bobs: MailboxId
      let all: MailboxId
      beforeEach(async () => {
        bob = await home.addInbox('bob')
        bobs = await idOf(bob, 'INBOX')
        await fill(bob, bobs, ['d'])
        merged = domainAccount(home.store.domainView(home.domain))
        all = await idOf(merged, 'inbox')
      })

      test('there is INBOX alone, with the messages and the counts of all', async () => {
        expect((await merged.mailboxes()).map(({ name }) => name)).toEqual(['INBOX'])
        expect(await merged.subscriptions()).toEqual(['INBOX'])
        expect(await merged.mailbox('Archive')).toBeUndefined()
        expect(await merged.status(all)).toMatchObject({ messages: 4, unseen: 4, deleted: 1, uidNext: 5 })
        expect((await merged.quota()).messages).toEqual({ used: 4, limit: undefined })
        expect(merged.rights).toEqual(domainRights)
        expect(await show(merged, all)).toEqual([...(await show(home.alice, home.inbox)), ...(await show(bob, bobs))])
      })

      test('flags and expunges are those of the single inboxes, and theirs are its own', async () => {
        await merged.setFlags(all, [[3, 4]], { how: 'add', flags: flags(seen, ['k']) })
        expect((await home.alice.status(home.inbox)).unseen).toBe(2)
        expect((await bob.status(bobs)).unseen).toBe(0)
        await bob.setFlags(bobs, [[4, 4]], { how: 'add', flags: flags(deleted) })
        expect(Array.from((await merged.expunge(all, allUids)).uids)).toEqual([2, 4])
        expect((await bob.status(bobs)).messages).toBe(0)
        await home.alice.remove(home.inbox, [[1, 1]])
        expect((await merged.status(all)).messages).toBe(1)
      })

      test.each<[string, (account: Account) => Promise<unknown>]>([
        ['append', (account) => account.append(all, [{ message: mail('new') }])],
        ['copy', (account) => account.copy(all, allUids, all)],
        ['move', (account) => account.move(all, allUids, all)],
        ['replace', (account) => account.replace(all, 1, all, { message: mail('new') })],
        ['remove', (account) => account.remove(all, allUids)],
        ['create', (account) => account.createMailbox('New')],
        ['rename', (account) => account.renameMailbox(all, 'New')],
        ['delete', (account) => account.deleteMailbox(all)],
        ['special use', (account) => account.setSpecialUse(all, '\\All' as SpecialUse)],
        ['unsubscribe', (account) => account.unsubscribe('INBOX')],
        ['subscribe elsewhere', (account) => account.subscribe('Archive')],
      ])('nothing is put into it and nothing made beside it: %s', async (_, run) => {
        await expectRefusal(run(merged), 'merged-inbox')
        expect((await merged.status(all)).messages).toBe(4)
        await merged.subscribe('INBOX')
      })

      test('no mailbox of an inbox is reached through it', async () => {
        for (const mailbox of [home.inbox, archive, bobs]) {
          await expectRefusal(merged.open(mailbox), 'no-such-mailbox')
          await expectRefusal(merged.expunge(mailbox, allUids), 'no-such-mailbox')
        }
      })

      test('reading only, it can be marked and not emptied', async () => {
        const account = limitedAccount(merged, { quietly: false })
        await account.setFlags(all, [[1, 1]], { how: 'add', flags: flags(flagged) })
        await expectRefusal(account.expunge(all, allUids), 'not-permitted')
        expect((await account.status(all)).messages).toBe(4)
      })
    })
  })
}
