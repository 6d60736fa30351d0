// Sets of message numbers or uids. RFC 9051 §9, RFC 5182 §3:
//
//   sequence-set = (seq-number / seq-range) ["," sequence-set] / seq-last-command
//   seq-range    = seq-number ":" seq-number    ; regardless of order
//   seq-number   = nz-number / "*"
//
// What `*` is nobody knows while the command is parsed, so ranges that end in it are kept apart until `resolveSet`. All of them
// contain the last message, whichever that is, so that together they're one range: from the lowest number that was named, or the
// last message if that is lower, up to the highest of both.
import { number32Max } from './limits.js'

/** Inclusive. */
export type NumberRange = readonly [from: number, to: number]
/** Ascending, with gaps between the ranges: the same shape as the store's UidSet. */
export type NumberSet = readonly NumberRange[]

export interface SequenceSet {
  readonly ranges: NumberSet
  /** Of `low:*` and `high:*`; `[number32Max, 1]` for `*` alone. */
  readonly toLast: NumberRange | undefined
  /** `$`: and what the last search saved. */
  readonly saved: boolean
}

/** Stands for `*` in the numbers handed to `sequenceSet`. */
export const STAR = 0
const starAlone: NumberRange = [number32Max, 1]

/** From the ends of ranges, two by two, in the order they were sent. */
export function sequenceSet(ends: readonly number[], { saved = false } = {}): SequenceSet {
  const plain: number[] = []
  let toLast: NumberRange | undefined
  for (let i = 0; i < ends.length; i += 2) {
    const a = ends[i]!
    const b = ends[i + 1]!
    if (a === STAR || b === STAR) toLast = withStar(toLast ?? starAlone, a === STAR ? b : a)
    else if (a <= b) plain.push(a, b)
    else plain.push(b, a)
  }
  return { ranges: merged(plain), toLast, saved }
}

function withStar([low, high]: NumberRange, named: number): NumberRange {
  return named === STAR ? [low, high] : [Math.min(low, named), Math.max(high, named)]
}

function merged(ends: readonly number[]): NumberSet {
  for (let i = 1; i < ends.length; i++) if (ends[i]! < ends[i - 1]!) return joined(sortedEnds(ends))
  return joined(ends)
}

/** The lower and the upper ends, each sorted by itself, cover the same numbers: as many ranges are open at any of them. */
function sortedEnds(ends: readonly number[]): number[] {
  const lower = Uint32Array.from({ length: ends.length / 2 }, (_, i) => ends[2 * i]!).sort()
  const upper = Uint32Array.from({ length: ends.length / 2 }, (_, i) => ends[2 * i + 1]!).sort()
  const sorted: number[] = []
  for (let i = 0; i < lower.length; i++) sorted.push(lower[i]!, upper[i]!)
  return sorted
}

function joined(ends: readonly number[]): NumberSet {
  const ranges: [number, number][] = []
  let last: [number, number] | undefined
  for (let i = 0; i < ends.length; i += 2) {
    if (last !== undefined && ends[i]! <= last[1] + 1) last[1] = ends[i + 1]!
    else {
      last = [ends[i]!, ends[i + 1]!]
      ranges.push(last)
    }
  }
  return ranges
}

export interface SequenceContext {
  /** What `*` is: the last message, or in an empty mailbox UIDNEXT. */
  readonly last: number
  /** What `$` is. */
  readonly saved?: NumberSet
}

export function resolveSet(set: SequenceSet, { last, saved = [] }: SequenceContext): NumberSet {
  if (set.toLast === undefined && !set.saved) return set.ranges
  const all = set.saved ? [...set.ranges, ...saved] : [...set.ranges]
  if (set.toLast !== undefined) all.push([Math.min(set.toLast[0], last), Math.max(set.toLast[1], last)])
  return merged(all.flat())
}

/**
 * The highest number that was named, where `*` names at least 1. A message number above the count of messages is a BAD, and so is
 * `*` in an empty mailbox (RFC 9051 §9 "seq-number").
 */
export function highestNumber(set: SequenceSet): number {
  return Math.max(set.ranges.at(-1)?.[1] ?? 0, set.toLast === undefined ? 0 : set.toLast[1])
}

export function formatSet(set: NumberSet): string {
  return set.map(formatRange).join(',')
}

export function formatSequenceSet({ ranges, toLast, saved }: SequenceSet): string {
  const pieces = ranges.map(formatRange)
  if (toLast !== undefined) {
    const [low, high] = toLast
    if (low > high) pieces.push('*')
    else pieces.push(...new Set([`${low}:*`, `${high}:*`]))
  }
  if (saved) pieces.push('$')
  return pieces.join(',')
}

function formatRange([from, to]: NumberRange): string {
  return from === to ? `${from}` : `${from}:${to}`
}
