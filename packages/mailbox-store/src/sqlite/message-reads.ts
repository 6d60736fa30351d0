// The reads of messages: rows in slices, and a message's bytes. Only the wanted columns are read. In a message's row the
// short columns stand before the header, and the header before the body, so that SQLite stops reading where they begin.

import type { FileBlobs } from '../blobs/file-blobs.js'
import { emailIdOf, previewOf } from '../messages/prepare.js'
import type { ByteRange, Content, MessageRow, RowWants } from '../store.js'
import type { Connection } from './connection.js'

/** How many rows are read before other work may run; about half a millisecond's worth. */
const rowsPerSlice = 128

/** A row as SQLite gives it: the id, the size and the internal date first, then the wanted columns in their order. */
type Columns = [id: number, size: number, internalDate: number, bodyStart: number, ...wanted: unknown[]]

/** A message as it came; of a large one, which is in a file, the header. */
export const rawColumn = 'CAST(header || body AS BLOB) AS raw'

const fixedColumns = ['id', 'size', 'internal_date', 'body_start'] as const
const noBytes = new Uint8Array(0)

function wantedColumns(want: RowWants): string[] {
  const columns: string[] = []
  if (want.parts) columns.push('parts')
  if (want.preview) columns.push('preview', previewSource)
  if (want.ids) columns.push('thread', 'hash')
  return columns
}

/** Yields to the event loop between slices: a fetch of a million rows never holds other sessions up. */
export async function* messageRows(
  db: Connection,
  messages: Uint32Array,
  want: RowWants,
): AsyncGenerator<readonly MessageRow[]> {
  const wanted = wantedColumns(want)
  const base = `SELECT ${[...fixedColumns, ...wanted].join(', ')} FROM message`
  const toRow = rowReader(wanted)
  for (let at = 0; at < messages.length; at += rowsPerSlice) {
    if (at > 0) await new Promise(setImmediate)
    yield db.reading(() => readSlice(db, base, messages.subarray(at, at + rowsPerSlice))).map(toRow)
  }
}

/** Messages that arrived together have neighbouring ids and are read by range, scattered ones one by one. */
function readSlice(db: Connection, base: string, ids: Uint32Array): Columns[] {
  const first = ids[0] as number
  const last = ids[ids.length - 1] as number
  let ascending = true
  for (let i = 1; i < ids.length && ascending; i++) ascending = (ids[i] as number) > (ids[i - 1] as number)
  if (ascending && last - first < ids.length * 2) {
    return keep(db.prepareRaw(`${base} WHERE id BETWEEN ? AND ?`).all(first, last) as Columns[], ids)
  }
  const statement = db.prepareRaw(`${base} WHERE id = ?`)
  const rows: Columns[] = []
  for (const id of ids) {
    const row = statement.get(id) as Columns | undefined
    if (row !== undefined) rows.push(row)
  }
  return rows
}

/** Of rows and ids, both ascending, the rows that were asked for. */
function keep(rows: readonly Columns[], ids: Uint32Array): Columns[] {
  let i = 0
  return rows.filter(([id]) => {
    while (i < ids.length && (ids[i] as number) < id) i++
    return ids[i] === id
  })
}

/** The bytes that a preview is made from, where none is stored. */
const previewSource = 'iif(preview IS NULL, CAST(header || body AS BLOB), NULL)'

/** Columns that weren't read become empty values, so that every row has one shape. */
function rowReader(wanted: readonly string[]): (columns: Columns) => MessageRow {
  const place = (column: string): number => {
    const at = wanted.indexOf(column)
    return at < 0 ? -1 : at + fixedColumns.length
  }
  const parts = place('parts')
  const preview = place('preview')
  const previewRaw = place(previewSource)
  const thread = place('thread')
  const hash = place('hash')
  return (c) => ({
    message: c[0],
    size: c[1],
    internalDate: c[2],
    bodyStart: c[3],
    parts: parts < 0 ? noBytes : (c[parts] as Uint8Array),
    preview: preview < 0 ? '' : ((c[preview] as string | null) ?? previewOf(c[previewRaw] as Uint8Array)),
    threadId: thread < 0 ? '' : (c[thread] as string),
    emailId: hash < 0 ? '' : emailIdOf(c[hash] as Uint8Array),
  })
}

interface StoredBytes {
  readonly size: number
  readonly file: number
  readonly hash: Uint8Array
  readonly raw: Uint8Array
}

export function messageContent({
  db,
  blobs,
  message,
}: {
  db: Connection
  blobs: FileBlobs
  message: number
}): Content | undefined {
  const row = db.get<StoredBytes>(`SELECT size, file, hash, ${rawColumn} FROM message WHERE id = ?`, message)
  if (row === undefined) return undefined
  return row.file === 1 ? blobs.content(row.hash, row.size) : heldContent(row.raw)
}

export function heldContent(raw: Uint8Array): Content {
  const slice = ({ start, end }: ByteRange = { start: 0, end: raw.length }): Uint8Array =>
    raw.subarray(Math.max(0, start), Math.max(0, end))
  return {
    size: raw.length,
    held: raw,
    bytes: async (range) => slice(range),
    async *stream(range) {
      const bytes = slice(range)
      if (bytes.length > 0) yield bytes
    },
  }
}
