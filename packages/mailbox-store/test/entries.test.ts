// The column form of entries, in memory and as bytes, against a plain array of the same entries.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Entries, type Entry, entryBytes } from '../src/messages/entries.js'
import { MailboxIndex } from '../src/messages/mailbox-index.js'
import { type MailboxId, type SpaceId, uidMax } from '../src/model.js'

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
            index.forgetHeard(heard)
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

  const place = { mailbox: 7 as MailboxId, space: 3 as SpaceId, shared: false }
  const entry = (uid: number, modSeq: number): Entry => ({
    ...{ uid, flags: 0, modSeq, message: uid, size: 1, internalDate: 0, saveDate: 0 },
  })

  test('what this process has committed leads to the same as reading it would', () => {
    const step = fc.record({ add: fc.nat(3), flag: fc.array(fc.nat(30), { maxLength: 5 }), drop: fc.nat(30) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.nat(20), (work, heardAt) => {
        const read = new MailboxIndex({ entries: new Entries(0), modSeq: 1 })
        const followed = new MailboxIndex({ entries: new Entries(0), modSeq: 1 })
        let truth: Entry[] = []
        let [modSeq, uidNext, heard] = [1, 1, 1]
        work.forEach(({ add, flag, drop }, at) => {
          const flagged = truth.filter((_, i) => flag.includes(i))
          if (flagged.length > 0) {
            modSeq++
            for (const one of flagged) Object.assign(one, { flags: one.flags + 1, modSeq })
            const [uids, flags] = [flagged.map(({ uid }) => uid), flagged.map((one) => one.flags)]
            const delta = { kind: 'flags', uids: Uint32Array.from(uids), flags: Uint32Array.from(flags) } as const
            expect(followed.follow({ ...place, ...delta, modSeq })).toBe(true)
          }
          const gone = truth[drop]
          // A move within the mailbox: gone and new at one modseq.
          if (gone !== undefined) {
            truth = truth.filter((one) => one !== gone)
            expect(followed.follow({ ...place, kind: 'gone', uids: Uint32Array.of(gone.uid), modSeq: ++modSeq })).toBe(
              true,
            )
          } else if (add > 0) modSeq++
          const news = Array.from({ length: add }, () => entry(uidNext++, modSeq))
          truth.push(...news)
          if (add > 0) expect(followed.follow({ ...place, kind: 'new', entries: columns(news), modSeq })).toBe(true)
          const vanished = gone === undefined ? [] : ([[gone.uid, gone.uid]] as const)
          read.apply({ modSeq, entries: columns(truth.filter((one) => one.modSeq > read.modSeq)), vanished })
          if (at === heardAt) {
            heard = modSeq
            for (const index of [read, followed]) index.forgetHeard(heard)
          }
        })
        expect(plain(followed.entries)).toEqual(plain(read.entries))
        expect([followed.modSeq, followed.lastUid]).toEqual([read.modSeq, read.lastUid])
        expect(followed.flagSummary).toMatchObject({ firstUnseen: truth.findIndex(({ flags }) => flags % 2 === 0) })
        for (let since = heard; since <= modSeq; since++) {
          expect(followed.vanishedSince(since, uidMax)).toEqual(read.vanishedSince(since, uidMax))
          const changed = truth.filter((one) => one.modSeq > since).map(({ uid }) => uid)
          expect(Array.from(followed.changedSince(since))).toEqual(changed)
          const places = followed.changedWithin([[0, truth.length]], since)
          expect(places.flatMap(([from, to]) => truth.slice(from, to).map(({ uid }) => uid))).toEqual(changed)
        }
      }),
    )
  })

  test('what changed after a modseq is found in whatever places, also when more has changed since it was last asked', () => {
    const places = fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { minLength: 2, maxLength: 8 })
    const changes = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 12 })
    fc.assert(
      fc.property(places, changes, fc.nat(14), (ends, changed, since) => {
        const modSeqs = Array<number>(400).fill(1)
        const index = new MailboxIndex({ entries: columns(modSeqs.map((at, i) => entry(i + 1, at))), modSeq: 1 })
        ends.sort((a, b) => a - b)
        const within = ends.flatMap((end, i): [number, number][] => (i % 2 === 0 ? [] : [[ends[i - 1] as number, end]]))
        for (const uid of changed) {
          index.changedWithin(within, since)
          modSeqs[uid - 1] = index.modSeq + 1
          const change = { uids: Uint32Array.of(uid), flags: Uint32Array.of(0), modSeq: index.modSeq + 1 }
          expect(index.follow({ ...place, kind: 'flags', ...change })).toBe(true)
        }
        const wanted = modSeqs.flatMap((modSeq, at) =>
          modSeq > since && within.some(([from, to]) => from <= at && at < to) ? [at] : [],
        )
        const found = index.changedWithin(within, since)
        expect(found.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i))).toEqual(wanted)
      }),
    )
  })

  test('a holder does not hear of its own changes, but of what others did to the same message', () => {
    const index = new MailboxIndex({ entries: columns([entry(1, 1), entry(2, 1), entry(3, 1)]), modSeq: 1 })
    const flag = (uid: number, modSeq: number): boolean =>
      index.follow({ ...place, kind: 'flags', uids: Uint32Array.of(uid), flags: Uint32Array.of(modSeq), modSeq })
    flag(1, 2)
    flag(2, 3)
    flag(1, 4)
    expect(Array.from(index.changedSince(1, new Set([2, 4])))).toEqual([2])
    expect(Array.from(index.changedSince(1, new Set([3, 4])))).toEqual([1])
    expect(Array.from(index.changedSince(3, new Set([4])))).toEqual([])
    index.forgetHeard(3)
    expect(Array.from(index.changedSince(3, new Set([4])))).toEqual([])
    // Too long ago to tell whose they are.
    expect(Array.from(index.changedSince(1, new Set([4])))).toEqual([1, 2])
  })

  test('a holder that does not hear for long costs no more than so much, and hears all the same', () => {
    const index = new MailboxIndex({ entries: columns([entry(1, 1), entry(2, 1), entry(3, 1)]), modSeq: 1 })
    const begun = process.cpuUsage()
    for (let modSeq = 2; modSeq < 100_000; modSeq++) {
      const [uids, flags] = [Uint32Array.of(1 + (modSeq % 2)), Uint32Array.of(modSeq & 31)]
      index.follow({ ...place, kind: 'flags', uids, flags, modSeq })
    }
    // Work that grew with the changes that nobody has heard of would take minutes.
    expect(process.cpuUsage(begun).user / 1_000).toBeLessThan(5_000)
    expect(Array.from(index.changedSince(1))).toEqual([1, 2])
    expect(Array.from(index.changedSince(99_998))).toEqual([2])
    expect(Array.from(index.changedSince(99_997))).toEqual([1, 2])
  })

  test('the summary of flags is that of the present state', () => {
    const index = new MailboxIndex({ entries: columns([entry(1, 1), entry(2, 1)]), modSeq: 1 })
    expect(index.flagSummary).toMatchObject({ keywordSets: [], firstUnseen: 0 })
    const flags = Uint32Array.of(1 | (7 << 8), 9 << 8)
    index.follow({ ...place, kind: 'flags', uids: Uint32Array.of(1, 2), flags, modSeq: 2 })
    expect(index.flagSummary).toMatchObject({ keywordSets: [7, 9], firstUnseen: 1 })
    index.follow({ ...place, kind: 'gone', uids: Uint32Array.of(2), modSeq: 3 })
    expect(index.flagSummary).toMatchObject({ keywordSets: [7], firstUnseen: -1 })
  })

  test('what a delta does not tell is not guessed', () => {
    const index = new MailboxIndex({ entries: columns([entry(1, 1)]), modSeq: 5 })
    const uids = Uint32Array.of(2)
    expect(index.follow({ ...place, kind: 'other', modSeq: 6 })).toBe(false)
    expect(index.follow({ ...place, kind: 'flags', uids, flags: uids, modSeq: 6 })).toBe(false)
    expect(index.follow({ ...place, kind: 'gone', uids, modSeq: 4 })).toBe(false)
    expect(index.follow({ ...place, kind: 'new', entries: columns([entry(1, 6)]), modSeq: 6 })).toBe(false)
    expect([index.modSeq, index.length]).toEqual([5, 1])
  })

  test('takes 36 bytes an entry', () => {
    const entries = new Entries(1000)
    expect(new MailboxIndex({ entries, modSeq: 1 }).byteLength).toBe(36_000)
  })
})
