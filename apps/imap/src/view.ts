// What a session's client believes about its mailbox. The index is shared and moves on whenever any session refreshes it;
// what the client has been told does not, until it's told. So the view keeps: up to which uid the client knows messages, which
// of those are gone but not yet told (`numbering.ts`), and whose flags changed. Only `telling.ts` changes what the client
// knows. RFC 9051 §7.4.1 (EXISTS), §7.5.1 (EXPUNGE), §7.5.2 (FETCH).

import type { NumberSet } from '@postern/imap-wire'
import {
  type Entries,
  type MailboxIndex,
  type MailboxStatus,
  type OpenMailbox,
  type UidSet,
  uidMax,
} from '@postern/mailbox-store'
import { Gone } from './numbering.js'
import { Recents } from './recents.js'
import { type Targets, targetsAt } from './targets.js'
import { ToldKeywords } from './told-keywords.js'

export class View {
  readonly open: OpenMailbox
  readonly keywords: ToldKeywords
  readonly recents: Recents
  /** The highest uid that the client has been told of. */
  #toldUid: number
  /** The highest that this holder's own news has brought: only of messages up to there will it hear when they vanish. */
  #newestUid: number
  /** Told of, and no longer there. */
  readonly #gone = new Gone()
  #changed = new Set<number>()
  /** Up to here all has been told, or will be by the next `tell`: it stands still while expunges wait. */
  #wholeModSeq: number
  /** Up to which modseq of the index everything is in `#gone` and `#changed`. */
  #heardModSeq: number
  /** Modseqs of this session's own changes, of which the client is told by their answers. */
  readonly #own = new Set<number>()
  /** Vanished uids that were taken from the index before the store's own news of them has come: not to be taken twice. */
  #ahead: Set<number>

  /** Messages up to `recentAfter` are recent to somebody else, or to nobody. */
  constructor(open: OpenMailbox, { recentAfter = uidMax }: { recentAfter?: number } = {}) {
    this.open = open
    this.recents = new Recents(recentAfter)
    this.keywords = new ToldKeywords(open)
    this.#toldUid = lastUid(open.index)
    this.#newestUid = this.#toldUid
    this.#heardModSeq = open.index.modSeq
    this.#wholeModSeq = this.#heardModSeq
    // The index may have moved on between its opening and now.
    this.#ahead = new Set(open.index.vanishedSince(0, uidMax).uids)
  }

  /** The shared index, and all that it says taken in. */
  get index(): MailboxIndex {
    this.#catchUp()
    return this.open.index
  }

