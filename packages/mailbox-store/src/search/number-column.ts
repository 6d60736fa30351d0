// A column of whole numbers that are compared as they are: days.

import { Column } from './column.js'

export class NumberColumn extends Column {
  #values = new Float64Array(64)

  get valueBytes(): number {
    return this.#values.byteLength
  }

  add(uids: Uint32Array, values: ArrayLike<number>): void {
    const at = this.length
    if (at + uids.length > this.#values.length) {
      const wider = new Float64Array(Math.max(at + uids.length, at + (at >>> 1)))
      wider.set(this.#values)
      this.#values = wider
    }
    this.#values.set(values, at)
    this.addUids(uids)
  }

  /** Of these rows, or of all; not a number where there's none. */
  pick(rows: Uint32Array | undefined): Float64Array {
    if (rows === undefined) return this.#values.subarray(0, this.length)
    const picked = new Float64Array(rows.length)
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number
      picked[i] = row < this.length ? (this.#values[row] as number) : Number.NaN
    }
    return picked
  }
}
