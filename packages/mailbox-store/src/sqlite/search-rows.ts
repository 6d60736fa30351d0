// Rows by message id, for searching: neighbours are read by range, scattered ones one by one.

import type { Connection } from './connection.js'

/** SQL. Columns that come behind the id. */
export interface RowsAsk {
  readonly table: 'message' | 'doc'
  readonly columns: string
}

/** Beside `ids`, which may be in any order; undefined where there's no such row. Each row begins with its id. */
export function rowsById<Row extends readonly [id: number, ...unknown[]]>(
  db: Connection,
  { table, columns }: RowsAsk,
  ids: Uint32Array,
): (Row | undefined)[] {
  const base = `SELECT id, ${columns} FROM ${table}`
  const first = ids[0] ?? 0
  const last = ids[ids.length - 1] ?? 0
  if (isAscending(ids) && last - first < ids.length * 2) {
    const rows = db.prepareRaw(`${base} WHERE id BETWEEN ? AND ?`).all(first, last) as Row[]
    let at = 0
    return Array.from(ids, (id) => {
      while (at < rows.length && (rows[at] as Row)[0] < id) at++
      return rows[at]?.[0] === id ? rows[at] : undefined
    })
  }
  const one = db.prepareRaw(`${base} WHERE id = ?`)
  return Array.from(ids, (id) => one.get(id) as Row | undefined)
}

const COMMA = 0x2c
const ZERO = 0x30

/** Ids as `group_concat` joins them, which comes over at the price of one row. */
export function idsIn(joined: string | null): Uint32Array {
  if (joined === null) return new Uint32Array(0)
  // The shortest is a digit and a comma.
  const ids = new Uint32Array((joined.length + 1) >>> 1)
  let count = 0
  let id = 0
  for (let at = 0; at < joined.length; at++) {
    const code = joined.charCodeAt(at)
    if (code !== COMMA) id = id * 10 + code - ZERO
    else {
      ids[count++] = id
      id = 0
    }
  }
  ids[count++] = id
  return ids.subarray(0, count)
}

export function isAscending(numbers: Uint32Array): boolean {
  for (let i = 1; i < numbers.length; i++) if ((numbers[i] as number) <= (numbers[i - 1] as number)) return false
  return true
}
