// A session's own numbering of its mailbox. The index is shared and moves on; what the client has been told does not, until
// it's told. So the view keeps: up to which uid the client knows messages, which of those are gone but not yet told, and
// whose flags changed. Only `tell` changes what the client knows. RFC 9051 §7.4.1 (EXISTS), §7.5.1 (EXPUNGE), §7.5.2 (FETCH).

import type { NumberSet } from '@postern/imap-wire'
import type { MailboxIndex, OpenMailbox } from '@postern/mailbox-store'
import type { Out } from './out.js'

interface Gone {
  readonly uid: number
  readonly message: number
}

/** Messages as they were at one moment: columns, so that nothing that happens meanwhile moves them. */
export interface Targets {
  readonly length: number
  readonly numbers: Uint32Array
  readonly uids: Uint32Array
  readonly messages: Uint32Array
  readonly flags: Uint32Array
  readonly modSeqs: Float64Array
  readonly sizes: Uint32Array
  readonly internalDates: Float64Array
  readonly saveDates: Uint32Array
}

export interface Telling {
  /** EXPUNGE may be told now. */
  readonly expunges: boolean
  /** Flags are told with MODSEQ (RFC 7162 §3.1), with UID besides. */
  readonly modSeq: boolean
  readonly uid: boolean
}

export class View {
  readonly open: OpenMailbox
  /** The highest uid that the client has been told of. */
  #toldUid: number
  #gone: Gone[] = []
  #changed = new Set<number>()

  constructor(open: OpenMailbox) {
    this.open = open
    this.#toldUid = lastUid(open.index)
  }

  get index(): MailboxIndex {
    return this.open.index
  }

  /** How many messages the client believes there are. */
  get count(): number {
    return this.index.entries.lowerBound(this.#toldUid + 1) + this.#gone.length
  }

  get lastUid(): number {
    return this.#toldUid
  }

  /** Takes in what has happened, and tells nothing. Before every command, so that numbers are mapped by what is. */
  async hear(): Promise<void> {
    const news = await this.open.refresh()
    for (let i = 0; i < news.vanished.length; i++) {
      const uid = news.vanished[i] as number
      if (uid > this.#toldUid) continue
      this.#gone.push({ uid, message: news.vanishedMessages[i] as number })
      this.#changed.delete(uid)
    }
    if (news.vanished.length > 0) this.#gone.sort((a, b) => a.uid - b.uid)
    for (const uid of news.changed) if (uid <= this.#toldUid) this.#changed.add(uid)
  }

  /** This session has told these flags itself, or its client asked not to hear of them. */
  dropChanged(uids: Iterable<number>, upToModSeq: number): void {
    const { entries } = this.index
    for (const uid of uids) {
      const at = entries.find(uid)
      if (at < 0 || (entries.modSeqs[at] as number) <= upToModSeq) this.#changed.delete(uid)
    }
  }

  numberOf(uid: number): number {
    let number = this.index.entries.lowerBound(uid) + 1
    for (const gone of this.#gone) {
      if (gone.uid >= uid) break
      number++
    }
    return number
  }

  /** The messages of a set, in order. Numbers beyond the count and uids that aren't there are passed over. */
  targets(set: NumberSet, { uid }: { uid: boolean }): Targets {
    const { entries } = this.index
    const positions: number[] = []
    const known = entries.lowerBound(this.#toldUid + 1)
    for (const [from, to] of set) {
      const first = uid ? entries.lowerBound(from) : this.#positionOf(from)
      const end = Math.min(known, uid ? entries.lowerBound(to + 1) : this.#positionOf(to + 1))
      for (let at = first; at < end; at++) positions.push(at)
    }
    return this.#targetsAt(positions)
  }

  /** Of messages that are gone but not told, only the number is left: a FETCH of them serves nothing, as RFC 2180 §4.1 has it. */
  #positionOf(number: number): number {
    let at = number - 1
    for (let i = 0; i < this.#gone.length; i++) {
      const gone = this.#gone[i] as Gone
      if (this.index.entries.lowerBound(gone.uid) + i >= number - 1) break
      at--
    }
    return Math.max(0, at)
  }

  #targetsAt(positions: readonly number[]): Targets {
    const { entries } = this.index
    const pick = <C extends Uint32Array | Float64Array>(column: C, into: C): C => {
      for (let i = 0; i < positions.length; i++) into[i] = column[positions[i] as number] as number
      return into
    }
    const n = positions.length
    const uids = pick(entries.uids, new Uint32Array(n))
    const numbers = new Uint32Array(n)
    let gone = 0
    for (let i = 0; i < n; i++) {
      while (gone < this.#gone.length && (this.#gone[gone] as Gone).uid < (uids[i] as number)) gone++
      numbers[i] = (positions[i] as number) + 1 + gone
    }
    return {
      length: n,
      numbers,
      uids,
      messages: pick(entries.messages, new Uint32Array(n)),
      flags: pick(entries.flags, new Uint32Array(n)),
      modSeqs: pick(entries.modSeqs, new Float64Array(n)),
      sizes: pick(entries.sizes, new Uint32Array(n)),
      internalDates: pick(entries.internalDates, new Float64Array(n)),
      saveDates: pick(entries.saveDates, new Uint32Array(n)),
    }
  }

  /** Whether there's anything to tell. */
  get hasNews(): boolean {
    return this.#gone.length > 0 || this.#changed.size > 0 || lastUid(this.index) > this.#toldUid
  }

  /** Tells the client what it may hear now. */
  tell(out: Out, { expunges, modSeq, uid }: Telling): void {
    if (expunges) this.#tellGone(out)
    this.#tellNew(out)
    if (this.#changed.size === 0) return
    for (const changed of Array.from(this.#changed).sort((a, b) => a - b))
      this.writeFlags(out, changed, { modSeq, uid })
    this.#changed.clear()
  }

  /** `* 5 FETCH (FLAGS (…))` of a message that is there. */
  writeFlags(out: Out, uid: number, { modSeq, uid: withUid }: Pick<Telling, 'modSeq' | 'uid'>): void {
    const { entries } = this.index
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
  #tellGone(out: Out): void {
    for (const { uid } of this.#gone)
      out
        .untagged()
        .number(this.index.entries.lowerBound(uid) + 1)
        .raw(' EXPUNGE')
        .crlf()
    this.#gone = []
  }

  #tellNew(out: Out): void {
    const last = lastUid(this.index)
    if (last <= this.#toldUid) return
    const before = this.count
    this.#toldUid = last
    if (this.count !== before) out.untagged().number(this.count).raw(' EXISTS').crlf()
  }

  close(): void {
    this.open.close()
  }
}

const lastUid = ({ entries }: MailboxIndex): number =>
  entries.length === 0 ? 0 : (entries.uids[entries.length - 1] as number)
