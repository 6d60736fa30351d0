// What is kept of an open mailbox between searches: read once, added to, bounded, and never half an answer.

import { expect, test } from 'vitest'
import { Entries } from '../src/messages/entries.js'
import { MailboxIndex } from '../src/messages/mailbox-index.js'
import { NumberColumn } from '../src/search/number-column.js'
import { RankColumn } from '../src/search/rank-column.js'
import { RefsColumn } from '../src/search/refs-column.js'
import { TextColumn } from '../src/search/text-column.js'
import { ColumnCache, type ColumnKind } from '../src/sqlite/search-columns.js'
import { Slices } from '../src/sqlite/search-slices.js'

const idle = new Slices(undefined)

/** Due once, and what others do then. */
function interrupted(meanwhile: () => Promise<unknown>): Slices {
  const slices = new Slices(undefined)
  let isDue = true
  Object.defineProperty(slices, 'due', { get: () => isDue })
  slices.turn = async () => {
    isDue = false
    await meanwhile()
  }
  return slices
}

function entriesOf(uids: readonly number[]): Entries {
  const entries = new Entries(uids.length)
  for (const uid of uids) {
    const rest = { flags: 0, modSeq: uid, size: 1, internalDate: 0, saveDate: 0 }
    entries.push({ uid, message: uid + 100, ...rest })
  }
  return entries
}

const mailbox = (uids: readonly number[] = []): MailboxIndex =>
  new MailboxIndex({ entries: entriesOf(uids), modSeq: 1 })

/** Counts what is read. */
function kindOf(read: number[]): ColumnKind<TextColumn> {
  return {
    name: 'name',
    make: () => new TextColumn(),
    fill(column, { entries: { uids, messages } }) {
      read.push(...messages)
      column.add(
        uids,
        Array.from(messages, (message) => `value ${message}`),
      )
    },
  }
}

interface Asking {
  readonly cache: ColumnCache
  readonly index: MailboxIndex
  readonly uids: readonly number[]
  readonly slices?: Slices
  readonly read?: number[]
}

/** Which of the uids have `value <message>` in their column: all should. */
async function rightOnes({ cache, index, uids, slices = idle, read = [] }: Asking): Promise<number[]> {
  const ask = { db: undefined as never, reader: undefined as never, index, entries: entriesOf(uids), slices }
  const [column] = await cache.filled(ask, [kindOf(read)])
  const rows = column.rowsOf(Uint32Array.from(uids))
  return uids.filter((uid, i) => column.holds(rows?.[i] ?? i, `value ${uid + 100}`))
}

test('only what is new is read', async () => {
  const cache = new ColumnCache({ bytesMax: 1_000_000 })
  const index = mailbox()
  const read: number[] = []
  for (const uids of [
    [2, 5],
    [2, 5, 6, 9],
    [5, 9],
  ])
    expect(await rightOnes({ cache, index, uids, read })).toEqual(uids)
  expect(read).toEqual([102, 105, 106, 109])
  expect(cache.missing(index, kindOf([]), entriesOf([1, 9, 10, 11]))).toBe(2)
})

test('the mailbox that was used least lately goes first', async () => {
  const cache = new ColumnCache({ bytesMax: 6_000 })
  const [old, used, fresh] = [mailbox(), mailbox(), mailbox()]
  const uids = Array.from({ length: 120 }, (_, i) => i + 1)
  for (const index of [old, used, old, fresh]) await rightOnes({ cache, index, uids })
  const missing = [old, used, fresh].map((index) => cache.missing(index, kindOf([]), entriesOf(uids)))
  expect(missing).toEqual([0, 120, 0])
})

test('two searches that read at once both get everything, and nothing is read twice', async () => {
  const cache = new ColumnCache({ bytesMax: 1_000_000 })
  const index = mailbox()
  const read: number[] = []
  const slices = interrupted(() => rightOnes({ cache, index, uids: [2, 3, 4], read }))
  expect(await rightOnes({ cache, index, uids: [2, 3, 4, 5], slices, read })).toEqual([2, 3, 4, 5])
  expect(read.sort()).toEqual([102, 103, 104, 105])
})

test('a message that vanished before the column came to it is in no row', async () => {
  const cache = new ColumnCache({ bytesMax: 1_000_000 })
  const index = mailbox()
  const slices = interrupted(() => rightOnes({ cache, index, uids: [2, 4] }))
  expect(await rightOnes({ cache, index, uids: [2, 3, 4], slices })).toEqual([2, 4])
})

