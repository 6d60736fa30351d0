// Chunks in memory and in their rows against a plain list of entries: whatever mutations do, are undone, and whenever
// a group is written, both hold what the list holds.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Entry } from '../src/messages/entries.js'
import { uidSetOf } from '../src/messages/uid-set.js'
import { allUids, type MailboxId } from '../src/model.js'
import { Chunks } from '../src/sqlite/chunks.js'
import { Connection } from '../src/sqlite/connection.js'
import { migrate } from '../src/sqlite/schema.js'

let folder: string
let db: Connection
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-chunks-'))
  db = new Connection({ path: join(folder, 'mail.sqlite') })
  migrate(db)
  db.raw.pragma('foreign_keys = OFF')
})
afterAll(() => {
  db.close()
  rmSync(folder, { recursive: true, force: true })
})

const mailbox = 1 as MailboxId
const part = fc.record({ from: fc.integer({ min: 1, max: 700 }), size: fc.integer({ min: 1, max: 300 }) })
const mutation = fc.record({
  work: fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 150 }) }),
      fc.record({ kind: fc.constant('flags' as const), parts: fc.array(part, { minLength: 1, maxLength: 3 }) }),
      fc.record({ kind: fc.constant('take' as const), parts: fc.array(part, { minLength: 1, maxLength: 2 }) }),
    ),
    { minLength: 1, maxLength: 3 },
  ),
  undone: fc.boolean(),
})
type Work = typeof mutation extends fc.Arbitrary<infer M> ? (M extends { work: (infer W)[] } ? W : never) : never

class Play {
  readonly undo: (() => void)[] = []
  readonly chunks: Chunks
  truth: Entry[] = []
  #nextUid = 1
  #modSeq = 1

  constructor(keptMax: number) {
    this.chunks = new Chunks(db, { undo: (action) => this.undo.push(action), keptMax })
  }

  mutate(work: readonly Work[], undone: boolean): void {
    const before = { truth: this.truth.map((entry) => ({ ...entry })), uid: this.#nextUid }
    db.prepare('SAVEPOINT mutation').run()
    this.undo.length = 0
    for (const step of work) this.#do(step)
    if (undone) {
      db.prepare('ROLLBACK TO mutation').run()
      for (const action of this.undo.reverse()) action()
      this.truth = before.truth
      this.#nextUid = before.uid
    }
    db.prepare('RELEASE mutation').run()
  }

  #do(step: Work): void {
    const modSeq = ++this.#modSeq
    if (step.kind === 'append') {
      for (let i = 0; i < step.count; i++) {
        const uid = this.#nextUid++
        const entry = { uid, flags: 0, modSeq, message: uid, size: 1, internalDate: 2, saveDate: 3 }
        this.truth.push(entry)
        this.chunks.append(mailbox, { ...entry })
      }
      return
    }
    const wanted = new Set(step.parts.flatMap(({ from, size }) => Array.from({ length: size }, (_, i) => from + i)))
    const uids = uidSetOf([...wanted].sort((a, b) => a - b))
    if (step.kind === 'flags') {
      for (const entry of this.truth)
        if (wanted.has(entry.uid)) Object.assign(entry, { flags: entry.flags + 1, modSeq })
      for (const chunk of this.chunks.covering(mailbox, uids)) {
        this.chunks.changing(chunk)
        const { entries } = chunk
        for (let i = 0; i < entries.length; i++) {
          if (!wanted.has(entries.uids[i] as number)) continue
          entries.flags[i] = (entries.flags[i] as number) + 1
          entries.modSeqs[i] = modSeq
        }
      }
    } else {
      this.truth = this.truth.filter(({ uid }) => !wanted.has(uid))
      for (const chunk of this.chunks.taking(mailbox, uids)) {
        const { entries } = chunk
        const gone = Array.from({ length: entries.length }, (_, i) => i)
        entries.removeAt(gone.filter((i) => wanted.has(entries.uids[i] as number)))
        this.chunks.save(chunk)
      }
    }
  }

  held(chunks: Chunks): Entry[] {
    const found = chunks.covering(mailbox, allUids)
    return found.flatMap(({ entries }) => Array.from({ length: entries.length }, (_, i) => entries.at(i)))
  }
}

test.each([2, 512])(
  'hold what was put in and not undone, in memory and in rows; at most %i are kept',
  (keptMax) => {
    const group = fc.record({ mutations: fc.array(mutation, { maxLength: 4 }), fails: fc.integer({ min: 0, max: 5 }) })
    fc.assert(
      fc.property(fc.array(group, { maxLength: 8 }), (groups) => {
        db.rollback()
        db.raw.exec('DELETE FROM chunk')
        const play = new Play(keptMax)
        for (const { mutations, fails } of groups) {
          const before = play.truth.map((entry) => ({ ...entry }))
          db.begin()
          play.undo.length = 0
          play.chunks.makeRoom()
          for (const { work, undone } of mutations) play.mutate(work, undone)
          expect(play.held(play.chunks)).toEqual(play.truth)
          if (fails === 0) {
            db.rollback()
            play.chunks.forget()
            play.truth = before
          } else {
            play.chunks.write()
            db.commit()
          }
          expect(play.held(play.chunks)).toEqual(play.truth)
          expect(play.held(new Chunks(db, { undo: () => {} }))).toEqual(play.truth)
          const rows = db.all<{ first: number; last: number; modSeq: number }>(
            'SELECT first_uid AS first, last_uid AS last, mod_seq AS modSeq FROM chunk ORDER BY first_uid',
          )
          for (const { first, last, modSeq } of rows) {
            const own = play.truth.filter(({ uid }) => uid >= first && uid <= last)
            expect([own[0]?.uid, own.at(-1)?.uid]).toEqual([first, last])
            expect(Math.max(...own.map((one) => one.modSeq))).toBeLessThanOrEqual(modSeq)
          }
        }
      }),
      { numRuns: 60 },
    )
  },
  60_000,
)
