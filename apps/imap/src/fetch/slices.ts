// What FETCH reads, slice by slice: as many messages at once as are worth one read and as hold only so much memory. Other
// sessions have their turn in between.

import type { MessageRow, OpenMailbox, RowWants } from '@postern/mailbox-store'
import type { Session } from '../session.js'
import type { Targets } from '../targets.js'
import type { FetchSlice } from './fetched-message.js'
import type { Needs } from './item.js'

const readMax = 128
/**
 * Of message bytes that are read at once. A large message is read while it's written, and needs no company; one message
 * may have more.
 */
const heldBytesMax = 262_144
/** The same where only envelopes and headers are read, which are a small part of most messages, and all of some. */
const listedBytesMax = 16_777_216

export async function* fetchSlices(session: Session, targets: Targets, needs: Needs): AsyncGenerator<FetchSlice> {
  for (let from = 0, to = 0; from < targets.length; from = to) {
    if (from > 0) await new Promise(setImmediate)
    to = endOf(targets, from, needs)
    yield await read(session, targets, { needs, from, to })
  }
}

function endOf({ length, sizes }: Targets, from: number, needs: Needs): number {
  // Lines that need nothing but the index are written until they're enough for the network, and then others have their turn.
  if (!readsAnything(needs)) return length
  const end = Math.min(length, from + readMax)
  const bytesMax = needs.bytes === true ? heldBytesMax : listedBytesMax
  let to = from + 1
  for (let bytes = sizes[from] as number; to < end; to++) {
    bytes += sizes[to] as number
    if (bytes > bytesMax) break
  }
  return to
}

const rowsOf = ({ parts, preview, ids }: Needs): RowWants => ({
  ...(parts && { parts }),
  ...(preview && { preview }),
  ...(ids && { ids }),
})
const wantsRows = (needs: Needs): boolean => Object.keys(rowsOf(needs)).length > 0
const wantsListings = ({ listing, header }: Needs): boolean => listing === true || header === true
const readsAnything = (needs: Needs): boolean => needs.bytes === true || wantsListings(needs) || wantsRows(needs)

interface Slice {
  readonly needs: Needs
  readonly from: number
  readonly to: number
}

async function read(session: Session, targets: Targets, { needs, from, to }: Slice): Promise<FetchSlice> {
  const { open } = session.mailbox.view
  const messages = targets.messages.subarray(from, to)
  return {
    from,
    to,
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
