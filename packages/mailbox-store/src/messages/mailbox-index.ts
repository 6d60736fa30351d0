// The entries of one open mailbox in memory, shared by every session of the process that has it open: columns of
// uids, flags, modseqs, messages, sizes and dates, 36 bytes a message. It moves forward by `apply`, with what the log said
// since `modSeq`, or by `follow`, with what this process has just committed; it remembers what changed and what vanished
// as long as a holder hasn't heard of it.

import { allUids, systemFlag, type UidSet } from '../model.js'
import { Entries, entryBytes, keywordSetShift } from './entries.js'
import { HighestModSeqs, type Places } from './highest-mod-seqs.js'
import type { MailboxDelta } from './mailbox-delta.js'
import { RecentChanges } from './recent-changes.js'
import { uidSetOf } from './uid-set.js'

export interface IndexDelta {
  readonly modSeq: number
  /** New and changed entries, ascending by uid, each as it is now. */
  readonly entries: Entries
  /** With `entries`: the mailbox each one is in, when the index spans several. */
  readonly mailboxes?: Uint32Array
  /** Uids that are gone, ascending; some may never have been known here. */
  readonly vanished: UidSet
}

/** What one look at every entry's flags tells; who opens a mailbox asks for it each time. */
export interface FlagSummary {
  /** Keyword sets that entries have, by number. */
  readonly keywordSets: readonly number[]
  /** Where the first entry without \\Seen stands, or -1. */
  readonly firstUnseen: number
}

export class MailboxIndex {
  /** Everything up to here is in. */
  modSeq = 0
  /** The highest uid that was ever in it. */
  lastUid: number
  /** Nothing has vanished after this modseq; whether anything did before, the index needn't know. */
  vanishedAt: number
  readonly entries: Entries
  /** The mailbox of each entry, where the index spans several (`*@domain`). */
  #mailboxes: Uint32Array | undefined
  readonly #recent: RecentChanges
  readonly #highest = new HighestModSeqs()
  #summary: (FlagSummary & { readonly modSeq: number }) | undefined

