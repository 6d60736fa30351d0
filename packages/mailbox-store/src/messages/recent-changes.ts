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

const changedUidsMax = 262_144
const nobody: ReadonlySet<number> = new Set()
const none = new Uint32Array(0)

export class RecentChanges {
  #changed: Changed[] = []
  #vanished: Vanished[] = []
  /** Whatever changed after this modseq is here. */
  #from: number

  constructor(modSeq: number) {
    this.#from = modSeq
  }

  noteChanged(change: Changed): void {
    this.#changed.push(change)
    let uids = this.#changed.reduce((sum, { uids }) => sum + uids.length, 0)
    while (uids > changedUidsMax && this.#changed.length > 1) {
      const { modSeq, uids: dropped } = this.#changed.shift() as Changed
      uids -= dropped.length
      this.#from = modSeq
    }
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
    for (; heard < this.#changed.length; heard++) {
      const change = this.#changed[heard] as Changed
      if (change.modSeq > modSeq) break
      this.#from = change.modSeq
    }
    if (heard > 0) this.#changed.splice(0, heard)
  }
}
