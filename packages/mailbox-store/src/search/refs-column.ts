// Who answers whom, for THREAD: each message's own Message-ID and those it refers to, as small numbers. Equal ids have equal
// numbers within the column; 0 is none. RFC 5256 §3.

import { Column, roomFor } from './column.js'

/** Different Message-IDs, a bound on memory: those beyond are passed over. */
const idsMax = 4_000_000
const idBytes = 40

export interface Refs {
  /** Message-IDs as hashes: the own one, 0 where there's none, then those referred to, oldest first. */
  readonly hashes: Float64Array
  /** The subject says that it's a reply or was forwarded. */
  readonly isReply: boolean
}

/** Message by message. */
export interface PickedRefs {
  readonly own: Uint32Array
  readonly isReply: Uint8Array
  /** Where each message's references begin in `refs`, and at the end where the last one's end. */
  readonly starts: Uint32Array
  readonly refs: Uint32Array
  /** All numbers are at most this. */
  readonly idCount: number
}

export class RefsColumn extends Column {
  readonly #numbers = new Map<number, number>()
  #own = new Uint32Array(64)
  #replies = new Uint32Array(64)
  #starts = new Uint32Array(64)
  #refs = new Uint32Array(64)

  get valueBytes(): number {
    const { byteLength } = this.#own
    return 3 * byteLength + this.#refs.byteLength + this.#numbers.size * idBytes
  }

  add(uids: Uint32Array, values: readonly Refs[]): void {
    const end = this.length + uids.length
    this.#own = roomFor(this.#own, end)
    this.#replies = roomFor(this.#replies, end)
    this.#starts = roomFor(this.#starts, end + 1)
    let row = this.length
    for (const { hashes, isReply } of values) {
      this.#own[row] = this.#numberOf(hashes[0] ?? 0)
      this.#replies[row] = isReply ? 1 : 0
      let at = this.#starts[row] as number
      this.#refs = roomFor(this.#refs, at + hashes.length)
      for (let i = 1; i < hashes.length; i++) {
        const number = this.#numberOf(hashes[i] as number)
        if (number !== 0) this.#refs[at++] = number
      }
      this.#starts[++row] = at
    }
    this.addUids(uids)
  }

  /** Of these rows, or of all. */
  pick(rows: Uint32Array | undefined): PickedRefs {
    const count = rows?.length ?? this.length
    const own = new Uint32Array(count)
    const isReply = new Uint8Array(count)
    const starts = new Uint32Array(count + 1)
    let refs = new Uint32Array(count)
    for (let i = 0; i < count; i++) {
      const row = rows === undefined ? i : (rows[i] as number)
      const from = starts[i] as number
      starts[i + 1] = from
      if (row >= this.length) continue
      own[i] = this.#own[row] as number
      isReply[i] = this.#replies[row] as number
      const first = this.#starts[row] as number
      const last = this.#starts[row + 1] as number
      if (first === last) continue
      refs = roomFor(refs, from + last - first)
      for (let at = first; at < last; at++) refs[from + at - first] = this.#refs[at] as number
      starts[i + 1] = from + last - first
    }
    return { own, isReply, starts, refs, idCount: this.#numbers.size }
  }

  #numberOf(hash: number): number {
    if (hash === 0) return 0
    const known = this.#numbers.get(hash)
    if (known !== undefined) return known
    if (this.#numbers.size >= idsMax) return 0
    this.#numbers.set(hash, this.#numbers.size + 1)
    return this.#numbers.size
  }
}
