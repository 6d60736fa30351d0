// The column form of entries, in memory and as bytes, against a plain array of the same entries.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Entries, type Entry, entryBytes } from '../src/messages/entries.js'
import { MailboxIndex } from '../src/messages/mailbox-index.js'
import { uidMax } from '../src/model.js'

const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const entryOf = (uid: number) =>
  fc.record({
    uid: fc.constant(uid),
    flags: u32,
    modSeq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    message: u32,
    size: u32,
    internalDate: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    saveDate: u32,
  })
const entryList = fc
  .uniqueArray(fc.integer({ min: 1, max: 500 }), { maxLength: 60 })
  .chain((uids) => fc.tuple(...uids.sort((a, b) => a - b).map(entryOf)))

function columns(list: readonly Entry[], capacity = list.length): Entries {
  const entries = new Entries(capacity)
  for (const entry of list) entries.push(entry)
  return entries
}
const plain = (entries: Entries): Entry[] => Array.from({ length: entries.length }, (_, i) => entries.at(i))

describe('entries', () => {
  test('bytes and back, at any alignment', () => {
    fc.assert(
      fc.property(entryList, fc.integer({ min: 0, max: 9 }), (list, offset) => {
        const bytes = columns(list).encode()
        expect(bytes.length).toBe(list.length * entryBytes)
        const shifted = new Uint8Array(bytes.length + offset)
        shifted.set(bytes, offset)
        const back = new Entries(list.length)
        back.decodeInto(shifted.subarray(offset))
        expect(plain(back)).toEqual(list)
      }),
    )
  })

  test('two chunks decoded one after the other', () => {
    fc.assert(
      fc.property(entryList, entryList, (first, second) => {
        const both = new Entries(first.length + second.length)
        both.decodeInto(columns(first).encode())
        both.decodeInto(columns(second).encode())
        expect(plain(both)).toEqual([...first, ...second])
      }),
    )
  })

  test('one after the other out of another', () => {
    fc.assert(
      fc.property(entryList, (list) => {
        const source = columns(list)
        const copy = new Entries(list.length)
        for (let i = 0; i < list.length; i++) copy.pushFrom(source, i)
        expect(plain(copy)).toEqual(list)
      }),
    )
  })

  test('removal keeps the rest in order', () => {
    fc.assert(
      fc.property(entryList, fc.func(fc.boolean()), (list, drop) => {
        const gone = list.flatMap((entry, i) => (drop(entry.uid) ? [i] : []))
        const entries = columns(list)
        entries.removeAt(gone)
        expect(plain(entries)).toEqual(list.filter((_, i) => !gone.includes(i)))
      }),
    )
  })

  test('finds a uid, or where it would stand', () => {
    fc.assert(
      fc.property(entryList, fc.integer({ min: 0, max: 501 }), (list, uid) => {
        const entries = columns(list, list.length + 5)
        expect(entries.find(uid)).toBe(list.findIndex((entry) => entry.uid === uid))
        expect(entries.lowerBound(uid)).toBe(list.filter((entry) => entry.uid < uid).length)
        const copy = entries.clone()
        entries.grow(list.length * 2 + 10)
        expect(plain(entries)).toEqual(list)
        entries.uids.fill(0)
        expect(plain(copy)).toEqual(list)
      }),
    )
  })
})

describe('mailbox index', () => {
  test('deltas in any slices lead to what the mailbox is, and every holder hears what vanished', () => {
    const steps = fc.array(fc.record({ add: fc.integer({ min: 0, max: 4 }), flag: fc.nat(30), drop: fc.nat(30) }), {
      maxLength: 25,
    })
    fc.assert(
      fc.property(steps, fc.nat(25), (work, splitAt) => {
        const index = new MailboxIndex({ entries: new Entries(0), modSeq: 1 })
        let truth: Entry[] = []
        let modSeq = 1
        let uidNext = 1
        let heard = 1
        const vanishedTotal: number[] = []
        work.forEach(({ add, flag, drop }, step) => {
          modSeq++
          const news: Entry[] = []
          const touched = truth[flag]
          if (touched !== undefined) {
            touched.flags = (touched.flags + 1) >>> 0
            touched.modSeq = modSeq
            news.push(touched)
          }
          const gone = truth[drop]
          if (gone !== undefined && gone !== touched) truth = truth.filter((entry) => entry !== gone)
          for (let i = 0; i < add; i++) {
            const entry = { uid: uidNext++, flags: 0, modSeq, message: uidNext, size: 1, internalDate: 0, saveDate: 0 }
            truth.push(entry)
            news.push(entry)
          }
          const vanished = gone !== undefined && gone !== touched ? ([[gone.uid, gone.uid]] as const) : []
          index.apply({ modSeq, entries: columns(news), vanished })
          if (step === splitAt) {
            vanishedTotal.push(...index.vanishedSince(heard, uidMax).uids)
            heard = modSeq
            index.forgetVanished(heard)
          }
        })
        vanishedTotal.push(...index.vanishedSince(heard, uidMax).uids)
        expect(plain(index.entries)).toEqual(truth)
        const living = new Set(truth.map(({ uid }) => uid))
        const dead = Array.from({ length: uidNext - 1 }, (_, i) => i + 1).filter((uid) => !living.has(uid))
        expect(vanishedTotal.sort((a, b) => a - b)).toEqual(dead)
        expect(Array.from(index.changedSince(modSeq - 1))).toEqual(
          truth.filter((entry) => entry.modSeq === modSeq).map(({ uid }) => uid),
        )
      }),
    )
  })

  test('takes 36 bytes an entry', () => {
    const entries = new Entries(1000)
    expect(new MailboxIndex({ entries, modSeq: 1 }).byteLength).toBe(36_000)
  })
})
