// Entries in the database: rows of up to `chunkEntriesMax` entries of one mailbox, ascending by uid, each row with its
// uid range, and a modseq that none of them is above, beside the packed columns. Chunks that were changed lately stay in
// memory, and a group writes each of them once: a burst of appends or of flag changes writes one row and not one for each.

import { chunkEntriesMax, Entries, type Entry, entryBytes } from '../messages/entries.js'
import type { MailboxId, UidRange, UidSet } from '../model.js'
import type { Connection } from './connection.js'

export interface Chunk {
  /** 0 until it has a row. */
  id: number
  readonly mailbox: MailboxId
  readonly entries: Entries
  /** Changed since it was written. */
  dirty: boolean
  /** The first uid that its row says. */
  storedFirst: number
  /** The modseq that its row says: no entry has a higher one. */
  storedModSeq: number
}

type Undo = (action: () => void) => void
type ChunkColumns = [id: number, lastUid: number, modSeq: number, data: Uint8Array]

/** A row's modseq is set so far ahead: it's in an index, of which a page would be dirtied by every change. */
const modSeqsAhead = 64

const coveringSql = `SELECT id, last_uid, mod_seq, data FROM chunk WHERE mailbox = ? AND first_uid <= ? AND first_uid >=
  coalesce((SELECT max(first_uid) FROM chunk WHERE mailbox = ? AND first_uid <= ?), 0) ORDER BY first_uid`

export interface ChunksOptions {
  readonly undo: Undo
  /** Chunks in memory, of all mailboxes; a group may go beyond it while it runs. */
  readonly keptMax?: number
}

export function decodeChunk(data: Uint8Array, capacity = data.length / entryBytes): Entries {
  const entries = new Entries(capacity)
  entries.decodeInto(data)
  return entries
}

const firstOf = ({ entries }: Chunk): number => entries.uids[0] as number
const lastOf = ({ entries }: Chunk): number => entries.uids[entries.length - 1] as number

/** What is in memory of one mailbox. */
interface Kept {
  /** Ascending by uid; not all that there are. */
  readonly chunks: Chunk[]
  /** The mailbox's last one, which takes what is appended. */
  tail: Chunk | undefined
}

export class Chunks {
  readonly #db: Connection
  readonly #undo: Undo
  readonly #keptMax: number
  readonly #kept = new Map<MailboxId, Kept>()
  readonly #dirty = new Set<Chunk>()
  #count = 0

  constructor(db: Connection, { undo, keptMax = 512 }: ChunksOptions) {
    this.#db = db
    this.#undo = undo
    this.#keptMax = keptMax
  }

