// What is kept of an open mailbox between searches: read once, merged, bounded, and never half an answer.

import { expect, test } from 'vitest'
import { Entries } from '../src/messages/entries.js'
import { MailboxIndex } from '../src/messages/mailbox-index.js'
import { ColumnCache, placesIn } from '../src/sqlite/search-columns.js'
import { Slices } from '../src/sqlite/search-slices.js'

const mailbox = (): MailboxIndex => new MailboxIndex({ entries: new Entries(0), modSeq: 1 })
const idle = new Slices(undefined)

/** Always due; `turn` runs what others do meanwhile. */
function interrupted(meanwhile: () => Promise<unknown>): Slices {
  const slices = new Slices(undefined)
  Object.defineProperty(slices, 'due', { get: () => true })
  slices.turn = async () => {
    await meanwhile()
  }
  return slices
}

async function valuesOf(
  cache: ColumnCache,
  index: MailboxIndex,
  ids: number[],
  { slices = idle, read = [] }: { slices?: Slices; read?: number[] } = {},
): Promise<string[]> {
  const load = (some: Uint32Array): string[] => {
    read.push(...some)
    return Array.from(some, (id) => `value ${id}`)
  }
  const wanted = Uint32Array.from(ids)
  const column = await cache.column(index, { name: 'name', ids: wanted, load, slices })
  return Array.from(placesIn(column, wanted), (place) => column.values[place] as string)
}

test('only what is new is read', async () => {
  const cache = new ColumnCache({ bytesMax: 1_000_000 })
  const index = mailbox()
  const read: number[] = []
  expect(await valuesOf(cache, index, [2, 5], { read })).toEqual(['value 2', 'value 5'])
  expect(await valuesOf(cache, index, [1, 2, 3, 9], { read })).toEqual(['value 1', 'value 2', 'value 3', 'value 9'])
  expect(await valuesOf(cache, index, [5, 9], { read })).toEqual(['value 5', 'value 9'])
  expect(read).toEqual([2, 5, 1, 3, 9])
  expect(cache.missing(index, 'name', Uint32Array.of(1, 4, 5))).toBe(1)
})

test('the mailbox that was used least lately goes first', async () => {
  const cache = new ColumnCache({ bytesMax: 10_000 })
  const [old, used, fresh] = [mailbox(), mailbox(), mailbox()]
  const some = Array.from({ length: 80 }, (_, i) => i + 1)
  const ids = Uint32Array.from(some)
  await valuesOf(cache, old, some)
  await valuesOf(cache, used, some)
  await valuesOf(cache, old, some)
  await valuesOf(cache, fresh, some)
  expect([old, used, fresh].map((index) => cache.missing(index, 'name', ids))).toEqual([0, 80, 0])
})

test('two searches that read at once both get everything', async () => {
  const cache = new ColumnCache({ bytesMax: 1_000_000 })
  const index = mailbox()
  const slices = interrupted(() => valuesOf(cache, index, [2, 3, 4]))
  expect(await valuesOf(cache, index, [1, 2, 3], { slices })).toEqual(['value 1', 'value 2', 'value 3'])
  expect(cache.missing(index, 'name', Uint32Array.of(1, 2, 3, 4))).toBe(0)
})

test('a cache that is emptied while a search reads costs reading again', async () => {
  const cache = new ColumnCache({ bytesMax: 6_000 })
  const index = mailbox()
  await valuesOf(cache, index, [1, 2])
  let evicted = 0
  const slices = interrupted(async () => {
    if (evicted++ > 0) return
    const many = Array.from({ length: 120 }, (_, i) => i + 1)
    await valuesOf(cache, mailbox(), many)
    expect(cache.missing(index, 'name', Uint32Array.of(1, 2))).toBe(2)
  })
  expect(await valuesOf(cache, index, [1, 2, 3], { slices })).toEqual(['value 1', 'value 2', 'value 3'])
  expect(evicted).toBeGreaterThan(0)
})