  get #entries(): Entries {
    return this.index.entries
  }

  /** How many messages the client believes there are. */
  get count(): number {
    return this.#entries.lowerBound(this.#toldUid + 1) + this.#gone.length
  }

  /** The highest uid of those that the client knows and that are there: what `*` is among uids. */
  get lastUid(): number {
    const entries = this.#entries
    const known = entries.lowerBound(this.#toldUid + 1)
    return known === 0 ? 0 : (entries.uids[known - 1] as number)
  }

  /** The highest uid that the client has ever been told of in this mailbox: UIDNEXT is above it. */
  get toldUid(): number {
    return this.#toldUid
  }

  /** What an EXPUNGE is about: a message that the client has never seen stays, whoever marked it. */
  get toldUids(): UidSet {
    return this.#toldUid === 0 ? [] : [[1, this.#toldUid]]
  }

  /** Of these, what the client has been told of. */
  known(uids: UidSet): UidSet {
    return uids.flatMap(([from, to]): UidSet => (from > this.#toldUid ? [] : [[from, Math.min(to, this.#toldUid)]]))
  }

  /** Messages are gone that the client still counts. */
  get hasGone(): boolean {
    this.#catchUp()
    return this.#gone.length > 0
  }

  /** Those, by uid. */
  get goneUids(): readonly number[] {
    this.#catchUp()
    return this.#gone.uids
  }

  /** Asks the store what has happened, and tells nothing. Before every command, so that numbers are mapped by what is. */
  async hear(): Promise<void> {
    const news = await this.open.refresh(this.#own)
    this.#takeIn(news.vanished, news.changed)
    this.#newestUid = Math.max(this.#newestUid, news.changed.at(-1) ?? 0)
    this.#heardModSeq = Math.max(this.#heardModSeq, news.highestModSeq)
    this.#ahead.clear()
    this.#catchUp()
    this.#own.clear()
    this.#noteWhole()
  }

  /** This session has made a change: what it did is no news here. To be said before the next `hear`. */
  hasMade(modSeq: number): void {
    this.#own.add(modSeq)
  }

  #noteWhole(): void {
    if (this.#gone.length === 0) this.#wholeModSeq = this.#heardModSeq
  }

  /** Other sessions may have moved the index on since: while this one waited for its own news, or for anything else. */
  #catchUp(): void {
    const { index } = this.open
    if (index.modSeq === this.#heardModSeq) return
    const { uids } = index.vanishedSince(this.#heardModSeq, uidMax)
    this.#takeIn(uids, index.changedSince(this.#heardModSeq, this.#own))
    for (const uid of uids) this.#ahead.add(uid)
    this.#heardModSeq = index.modSeq
    this.#noteWhole()
  }

  #takeIn(vanished: Uint32Array, changed: Uint32Array): void {
    if (vanished.length === 0 && changed.length === 0) return
    const gone = vanished.filter((uid) => uid <= this.#toldUid && !this.#ahead.has(uid))
    this.#gone.add(gone)
    for (const uid of gone) this.#changed.delete(uid)
    for (const uid of changed) if (uid <= this.#toldUid) this.#changed.add(uid)
    if (changed.length > 0) this.keywords.note(changed)
  }

  /** The client hears of these flags now, as they are. */
  tellsFlags(uids: Iterable<number>): void {
    if (this.#changed.size > 0) for (const uid of uids) this.#changed.delete(uid)
  }

  /** This session has told these flags itself, or its client asked not to hear of them. */
  dropChanged(uids: Iterable<number>, upToModSeq: number): void {
    if (this.#changed.size === 0) return
    const entries = this.#entries
    for (const uid of uids) {
      const at = entries.find(uid)
      if (at < 0 || (entries.modSeqs[at] as number) <= upToModSeq) this.#changed.delete(uid)
    }
  }

  /** Flags of these have been told as they were then. */
  tellsFlagsOf({ uids, modSeqs }: Targets): void {
    if (this.#changed.size === 0) return
    this.dropChanged(
      uids,
      modSeqs.reduce((max, n) => Math.max(max, n), 0),
    )
  }

  numberOf(uid: number): number {
    return this.#entries.lowerBound(uid) + this.#gone.below(uid) + 1
  }

  /** The uids of a set's messages, ascending. Numbers beyond the count and uids that aren't there are passed over. */
  uidsIn(set: NumberSet, { uid }: { uid: boolean }): Uint32Array {
    const entries = this.#entries
    const ranges = this.#positions(set, { uid })
    const uids = new Uint32Array(ranges.reduce((sum, [from, to]) => sum + to - from, 0))
    let length = 0
    for (const [from, to] of ranges) {
      uids.set(entries.uids.subarray(from, to), length)
      length += to - from
    }
    return uids
  }

  /** Half open. */
  #positions(set: NumberSet, { uid }: { uid: boolean }): [from: number, to: number][] {
    const entries = this.#entries
    const known = entries.lowerBound(this.#toldUid + 1)
    const positions: [number, number][] = []
    for (const [from, to] of set) {
      const first = uid ? entries.lowerBound(from) : this.#gone.positionOf(from, entries)
      const end = Math.min(known, uid ? entries.lowerBound(to + 1) : this.#gone.positionOf(to + 1, entries))
      if (first < end) positions.push([first, end])
    }
    return positions
  }

  /**
   * The messages of a set, in order; those that changed after `since`, where that's said. Numbers beyond the count and uids
   * that aren't there are passed over.
   */
  targets(set: NumberSet, { uid, since = -1 }: { uid: boolean; since?: number | undefined }): Targets {
    const { index } = this
    const all = this.#positions(set, { uid })
    const positions = since < 0 ? all : index.changedWithin(all, since)
    const found = targetsAt(index.entries, positions, this.#gone.uids)
    this.recents.mark(found)
    return found
  }

  /** Ranges of uids in which the messages with these numbers are, and no others. */
  uidsOf(numbers: NumberSet): NumberSet {
    const { uids } = this.#entries
    return this.#positions(numbers, { uid: false }).map(([from, to]) => [uids[from] as number, uids[to - 1] as number])
  }

  /** Whether there's anything to tell. */
  get hasNews(): boolean {
    return this.hasGone || this.#changed.size > 0 || this.#newestUid > this.#toldUid
  }

  /** Up to here the client knows all, once it has been told what there is to tell. */
  get modSeq(): number {
    this.#catchUp()
    return this.#wholeModSeq
  }

  /** The client hears of these now: it counts them no longer. */
  takeGone(): readonly number[] {
    this.#catchUp()
    const gone = this.#gone.take()
    this.#noteWhole()
    return gone
  }

  /** The client hears of new messages now: how many it counts then, or undefined where there are no more than before. */
  takeNew(): number | undefined {
    if (this.#newestUid <= this.#toldUid) return undefined
    const before = this.count
    this.#toldUid = this.#newestUid
    return this.count === before ? undefined : this.count
  }

  /** The client hears of these flags now. */
  takeChanged(): readonly number[] {
    this.#catchUp()
    const changed = Array.from(this.#changed).sort((a, b) => a - b)
    this.#changed.clear()
    return changed
  }

  /** The client has to be told how many are recent, or nobody knows yet. */
  get owesRecents(): boolean {
    const { recents } = this
    return recents.askedUpTo < this.#toldUid || (recents.uids.length > 0 && this.recentCount !== recents.toldCount)
  }

  /** Of the messages that the client counts. */
  get recentCount(): number {
    let count = 0
    for (const [from, to] of this.recents.uids) count += this.numberOf(to + 1) - this.numberOf(from)
    return count
  }

  /** Those too that the client will be told of: `status` is the mailbox's now. */
  recentOf({ recentAfter, recent }: MailboxStatus): number {
    const { entries } = this.index
    const asked = entries.lowerBound(this.recents.askedUpTo + 1) - entries.lowerBound(recentAfter + 1)
    return this.recentCount + recent - Math.max(0, asked)
  }

  close(): void {
    this.open.close()
  }
}

const lastUid = ({ entries }: MailboxIndex): number =>
  entries.length === 0 ? 0 : (entries.uids[entries.length - 1] as number)
