// A column is what searches, sorts and threads of one mailbox compare, a value for each of its messages, by uid. Messages
// never change and uids only grow, so that a column is only ever added to at its end; what has vanished stays in it.

/** What a row is in a column that doesn't have it: behind all of its values. */
export const noRow = 0xffff_ffff

export abstract class Column {
  #uids = new Uint32Array(64)
  #length = 0

  /** Of the values, roughly. */
  abstract readonly valueBytes: number

  get length(): number {
    return this.#length
  }

  /** Everything in the mailbox up to here is in. */
  get lastUid(): number {
    return this.#uids[this.#length - 1] ?? 0
  }

  get bytes(): number {
    return this.#uids.byteLength + this.valueBytes
  }

  /** Beside them come the values of these messages, which are above all that is in. */
  protected addUids(uids: Uint32Array): void {
    this.#uids = roomFor(this.#uids, this.#length + uids.length)
    this.#uids.set(uids, this.#length)
    this.#length += uids.length
  }

  /** For ascending uids their rows; undefined where they are all rows in their order, as they are while nothing vanishes. */
  rowsOf(uids: Uint32Array): Uint32Array | undefined {
    if (uids.length === this.#length && this.#isAll(uids)) return undefined
    const rows = new Uint32Array(uids.length)
    let row = 0
    for (let i = 0; i < uids.length; i++) {
      while (row < this.#length && (this.#uids[row] as number) < (uids[i] as number)) row++
      rows[i] = this.#uids[row] === uids[i] && row < this.#length ? row : noRow
    }
    return rows
  }

  #isAll(uids: Uint32Array): boolean {
    for (let i = 0; i < uids.length; i++) if (this.#uids[i] !== uids[i]) return false
    return true
  }
}

/** The array, or a larger copy. */
export function roomFor(array: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  if (length <= array.length) return array
  const wider = new Uint32Array(Math.max(length, array.length + (array.length >>> 1)))
  wider.set(array)
  return wider
}
