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

/** Copies of the entries at these positions; `gone` are the uids, ascending, that the client still counts. */
export function targetsAt(entries: Entries, positions: readonly number[], gone: readonly number[]): Targets {
  const pick = <C extends Uint32Array | Float64Array>(column: C, into: C): C => {
    for (let i = 0; i < positions.length; i++) into[i] = column[positions[i] as number] as number
    return into
  }
  const n = positions.length
  const uids = pick(entries.uids, new Uint32Array(n))
  const numbers = new Uint32Array(n)
  let before = 0
  for (let i = 0; i < n; i++) {
    while (before < gone.length && (gone[before] as number) < (uids[i] as number)) before++
    numbers[i] = (positions[i] as number) + 1 + before
  }
  return {
    length: n,
    numbers,
    uids,
    messages: pick(entries.messages, new Uint32Array(n)),
    flags: pick(entries.flags, new Uint32Array(n)),
    modSeqs: pick(entries.modSeqs, new Float64Array(n)),
    sizes: pick(entries.sizes, new Uint32Array(n)),
    internalDates: pick(entries.internalDates, new Float64Array(n)),
    saveDates: pick(entries.saveDates, new Uint32Array(n)),
  }
}
