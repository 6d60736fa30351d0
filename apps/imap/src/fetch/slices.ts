// What FETCH reads, slice by slice: as many messages at once as are worth one read and as hold only so much memory. Other
// sessions have their turn in between.

import type { MessageRow, OpenMailbox, RowWants } from '@postern/mailbox-store'
import type { Targets } from '../targets.js'
import type { FetchSlice } from './fetched-message.js'
import type { Needs } from './item.js'

/** Of messages whose answers need nothing but the index. */
const fromIndexMax = 2_000
const readMax = 128
/** Of message bytes that are held at once; one message may have more, if it is small enough to be held at all. */
const heldBytesMax = 262_144
/** Larger ones are read from their file while they're written. */
const heldMessageBytesMax = 65_536

export async function* fetchSlices(open: OpenMailbox, targets: Targets, needs: Needs): AsyncGenerator<FetchSlice> {
  for (let from = 0, to = 0; from < targets.length; from = to) {
    if (from > 0) await new Promise(setImmediate)
    to = endOf(targets, from, needs)
    yield await read(open, targets.messages.subarray(from, to), { needs, from })
  }
}

function endOf({ length, sizes }: Targets, from: number, needs: Needs): number {
  if (!readsAnything(needs)) return Math.min(length, from + fromIndexMax)
  let to = Math.min(length, from + readMax)
  if (needs.bytes !== true) return to
  for (let at = from, held = 0; at < to; at++) {
    const size = sizes[at] as number
    if (size <= heldMessageBytesMax) held += size
    if (held > heldBytesMax && at > from) to = at
  }
  return to
}

const rowsOf = ({ parts, preview, ids, sort, refs }: Needs): RowWants => ({
  ...(parts && { parts }),
  ...(preview && { preview }),
  ...(ids && { ids }),
  ...(sort && { sort }),
  ...(refs && { refs }),
})
const wantsRows = (needs: Needs): boolean => Object.keys(rowsOf(needs)).length > 0
const wantsListings = ({ listing, header }: Needs): boolean => listing === true || header === true
const readsAnything = (needs: Needs): boolean => needs.bytes === true || wantsListings(needs) || wantsRows(needs)

async function read(
  open: OpenMailbox,
  messages: Uint32Array,
  { needs, from }: { needs: Needs; from: number },
): Promise<FetchSlice> {
  return {
    ...{ from, to: from + messages.length },
    listings: wantsListings(needs) ? await open.listings(messages, needs) : undefined,
    rows: wantsRows(needs) ? await readRows(open, messages, rowsOf(needs)) : undefined,
    contents: needs.bytes === true ? await open.contents(messages) : undefined,
  }
}

async function readRows(open: OpenMailbox, messages: Uint32Array, want: RowWants): Promise<Map<number, MessageRow>> {
  const found = new Map<number, MessageRow>()
  for await (const rows of open.rows(messages, want)) for (const row of rows) found.set(row.message, row)
  return found
}
