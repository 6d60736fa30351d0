// Entries in the database: rows of up to `chunkEntriesMax` entries of one mailbox, ascending by uid, each row with its
// uid range and highest modseq beside the packed columns. The last chunk of a mailbox that is being appended to stays
// in memory until its group commits, so that a group of appends writes one row.

import { chunkEntriesMax, Entries, type Entry, entryBytes } from '../messages/entries.js'
import type { MailboxId, UidSet } from '../model.js'
import type { Connection } from './connection.js'

export interface Chunk {
  /** 0 until it has a row. */
  id: number
  readonly mailbox: MailboxId
  readonly entries: Entries
  dirty: boolean
}

type Undo = (action: () => void) => void
type ChunkColumns = [id: number, lastUid: number, data: Uint8Array]

const coveringSql = `SELECT id, last_uid, data FROM chunk WHERE mailbox = ? AND first_uid <= ? AND first_uid >=
  coalesce((SELECT max(first_uid) FROM chunk WHERE mailbox = ? AND first_uid <= ?), 0) ORDER BY first_uid`

/** The mailbox's chunks that may hold uids of the set, ascending. Each is read once, whatever the set looks like. */
export function chunksCovering(db: Connection, mailbox: MailboxId, set: UidSet): Chunk[] {
  const statement = db.prepareRaw(coveringSql)
  const found: Chunk[] = []
  let lookedUpTo = 0
  for (const [from, to] of set) {
    const start = Math.max(from, lookedUpTo + 1)
    if (start > to) continue
    for (const [id, lastUid, data] of statement.all(mailbox, to, mailbox, start) as ChunkColumns[]) {
      if (lastUid < start) continue
      found.push({ id, mailbox, entries: decodeChunk(data), dirty: false })
      lookedUpTo = lastUid
    }
    lookedUpTo = Math.max(lookedUpTo, to)
  }
  return found
}

export function decodeChunk(data: Uint8Array, capacity = data.length / entryBytes): Entries {
  const entries = new Entries(capacity)
  entries.decodeInto(data)
  return entries
}

export class Chunks {
  readonly #db: Connection
  readonly #undo: Undo
  readonly #tails = new Map<number, Chunk>()

  constructor(db: Connection, undo: Undo) {
    this.#db = db
    this.#undo = undo
  }

  append(mailbox: MailboxId, entry: Entry): void {
    let tail = this.#tails.get(mailbox) ?? this.#loadTail(mailbox)
    if (tail === undefined || tail.entries.length === chunkEntriesMax) tail = this.#newTail(mailbox)
    const { entries, dirty } = tail
    const before = entries.length
    const chunk = tail
    this.#undo(() => {
      entries.length = before
      chunk.dirty = dirty
    })
    entries.push(entry)
    chunk.dirty = true
  }

  /** For mutations that change entries: what is only in memory goes to the database first. */
  covering(mailbox: MailboxId, set: UidSet): Chunk[] {
    const tail = this.#tails.get(mailbox)
    if (tail !== undefined) {
      this.#writeTail(tail)
      this.forgetMailbox(mailbox)
    }
    return chunksCovering(this.#db, mailbox, set)
  }

  /** Writes a chunk that a mutation changed; an empty one is deleted. */
  save(chunk: Chunk): void {
    const { entries } = chunk
    if (entries.length === 0) {
      this.#db.run('DELETE FROM chunk WHERE id = ?', chunk.id)
      return
    }
    const first = entries.uids[0] as number
    const last = entries.uids[entries.length - 1] as number
    const data = entries.encode()
    if (chunk.id === 0) {
      chunk.id = this.#db.run(
        'INSERT INTO chunk (mailbox, first_uid, last_uid, mod_seq, data) VALUES (?, ?, ?, ?, ?)',
        chunk.mailbox,
        first,
        last,
        entries.maxModSeq(),
        data,
      )
      this.#undo(() => {
        chunk.id = 0
      })
    } else {
      this.#db.run(
        'UPDATE chunk SET first_uid = ?, last_uid = ?, mod_seq = ?, data = ? WHERE id = ?',
        first,
        last,
        entries.maxModSeq(),
        data,
        chunk.id,
      )
    }
  }

  write(): void {
    for (const tail of this.#tails.values()) this.#writeTail(tail)
  }

  forgetMailbox(mailbox: MailboxId): void {
    const tail = this.#tails.get(mailbox)
    if (tail === undefined) return
    this.#tails.delete(mailbox)
    this.#undo(() => this.#tails.set(mailbox, tail))
  }

  forget(): void {
    this.#tails.clear()
  }

  #loadTail(mailbox: MailboxId): Chunk | undefined {
    const row = this.#db
      .prepareRaw('SELECT id, data FROM chunk WHERE mailbox = ? ORDER BY first_uid DESC LIMIT 1')
      .get(mailbox) as [number, Uint8Array] | undefined
    if (row === undefined) return undefined
    const tail: Chunk = { id: row[0], mailbox, entries: decodeChunk(row[1], chunkEntriesMax), dirty: false }
    this.#setTail(tail)
    return tail
  }

  #newTail(mailbox: MailboxId): Chunk {
    const full = this.#tails.get(mailbox)
    if (full !== undefined) this.#writeTail(full)
    const tail: Chunk = { id: 0, mailbox, entries: new Entries(chunkEntriesMax), dirty: false }
    this.#setTail(tail)
    return tail
  }

  #setTail(tail: Chunk): void {
    const before = this.#tails.get(tail.mailbox)
    this.#tails.set(tail.mailbox, tail)
    this.#undo(() => {
      if (before === undefined) this.#tails.delete(tail.mailbox)
      else this.#tails.set(tail.mailbox, before)
    })
  }

  #writeTail(tail: Chunk): void {
    if (!tail.dirty) return
    this.save(tail)
    tail.dirty = false
    this.#undo(() => {
      tail.dirty = true
    })
  }
}
