// A session's own numbering of its mailbox. The index is shared and moves on whenever any session refreshes it; what the
// client has been told does not, until it's told. So the view keeps: up to which uid the client knows messages, which of
// those are gone but not yet told, and whose flags changed. Only `tell` changes what the client knows. RFC 9051 §7.4.1
// (EXISTS), §7.5.1 (EXPUNGE), §7.5.2 (FETCH).

import type { NumberSet, Writer } from '@postern/imap-wire'
import {
  type Entries,
  type MailboxIndex,
  type OpenMailbox,
  type UidSet,
  uidMax,
  uidSetOf,
} from '@postern/mailbox-store'
import { type Targets, targetsAt } from './targets.js'

export interface Telling {
  /** EXPUNGE may be told now. */
  readonly expunges: boolean
  /** As VANISHED, by uid (RFC 7162 §3.2.10). */
  readonly vanished?: boolean
  /** Flags are told with MODSEQ (RFC 7162 §3.1), with UID besides. */
  readonly modSeq: boolean
  readonly uid: boolean
}

export class View {
  readonly open: OpenMailbox
  /** The highest uid that the client has been told of. */
  #toldUid: number
  /** The highest that this holder's own news has brought: only of messages up to there will it hear when they vanish. */
  #newestUid: number
  /** Ascending; told of, and no longer there. */
  #gone: number[] = []
  #changed = new Set<number>()
  /** Up to here all has been told, or will be by the next `tell`: it stands still while expunges wait. */
  #wholeModSeq: number
  /** Up to which modseq of the index everything is in `#gone` and `#changed`. */
  #heardModSeq: number
  /** Vanished uids that were taken from the index before the store's own news of them has come: not to be taken twice. */
  #ahead: Set<number>

