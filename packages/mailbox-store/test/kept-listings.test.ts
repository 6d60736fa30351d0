// What is kept of lately read listings: the same answers without a read, never those of other messages, and within its room.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Listings } from '../src/messages/listings.js'
import { Connection } from '../src/sqlite/connection.js'
import { KeptListings } from '../src/sqlite/kept-listings.js'

/** The map of a header without fields is empty; the lengths before it say so. */
const headerOf = (id: number): string => `message ${id}`
const fieldsOf = (id: number): Uint8Array => Uint8Array.of(0, headerOf(id).length)

let db: Connection
let reads: number
beforeEach(() => {
  db = new Connection({ path: ':memory:' })
  db.raw.exec('CREATE TABLE message (id INTEGER PRIMARY KEY, size INTEGER, fields BLOB, header BLOB)')
  for (let id = 1; id <= 400; id++)
    db.run('INSERT INTO message VALUES (?, 0, ?, ?)', id, fieldsOf(id), Buffer.from(headerOf(id)))
  reads = 0
  const prepareRaw = db.prepareRaw.bind(db)
  db.prepareRaw = (sql) => {
    reads++
    return prepareRaw(sql)
  }
})
afterEach(() => db.close())

const ids = (from: number, count: number, step = 1): Uint32Array =>
  Uint32Array.from({ length: count }, (_, i) => from + i * step)
const want = { header: true }

function headers(listings: Listings, count: number): (string | undefined)[] {
  return Array.from({ length: count }, (_, i) =>
    listings.seek(i) ? Buffer.from(listings.header).toString() : undefined,
  )
}
const expected = (messages: Uint32Array): string[] => Array.from(messages, headerOf)

describe('listings that are asked for again', () => {
  test('are not read again, in whatever order their messages stand', () => {
    const kept = new KeptListings({ bytesMax: 100_000 })
    for (const messages of [ids(1, 100), ids(1, 50, 3), ids(1, 40, 2).reverse()]) {
      const before = reads
      expect(headers(kept.read(db, messages, want), messages.length)).toEqual(expected(messages))
      const after = reads
      expect(after).toBeGreaterThan(before)
      expect(headers(kept.read(db, messages, want), messages.length)).toEqual(expected(messages))
      expect(reads).toBe(after)
    }
  })

  test('are those of these very messages, also where first, last and count are the same', () => {
    const kept = new KeptListings({ bytesMax: 100_000 })
    const one = ids(1, 20, 2)
    const other = one.slice()
    other[7] = 16
    expect(headers(kept.read(db, one, want), 20)).toEqual(expected(one))
    expect(headers(kept.read(db, other, want), 20)).toEqual(expected(other))
    expect(headers(kept.read(db, one, want), 20)).toEqual(expected(one))
  })

  test('outlast what the asker does with its numbers', () => {
    const kept = new KeptListings({ bytesMax: 100_000 })
    const messages = ids(1, 20)
    kept.read(db, messages, want)
    messages[3] = 300
    expect(headers(kept.read(db, messages, want), 20)).toEqual(expected(messages))
  })

  test('stay within their room, and the least recently used go', () => {
    const kept = new KeptListings({ bytesMax: 10_000 })
    for (let at = 1; at <= 380; at += 20) {
      kept.read(db, ids(at, 20), want)
      kept.read(db, ids(1, 20), want)
      expect(kept.bytes).toBeLessThanOrEqual(10_000)
    }
    const before = reads
    kept.read(db, ids(1, 20), want)
    kept.read(db, ids(361, 20), want)
    expect(reads).toBe(before)
    kept.read(db, ids(21, 20), want)
    expect(reads).toBeGreaterThan(before)
  })

  test('are not kept where one would fill the room, nor where there are few', () => {
    const kept = new KeptListings({ bytesMax: 4_000 })
    kept.read(db, ids(1, 200), want)
    kept.read(db, ids(1, 10), want)
    expect(kept.bytes).toBe(0)
  })
})