  append(mailbox: MailboxId, entry: Entry): void {
    let tail = this.#kept.get(mailbox)?.tail ?? this.#loadTail(mailbox)
    if (tail === undefined || tail.entries.length === chunkEntriesMax) tail = this.#newTail(mailbox)
    const { entries } = tail
    const before = entries.length
    this.#undo(() => {
      entries.length = before
    })
    if (entries.length === entries.capacity) entries.grow(chunkEntriesMax)
    entries.push(entry)
    this.#markDirty(tail)
  }

  /** The mailbox's chunks that may hold uids of the set, ascending. Whoever changes one says so first (`changing`). */
  covering(mailbox: MailboxId, set: UidSet): Chunk[] {
    const found: Chunk[] = []
    let lookedUpTo = 0
    for (const [from, to] of set) {
      const start = Math.max(from, lookedUpTo + 1)
      if (start > to) continue
      for (const chunk of this.#within(mailbox, [start, to])) {
        if (lastOf(chunk) < start) continue
        found.push(chunk)
        lookedUpTo = lastOf(chunk)
      }
      lookedUpTo = Math.max(lookedUpTo, to)
    }
    return found
  }

  #within(mailbox: MailboxId, [from, to]: UidRange): Chunk[] {
    const found: Chunk[] = []
    const { chunks } = this.#of(mailbox)
    let next = from
    for (let at = lowerBound(chunks, from); at < chunks.length && next <= to; at++) {
      const chunk = chunks[at] as Chunk
      if (firstOf(chunk) > next) break
      found.push(chunk)
      next = lastOf(chunk) + 1
    }
    return next > to ? found : [...found, ...this.#load(mailbox, [next, to])]
  }

  #load(mailbox: MailboxId, [from, to]: UidRange): Chunk[] {
    const { chunks, tail } = this.#of(mailbox)
    if (tail !== undefined) this.#write(tail)
    const rows = this.#db.prepareRaw(coveringSql).all(mailbox, to, mailbox, from) as ChunkColumns[]
    return rows
      .filter(([, lastUid]) => lastUid >= from)
      .map(([id, , storedModSeq, data]) => {
        const entries = decodeChunk(data)
        const chunk = { id, mailbox, entries, dirty: false, storedFirst: entries.uids[0] as number, storedModSeq }
        const at = lowerBound(chunks, chunk.storedFirst)
        const known = chunks[at]
        if (known?.id === id) return known
        chunks.splice(at, 0, chunk)
        this.#count++
        return chunk
      })
  }

  /** Says that a mutation is about to change flags in it: no uid comes or goes. */
  changing(chunk: Chunk): void {
    const { entries } = chunk
    const [flags, modSeqs] = [entries.flags.slice(), entries.modSeqs.slice()]
    this.#undo(() => {
      entries.flags.set(flags)
      entries.modSeqs.set(modSeqs)
    })
    this.#markDirty(chunk)
  }

  /** The chunks of which entries will be taken: the mutation's own, which it writes itself (`save`). */
  taking(mailbox: MailboxId, set: UidSet): Chunk[] {
    for (const chunk of this.#of(mailbox).chunks) this.#write(chunk)
    this.forgetMailbox(mailbox)
    const chunks = this.covering(mailbox, set)
    this.forgetMailbox(mailbox)
    return chunks
  }

  #markDirty(chunk: Chunk): void {
    if (chunk.dirty) return
    chunk.dirty = true
    this.#dirty.add(chunk)
    this.#undo(() => {
      chunk.dirty = false
    })
  }

  #write(chunk: Chunk): void {
    if (!chunk.dirty) return
    this.save(chunk)
    chunk.dirty = false
    this.#undo(() => {
      chunk.dirty = true
      this.#dirty.add(chunk)
    })
  }

  /** An empty one is deleted. */
  save(chunk: Chunk): void {
    const { entries } = chunk
    if (entries.length === 0) {
      this.#db.run('DELETE FROM chunk WHERE id = ?', chunk.id)
      return
    }
    const [first, last, data] = [firstOf(chunk), lastOf(chunk), entries.encode()]
    if (chunk.id === 0) {
      const sql = 'INSERT INTO chunk (mailbox, first_uid, last_uid, mod_seq, data) VALUES (?, ?, ?, ?, ?)'
      chunk.id = this.#db.run(sql, chunk.mailbox, first, last, this.#boundOf(chunk), data)
      this.#undo(() => {
        chunk.id = 0
      })
      chunk.storedFirst = first
      return
    }
    // A column that is set costs its index, changed or not.
    if (first === chunk.storedFirst && entries.maxModSeq() <= chunk.storedModSeq) {
      this.#db.run('UPDATE chunk SET last_uid = ?, data = ? WHERE id = ?', last, data, chunk.id)
      return
    }
    const sql = 'UPDATE chunk SET first_uid = ?, last_uid = ?, mod_seq = ?, data = ? WHERE id = ?'
    this.#db.run(sql, first, last, this.#boundOf(chunk), data, chunk.id)
    chunk.storedFirst = first
  }

  #boundOf(chunk: Chunk): number {
    const before = chunk.storedModSeq
    chunk.storedModSeq = chunk.entries.maxModSeq() + modSeqsAhead
    this.#undo(() => {
      chunk.storedModSeq = before
    })
    return chunk.storedModSeq
  }

  write(): void {
    for (const chunk of this.#dirty) this.#write(chunk)
    this.#dirty.clear()
  }

  /** Between groups, when all is written. */
  makeRoom(): void {
    if (this.#count > this.#keptMax) this.forget()
  }

  forgetMailbox(mailbox: MailboxId): void {
    const kept = this.#kept.get(mailbox)
    if (kept === undefined) return
    this.#kept.delete(mailbox)
    this.#count -= kept.chunks.length
    this.#undo(() => {
      this.#kept.set(mailbox, kept)
      this.#count += kept.chunks.length
    })
  }

  forget(): void {
    this.#kept.clear()
    this.#dirty.clear()
    this.#count = 0
  }

  #of(mailbox: MailboxId): Kept {
    let kept = this.#kept.get(mailbox)
    if (kept === undefined) {
      const made: Kept = { chunks: [], tail: undefined }
      this.#kept.set(mailbox, made)
      // What a mutation reads may be what it has written.
      this.#undo(() => {
        this.#kept.delete(mailbox)
        this.#count -= made.chunks.length
      })
      kept = made
    }
    return kept
  }

  #loadTail(mailbox: MailboxId): Chunk | undefined {
    const row = this.#db
      .prepareRaw('SELECT first_uid FROM chunk WHERE mailbox = ? ORDER BY first_uid DESC LIMIT 1')
      .get(mailbox) as [number] | undefined
    if (row === undefined) return undefined
    const tail = this.covering(mailbox, [[row[0], row[0]]])[0] as Chunk
    this.#of(mailbox).tail = tail
    return tail
  }

  #newTail(mailbox: MailboxId): Chunk {
    const kept = this.#of(mailbox)
    const before = kept.tail
    // Of the others, the rows say which uids they hold: `#load` looks at no more than the tail.
    if (before !== undefined) this.#write(before)
    const tail: Chunk = {
      id: 0,
      mailbox,
      entries: new Entries(chunkEntriesMax),
      dirty: false,
      storedFirst: 0,
      storedModSeq: 0,
    }
    kept.chunks.push(tail)
    kept.tail = tail
    this.#count++
    this.#undo(() => {
      kept.chunks.pop()
      kept.tail = before
      this.#count--
    })
    return tail
  }
}

/** Where the first chunk stands that doesn't end below this uid. */
function lowerBound(chunks: readonly Chunk[], uid: number): number {
  let [low, high] = [0, chunks.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (lastOf(chunks[middle] as Chunk) < uid) low = middle + 1
    else high = middle
  }
  return low
}
