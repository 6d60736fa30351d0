// SORT's order (RFC 5256 §3, RFC 5957). Each key is a column of ranks, so that sorting is one counting pass over numbers for
// each key, the last key first, each pass stable. What is equal in all keys stays in the order of uids, also under REVERSE.

import type { SortKey } from '../search/query.js'
import { type ColumnAsk, type ColumnCache, sortColumn } from './search-columns.js'
import { upTo } from './search-snapshot.js'

/** Of these ascending uids the positions in order. */
export async function sortOrder(
  columns: ColumnCache,
  ask: ColumnAsk,
  { uids, keys }: { uids: Uint32Array; keys: readonly SortKey[] },
): Promise<Uint32Array> {
  const filled = await columns.filled(
    ask,
    keys.map(({ by }) => sortColumn(by)),
  )
  let order = upTo(uids.length)
  for (let k = keys.length - 1; k >= 0; k--) {
    const column = filled[k]
    if (column !== undefined)
      order = pass(order, column.pick(column.rowsOf(uids)), { count: column.count, reverse: keys[k]?.reverse === true })
  }
  return order
}

/** One stable pass: a counting sort. */
export function pass(
  order: Uint32Array,
  ranks: Uint32Array,
  { count, reverse = false }: { count: number; reverse?: boolean },
): Uint32Array {
  const starts = new Uint32Array(count + 1)
  const last = Math.max(0, count - 1)
  for (let i = 0; i < ranks.length; i++) {
    const next = (reverse ? last - (ranks[i] as number) : (ranks[i] as number)) + 1
    starts[next] = (starts[next] as number) + 1
  }
  for (let rank = 1; rank <= count; rank++) starts[rank] = (starts[rank] as number) + (starts[rank - 1] as number)
  const sorted = new Uint32Array(order.length)
  for (let i = 0; i < order.length; i++) {
    const at = order[i] as number
    const rank = reverse ? last - (ranks[at] as number) : (ranks[at] as number)
    const place = starts[rank] as number
    starts[rank] = place + 1
    sorted[place] = at
  }
  return sorted
}