  constructor(open: OpenMailbox) {
    this.open = open
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

  /** Messages are gone that the client still counts. */
  get hasGone(): boolean {
    this.#catchUp()
    return this.#gone.length > 0
  }

  /** Those, by uid. */
  get goneUids(): readonly number[] {
    this.#catchUp()
    return this.#gone
  }

  /** Asks the store what has happened, and tells nothing. Before every command, so that numbers are mapped by what is. */
  async hear(): Promise<void> {
    const news = await this.open.refresh()
    this.#takeIn(news.vanished, news.changed)
    this.#newestUid = Math.max(this.#newestUid, news.changed.at(-1) ?? 0)
    this.#heardModSeq = Math.max(this.#heardModSeq, news.highestModSeq)
    this.#ahead.clear()
    this.#catchUp()
    this.#noteWhole()
  }

  #noteWhole(): void {
    if (this.#gone.length === 0) this.#wholeModSeq = this.#heardModSeq
  }

  /** Other sessions may have moved the index on since: while this one waited for its own news, or for anything else. */
  #catchUp(): void {
    const { index } = this.open
    if (index.modSeq === this.#heardModSeq) return
    const { uids } = index.vanishedSince(this.#heardModSeq, uidMax)
    this.#takeIn(uids, index.changedSince(this.#heardModSeq))
    for (const uid of uids) this.#ahead.add(uid)
    this.#heardModSeq = index.modSeq
    this.#noteWhole()
  }

  #takeIn(vanished: Uint32Array, changed: Uint32Array): void {
    const before = this.#gone.length
    for (const uid of vanished) {
      if (uid > this.#toldUid || this.#ahead.has(uid)) continue
      this.#gone.push(uid)
      this.#changed.delete(uid)
    }
    if (this.#gone.length > before) this.#gone.sort((a, b) => a - b)
    for (const uid of changed) if (uid <= this.#toldUid) this.#changed.add(uid)
  }

  /** Which of these have changed flags that the client hasn't been told of. */
  untold(uids: Iterable<number>): Set<number> {
    this.#catchUp()
    return new Set(Array.from(uids).filter((uid) => this.#changed.has(uid)))
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

  numberOf(uid: number): number {
    const there = this.#entries.lowerBound(uid)
    return there + countBelow(this.#gone, uid) + 1
  }

  /** The messages of a set, in order. Numbers beyond the count and uids that aren't there are passed over. */
  targets(set: NumberSet, { uid }: { uid: boolean }): Targets {
    const entries = this.#entries
    const positions: number[] = []
    const known = entries.lowerBound(this.#toldUid + 1)
    for (const [from, to] of set) {
      const first = uid ? entries.lowerBound(from) : this.#positionOf(from)
      const end = Math.min(known, uid ? entries.lowerBound(to + 1) : this.#positionOf(to + 1))
      for (let at = first; at < end; at++) positions.push(at)
    }
    return targetsAt(entries, positions, this.#gone)
  }

  /** Where the first message that's there stands, of those with this number or a higher one. */
  #positionOf(number: number): number {
    const { entries } = this.open.index
    let at = number - 1
    for (let i = 0; i < this.#gone.length; i++) {
      if (entries.lowerBound(this.#gone[i] as number) + i >= number - 1) break
      at--
    }
    return Math.max(0, at)
  }

  /** Whether there's anything to tell. */
  get hasNews(): boolean {
    return this.hasGone || this.#changed.size > 0 || this.#newestUid > this.#toldUid
  }

  /** Tells the client what it may hear now. */
  tell(out: Writer, { expunges, vanished = false, modSeq, uid }: Telling): void {
    this.#catchUp()
    if (expunges) this.#tellGone(out, vanished)
    this.#tellNew(out)
    for (const changed of Array.from(this.#changed).sort((a, b) => a - b))
      this.writeFlags(out, changed, { modSeq, uid })
    this.#changed.clear()
    // RFC 7162 §3.2: a client that sees higher modseqs must not take a mailbox for told whose expunges wait.
    if (vanished && this.#gone.length > 0) this.writeHighestModSeq(out)
  }

  /** Up to here the client knows all, once it has been told what there is to tell. */
  get modSeq(): number {
    this.#catchUp()
    return this.#wholeModSeq
  }

  writeHighestModSeq(out: Writer): void {
    out.status('*', {
      kind: 'OK',
      code: { name: 'HIGHESTMODSEQ', value: this.modSeq },
      text: 'All before is told',
    })
  }

  /** `* 5 FETCH (FLAGS (…))` of a message that is there. */
  writeFlags(out: Writer, uid: number, { modSeq, uid: withUid }: Pick<Telling, 'modSeq' | 'uid'>): void {
    const entries = this.#entries
    const at = entries.find(uid)
    if (at < 0) return
    out.untagged().number(this.numberOf(uid)).raw(' FETCH (')
    if (withUid || modSeq) out.raw('UID ').number(uid).sp()
    const { system, keywords } = this.open.flagsOf(entries.flags[at] as number)
    out.raw('FLAGS ').flags(system, keywords)
    if (modSeq)
      out
        .raw(' MODSEQ (')
        .number(entries.modSeqs[at] as number)
        .raw(')')
    out.raw(')').crlf()
  }

  /** Numbers go down as each is told (RFC 9051 §7.5.1). */
  #tellGone(out: Writer, vanished: boolean): void {
    const { entries } = this.open.index
    if (vanished) writeVanished(out, uidSetOf(this.#gone))
    else
      for (const uid of this.#gone)
        out
          .untagged()
          .number(entries.lowerBound(uid) + 1)
          .raw(' EXPUNGE')
          .crlf()
    this.#gone = []
    this.#noteWhole()
  }

  #tellNew(out: Writer): void {
    if (this.#newestUid <= this.#toldUid) return
    const before = this.count
    this.#toldUid = this.#newestUid
    if (this.count !== before) out.untagged().number(this.count).raw(' EXISTS').crlf()
  }

  close(): void {
    this.open.close()
  }
}

/** Some clients read no line of a million bytes. */
const rangesPerLine = 10_000

/** `* VANISHED 3:5,7`. RFC 7162 §3.2.10; EARLIER for what was gone before the client asked. */
export function writeVanished(out: Writer, uids: UidSet, { earlier = false } = {}): void {
  for (let at = 0; at < uids.length; at += rangesPerLine)
    out
      .untagged()
      .raw(earlier ? 'VANISHED (EARLIER) ' : 'VANISHED ')
      .set(uids.slice(at, at + rangesPerLine))
      .crlf()
}

/** How many of these, which are ascending, are below. */
function countBelow(numbers: readonly number[], limit: number): number {
  let from = 0
  let to = numbers.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((numbers[middle] as number) < limit) from = middle + 1
    else to = middle
  }
  return from
}

const lastUid = ({ entries }: MailboxIndex): number =>
  entries.length === 0 ? 0 : (entries.uids[entries.length - 1] as number)
