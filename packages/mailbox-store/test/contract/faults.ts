// A disk that fails at the Nth write, for every N that a course of work reaches: each step either happened whole or
// not at all, what was acknowledged before is there, what failed is not, the store is sound, and it goes on working
// once the disk does.

import type { Account, FaultPoint, MailboxId, Store } from '@postern/mailbox-store'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
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
} from './engine.js'

interface Boxes {
  readonly store: Store
  readonly alice: Account
  readonly inbox: MailboxId
  readonly archive: MailboxId
  readonly sent: MailboxId
}

const large = mail('large', { body: 'x'.repeat(140_000) })

type Step = (boxes: Boxes) => Promise<unknown>

/** Steps whose outcome can be told from the mailboxes alone. */
const mailboxSteps: readonly Step[] = [
  ({ alice, inbox }) =>
    alice.append(inbox, [{ message: mail('a') }, { message: mail('b'), flags: { system: 1, keywords: ['k'] } }]),
  ({ alice, inbox }) => alice.append(inbox, [{ message: large }]),
  ({ alice, inbox }) => alice.setFlags(inbox, [[1, 2]], { how: 'add', flags: { system: 4, keywords: ['other'] } }),
  ({ alice, inbox, archive }) => alice.copy(inbox, [[1, 3]], archive),
  ({ alice, inbox, archive }) => alice.move(inbox, [[1, 1]], archive),
  ({ alice, inbox }) => alice.setFlags(inbox, [[2, 2]], { how: 'add', flags: deleted }),
  ({ alice, inbox }) => alice.expunge(inbox, [[1, 9]]),
  ({ alice, archive }) => alice.renameMailbox(archive, 'Old/Archive'),
  ({ alice, inbox }) => alice.append(inbox, [{ message: mail('c') }]),
]

/** Submissions that meet the client's own copies: one before, one behind. */
const sendingSteps: readonly Step[] = [
  (boxes) => submit(boxes, 'a'),
  ({ alice, sent }) => alice.append(sent, [{ message: copyOf('a'), flags: { system: 4, keywords: ['k'] } }]),
  ({ alice, sent }) => alice.append(sent, [{ message: copyOf('b') }, { message: copyOf('other') }]),
  (boxes) => submit(boxes, 'b'),
  ({ alice, archive }) => alice.append(archive, [{ message: mail('draft') }]),
  ({ alice, archive, sent }) =>
    alice.replace(archive, 1, sent, { message: copyOf('b'), flags: { system: 2, keywords: [] } }),
]

const copyOf = (key: string): Uint8Array => mail(key, { headers: 'Bcc: carol@example.org\r\n' })

async function submit({ store, alice, inbox }: Boxes, key: string): Promise<void> {
  const local = { account: alice.id, mailbox: inbox }
  await store.outbox.submit({
    ...{ account: alice.id, sender: 'alice@example.test', body: '7bit', internalDate: 1_800_000_000 },
    recipients: [{ address: 'bob@example.net' }, { address: 'alice@example.test', local }],
    message: await store.stage(mail(key)),
    sentCopy: { account: alice.id },
  })
}

/** So many recipients that alice has sent to: the limit that just holds. */
async function sentTo({ store, alice }: Boxes): Promise<number> {
  const unlimited = { perHour: undefined, perDay: undefined }
  for (let perHour = 1; ; perHour++) {
    const sending = { credentialLimits: unlimited, inboxLimits: { ...unlimited, perHour } }
    if ((await store.outbox.sendingRoom({ account: alice.id, sending, recipients: 1 })).fits) return perHour - 1
  }
}

const writesTriedMax = 400
/** Behind so many failures the store is closed, opened and looked through whole. */
const restartEvery = 4

