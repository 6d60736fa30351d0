// Mail that is brought from another server once, however often it's asked for: what every engine must do.

import type { BroughtAppend, ImportOrigin, Store } from '@postern/mailbox-store'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type EngineUnderTest, expectRefusal, type Home, type MakeEngine, mail, seen, settle, show } from './engine.js'

export function importsContract(makeEngine: MakeEngine): void {
  describe('imports', () => {
    let engine: EngineUnderTest
    let home: Home
    let store: Store
    let origin: ImportOrigin

    beforeEach(async () => {
      engine = await makeEngine()
      store = await engine.open()
      home = await settle(store)
      origin = { account: home.alice.id, source: 'imaps://old.example/ada/INBOX', uidValidity: 7 }
    })
    afterEach(async () => {
      expect(await store.maintenance.verify()).toEqual([])
      await store.close()
      await engine.destroy()
    })

    const coming = async (sourceUid: number): Promise<BroughtAppend> => ({
      ...{ message: await store.stage(mail(`m${sourceUid}`)), flags: seen, internalDate: 1_600_000_000 + sourceUid },
      ...{ sourceUid, seenFlags: '1' },
    })
    const all = { from: 1, to: 0xffff_ffff }
    const uidsBrought = async (of = origin) => (await store.imports.brought(of, all)).map(({ sourceUid }) => sourceUid)

    test('bring each message once, in the order of the source, also when two bring the same at once', async () => {
      const { imports } = store
      const [five, nine, ten] = [await coming(5), await coming(9), await coming(10)]
      const [one, other] = await Promise.all([
        imports.append(origin, home.inbox, [five, nine]),
        imports.append(origin, home.inbox, [five, nine, ten]),
      ])
      expect([one.appended, other.appended]).toEqual([2, 1])
      expect(await imports.append(origin, home.inbox, [five, ten])).toEqual({ appended: 0 })
      expect(await show(home.alice, home.inbox)).toEqual(['1 m5 seen', '2 m9 seen', '3 m10 seen'])
      expect(await imports.brought(origin, { from: 6, to: 9 })).toEqual([
        { sourceUid: 9, mailbox: home.inbox, uid: 2, seenFlags: '1' },
      ])
    })

    test('are told apart by inbox, by source and by UIDVALIDITY', async () => {
      const { imports } = store
      await imports.append(origin, home.inbox, [await coming(5)])
      const bob = await home.addInbox('bob')
      const others = [
        { ...origin, uidValidity: 8 },
        { ...origin, source: 'imaps://old.example/ada/Sent' },
        { ...origin, account: bob.id },
      ]
      for (const other of others) expect(await uidsBrought(other)).toEqual([])
      const otherwise = await Promise.all([origin, ...others].map((one) => imports.broughtOtherwise(one)))
      expect(otherwise).toEqual([false, true, false, false])
    })

    test('are remembered after the message has gone, and after a restart', async () => {
      await store.imports.append(origin, home.inbox, [await coming(5)])
      await home.alice.remove(home.inbox, [[1, 1]])
      await store.close()
      store = await engine.open()
      expect(await uidsBrought()).toEqual([5])
      expect(await store.imports.append(origin, home.inbox, [await coming(5)])).toEqual({ appended: 0 })
    })

    test('keep the flags that the source had last, and what needn’t be brought', async () => {
      const { imports } = store
      await imports.append(origin, home.inbox, [await coming(5)])
      await imports.noteFlags(origin, [{ sourceUid: 5, seenFlags: '3 $Forwarded' }])
      await imports.noteHere(origin, [{ sourceUid: 6, mailbox: home.inbox, uid: 1, seenFlags: '' }])
      expect((await imports.brought(origin, all)).map((one) => one.seenFlags)).toEqual(['3 $Forwarded', ''])
      expect(await imports.append(origin, home.inbox, [await coming(6)])).toEqual({ appended: 0 })
    })

    test('leave no note where the messages were refused, and none when the inbox goes', async () => {
      await store.directory.updateInbox(home.alice.id, { quotaMessages: 1 })
      await expectRefusal(store.imports.append(origin, home.inbox, [await coming(5), await coming(6)]), 'over-quota')
      expect(await uidsBrought()).toEqual([])
      await store.imports.append(origin, home.inbox, [await coming(5)])
      await store.directory.deleteInbox(home.alice.id)
      expect(await uidsBrought()).toEqual([])
      expect(await store.imports.broughtOtherwise({ ...origin, uidValidity: 9 })).toBe(false)
      await expectRefusal(store.imports.append(origin, home.inbox, [await coming(7)]), 'not-found')
    })

    test('have a name of a bounded length', async () => {
      const source = 'x'.repeat(4_001)
      await expectRefusal(store.imports.append({ ...origin, source }, home.inbox, [await coming(5)]), 'invalid')
    })
  })
}
