// Columns of messages by id, for searching: neighbours are read by range, scattered ones one by one. Ids whose message
// has meanwhile been purged are missing from the answer.

import type { Connection } from './connection.js'

/** `ids` ascending. `columns` is SQL; the row comes without the id. */
export function readMessages<Row extends readonly unknown[]>(
  db: Connection,
  columns: string,
  ids: Uint32Array,
): Map<number, Row> {
  const found = new Map<number, Row>()
  const keep = (row: unknown): void => {
    const values = row as unknown[]
    found.set(values.shift() as number, values as unknown as Row)
  }
  const first = ids[0] ?? 0
  const last = ids[ids.length - 1] ?? 0
  if (last - first < ids.length * 2) {
    for (const row of db.prepareRaw(`SELECT id, ${columns} FROM message WHERE id BETWEEN ? AND ?`).all(first, last))
      keep(row)
    return found
  }
  const one = db.prepareRaw(`SELECT id, ${columns} FROM message WHERE id = ?`)
  for (const id of ids) {
    const row = one.get(id)
    if (row !== undefined) keep(row)
  }
  return found
}
