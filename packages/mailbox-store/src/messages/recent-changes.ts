// What happened to an index lately, change by change: which uids came or have other flags, and which vanished. Holders who
// heard of everything up to some modseq ask what came after it. Kept until all of them have heard, and of changes no more
// than there's room for: who asks for more looks at every entry's modseq.

interface Changed {
  readonly modSeq: number
  readonly uids: Uint32Array
  /** One mutation's, and nothing else. */
  readonly isOne: boolean
}

interface Vanished {
  readonly modSeq: number
  readonly uids: Uint32Array
  readonly messages: Uint32Array
}

const changesMax = 1_024
const changedUidsMax = 262_144
const nobody: ReadonlySet<number> = new Set()
const none = new Uint32Array(0)

export class RecentChanges {
  #changed: Changed[] = []
  /** In all of them. */
  #uids = 0
  #vanished: Vanished[] = []
  /** Whatever changed after this modseq is here. */
  #from: number

  constructor(modSeq: number) {
    this.#from = modSeq
  }

  noteChanged(change: Changed): void {
    this.#changed.push(change)
    this.#uids += change.uids.length
    // The latest stays, however large: who made it needn't hear of it, and couldn't tell by the entries whose it was.
    while ((this.#uids > changedUidsMax || this.#changed.length > changesMax) && this.#changed.length > 1)
      this.#drop(this.#changed.shift() as Changed)
  }

  #drop({ modSeq, uids }: Changed): void {
    this.#uids -= uids.length
    this.#from = modSeq
  }

  noteVanished(gone: Vanished): void {
    this.#vanished.push(gone)
  }

  /** Ascending, without those that changed in one of `own` alone; some may have vanished since. Undefined: that's too long ago. */
  changedSince(modSeq: number, own = nobody): Uint32Array | undefined {
    if (modSeq < this.#from) return undefined
    const found = this.#changed.filter((one) => one.modSeq > modSeq && !(one.isOne && own.has(one.modSeq)))
    if (found.length <= 1) return found[0]?.uids ?? none
    const uids = new Set<number>()
    for (const one of found) for (const uid of one.uids) uids.add(uid)
    return Uint32Array.from(uids).sort()
  }

  /** Ascending by uid; of what was known then, which had uids up to `lastUid`. */
  vanishedSince(modSeq: number, lastUid: number): { uids: Uint32Array; messages: Uint32Array } {
    const found = this.#vanished.filter((gone) => gone.modSeq > modSeq)
    if (found.length === 0) return { uids: none, messages: none }
    const pairs: [number, number][] = []
    for (const { uids, messages } of found)
      for (let i = 0; i < uids.length && (uids[i] as number) <= lastUid; i++)
        pairs.push([uids[i] as number, messages[i] as number])
    pairs.sort((a, b) => a[0] - b[0])
    return {
      uids: Uint32Array.from(pairs, ([uid]) => uid),
      messages: Uint32Array.from(pairs, ([, message]) => message),
    }
  }

  /** Every holder has heard of everything up to here. */
  forget(modSeq: number): void {
    if (this.#vanished.length > 0) this.#vanished = this.#vanished.filter((gone) => gone.modSeq > modSeq)
    let heard = 0
    while (heard < this.#changed.length && (this.#changed[heard] as Changed).modSeq <= modSeq)
      this.#drop(this.#changed[heard++] as Changed)
    if (heard > 0) this.#changed.splice(0, heard)
  }
}
