// The entries of one open mailbox in memory, shared by every session of the process that has it open: columns of
// uids, flags, modseqs, messages, sizes and dates, 36 bytes a message. It moves forward only by `apply`, with what the
// log said since `modSeq`; it remembers what vanished as long as a holder hasn't heard of it.

import { allUids, type UidSet } from '../model.js'
import { Entries, entryBytes } from './entries.js'

export interface IndexDelta {
  readonly modSeq: number
  /** New and changed entries, ascending by uid, each as it is now. */
  readonly entries: Entries
  /** With `entries`: the mailbox each one is in, when the index spans several. */
  readonly mailboxes?: Uint32Array
  /** Uids that are gone, ascending; some may never have been known here. */
  readonly vanished: UidSet
}

interface Vanished {
  readonly modSeq: number
  readonly uids: Uint32Array
  readonly messages: Uint32Array
}

export class MailboxIndex {
  /** Everything up to here is in. */
  modSeq = 0
  /** The highest uid that was ever in it. */
  lastUid: number
  readonly entries: Entries
  /** The mailbox of each entry, where the index spans several (`*@domain`). */
  #mailboxes: Uint32Array | undefined
  #vanished: Vanished[] = []

  constructor({ entries, modSeq, mailboxes }: { entries: Entries; modSeq: number; mailboxes?: Uint32Array }) {
    this.entries = entries
    this.modSeq = modSeq
    this.lastUid = entries.uids[entries.length - 1] ?? 0
    this.#mailboxes = mailboxes
  }

  get length(): number {
    return this.entries.length
  }

  get byteLength(): number {
    return this.entries.capacity * (entryBytes + (this.#mailboxes === undefined ? 0 : 4))
  }

  mailboxAt(i: number): number | undefined {
    return this.#mailboxes?.[i]
  }

  apply(delta: IndexDelta): void {
    if (delta.modSeq <= this.modSeq) return
    this.#remove(delta)
    this.#merge(delta)
    this.modSeq = delta.modSeq
  }

  /** Its mailbox has been deleted: everything has vanished, in a change that no log tells of. */
  empty(): void {
    if (this.length > 0) this.apply({ modSeq: this.modSeq + 1, entries: new Entries(0), vanished: allUids })
  }

  /** Uids that changed after `modSeq` or are new since, ascending. */
  changedSince(modSeq: number): Uint32Array {
    const { modSeqs, uids, length } = this.entries
    const found: number[] = []
    for (let i = 0; i < length; i++) if ((modSeqs[i] as number) > modSeq) found.push(uids[i] as number)
    return Uint32Array.from(found)
  }

  /** What vanished after `modSeq`, ascending by uid; of what was known then, which had uids up to `lastUid`. */
  vanishedSince(modSeq: number, lastUid: number): { uids: Uint32Array; messages: Uint32Array } {
    const pairs: [number, number][] = []
    for (const gone of this.#vanished)
      if (gone.modSeq > modSeq)
        for (let i = 0; i < gone.uids.length && (gone.uids[i] as number) <= lastUid; i++)
          pairs.push([gone.uids[i] as number, gone.messages[i] as number])
    pairs.sort((a, b) => a[0] - b[0])
    return {
      uids: Uint32Array.from(pairs, ([uid]) => uid),
      messages: Uint32Array.from(pairs, ([, message]) => message),
    }
  }

  /** Every holder has heard of everything up to here. */
  forgetVanished(modSeq: number): void {
    if (this.#vanished.length > 0) this.#vanished = this.#vanished.filter((gone) => gone.modSeq > modSeq)
  }

  #remove({ vanished, modSeq }: IndexDelta): void {
    const positions: number[] = []
    const { entries } = this
    for (const [from, to] of vanished)
      for (let at = entries.lowerBound(from); at < entries.length && (entries.uids[at] as number) <= to; at++)
        positions.push(at)
    if (positions.length === 0) return
    this.#vanished.push({
      modSeq,
      uids: Uint32Array.from(positions, (at) => entries.uids[at] as number),
      messages: Uint32Array.from(positions, (at) => entries.messages[at] as number),
    })
    if (this.#mailboxes !== undefined) {
      const gone = new Set(positions)
      this.#mailboxes = this.#mailboxes.subarray(0, entries.length).filter((_, i) => !gone.has(i))
    }
    entries.removeAt(positions)
  }

  #merge({ entries: news, mailboxes }: IndexDelta): void {
    const { entries } = this
    const fresh: number[] = []
    for (let i = 0; i < news.length; i++) {
      const at = entries.find(news.uids[i] as number)
      if (at < 0) fresh.push(i)
      else {
        entries.flags[at] = news.flags[i] as number
        entries.modSeqs[at] = news.modSeqs[i] as number
      }
    }
    if (fresh.length === 0) return
    if ((news.uids[fresh[0] as number] as number) <= this.lastUid) throw new Error('a new entry is below a known one')
    this.lastUid = news.uids[fresh[fresh.length - 1] as number] as number
    const needed = entries.length + fresh.length
    if (needed > entries.capacity) entries.grow(needed + Math.max(16, needed >>> 6))
    const at = entries.length
    for (const i of fresh) entries.pushFrom(news, i)
    this.#noteMailboxes({ fresh, at, mailboxes })
  }

  #noteMailboxes({ fresh, at, mailboxes }: { fresh: number[]; at: number; mailboxes: Uint32Array | undefined }): void {
    if (this.#mailboxes === undefined) return
    const wider = new Uint32Array(this.entries.capacity)
    wider.set(this.#mailboxes.subarray(0, at))
    fresh.forEach((i, k) => {
      wider[at + k] = mailboxes?.[i] ?? 0
    })
    this.#mailboxes = wider
  }
}
