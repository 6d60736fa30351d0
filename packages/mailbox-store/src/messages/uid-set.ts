// Sets of uids as ascending, inclusive ranges: what clients send, what COPYUID and VANISHED carry, and what a
// tombstone stores. RFC 9051 §9 "uid-set".

import { type UidRange, type UidSet, uidMax } from '../model.js'

/** Sorts, merges and clips to [1, uidMax]; reversed ranges are turned round (RFC 9051 §9: seq-range order is free). */
export function uidSet(ranges: Iterable<UidRange>): UidSet {
  const sorted = Array.from(ranges, ([a, b]): [number, number] => [
    Math.max(1, Math.min(a, b)),
    Math.min(uidMax, Math.max(a, b)),
  ]).filter(([from, to]) => from <= to)
  sorted.sort((x, y) => x[0] - y[0])
  const merged: [number, number][] = []
  for (const [from, to] of sorted) {
    const last = merged[merged.length - 1]
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else merged.push([from, to])
  }
  return merged
}

/** From uids in ascending order, as they stand in a chunk or an index. */
export function uidSetOf(uids: ArrayLike<number>): UidSet {
  const ranges: [number, number][] = []
  let last: [number, number] | undefined
  for (let i = 0; i < uids.length; i++) {
    const uid = uids[i] as number
    if (last !== undefined && uid === last[1] + 1) last[1] = uid
    else {
      last = [uid, uid]
      ranges.push(last)
    }
  }
  return ranges
}

export function uidSetSize(set: UidSet): number {
  let size = 0
  for (const [from, to] of set) size += to - from + 1
  return size
}

export function* uidsIn(set: UidSet): Generator<number> {
  for (const [from, to] of set) for (let uid = from; uid <= to; uid++) yield uid
}

/** A cursor over a set for callers that walk uids upward: each range is looked at once. */
export class UidCursor {
  readonly #set: UidSet
  #at = 0
  constructor(set: UidSet) {
    this.#set = set
  }
  /** Uids must be asked in ascending order. */
  has(uid: number): boolean {
    const set = this.#set
    while (this.#at < set.length && (set[this.#at] as UidRange)[1] < uid) this.#at++
    return this.#at < set.length && (set[this.#at] as UidRange)[0] <= uid
  }
}

/** Text form, `1:5,7`: short, readable in the database, and what VANISHED wants. */
export function formatUidSet(set: UidSet): string {
  return set.map(([from, to]) => (from === to ? `${from}` : `${from}:${to}`)).join(',')
}

export function parseUidSet(text: string): UidSet {
  if (text === '') return []
  return uidSet(
    text.split(',').map((piece): UidRange => {
      const colon = piece.indexOf(':')
      return colon < 0
        ? [Number(piece), Number(piece)]
        : [Number(piece.slice(0, colon)), Number(piece.slice(colon + 1))]
    }),
  )
}
