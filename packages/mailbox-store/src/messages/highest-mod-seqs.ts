// The highest modseq of each block of entries: who comes back and asks for what has changed since (RFC 7162) passes over the blocks
// that have nothing for it, which are nearly all. Looked for when it's first asked, and again when the index has moved on.

import type { Entries } from './entries.js'

const blockEntries = 128

/** Places in an index, half open. */
export type Places = readonly (readonly [from: number, to: number])[]

export class HighestModSeqs {
  #highest: Float64Array = new Float64Array(0)
  /** Of the index, when they were looked for. */
  #modSeq = -1

  /** Those of the places, ascending, whose entries changed after `since`; the index stands at `modSeq`. */
  changedWithin(
    places: Places,
    { entries, modSeq, since }: { entries: Entries; modSeq: number; since: number },
  ): Places {
    if (this.#modSeq !== modSeq) {
      this.#highest = highestOf(entries)
      this.#modSeq = modSeq
    }
    const changed: [number, number][] = []
    let last: [number, number] | undefined
    for (const [from, to] of places)
      for (let at = from; at < to; ) {
        const block = Math.floor(at / blockEntries)
        const end = Math.min(to, (block + 1) * blockEntries)
        if ((this.#highest[block] as number) <= since) at = end
        for (; at < end; at++) {
          if ((entries.modSeqs[at] as number) <= since) continue
          if (last?.[1] === at) last[1]++
          else {
            last = [at, at + 1]
            changed.push(last)
          }
        }
      }
    return changed
  }
}

function highestOf({ modSeqs, length }: Entries): Float64Array {
  const highest = new Float64Array(Math.ceil(length / blockEntries))
  for (let at = 0; at < length; at++) {
    const block = Math.floor(at / blockEntries)
    if ((modSeqs[at] as number) > (highest[block] as number)) highest[block] = modSeqs[at] as number
  }
  return highest
}
