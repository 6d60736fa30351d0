// Messages: append, flags, expunge, copy, move, what changed, what is read back. The same rows for every engine.

import { type FlagChange, formatUidSet, type MailboxId, uidMax, uidSetOf } from '@postern/mailbox-store'
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
  showOpen,
  textOf,
} from './engine.js'

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** A message of about this many bytes, none of them like its neighbours. */
function bigMail(key: string, size: number): Uint8Array {
  const lines: string[] = []
  for (let length = 0, i = 0; length < size; i++) {
    const line = `${key} line ${i} ${(i * 2654435761) >>> 0}`
    lines.push(line)
    length += line.length + 2
  }
  return mail(key, { body: lines.join('\r\n') })
}

export function messageContract(makeEngine: MakeEngine): void {
  let engine: EngineUnderTest
  let home: Home
  let archive: MailboxId
  let now = 1_800_000_000_000

  const open = async (): Promise<void> => {
    home = await settle(
      await engine.open({ now: () => now, limits: { tombstonesPerMailboxMax: 10, keywordSetsPerAccountMax: 50 } }),
    )
    archive = await idOf(home.alice, 'Archive')
  }
  const reopen = async (): Promise<void> => {
    await home.store.close()
    await open()
  }
  const read = async (mailbox: MailboxId, uid: number): Promise<Uint8Array> => {
    const box = await home.alice.open(mailbox)
    const content = await box.content(box.index.entries.messages[box.index.entries.find(uid)] as number)
    box.close()
    if (content === undefined) throw new Error('no content')
    return content.bytes()
  }

  beforeEach(async () => {
    now = 1_800_000_000_000
    engine = await makeEngine()
    await open()
  })
  afterEach(async () => {
    await home.store.close()
    await engine.destroy()
  })

  describe('recent', () => {
    test('each message to one caller, up to the uid that it was told of; later ones wait', async () => {
      await fill(home.alice, home.inbox, ['a', 'b', 'c'])
      expect(await home.alice.status(home.inbox)).toMatchObject({ recent: 3, recentAfter: 0 })
      expect(await home.alice.claimRecent(home.inbox, 2)).toEqual([[1, 2]])
      expect(await home.alice.status(home.inbox)).toMatchObject({ recent: 1, recentAfter: 2 })
      expect(await home.alice.claimRecent(home.inbox, 2)).toEqual([])
      expect(await home.alice.claimRecent(home.inbox, 1)).toEqual([])
      // A uid that isn't given out yet stays nobody's.
      expect(await home.alice.claimRecent(home.inbox, uidMax)).toEqual([[3, 3]])
      await fill(home.alice, home.inbox, ['d'])
      expect(await home.alice.claimRecent(home.inbox, 4)).toEqual([[4, 4]])
      await reopen()
      expect(await home.alice.claimRecent(home.inbox, 4)).toEqual([])
    })

    test('of callers at once one gets them, with the mailbox open and without', async () => {
      const other = await settle(await engine.open())
      try {
        for (const openFirst of [false, true]) {
          const opened = openFirst ? [await home.alice.open(home.inbox), await other.alice.open(home.inbox)] : []
          const { uids } = await home.alice.append(home.inbox, [{ message: mail('a') }, { message: mail('b') }])
          const [first, last] = uids as unknown as [number, number]
          const claims = await Promise.all(
            [home.alice, other.alice, home.alice, other.alice].map((one) => one.claimRecent(home.inbox, last)),
          )
          expect(claims.flat()).toEqual([[first, last]])
          for (const one of opened) one.close()
        }
      } finally {
        await other.store.close()
      }
    })

    test('what is expunged, moved in or copied in is counted; nobody is rung, and no modseq moves', async () => {
      await fill(home.alice, home.inbox, ['a', 'b', 'c'])
      await home.alice.claimRecent(home.inbox, 1)
      await home.alice.remove(home.inbox, [[1, 2]])
      expect((await home.alice.status(home.inbox)).recent).toBe(1)
      await home.alice.copy(home.inbox, [[3, 3]], archive)
      await home.alice.move(home.inbox, [[3, 3]], home.inbox)
      expect((await home.alice.status(home.inbox)).recent).toBe(1)
      expect((await home.alice.status(archive)).recent).toBe(1)
      const before = await home.alice.status(home.inbox)
      await home.alice.claimRecent(home.inbox, 4)
      expect(await home.alice.status(home.inbox)).toEqual({ ...before, recent: 0, recentAfter: 4 })
      expect(await home.store.maintenance.verify()).toEqual([])
    })

    test('another account’s mailbox is none', async () => {
      const bob = await home.addInbox('bob')
      await expectRefusal(bob.claimRecent(home.inbox, 1), 'no-such-mailbox')
    })
  })

  describe('append', () => {
    test('gives uids in order, keeps flags, keywords and dates, and is there after a restart', async () => {
      const first = await home.alice.append(home.inbox, [
        { message: mail('a'), flags: { system: 17, keywords: ['$Label1', 'work'] }, internalDate: 1_000_000_000 },
      ])
      expect(Array.from(first.uids)).toEqual([1])
      const next = await home.alice.append(home.inbox, [{ message: mail('b') }, { message: mail('c'), flags: seen }])
      expect(Array.from(next.uids)).toEqual([2, 3])
      expect(next.modSeq).toBeGreaterThan(first.modSeq)
      expect(next.uidValidity).toBe((await home.alice.status(home.inbox)).uidValidity)
      await reopen()
      expect(await show(home.alice, home.inbox)).toEqual(['1 a seen draft $Label1 work', '2 b', '3 c seen'])
      const box = await home.alice.open(home.inbox)
      expect(box.index.entries.at(0)).toMatchObject({
        internalDate: 1_000_000_000,
        saveDate: 1_800_000_000,
        size: mail('a').length,
      })
      expect(box.index.entries.at(1).internalDate).toBe(1_800_000_000)
      box.close()
    })

    test.each([
      ['from memory, small', 1, 0],
      ['from a stream, small', 1, 100],
      ['from memory, at the edge of a file', 131_072, 0],
      ['from a stream, at the edge of a file', 131_072, 10_000],
      ['from memory, parsed here', 200_000, 0],
      ['from a stream, parsed in the worker', 200_000, 65_536],
      ['from memory, parsed in the worker', 3_000_000, 0],
    ])('message bytes out are message bytes in: %s', async (_, size, piece) => {
      const bytes = bigMail('big', size)
      await home.alice.append(home.inbox, [{ message: piece === 0 ? bytes : pieces(bytes, piece) }])
      await reopen()
      expect(Buffer.compare(await read(home.inbox, 1), bytes)).toBe(0)
      expect(await home.store.maintenance.verify()).toEqual([])
    })

    test('any bytes at all come back as they were', async () => {
      const odd = [
        bytesOf(''),
        bytesOf('\r\n'),
        bytesOf('no header'),
        Uint8Array.from({ length: 512 }, (_, i) => i & 255),
      ]
      await home.alice.append(
        home.inbox,
        odd.map((message) => ({ message })),
      )
      for (let i = 0; i < odd.length; i++)
        expect(Array.from(await read(home.inbox, i + 1))).toEqual(Array.from(odd[i] as Uint8Array))
    })

    test('ranges of a message, in memory and in a file', async () => {
      for (const bytes of [bigMail('small', 1000), bigMail('large', 500_000)]) {
        const { uids } = await home.alice.append(home.inbox, [{ message: bytes }])
        const box = await home.alice.open(home.inbox)
        const content = await box.content(
          box.index.entries.messages[box.index.entries.find(uids[0] as number)] as number,
        )
        for (const [start, end] of [
          [0, 10],
          [5, 5],
          [100, 900],
          [bytes.length - 3, bytes.length + 50],
          [bytes.length + 1, bytes.length + 2],
        ] as const) {
          const want = Array.from(bytes.subarray(Math.min(start, bytes.length), end))
          expect(Array.from((await content?.bytes({ start, end })) ?? [])).toEqual(want)
          const streamed: number[] = []
          for await (const piece of content?.stream({ start, end }) ?? []) streamed.push(...piece)
          expect(streamed).toEqual(want)
        }
        box.close()
      }
    })

    test('several are all or none', async () => {
      await expectRefusal(
        home.alice.append(home.inbox, [
          { message: mail('a') },
          { message: mail('b'), flags: { system: 0, keywords: ['not a keyword'] } },
        ]),
        'invalid',
      )
      expect((await home.alice.status(home.inbox)).messages).toBe(0)
      expect((await home.alice.append(home.inbox, [{ message: mail('c') }])).uids[0]).toBe(1)
    })

    test('a message over the limit is refused, from memory and from a stream, and leaves nothing', async () => {
      await reopen()
      await home.store.close()
      home = await settle(await engine.open({ limits: { messageBytesMax: 100_000 } }))
      await expectRefusal(home.alice.append(home.inbox, [{ message: bigMail('big', 200_000) }]), 'message-too-big')
      await expectRefusal(
        home.alice.append(home.inbox, [{ message: pieces(bigMail('big', 200_000), 8192) }]),
        'message-too-big',
      )
      expect((await home.alice.status(home.inbox)).messages).toBe(0)
    })

    test('a stream that fails appends nothing', async () => {
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield bigMail('big', 200_000)
        throw new Error('the client is gone')
      }
      await expect(home.alice.append(home.inbox, [{ message: broken() }])).rejects.toThrow('the client is gone')
      expect((await home.alice.status(home.inbox)).messages).toBe(0)
    })

    test('many callers at once: every answer is its own', async () => {
      const keys = Array.from({ length: 300 }, (_, i) => `k${i}`)
      const uids = await Promise.all(
        keys.map(async (key) => (await home.alice.append(home.inbox, [{ message: mail(key) }])).uids[0]),
      )
      const lines = await show(home.alice, home.inbox)
      expect(lines).toHaveLength(300)
      keys.forEach((key, i) => {
        expect(lines).toContain(`${uids[i]} ${key}`)
      })
    })
  })

  describe('quota', () => {
    beforeEach(async () => {
      await home.store.close()
      await engine.destroy()
      engine = await makeEngine()
      home = await settle(await engine.open(), { quotaBytes: mail('a').length * 3, quotaMessages: 10 })
      archive = await idOf(home.alice, 'Archive')
    })

    test('append and copy over it are refused, move is not, expunge frees', async () => {
      await fill(home.alice, home.inbox, ['a', 'b', 'c'])
      await expectRefusal(home.alice.append(home.inbox, [{ message: mail('d') }]), 'over-quota')
      await expectRefusal(home.alice.copy(home.inbox, [[1, 1]], archive), 'over-quota')
      await home.alice.move(home.inbox, [[1, 1]], archive)
      expect((await home.alice.quota()).bytes).toEqual({ used: mail('a').length * 3, limit: mail('a').length * 3 })
      await home.alice.remove(archive, [[1, 1]])
      await fill(home.alice, home.inbox, ['e'])
      expect((await home.alice.quota()).messages).toEqual({ used: 3, limit: 10 })
    })

    test('replace needs room for the difference alone', async () => {
      await fill(home.alice, home.inbox, ['a', 'b', 'c'])
      await home.alice.replace(home.inbox, 2, home.inbox, { message: mail('d') })
      await expectRefusal(home.alice.replace(home.inbox, 1, archive, { message: mail('long') }), 'over-quota')
      expect(await show(home.alice, home.inbox)).toEqual(['1 a', '3 c', '4 d'])
      expect((await home.alice.quota()).messages).toEqual({ used: 3, limit: 10 })
    })

    test('replace needs room for the difference alone', async () => {
      await fill(home.alice, home.inbox, ['a', 'b', 'c'])
      await home.alice.replace(home.inbox, 2, home.inbox, { message: mail('d') })
      await expectRefusal(home.alice.replace(home.inbox, 1, archive, { message: mail('long') }), 'over-quota')
      expect(await show(home.alice, home.inbox)).toEqual(['1 a', '3 c', '4 d'])
      expect((await home.alice.quota()).messages).toEqual({ used: 3, limit: 10 })
    })

    test('messages are counted too', async () => {
      for (let i = 0; i < 10; i++) await home.alice.append(home.inbox, [{ message: bytesOf(`Subject: ${i}\r\n\r\n`) }])
      await expectRefusal(home.alice.append(home.inbox, [{ message: bytesOf('Subject: x\r\n\r\n') }]), 'over-quota')
    })
  })

  describe('flags', () => {
    const rows: [string, FlagChange, string][] = [
      ['add', { how: 'add', flags: { system: 4, keywords: [] } }, '1 a seen flagged work'],
      ['add a keyword', { how: 'add', flags: { system: 0, keywords: ['urgent'] } }, '1 a seen urgent work'],
      [
        'add one that is there, in another case',
        { how: 'add', flags: { system: 1, keywords: ['WORK'] } },
        '1 a seen work',
      ],
      ['remove', { how: 'remove', flags: { system: 1, keywords: [] } }, '1 a work'],
      ['remove a keyword, in another case', { how: 'remove', flags: { system: 0, keywords: ['Work'] } }, '1 a seen'],
      ['remove what is not there', { how: 'remove', flags: { system: 2, keywords: ['other'] } }, '1 a seen work'],
      ['replace', { how: 'replace', flags: { system: 16, keywords: ['x'] } }, '1 a draft x'],
      ['replace by nothing', { how: 'replace', flags: { system: 0, keywords: [] } }, '1 a'],
    ]
    test.each(rows)('%s', async (_, change, expected) => {
      await home.alice.append(home.inbox, [{ message: mail('a'), flags: { system: 1, keywords: ['work'] } }])
      await home.alice.setFlags(home.inbox, [[1, 1]], change)
      expect(await show(home.alice, home.inbox)).toEqual([expected])
      await reopen()
      expect(await show(home.alice, home.inbox)).toEqual([expected])
    })

    test('what does not change keeps its modseq and is not reported', async () => {
      await home.alice.append(home.inbox, [{ message: mail('a'), flags: seen }, { message: mail('b') }])
      const before = await home.alice.status(home.inbox)
      const stored = await home.alice.setFlags(home.inbox, [[1, 2]], { how: 'add', flags: seen })
      expect(Array.from(stored.changed)).toEqual([2])
      const again = await home.alice.setFlags(home.inbox, [[1, 2]], { how: 'add', flags: seen })
      expect(again.changed).toHaveLength(0)
      expect(again.modSeq).toBe(stored.modSeq)
      expect(stored.modSeq).toBe(before.highestModSeq + 1)
    })

    test('UNCHANGEDSINCE leaves later changes alone and says which', async () => {
      await fill(home.alice, home.inbox, ['a', 'b', 'c'])
      const { highestModSeq } = await home.alice.status(home.inbox)
      await home.alice.setFlags(home.inbox, [[2, 2]], { how: 'add', flags: deleted })
      const stored = await home.alice.setFlags(home.inbox, [[1, 3]], {
        how: 'add',
        flags: seen,
        unchangedSince: highestModSeq,
      })
      expect([Array.from(stored.changed), Array.from(stored.failed)]).toEqual([[1, 3], [2]])
      expect(await show(home.alice, home.inbox)).toEqual(['1 a seen', '2 b deleted', '3 c seen'])
    })

    test('uids that are gone or never were are passed over', async () => {
      await fill(home.alice, home.inbox, ['a', 'b', 'c'])
      await home.alice.remove(home.inbox, [[2, 2]])
      const stored = await home.alice.setFlags(home.inbox, [[1, 4_294_967_295]], { how: 'add', flags: seen })
      expect(Array.from(stored.changed)).toEqual([1, 3])
      expect((await home.alice.setFlags(home.inbox, [[9, 20]], { how: 'add', flags: seen })).changed).toHaveLength(0)
    })

    test('keywords have their limits', async () => {
      await fill(home.alice, home.inbox, ['a'])
      const add = (keywords: string[]) =>
        home.alice.setFlags(home.inbox, [[1, 1]], { how: 'add', flags: { system: 0, keywords } })
      await expectRefusal(add(Array.from({ length: 101 }, (_, i) => `k${i}`)), 'keyword-limit')
      await expectRefusal(add(['x'.repeat(256)]), 'keyword-limit')
      for (const bad of ['a b', 'a"b', '(a', 'a\\', 'ä', '', 'a%', 'a*', 'a]', 'a\r\n'])
        await expectRefusal(add([bad]), 'invalid')
      for (let i = 0; i < 50; i++)
        await home.alice.setFlags(home.inbox, [[1, 1]], { how: 'replace', flags: { system: 0, keywords: [`set${i}`] } })
      await expectRefusal(add(['one-more']), 'keyword-limit')
      expect(await show(home.alice, home.inbox)).toEqual(['1 a set49'])
    })

    test('long keywords are limited by what they take together', async () => {
      await home.store.close()
      home = await settle(await engine.open({ limits: { keywordSetBytesPerAccountMax: 1000 } }))
      await fill(home.alice, home.inbox, ['a'])
      const replace = (keyword: string) =>
        home.alice.setFlags(home.inbox, [[1, 1]], { how: 'replace', flags: { system: 0, keywords: [keyword] } })
      for (let i = 0; i < 4; i++) await replace(`${i}`.padEnd(240, 'x'))
      await expectRefusal(replace('4'.padEnd(240, 'x')), 'keyword-limit')
      await replace('short')
      expect(await show(home.alice, home.inbox)).toEqual(['1 a short'])
      await replace('0'.padEnd(240, 'x'))
    })

    test('thousands at once, over many chunks', async () => {
      await home.alice.append(
        home.inbox,
        Array.from({ length: 1500 }, (_, i) => ({ message: bytesOf(`Subject: m${i}\r\n\r\n`) })),
      )
      const stored = await home.alice.setFlags(
        home.inbox,
        [
          [3, 700],
          [702, 702],
          [900, 1499],
        ],
        { how: 'add', flags: { system: 1, keywords: ['k'] } },
      )
      expect(formatUidSet(uidSetOf(stored.changed))).toBe('3:700,702,900:1499')
      const lines = await show(home.alice, home.inbox)
      expect([lines[1], lines[2], lines[700], lines[701], lines[1498], lines[1499]]).toEqual([
        '2 m1',
        '3 m2 seen k',
        '701 m700',
        '702 m701 seen k',
        '1499 m1498 seen k',
        '1500 m1499',
      ])
    })
  })

  describe('expunge, copy, move', () => {
    beforeEach(() => fill(home.alice, home.inbox, ['a', 'b', 'c', 'd']))

    test('expunge takes what has \\Deleted, of the uids asked', async () => {
      await home.alice.setFlags(home.inbox, [[2, 4]], { how: 'add', flags: deleted })
      const gone = await home.alice.expunge(home.inbox, [[1, 3]])
      expect(Array.from(gone.uids)).toEqual([2, 3])
      expect(await show(home.alice, home.inbox)).toEqual(['1 a', '4 d deleted'])
      expect((await home.alice.expunge(home.inbox, [[1, 3]])).uids).toHaveLength(0)
    })

    test('a uid never comes back, not even when everything is gone and the store was restarted', async () => {
      await home.alice.remove(home.inbox, [[1, 4]])
      await home.store.maintenance.sweep({ graceMs: -1 })
      await reopen()
      expect((await home.alice.append(home.inbox, [{ message: mail('e') }])).uids[0]).toBe(5)
    })

    test('copy keeps flags and internal date, sets the save date, tells the uids', async () => {
      await home.alice.setFlags(home.inbox, [[2, 2]], { how: 'add', flags: { system: 5, keywords: ['k'] } })
      now += 60_000
      const copied = await home.alice.copy(
        home.inbox,
        [
          [2, 3],
          [7, 9],
        ],
        archive,
      )
      expect([Array.from(copied.from), Array.from(copied.to)]).toEqual([
        [2, 3],
        [1, 2],
      ])
      expect(copied.uidValidity).toBe((await home.alice.status(archive)).uidValidity)
      expect(await show(home.alice, archive)).toEqual(['1 b seen flagged k', '2 c'])
      const box = await home.alice.open(archive)
      expect(box.index.entries.at(0)).toMatchObject({ internalDate: 1_800_000_000, saveDate: 1_800_000_060 })
      box.close()
      expect(await show(home.alice, home.inbox)).toHaveLength(4)
    })

    test('copy and move of nothing, and into the same mailbox', async () => {
      expect((await home.alice.copy(home.inbox, [[50, 60]], archive)).to).toHaveLength(0)
      expect((await home.alice.move(home.inbox, [[50, 60]], archive)).to).toHaveLength(0)
      expect(Array.from((await home.alice.copy(home.inbox, [[1, 1]], home.inbox)).to)).toEqual([5])
      expect(Array.from((await home.alice.move(home.inbox, [[1, 2]], home.inbox)).to)).toEqual([6, 7])
      expect(await show(home.alice, home.inbox)).toEqual(['3 c', '4 d', '5 a', '6 a', '7 b'])
      expect(await home.store.maintenance.verify()).toEqual([])
    })

    test('replace removes one and appends the other, here or elsewhere, and inherits nothing', async () => {
      await home.alice.setFlags(home.inbox, [[2, 2]], { how: 'add', flags: seen })
      const { highestModSeq } = await home.alice.status(home.inbox)
      const here = await home.alice.replace(home.inbox, 2, home.inbox, { message: mail('x'), internalDate: 5 })
      expect(here.uid).toBe(5)
      expect(here.uidValidity).toBe((await home.alice.status(home.inbox)).uidValidity)
      expect(await show(home.alice, home.inbox)).toEqual(['1 a', '3 c', '4 d', '5 x'])
      const changes = await home.alice.changesSince(home.inbox, highestModSeq)
      expect(changes).toMatchObject({ highestModSeq: here.modSeq, changed: [{ uid: 5 }], vanished: [[2, 2]] })
      const there = await home.alice.replace(home.inbox, 1, archive, { message: mail('e'), flags: seen })
      expect(there.uid).toBe(1)
      expect(await show(home.alice, archive)).toEqual(['1 e seen'])
      await expectRefusal(home.alice.replace(home.inbox, 1, archive, { message: mail('f') }), 'no-such-message')
      expect(await show(home.alice, archive)).toEqual(['1 e seen'])
      expect(await show(home.alice, home.inbox)).toEqual(['3 c', '4 d', '5 x'])
      expect(await home.store.maintenance.verify()).toEqual([])
    })

    test('move shows a message in one place at a time, and tells both mailboxes', async () => {
      const before = await home.alice.status(home.inbox)
      const moved = await home.alice.move(home.inbox, [[2, 3]], archive)
      expect([Array.from(moved.from), Array.from(moved.to)]).toEqual([
        [2, 3],
        [1, 2],
      ])
      expect(await show(home.alice, home.inbox)).toEqual(['1 a', '4 d'])
      expect(await show(home.alice, archive)).toEqual(['1 b', '2 c'])
      expect((await home.alice.changesSince(home.inbox, before.highestModSeq)).vanished).toEqual([[2, 3]])
    })

    test('a copy outlives its original and the sweep', async () => {
      await home.alice.copy(home.inbox, [[1, 4]], archive)
      await home.alice.copy(home.inbox, [[1, 1]], archive)
      await home.alice.remove(home.inbox, [[1, 4]])
      await home.alice.remove(archive, [[5, 5]])
      while (await home.store.maintenance.sweep({ graceMs: -1 }));
      expect(await show(home.alice, archive)).toEqual(['1 a', '2 b', '3 c', '4 d'])
      expect(await home.store.maintenance.verify()).toEqual([])
    })

    test('the sweep purges what lost its last entry, after the grace', async () => {
      const box = await home.alice.open(home.inbox)
      const message = box.index.entries.messages[0] as number
      await home.alice.remove(home.inbox, [[1, 1]])
      while (await home.store.maintenance.sweep());
      expect(textOf((await (await box.content(message))?.bytes()) ?? new Uint8Array())).toContain('Subject: a')
      now += 3_600_000
      while (await home.store.maintenance.sweep());
      expect(await box.content(message)).toBeUndefined()
      box.close()
      expect(await home.store.maintenance.verify()).toEqual([])
    })

    test('rows of purged messages are passed over, and nothing that was not asked for takes their place', async () => {
      const box = await home.alice.open(home.inbox)
      const [first, , third] = box.index.entries.messages
      await home.alice.remove(home.inbox, [[3, 3]])
      now += 3_600_000
      while (await home.store.maintenance.sweep());
      const rows: number[] = []
      for await (const slice of box.rows(Uint32Array.of(first as number, third as number), { ids: true }))
        rows.push(...slice.map(({ message }) => message))
      expect(rows).toEqual([first])
      box.close()
    })

    test('the number of a message that was purged is given to no other', async () => {
      const newest = async (): Promise<number> => {
        const box = await home.alice.open(home.inbox)
        const message = box.index.entries.messages[box.index.entries.length - 1] as number
        box.close()
        return message
      }
      const before = await newest()
      await home.alice.remove(home.inbox, [[1, 1_000]])
      now += 3_600_000
      while (await home.store.maintenance.sweep());
      await reopen()
      await fill(home.alice, home.inbox, ['later'])
      expect(await newest()).toBeGreaterThan(before)
    })

    test('a slice of the sweep is as many messages, however many expunges they went in', async () => {
      await fill(
        home.alice,
        home.inbox,
        Array.from({ length: 26 }, (_, i) => `m${i}`),
      )
      for (let uid = 1; uid <= 30; uid++) await home.alice.remove(home.inbox, [[uid, uid]])
      let slices = 1
      while (await home.store.maintenance.sweep({ graceMs: -1, messagesMax: 10 })) slices++
      expect(slices).toBeLessThanOrEqual(4)
      expect(await home.store.maintenance.verify()).toEqual([])
    })

    test('a copy has the same email id and thread id; replies share the thread id', async () => {
      await home.alice.append(home.inbox, [
        { message: mail('reply', { headers: 'In-Reply-To: <a@example.net>\r\nReferences: <a@example.net>\r\n' }) },
      ])
      await home.alice.copy(home.inbox, [[1, 1]], archive)
      const ids = async (mailbox: MailboxId): Promise<[string, string][]> => {
        const box = await home.alice.open(mailbox)
        const found: [string, string][] = []
        for await (const slice of box.rows(box.index.entries.messages.slice(0, box.index.length), { ids: true }))
          found.push(...slice.map(({ emailId, threadId }): [string, string] => [emailId, threadId]))
        box.close()
        return found
      }
      const inbox = await ids(home.inbox)
      const [copied] = await ids(archive)
      expect(copied).toEqual(inbox[0])
      expect(inbox[4]?.[1]).toBe(inbox[0]?.[1])
      expect(new Set(inbox.map(([emailId]) => emailId)).size).toBe(5)
      for (const id of inbox.flat()) expect(id).toMatch(/^[A-Za-z0-9_-]{1,255}$/)
    })
  })

  describe('what changed', () => {
    test('since a modseq: new, changed and vanished, each once', async () => {
      await fill(home.alice, home.inbox, ['a', 'b', 'c'])
      const { highestModSeq } = await home.alice.status(home.inbox)
      await home.alice.setFlags(home.inbox, [[1, 1]], { how: 'add', flags: seen })
      await home.alice.setFlags(home.inbox, [[1, 1]], { how: 'add', flags: { system: 0, keywords: ['k'] } })
      await fill(home.alice, home.inbox, ['d', 'e'])
      await home.alice.remove(home.inbox, [[2, 2]])
      await home.alice.remove(home.inbox, [[5, 5]])
      const changes = await home.alice.changesSince(home.inbox, highestModSeq)
      expect(changes.changed.map(({ uid, flags }) => [uid, flags.system, ...flags.keywords])).toEqual([
        [1, 1, 'k'],
        [4, 0],
      ])
      expect(changes.vanished).toEqual([
        [2, 2],
        [5, 5],
      ])
      expect(changes.highestModSeq).toBe((await home.alice.status(home.inbox)).highestModSeq)
      expect(await home.alice.vanishedSince(home.inbox, highestModSeq)).toEqual(changes.vanished)
      const none = await home.alice.changesSince(home.inbox, changes.highestModSeq)
      expect([none.changed, none.vanished]).toEqual([[], []])
    })

    test('forgotten expunges are answered by what is missing', async () => {
      await home.alice.append(
        home.inbox,
        Array.from({ length: 30 }, (_, i) => ({ message: mail(`m${i}`) })),
      )
      const { highestModSeq } = await home.alice.status(home.inbox)
      for (let uid = 1; uid <= 25; uid++) await home.alice.remove(home.inbox, [[uid, uid]])
      await home.store.maintenance.sweep()
      expect((await home.alice.changesSince(home.inbox, highestModSeq)).vanished).toEqual([[1, 25]])
      const recent = (await home.alice.status(home.inbox)).highestModSeq - 3
      expect((await home.alice.changesSince(home.inbox, recent)).vanished).toEqual([[23, 25]])
    })

    test('one sweep forgets the old expunges of every mailbox', async () => {
      const since: number[] = []
      for (const mailbox of [home.inbox, archive]) {
        await fill(
          home.alice,
          mailbox,
          Array.from({ length: 25 }, (_, i) => `m${i}`),
        )
        for (let uid = 1; uid <= 20; uid++) {
          const { modSeq } = await home.alice.remove(mailbox, [[uid, uid]])
          if (uid === 3) since.push(modSeq)
        }
      }
      const vanished = async (): Promise<string[]> =>
        Promise.all(
          [home.inbox, archive].map(async (mailbox, i) =>
            formatUidSet((await home.alice.changesSince(mailbox, since[i] as number)).vanished),
          ),
        )
      expect(await vanished()).toEqual(['4:20', '4:20'])
      await home.store.maintenance.sweep()
      expect(await vanished()).toEqual(['1:20', '1:20'])
    })

    test('two holders of one index each hear everything once', async () => {
      await fill(home.alice, home.inbox, ['a', 'b', 'c'])
      const first = await home.alice.open(home.inbox)
      const second = await home.alice.open(home.inbox)
      expect(second.index).toBe(first.index)
      await home.alice.remove(home.inbox, [[2, 2]])
      await home.alice.setFlags(home.inbox, [[3, 3]], { how: 'add', flags: seen })
      const heard = await first.refresh()
      await fill(home.alice, home.inbox, ['d'])
      const later = await second.refresh()
      const rest = await first.refresh()
      expect([Array.from(heard.vanished), Array.from(heard.changed)]).toEqual([[2], [3]])
      expect([Array.from(later.vanished), Array.from(later.changed)]).toEqual([[2], [3, 4]])
      expect([Array.from(rest.vanished), Array.from(rest.changed)]).toEqual([[], [4]])
      expect(
        textOf((await (await second.content(later.vanishedMessages[0] as number))?.bytes()) ?? new Uint8Array()),
      ).toContain('Subject: b')
      expect(await showOpen(first)).toEqual(['1 a', '3 c seen', '4 d'])
      first.close()
      second.close()
      await expectRefusal(second.refresh(), 'closed')
    })

    test('a mailbox that is deleted while it is open: every message vanishes, and nothing more happens', async () => {
      const id = await home.alice.createMailbox('Work')
      await fill(home.alice, id, ['a', 'b'])
      const holders = [await home.alice.open(id), await home.alice.open(id)]
      await home.alice.deleteMailbox(id)
      for (const holder of holders) expect(Array.from((await holder.refresh()).vanished)).toEqual([1, 2])
      for (const holder of holders) {
        expect(Array.from((await holder.refresh()).vanished)).toEqual([])
        expect(holder.index.length).toBe(0)
        expect(holder.isDeleted).toBe(true)
        holder.close()
      }
      await expectRefusal(home.alice.open(id), 'no-such-mailbox')
    })

    test('a holder does not hear of what came and went while only another one looked', async () => {
      await fill(home.alice, home.inbox, ['a', 'b'])
      const sleeper = await home.alice.open(home.inbox)
      const watcher = await home.alice.open(home.inbox)
      await fill(home.alice, home.inbox, ['c', 'd'])
      await watcher.refresh()
      await home.alice.remove(home.inbox, [[2, 3]])
      expect(Array.from((await watcher.refresh()).vanished)).toEqual([2, 3])
      const news = await sleeper.refresh()
      expect([Array.from(news.vanished), Array.from(news.changed)]).toEqual([[2], [4]])
      expect(news.vanishedMessages).toHaveLength(1)
      sleeper.close()
      watcher.close()
    })

    test('a mailbox that is opened again shows what happened while nobody had it open', async () => {
      await fill(home.alice, home.inbox, ['a', 'b', 'c'])
      const first = await home.alice.open(home.inbox)
      first.close()
      await home.alice.remove(home.inbox, [[2, 2]])
      await home.alice.setFlags(home.inbox, [[3, 3]], { how: 'add', flags: seen })
      await fill(home.alice, home.inbox, ['d'])
      const again = await home.alice.open(home.inbox)
      expect(await showOpen(again)).toEqual(['1 a', '3 c seen', '4 d'])
      expect(await again.refresh()).toMatchObject({ vanished: new Uint32Array(0), changed: new Uint32Array(0) })
      again.close()
      const work = await home.alice.createMailbox('Work')
      ;(await home.alice.open(work)).close()
      await home.alice.deleteMailbox(work)
      await expectRefusal(home.alice.open(work), 'no-such-mailbox')
    })

    test('the ring names each changed mailbox, and the merged INBOX it is a part of, after the commit, with its modseq', async () => {
      await home.store.close()
      const rung: [number, number][] = []
      const store = await engine.open({
        ring: (changes) => rung.push(...changes.map(({ mailbox, modSeq }): [number, number] => [mailbox, modSeq])),
      })
      home = { ...home, store, alice: store.account(home.alice.id) }
      rung.length = 0
      await fill(home.alice, home.inbox, ['a'])
      await home.alice.move(home.inbox, [[1, 1]], archive)
      const [inbox, target] = [await home.alice.status(home.inbox), await home.alice.status(archive)]
      const merged = store.domainView(home.domain).mailbox
      expect(rung.slice(0, 2).map(([mailbox]) => mailbox)).toEqual([home.inbox, merged])
      expect(rung.slice(2)).toEqual(
        expect.arrayContaining([
          [home.inbox, inbox.highestModSeq],
          [merged, inbox.highestModSeq],
          [archive, target.highestModSeq],
        ]),
      )
      expect(rung).toHaveLength(5)
    })
  })

  describe('after a power cut', () => {
    test('uids and modseqs that somebody may have seen are not given out again', async () => {
      await fill(home.alice, home.inbox, ['a'])
      const before = await home.alice.status(home.inbox)
      await home.store.close()
      home = await settle(await engine.open({ boot: 'another' }))
      const told = await home.alice.status(home.inbox)
      expect(told.uidNext).toBeGreaterThan(before.uidNext + 100)
      expect(told.highestModSeq).toBeGreaterThan(before.highestModSeq + 1000)
      const { changed, vanished } = await home.alice.changesSince(home.inbox, before.highestModSeq)
      expect([changed, vanished]).toEqual([[], []])
      await fill(home.alice, home.inbox, ['b'])
      const after = await home.alice.status(home.inbox)
      const box = await home.alice.open(home.inbox)
      const [first, second] = box.index.entries.messages
      box.close()
      expect(second).toBeGreaterThan((first as number) + 1000)
      expect(after.uidNext).toBeGreaterThan(before.uidNext + 100)
      expect(after.highestModSeq).toBeGreaterThan(before.highestModSeq + 1000)
      expect(after.uidValidity).toBe(before.uidValidity)
      expect(await home.store.maintenance.verify()).toEqual([])
    })

    test('a restart of the process alone takes no step', async () => {
      await fill(home.alice, home.inbox, ['a'])
      await reopen()
      await fill(home.alice, home.inbox, ['b'])
      expect((await home.alice.status(home.inbox)).uidNext).toBe(3)
    })
  })

  describe('*@domain', () => {
    test('one mailbox of all INBOXes: same uids, same flags, in order of arrival, UIDNEXT right in both', async () => {
      const bob = await home.addInbox('bob')
      const bobInbox = await idOf(bob, 'INBOX')
      await fill(home.alice, home.inbox, ['a1'])
      await fill(bob, bobInbox, ['b1', 'b2'])
      await fill(home.alice, home.inbox, ['a2'])
      const view = home.store.domainView(home.domain)
      const all = await view.open()
      expect(await showOpen(all)).toEqual(['1 a1', '2 b1', '3 b2', '4 a2'])
      expect(await show(bob, bobInbox)).toEqual(['2 b1', '3 b2'])
      expect((await bob.status(bobInbox)).uidNext).toBe(4)
      expect((await home.alice.status(home.inbox)).uidNext).toBe(5)
      expect(await view.status()).toMatchObject({ messages: 4, unseen: 4, uidNext: 5 })
      expect((await view.status()).uidValidity).toBe((await bob.status(bobInbox)).uidValidity)

      const stored = await view.setFlags([[1, 3]], { how: 'add', flags: { system: 1, keywords: ['k'] } })
      expect(Array.from(stored.changed)).toEqual([1, 2, 3])
      expect(await show(bob, bobInbox)).toEqual(['2 b1 seen k', '3 b2 seen k'])
      await bob.setFlags(bobInbox, [[3, 3]], { how: 'add', flags: deleted })
      expect(Array.from((await all.refresh()).changed)).toEqual([1, 2, 3])
      expect(await showOpen(all)).toEqual(['1 a1 seen k', '2 b1 seen k', '3 b2 seen deleted k', '4 a2'])

      expect(Array.from((await view.expunge([[1, 100]])).uids)).toEqual([3])
      expect(await show(bob, bobInbox)).toEqual(['2 b1 seen k'])
      const news = await all.refresh()
      expect(Array.from(news.vanished)).toEqual([3])
      await fill(bob, bobInbox, ['b3'])
      expect(Array.from((await all.refresh()).changed)).toEqual([5])
      all.close()
      expect((await view.changesSince(news.highestModSeq)).changed.map(({ uid }) => uid)).toEqual([5])
      expect((await view.status()).messages).toBe(4)
      expect(await home.store.maintenance.verify()).toEqual([])
    })

    test("a change in one inbox is no news in another's", async () => {
      const bob = await home.addInbox('bob')
      await fill(home.alice, home.inbox, ['a'])
      const box = await home.alice.open(home.inbox)
      const before = await home.alice.status(home.inbox)
      await fill(bob, await idOf(bob, 'INBOX'), ['b'])
      expect(await home.alice.status(home.inbox)).toEqual(before)
      expect((await box.refresh()).changed).toHaveLength(0)
      box.close()
    })

    test('an inbox that is deleted under an open view: its mail is shown until the refresh tells it is gone', async () => {
      const bob = await home.addInbox('bob')
      await bob.append(await idOf(bob, 'INBOX'), [{ message: mail('b'), flags: { system: 1, keywords: ['k'] } }])
      await fill(home.alice, home.inbox, ['a'])
      const all = await home.store.domainView(home.domain).open()
      await home.store.directory.deleteInbox(bob.id)
      expect(await showOpen(all)).toEqual(['1 b seen', '2 a'])
      expect(Array.from((await all.refresh()).vanished)).toEqual([1])
      expect(await showOpen(all)).toEqual(['2 a'])
      all.close()
    })

    test('an inbox that is made later takes nothing of the others away', async () => {
      await fill(home.alice, home.inbox, ['a', 'b'])
      const view = home.store.domainView(home.domain)
      const { highestModSeq } = await view.status()
      await home.alice.setFlags(home.inbox, [[1, 1]], { how: 'add', flags: seen })
      const bob = await home.addInbox('bob')
      await fill(bob, await idOf(bob, 'INBOX'), ['c'])
      const { changed, vanished } = await view.changesSince(highestModSeq)
      expect([changed.map(({ uid }) => uid), formatUidSet(vanished)]).toEqual([[1, 3], ''])
    })

    test('expunges of one inbox that were forgotten are answered by what is in none of them', async () => {
      const bob = await home.addInbox('bob')
      await fill(bob, await idOf(bob, 'INBOX'), ['b'])
      await fill(
        home.alice,
        home.inbox,
        Array.from({ length: 30 }, (_, i) => `m${i}`),
      )
      const view = home.store.domainView(home.domain)
      const { highestModSeq } = await view.status()
      for (let uid = 2; uid <= 26; uid++) await home.alice.remove(home.inbox, [[uid, uid]])
      await home.store.maintenance.sweep()
      expect(formatUidSet((await view.changesSince(highestModSeq)).vanished)).toBe('2:26')
      const { highestModSeq: recent } = await view.status()
      expect(formatUidSet((await view.changesSince(recent - 3)).vanished)).toBe('24:26')
    })

    test('the other mailboxes stay out of it', async () => {
      await fill(home.alice, archive, ['x'])
      const all = await home.store.domainView(home.domain).open()
      expect(all.index.length).toBe(0)
      all.close()
    })
  })

  describe('retention', () => {
    test('of less than a day is refused', async () => {
      await fill(home.alice, home.inbox, ['a'])
      for (const days of [0, -1, Number.NaN])
        await expectRefusal(
          home.store.maintenance.sweep({ retention: [{ domain: home.domain, mailbox: '*', days }] }),
          'invalid',
        )
      expect(await show(home.alice, home.inbox)).toEqual(['1 a'])
    })

    test('an inbox that comes under legal hold while its old mail is looked for keeps it', async () => {
      await fill(home.alice, home.inbox, ['a'])
      now += 3 * 86_400_000
      const held = home.store.directory.updateInbox(home.alice.id, { legalHold: true })
      const swept = home.store.maintenance.sweep({ retention: [{ domain: home.domain, mailbox: '*', days: 1 }] })
      await Promise.all([held, swept])
      expect(await show(home.alice, home.inbox)).toEqual(['1 a'])
    })

    test('a slice goes on to the next mailbox, up to its number of messages', async () => {
      for (const mailbox of [home.inbox, archive]) await fill(home.alice, mailbox, ['a', 'b', 'c'])
      now += 3 * 86_400_000
      const retention = [{ domain: home.domain, mailbox: '*', days: 1 }]
      expect(await home.store.maintenance.sweep({ retention, messagesMax: 4 })).toBe(true)
      const left = [...(await show(home.alice, home.inbox)), ...(await show(home.alice, archive))]
      expect(left).toHaveLength(2)
      while (await home.store.maintenance.sweep({ retention, messagesMax: 4 }));
      expect((await home.alice.quota()).messages.used).toBe(0)
    })

    test('a folder that keeps its mail for ever keeps it from the rule for the rest, too', async () => {
      for (const mailbox of [home.inbox, archive]) await fill(home.alice, mailbox, ['a'])
      now += 9_999 * 86_400_000
      const retention = [
        { domain: home.domain, mailbox: 'INBOX', days: Number.POSITIVE_INFINITY },
        { domain: home.domain, mailbox: '*', days: 1 },
      ]
      while (await home.store.maintenance.sweep({ retention }));
      expect(await show(home.alice, home.inbox)).toEqual(['1 a'])
      expect(await show(home.alice, archive)).toEqual([])
    })

    test('mail past its days goes, by name, by special use or as the rest, but not under legal hold', async () => {
      const spam = await idOf(home.alice, 'Spam')
      const bob = await home.addInbox('bob')
      await home.store.directory.updateInbox(bob.id, { legalHold: true })
      await fill(bob, await idOf(bob, 'Spam'), ['held'])
      await fill(home.alice, spam, ['old1', 'old2'])
      await fill(home.alice, home.inbox, ['kept'])
      now += 20 * 86_400_000
      await fill(home.alice, spam, ['young'])
      now += 15 * 86_400_000
      const retention = [
        { domain: home.domain, mailbox: '\\Junk', days: 30 },
        { domain: home.domain, mailbox: 'INBOX', days: 3650 },
        { domain: home.domain, mailbox: '*', days: 1 },
      ]
      await fill(home.alice, archive, ['rest'])
      now += 2 * 86_400_000
      while (await home.store.maintenance.sweep({ retention }));
      expect(await show(home.alice, spam)).toEqual(['3 young'])
      expect(await show(home.alice, home.inbox)).toHaveLength(1)
      expect(await show(home.alice, archive)).toEqual([])
      expect(await show(bob, await idOf(bob, 'Spam'))).toHaveLength(1)
    })
  })
}
