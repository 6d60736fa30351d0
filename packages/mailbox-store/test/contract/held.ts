// Legal hold: what an owner removes is gone for the owner, and there for who has ordered the hold, until it's lifted. What every engine
// must do.

import { type Account, allUids, type HeldMessage, messageIdentity, type Store } from '@postern/mailbox-store'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  bytesOf,
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
  textOf,
} from './engine.js'

export function heldContract(makeEngine: MakeEngine): void {
  let engine: EngineUnderTest
  let home: Home
  let store: Store
  let alice: Account
  let now: number

  beforeEach(async () => {
    now = 1_800_000_000_000
    engine = await makeEngine()
    store = await engine.open({ now: () => now, limits: { inlineBytesMax: 50_000 } })
    home = await settle(store)
    alice = home.alice
    await hold(true)
  })
  afterEach(async () => {
    expect(await store.maintenance.verify()).toEqual([])
    await store.close()
    await engine.destroy()
  })

  const hold = (legalHold: boolean) => store.directory.updateInbox(alice.id, { legalHold })
  const held = async (account = alice): Promise<readonly HeldMessage[]> =>
    (await store.held.list({ account: account.id })).items
  const subjects = async (account = alice): Promise<string[]> =>
    (await held(account)).map(({ header }) => /Subject: (.*)\r\n/.exec(textOf(header))?.[1] ?? '')
  const sweepAll = async (): Promise<void> => {
    now += 86_400_000
    while (await store.maintenance.sweep());
  }
  const bytesHeld = async ({ id }: HeldMessage): Promise<string> => textOf(await (await store.held.content(id)).bytes())

  describe('what an owner removes under legal hold', () => {
    test('by EXPUNGE is gone for the owner, the quota too, and kept with where it was, its flags and its bytes', async () => {
      await fill(alice, home.inbox, ['a', 'b', 'c'])
      await alice.setFlags(home.inbox, [[2, 2]], { how: 'add', flags: { system: 9, keywords: ['Work', '$Paid'] } })
      const before = await alice.quota()
      const { uidValidity } = await alice.status(home.inbox)
      now += 5_000
      expect((await alice.expunge(home.inbox, allUids)).uids).toEqual(Uint32Array.of(2))
      expect(await show(alice, home.inbox)).toEqual(['1 a', '3 c'])
      expect((await alice.quota()).messages.used).toBe(before.messages.used - 1)
      expect((await alice.quota()).bytes.used).toBe(before.bytes.used - mail('b').length)
      await sweepAll()
      const [one] = await held()
      expect(await held()).toHaveLength(1)
      expect(one).toMatchObject({
        ...{ mailbox: 'INBOX', uidValidity, uid: 2, size: mail('b').length, goneAt: 1_800_000_005_000 },
        ...{ flags: { system: 9, keywords: ['$Paid', 'Work'] }, internalDate: 1_800_000_000 },
      })
      expect(await bytesHeld(one!)).toBe(textOf(mail('b')))
    })

    test('by deleting a mailbox keeps the name that it had', async () => {
      const folder = await alice.createMailbox('Secret/Deals')
      await fill(alice, folder, ['a', 'b'])
      await alice.deleteMailbox(folder)
      await sweepAll()
      expect((await held()).map(({ mailbox, uid }) => `${mailbox} ${uid}`)).toEqual([
        'Secret/Deals 1',
        'Secret/Deals 2',
      ])
      expect(await subjects()).toEqual(['a', 'b'])
    })

    test('by REPLACE: the draft as it was before', async () => {
      const drafts = await idOf(alice, 'Drafts')
      await fill(alice, drafts, ['first'])
      await alice.replace(drafts, 1, drafts, { message: mail('second') })
      expect(await show(alice, drafts)).toEqual(['2 second'])
      await sweepAll()
      expect(await subjects()).toEqual(['first'])
    })

    test('by who deletes through the API, and through the merged INBOX of the domain', async () => {
      await fill(alice, home.inbox, ['a', 'b'])
      await alice.remove(home.inbox, [[1, 1]])
      const view = store.domainView(home.domain)
      await view.setFlags([[2, 2]], { how: 'add', flags: deleted })
      await view.expunge(allUids)
      await sweepAll()
      expect(await subjects()).toEqual(['a', 'b'])
    })

    test('a move, a copy and the renaming of INBOX remove nothing; a copy that goes is kept beside what stays', async () => {
      const archive = await idOf(alice, 'Archive')
      await fill(alice, home.inbox, ['a', 'b'])
      await alice.move(home.inbox, [[1, 1]], archive)
      await alice.copy(home.inbox, [[2, 2]], archive)
      await alice.renameMailbox(home.inbox, 'Old')
      expect(await held()).toEqual([])
      await alice.remove(archive, [[2, 2]])
      await sweepAll()
      expect(await subjects()).toEqual(['b'])
      expect(await show(alice, await idOf(alice, 'Old'))).toEqual(['1 b'])
    })

    test('a large one keeps its file', async () => {
      const large = mail('large', { body: 'x'.repeat(200_000) })
      await alice.append(home.inbox, [{ message: large }])
      await alice.remove(home.inbox, allUids)
      now += 7 * 86_400_000
      await sweepAll()
      await store.maintenance.sweepOrphans()
      expect(await bytesHeld((await held())[0]!)).toBe(textOf(large))
    })

    test('is listed page by page, for its inbox alone', async () => {
      const bob = await home.addInbox('bob')
      await fill(bob, await idOf(bob, 'INBOX'), ['his'])
      await bob.remove(await idOf(bob, 'INBOX'), allUids)
      await fill(alice, home.inbox, ['a', 'b', 'c'])
      await alice.remove(home.inbox, allUids)
      const first = await store.held.list({ account: alice.id, limit: 2 })
      expect(first.items.map(({ uid }) => uid)).toEqual([2, 3])
      const second = await store.held.list({ account: alice.id, limit: 2, afterId: first.next })
      expect([second.items.map(({ uid }) => uid), second.next]).toEqual([[4], undefined])
      expect(await held(bob)).toEqual([])
    })
  })

  describe('a hold', () => {
    test('that is lifted lets go of what was held, and of nothing else', async () => {
      const archive = await idOf(alice, 'Archive')
      await fill(alice, home.inbox, ['a', 'b'])
      await alice.copy(home.inbox, [[2, 2]], archive)
      await alice.remove(home.inbox, allUids)
      const [one] = await held()
      await hold(false)
      expect(await held()).toEqual([])
      await sweepAll()
      await expectRefusal(store.held.content(one!.id), 'not-found')
      expect(await show(alice, archive)).toEqual(['1 b'])
      await alice.remove(archive, allUids)
      expect(await held()).toEqual([])
    })

    test('begins with what goes from then on', async () => {
      await hold(false)
      await fill(alice, home.inbox, ['a', 'b'])
      await alice.remove(home.inbox, [[1, 1]])
      await hold(true)
      await alice.remove(home.inbox, [[2, 2]])
      await sweepAll()
      expect(await subjects()).toEqual(['b'])
    })

    test('keeps the inbox, and any other change of the inbox keeps the hold', async () => {
      await fill(alice, home.inbox, ['a'])
      await alice.remove(home.inbox, allUids)
      await store.directory.updateInbox(alice.id, { displayName: 'Alice' })
      await expectRefusal(store.directory.deleteInbox(alice.id, {}), 'invalid')
      await expectRefusal(store.directory.deleteDomain(home.domain, {}), 'invalid')
      expect(await subjects()).toEqual(['a'])
      await hold(false)
      await store.directory.deleteInbox(alice.id, {})
    })

    test("keeps what a submission's encrypted copy takes the place of in Sent", async () => {
      const sent = await idOf(alice, 'Sent')
      await alice.append(sent, [{ message: mail('a'), flags: seen }])
      const identity = await messageIdentity(partsOf(mail('a')))
      const sealed = await store.stage(mail('a', { body: 'sealed' }))
      await store.outbox.submit({
        ...{ account: alice.id, sender: '', recipients: [{ address: 'x@remote.test' }], body: '7bit', internalDate: 1 },
        ...{ message: await store.stage(bytesOf('x')), sentCopy: { account: alice.id, message: sealed, identity } },
      })
      expect(await bytesHeld((await held())[0]!)).toBe(textOf(mail('a')))
    })
  })
}

function partsOf(bytes: Uint8Array) {
  const at = textOf(bytes).indexOf('\r\n\r\n') + 4
  return {
    header: bytes.subarray(0, at),
    body: async function* () {
      yield bytes.subarray(at)
    },
  }
}