  constructor({ entries, modSeq, mailboxes }: { entries: Entries; modSeq: number; mailboxes?: Uint32Array }) {
    this.entries = entries
    this.modSeq = modSeq
    this.vanishedAt = modSeq
    this.lastUid = entries.uids[entries.length - 1] ?? 0
    this.#mailboxes = mailboxes
    this.#recent = new RecentChanges(modSeq)
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

  /** Looked for once as long as nothing changes. */
  get flagSummary(): FlagSummary {
    if (this.#summary?.modSeq !== this.modSeq) this.#summary = { ...summaryOf(this.entries), modSeq: this.modSeq }
    return this.#summary
  }

  apply(delta: IndexDelta): void {
    if (delta.modSeq <= this.modSeq) return
    this.#remove(delta)
    this.#merge(delta)
    if (delta.entries.length > 0)
      this.#recent.noteChanged({ modSeq: delta.modSeq, uids: delta.entries.uids, isOne: false })
    this.modSeq = delta.modSeq
  }

  /** False where that's not all there is to know: then it has to be brought up with `apply`. */
  follow(delta: MailboxDelta): boolean {
    const { modSeq } = delta
    if (modSeq < this.modSeq || !this.#follow(delta)) return false
    this.modSeq = modSeq
    return true
  }

  #follow(delta: MailboxDelta): boolean {
    const { modSeq } = delta
    if (delta.kind === 'other') return false
    if (delta.kind === 'gone') this.#remove({ vanished: uidSetOf(delta.uids), modSeq })
    else {
      if (delta.kind === 'flags' ? !this.#setFlags(delta) : !this.#append(delta)) return false
      const uids = delta.kind === 'flags' ? delta.uids : delta.entries.uids.subarray(0, delta.entries.length)
      this.#recent.noteChanged({ modSeq, uids, isOne: true })
    }
    return true
  }

  #setFlags({ uids, flags, modSeq }: Extract<MailboxDelta, { kind: 'flags' }>): boolean {
    const { entries } = this
    let at = 0
    for (let i = 0; i < uids.length; i++) {
      const uid = uids[i] as number
      if (entries.uids[at] !== uid) at = entries.find(uid)
      if (at < 0) return false
      entries.flags[at] = flags[i] as number
      entries.modSeqs[at++] = modSeq
    }
    return true
  }

  #append({ entries: news, mailbox }: Extract<MailboxDelta, { kind: 'new' }>): boolean {
    if (news.length > 0 && (news.uids[0] as number) <= this.lastUid) return false
    const { entries } = this
    const at = entries.length
    this.#makeRoom(news.length)
    entries.copyFrom(news, { from: 0, to: news.length, at })
    this.#noteMailboxes(at, () => mailbox)
    this.lastUid = entries.uids[entries.length - 1] as number
    return true
  }

  /** Its mailbox has been deleted: everything has vanished, in a change that no log tells of. */
  empty(): void {
    if (this.length > 0) this.apply({ modSeq: this.modSeq + 1, entries: new Entries(0), vanished: allUids })
  }

  /** Uids that changed after `modSeq` or are new since, ascending; but for what changed in one of `own` alone. */
  changedSince(modSeq: number, own?: ReadonlySet<number>): Uint32Array {
    const recent = this.#recent.changedSince(modSeq, own)
    if (recent !== undefined) return recent.length === 0 ? recent : recent.filter((uid) => this.entries.find(uid) >= 0)
    const { modSeqs, uids, length } = this.entries
    const found: number[] = []
    for (let i = 0; i < length; i++) if ((modSeqs[i] as number) > modSeq) found.push(uids[i] as number)
    return Uint32Array.from(found)
  }

  /** Of these places, which ascend, those whose entries changed after `since`. */
  changedWithin(places: Places, since: number): Places {
    return this.#highest.changedWithin(places, { entries: this.entries, modSeq: this.modSeq, since })
  }

  /** What vanished after `modSeq`, ascending by uid; of what was known then, which had uids up to `lastUid`. */
  vanishedSince(modSeq: number, lastUid: number): { uids: Uint32Array; messages: Uint32Array } {
    return this.#recent.vanishedSince(modSeq, lastUid)
  }

  /** Every holder has heard of everything up to here. */
  forgetHeard(modSeq: number): void {
    this.#recent.forget(modSeq)
  }

  #remove({ vanished, modSeq }: Pick<IndexDelta, 'vanished' | 'modSeq'>): void {
    if (vanished.length > 0) this.vanishedAt = modSeq
    const positions: number[] = []
    const { entries } = this
    for (const [from, to] of vanished)
      for (let at = entries.lowerBound(from); at < entries.length && (entries.uids[at] as number) <= to; at++)
        positions.push(at)
    if (positions.length === 0) return
    this.#recent.noteVanished({
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
    this.#makeRoom(fresh.length)
    const at = entries.length
    for (const i of fresh) entries.pushFrom(news, i)
    this.#noteMailboxes(at, (i) => mailboxes?.[fresh[i] as number] ?? 0)
  }

  #makeRoom(more: number): void {
    const needed = this.entries.length + more
    if (needed > this.entries.capacity) this.entries.grow(needed + Math.max(16, needed >>> 6))
  }

  /** Of the entries from `at` on, which are new. */
  #noteMailboxes(at: number, mailboxOf: (i: number) => number): void {
    const known = this.#mailboxes
    if (known === undefined) return
    if (known.length < this.entries.capacity) {
      this.#mailboxes = new Uint32Array(this.entries.capacity)
      this.#mailboxes.set(known.subarray(0, at))
    }
    const mailboxes = this.#mailboxes as Uint32Array
    for (let i = at; i < this.entries.length; i++) mailboxes[i] = mailboxOf(i - at)
  }
}

function summaryOf({ flags, length }: Entries): FlagSummary {
  const sets = new Set<number>()
  let firstUnseen = -1
  let last = 0
  for (let i = 0; i < length; i++) {
    const packed = flags[i] as number
    if (firstUnseen < 0 && (packed & systemFlag.seen) === 0) firstUnseen = i
    const set = packed >>> keywordSetShift
    if (set !== last) sets.add(set)
    last = set
  }
  return { keywordSets: [...sets], firstUnseen }
}
