// Between message numbers and places in the index. A client goes on counting a message that is gone until it's told of the
// expunge (RFC 9051 §7.5.1), so that its numbers are places in the index, moved up by the gone ones before them.

import type { Entries } from '@postern/mailbox-store'

export class Gone {
  #uids: number[] = []

  /** Ascending. */
  get uids(): readonly number[] {
    return this.#uids
  }

  get length(): number {
    return this.#uids.length
  }

  add(uids: ArrayLike<number>): void {
    if (uids.length === 0) return
    for (let i = 0; i < uids.length; i++) this.#uids.push(uids[i] as number)
    this.#uids.sort((a, b) => a - b)
  }

  take(): readonly number[] {
    const uids = this.#uids
    this.#uids = []
    return uids
  }

  /** How many are below this uid. */
  below(uid: number): number {
    let from = 0
    let to = this.#uids.length
    while (from < to) {
      const middle = (from + to) >>> 1
      if ((this.#uids[middle] as number) < uid) from = middle + 1
      else to = middle
    }
    return from
  }

  /** Where the first message that's there stands, of those with this number or a higher one. */
  positionOf(number: number, entries: Entries): number {
    let at = number - 1
    for (let i = 0; i < this.#uids.length; i++) {
      if (entries.lowerBound(this.#uids[i] as number) + i >= number - 1) break
      at--
    }
    return Math.max(0, at)
  }
}