test('a cache that is emptied while a search reads takes nothing from it', async () => {
  const cache = new ColumnCache({ bytesMax: 6_000 })
  const index = mailbox()
  await rightOnes({ cache, index, uids: [1, 2] })
  let evicted = 0
  const slices = interrupted(async () => {
    evicted++
    const uids = Array.from({ length: 300 }, (_, i) => i + 1)
    await rightOnes({ cache, index: mailbox(), uids })
    expect(cache.missing(index, kindOf([]), entriesOf([1, 2]))).toBe(2)
  })
  expect(await rightOnes({ cache, index, uids: [1, 2, 3], slices })).toEqual([1, 2, 3])
  expect(evicted).toBe(1)
})

test('columns of a mailbox that has lost most of its mail begin anew', async () => {
  const cache = new ColumnCache({ bytesMax: 10_000_000 })
  const index = mailbox([1])
  const uids = Array.from({ length: 2_000 }, (_, i) => i + 1)
  const read: number[] = []
  await rightOnes({ cache, index, uids, read })
  expect(await rightOnes({ cache, index, uids: [7], read })).toEqual([7])
  expect(read).toHaveLength(2_001)
})

test('texts are found over many pages, at their edges, and not across them', () => {
  const column = new TextColumn()
  const texts = Array.from({ length: 2_500 }, (_, i) => (i % 7 === 3 ? undefined : `text${i}end`))
  for (let from = 0; from < texts.length; from += 600) {
    const some = texts.slice(from, from + 600)
    column.add(
      Uint32Array.from(some, (_, i) => from + i + 1),
      some,
    )
    for (const needle of ['', 'text', 'end', 'text1', '9end', 'text599end', 'text600', 'endtext', 'nowhere'])
      expect(Array.from(column.marks(needle))).toEqual(
        texts.slice(0, column.length).map((text) => (text?.includes(needle) === true ? 1 : 0)),
      )
  }
  expect(column.holds(4, 'xt4e')).toBe(true)
  expect(column.holds(3, '')).toBe(false)
  expect(column.holds(2_500, '')).toBe(false)
})

test('ranks are those of a plain sort, however the values came', async () => {
  const column = new RankColumn<string>()
  const values: string[] = []
  let state = 7
  const next = (n: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state % n
  }
  for (const count of [1, 3_000, 1, 40, 6_000, 2]) {
    const some = Array.from({ length: count }, () => `v${next(5_000)}`)
    const uids = Uint32Array.from(some, (_, i) => values.length + i + 1)
    values.push(...some)
    column.add(uids, some)
    await column.settle(idle)
    const sorted = [...new Set(values)].sort()
    const expected = new Map(sorted.map((value, rank) => [value, rank]))
    expect(column.count).toBe(sorted.length)
    expect(column.least).toBe(sorted[0])
    expect(Array.from(column.pick(undefined))).toEqual(values.map((value) => expected.get(value)))
  }
})

test('numbers are ranked as numbers; two searches that rank at once agree', async () => {
  const column = new RankColumn<number>()
  column.add(Uint32Array.of(1, 2, 3, 4), [10, 9, 100, 9])
  const slices = interrupted(() => column.settle(idle))
  await column.settle(slices)
  expect(Array.from(column.pick(undefined))).toEqual([1, 0, 2, 0])
  expect(Array.from(column.pick(Uint32Array.of(2, 1)))).toEqual([2, 0])
})

test('equal Message-IDs have equal numbers, over everything that is added', () => {
  const column = new RefsColumn()
  column.add(Uint32Array.of(1, 2), [
    { hashes: Float64Array.of(77, 55, 66), isReply: false },
    { hashes: Float64Array.of(0), isReply: true },
  ])
  column.add(Uint32Array.of(5), [{ hashes: Float64Array.of(66, 77), isReply: true }])
  const all = column.pick(undefined)
  expect(all).toEqual({
    own: Uint32Array.of(1, 0, 3),
    isReply: Uint8Array.of(0, 1, 1),
    starts: Uint32Array.of(0, 2, 2, 3),
    refs: Uint32Array.of(2, 3, 1),
    idCount: 3,
  })
  const some = column.pick(column.rowsOf(Uint32Array.of(2, 3, 5)))
  expect([Array.from(some.own), Array.from(some.starts), some.refs[0]]).toEqual([[0, 0, 3], [0, 0, 0, 1], 1])
})

test('a day that is not there is not a number', () => {
  const column = new NumberColumn()
  column.add(Uint32Array.of(1, 4), [20_000, -3])
  expect(Array.from(column.pick(column.rowsOf(Uint32Array.of(1, 2, 4))))).toEqual([20_000, Number.NaN, -3])
})
