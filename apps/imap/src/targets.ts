// The messages that a command is about, as they were at one moment: columns, so that nothing that happens while the command
// waits moves them.

import type { Entries } from '@postern/mailbox-store'

export interface Targets {
  readonly length: number
  readonly numbers: Uint32Array
  readonly uids: Uint32Array
  readonly messages: Uint32Array
  readonly flags: Uint32Array
  readonly modSeqs: Float64Array
  readonly sizes: Uint32Array
  readonly internalDates: Float64Array
  readonly saveDates: Uint32Array
}

export type Positions = readonly (readonly [from: number, to: number])[]

/** Copies of the entries at these positions, half open; `gone` are the uids, ascending, that the client still counts. */
export function targetsAt(entries: Entries, positions: Positions, gone: readonly number[]): Targets {
  const length = positions.reduce((sum, [from, to]) => sum + to - from, 0)
  const uids = pick(entries.uids, positions, length)
  return {
    length,
    numbers: numbersAt(positions, uids, gone),
    uids,
    messages: pick(entries.messages, positions, length),
    flags: pick(entries.flags, positions, length),
    modSeqs: pick(entries.modSeqs, positions, length),
    sizes: pick(entries.sizes, positions, length),
    internalDates: pick(entries.internalDates, positions, length),
    saveDates: pick(entries.saveDates, positions, length),
  }
}

/** One range is a slice, which isn't filled with zeros first. */
function pick<C extends Uint32Array | Float64Array>(column: C, positions: Positions, length: number): C {
  const [first] = positions
  if (positions.length === 1 && first !== undefined) return column.slice(first[0], first[1]) as C
  const into = new (column.constructor as new (length: number) => C)(length)
  let at = 0
  for (const [from, to] of positions) {
    into.set(column.subarray(from, to), at)
    at += to - from
  }
  return into
}

function numbersAt(positions: Positions, uids: Uint32Array, gone: readonly number[]): Uint32Array {
  const numbers = new Uint32Array(uids.length)
  let before = 0
  let i = 0
  for (const [from, to] of positions)
    for (let at = from; at < to; at++, i++) {
      while (before < gone.length && (gone[before] as number) < (uids[i] as number)) before++
      numbers[i] = at + 1 + before
    }
  return numbers
}