export function faultContract(makeEngine: MakeEngine): void {
  describe('a failing disk', () => {
    let engine: EngineUnderTest
    let home: Home
    let boxes: Boxes | undefined
    let writes = 0
    let failAt = Number.POSITIVE_INFINITY
    const hit: FaultPoint[] = []

    let flushFails = false
    const fault = (point: FaultPoint): void => {
      if (point === 'flush') {
        if (flushFails) throw Object.assign(new Error('input/output error'), { code: 'EIO' })
        return
      }
      if (++writes < failAt) return
      if (writes === failAt) hit.push(point)
      throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
    }
    const open = async (local: string): Promise<void> => {
      failAt = Number.POSITIVE_INFINITY
      home = await settle(await engine.open({ fault }))
      await moveIn(local)
    }
    /** Each try has an account of its own on the one store, and works in a mailbox whose uids begin at 1. */
    const moveIn = async (local: string): Promise<void> => {
      const alice = await home.addInbox(local)
      const known = boxes ?? {
        inbox: await alice.createMailbox('Work'),
        archive: await idOf(alice, 'Archive'),
        sent: await idOf(alice, 'Sent'),
      }
      boxes = { ...known, alice, store: home.store }
    }
    const now = (): Boxes => boxes as Boxes
    const picture = async (): Promise<string> =>
      JSON.stringify([
        await show(now().alice, now().inbox),
        await show(now().alice, now().archive),
        await show(now().alice, now().sent),
        (await now().alice.mailboxes()).map(({ name }) => name),
        (await now().store.outbox.list({ account: now().alice.id })).items.map(({ recipients }) => recipients.length),
        await sentTo(now()),
        await now().alice.quota(),
      ])

    beforeEach(async () => {
      engine = await makeEngine()
      hit.length = 0
      boxes = undefined
      await open('alice')
    })
    afterEach(async () => {
      await home.store.close()
      await engine.destroy()
    })

    const everyPoint: readonly FaultPoint[] = ['write', 'commit', 'blob-write', 'blob-flush', 'blob-rename']

    test.each([
      { course: 'work in mailboxes', steps: mailboxSteps, points: everyPoint },
      { course: 'submissions and copies', steps: sendingSteps, points: ['write', 'commit'] as FaultPoint[] },
    ])(
      'at every write of $course: whole or not at all, and the work goes on',
      async ({ steps, points }) => {
        for (let nth = 1; nth <= writesTriedMax; nth++) {
          boxes = undefined
          await moveIn(`try${nth}`)
          writes = 0
          failAt = nth
          let before = await picture()
          let failed: number | undefined
          for (const [i, step] of steps.entries()) {
            const done = await step(now()).then(
              () => true,
              (error: { code?: string }) => {
                expect(error.code).toBe('disk-full')
                return false
              },
            )
            const after = await picture()
            if (!done) {
              expect(after, `step ${i} failed at write ${nth} and left a trace`).toBe(before)
              failed = i
              break
            }
            expect(after, `step ${i} was acknowledged and left no trace`).not.toBe(before)
            before = after
          }
          failAt = Number.POSITIVE_INFINITY
          if (failed === undefined || nth % restartEvery === 0) {
            const kept = await picture()
            await home.store.close()
            await open(`try${nth}`)
            expect(await picture(), `after a restart, write ${nth}`).toBe(kept)
            expect(await home.store.maintenance.verify(), `write ${nth}`).toEqual([])
          }
          if (failed === undefined) {
            expect(new Set(hit)).toEqual(new Set(points))
            return
          }
        }
        throw new Error(`the work takes more than ${writesTriedMax} writes`)
      },
      120_000,
    )

    test('a flush that fails is told to those who waited for it, and nothing is written any more until a restart', async () => {
      await home.alice.append(home.inbox, [{ message: mail('before') }])
      flushFails = true
      await expectRefusal(home.alice.append(home.inbox, [{ message: mail('unsure') }]), 'io-error')
      flushFails = false
      await expectRefusal(home.alice.append(home.inbox, [{ message: mail('after') }]), 'io-error')
      await expectRefusal(home.alice.setFlags(home.inbox, [[1, 1]], { how: 'add', flags: seen }), 'io-error')
      expect((await show(home.alice, home.inbox))[0]).toBe('1 before')
      await home.store.close()
      await open('alice')
      expect((await show(home.alice, home.inbox))[0]).toBe('1 before')
      await home.alice.append(home.inbox, [{ message: mail('again') }])
      expect((await show(home.alice, home.inbox)).at(-1)).toMatch(/ again$/)
      expect(await home.store.maintenance.verify()).toEqual([])
    })

    test('what could not be claimed as recent is the next one’s', async () => {
      const { uids } = await home.alice.append(home.inbox, [{ message: mail('a') }])
      const [uid] = uids as unknown as [number]
      const open = await home.alice.open(home.inbox)
      failAt = writes + 1
      await expectRefusal(home.alice.claimRecent(home.inbox, uid), 'disk-full')
      failAt = Number.POSITIVE_INFINITY
      expect(await home.alice.claimRecent(home.inbox, uid)).toEqual([[uid, uid]])
      open.close()
    })

    test('callers of one group that fails each hear it, and may try again', async () => {
      failAt = writes + 5
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, i) => home.alice.append(home.inbox, [{ message: mail(`m${i}`), flags: seen }])),
      )
      const told = outcomes.filter(({ status }) => status === 'fulfilled').length
      failAt = Number.POSITIVE_INFINITY
      expect((await show(home.alice, home.inbox)).length).toBe(told)
      expect(told).toBeLessThan(20)
      await Promise.all(
        Array.from({ length: 20 }, (_, i) => home.alice.append(home.inbox, [{ message: mail(`n${i}`) }])),
      )
      expect((await show(home.alice, home.inbox)).length).toBe(told + 20)
      expect(await home.store.maintenance.verify()).toEqual([])
    })
  })
}
