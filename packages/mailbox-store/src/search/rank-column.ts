// A column that is sorted by: each value's rank among all different ones, so that comparing is arithmetic and equal values
// have equal ranks. New values find their places among those that are there; what was ranked isn't compared again.

import { Column, roomFor } from './column.js'

/** Interrupts long work. */
export interface Pauses {
  readonly due: boolean
  turn(): Promise<void>
}

type Value = string | number

const sortRun = 4_096
const stringOverheadBytes = 40

export class RankColumn<V extends Value> extends Column {
  /** Different ones, ascending. */
  #sorted: readonly V[] = []
  #ranks = new Uint32Array(64)
  #ranked = 0
  /** Of the rows behind those that are ranked. */
  #waiting: V[] = []
  #textBytes = 0

  get valueBytes(): number {
    return this.#ranks.byteLength + this.#textBytes
  }

  add(uids: Uint32Array, values: readonly V[]): void {
    for (const value of values) {
      this.#waiting.push(value)
      this.#textBytes += typeof value === 'string' ? value.length + stringOverheadBytes : 8
    }
    this.addUids(uids)
  }

  /** Strings compare by UTF-16 unit. */
  async settle(pauses: Pauses): Promise<void> {
    while (this.#ranked < this.length) {
      const from = this.#ranked
      const fresh = this.#waiting.slice()
      const sorted = await sortedDistinct(fresh, pauses)
      // Another search may have done it meanwhile.
      if (this.#ranked === from) this.#take(fresh, sorted)
    }
  }

  /** The ranks of these rows, or of all. Only of a column that is settled. */
  pick(rows: Uint32Array | undefined): Uint32Array {
    if (rows === undefined) return this.#ranks.slice(0, this.length)
    const picked = new Uint32Array(rows.length)
    for (let i = 0; i < rows.length; i++) picked[i] = this.#ranks[rows[i] as number] as number
    return picked
  }

  /** How many ranks there are: all are below. */
  get count(): number {
    return this.#sorted.length
  }

  get least(): V | undefined {
    return this.#sorted[0]
  }

  #take(fresh: readonly V[], sorted: readonly V[]): void {
    const { merged, shifted, places } = mergedValues(this.#sorted, sorted)
    const from = this.#ranked
    for (let row = 0; row < from; row++) this.#ranks[row] = shifted[this.#ranks[row] as number] as number
    this.#ranks = roomFor(this.#ranks, from + fresh.length)
    for (const [i, value] of fresh.entries()) this.#ranks[from + i] = places.get(value) as number
    this.#sorted = merged
    this.#waiting = this.#waiting.slice(fresh.length)
    this.#ranked = from + fresh.length
  }
}

interface Merged<V> {
  readonly merged: readonly V[]
  /** For each old rank the new one. */
  readonly shifted: Uint32Array
  /** The ranks of the new values. */
  readonly places: ReadonlyMap<V, number>
}

function mergedValues<V extends Value>(old: readonly V[], fresh: readonly V[]): Merged<V> {
  const merged: V[] = []
  const shifted = new Uint32Array(old.length)
  const places = new Map<V, number>()
  let i = 0
  let k = 0
  while (i < old.length || k < fresh.length) {
    const left = old[i]
    const right = fresh[k]
    const takesLeft = i < old.length && (k >= fresh.length || (left as V) <= (right as V))
    const takesRight = k < fresh.length && (i >= old.length || (right as V) <= (left as V))
    if (takesLeft) shifted[i++] = merged.length
    if (takesRight) places.set(fresh[k++] as V, merged.length)
    merged.push((takesLeft ? left : right) as V)
  }
  return { merged, shifted, places }
}

/** A merge sort that can stop for others: short runs by the engine's sort, then runs of double length, and so on. */
async function sortedDistinct<V extends Value>(values: readonly V[], pauses: Pauses): Promise<readonly V[]> {
  const distinct = [...new Set(values)]
  let runs: V[][] = []
  for (let from = 0; from < distinct.length; from += sortRun) {
    if (pauses.due) await pauses.turn()
    const run = distinct.slice(from, from + sortRun)
    runs.push(typeof run[0] === 'number' ? run.sort((a, b) => (a as number) - (b as number)) : run.sort())
  }
  while (runs.length > 1) {
    const wider: V[][] = []
    for (let i = 0; i < runs.length; i += 2) wider.push(await mergedRuns(runs[i] as V[], runs[i + 1] ?? [], pauses))
    runs = wider
  }
  return runs[0] ?? []
}

async function mergedRuns<V extends Value>(a: readonly V[], b: readonly V[], pauses: Pauses): Promise<V[]> {
  const merged: V[] = []
  let i = 0
  let k = 0
  while (i < a.length && k < b.length) {
    if (merged.length % sortRun === 0 && pauses.due) await pauses.turn()
    merged.push((a[i] as V) <= (b[k] as V) ? (a[i++] as V) : (b[k++] as V))
  }
  while (i < a.length) merged.push(a[i++] as V)
  while (k < b.length) merged.push(b[k++] as V)
  return merged
}
