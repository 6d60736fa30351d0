// Sets of message ids as searches have them: ascending, none twice.

import { keep } from './search-snapshot.js'

export const none = new Uint32Array(0)

/** How many of the ascending ids are at most `limit`. */
export function countUpTo(ids: Uint32Array, limit: number): number {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ids[middle] as number) <= limit) low = middle + 1
    else high = middle
  }
  return low
}

/** `found` is a part of `ids`, both ascending. */
export function mark(marks: Uint8Array, ids: Uint32Array, found: Uint32Array): void {
  let at = 0
  for (const id of found) {
    at = nextAt(ids, id, at)
    marks[at] = 1
  }
}

/** Ascending ids that are in `ids` and not in `others`. */
export function idsWithout(ids: Uint32Array, others: Uint32Array): Uint32Array {
  if (others.length === 0) return ids
  let at = 0
  return keep(ids, (id) => {
    at = nextAt(others, id, at)
    return others[at] !== id
  })
}

export function common(ids: Uint32Array, others: Uint32Array): Uint32Array {
  let at = 0
  return keep(others, (id) => {
    at = nextAt(ids, id, at)
    return ids[at] === id
  })
}

/** The first place from `at` on whose id is not below `id`: a few steps, else by halves. */
function nextAt(ids: Uint32Array, id: number, at: number): number {
  for (let i = at; i < at + 8; i++) if (i >= ids.length || (ids[i] as number) >= id) return i
  return at + 8 + countUpTo(ids.subarray(at + 8), id - 1)
}

export function joined(...parts: readonly Uint32Array[]): Uint32Array {
  const filled = parts.filter(({ length }) => length > 0)
  if (filled.length < 2) return filled[0] ?? none
  const out = new Uint32Array(filled.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of filled) {
    out.set(part, at)
    at += part.length
  }
  return out
}

export const union = (a: Uint32Array, b: Uint32Array): Uint32Array => joined(a, b).sort()
