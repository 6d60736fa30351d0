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

export function isAscending(numbers: Uint32Array): boolean {
  for (let i = 1; i < numbers.length; i++) if ((numbers[i] as number) <= (numbers[i - 1] as number)) return false
  return true
}
