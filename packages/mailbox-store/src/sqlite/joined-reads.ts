// Reads of many messages at once: SQLite joins a column of all of them into one piece of bytes, which comes over at the price of
// one. A row by itself costs several microseconds and an object to be collected; here it costs less than one. What is joined
// either says its own length or is asked for with its size. RFC 9051 §6.4.5 is what this is for.

import { Listings, type ListingWants } from '../messages/listings.js'
import type { Content } from '../store.js'
import type { Connection } from './connection.js'
import { heldContent } from './message-reads.js'

/** In the order of `messages`; those that have been purged are missing there. */
export function readListings(db: Connection, messages: Uint32Array, want: ListingWants): Listings {
  const columns = [...(want.listing === true ? ['listing'] : []), ...(want.header === true ? ['fields', 'header'] : [])]
  const { ids, bytes } = joined(db, messages, columns.join(' || '))
  return new Listings({ bytes, want, places: placesOf(messages, ids) })
}

/** Contents of messages that are small; undefined for large ones, which are in files, and for those that have been purged. */
export function readContents(db: Connection, messages: Uint32Array): (Content | undefined)[] {
  const { ids, bytes, sizes } = joined(db, messages, 'header || body', { sized: true })
  const contents = new Map<number, Content>()
  let at = 0
  for (let i = 0; i < ids.length; i++) {
    const size = sizes[i] as number
    contents.set(ids[i] as number, heldContent(bytes.subarray(at, at + size)))
    at += size
  }
  return Array.from(messages, (message) => contents.get(message))
}

interface Joined {
  /** Ascending. */
  readonly ids: Uint32Array
  readonly sizes: readonly number[]
  readonly bytes: Uint8Array
}

function joined(
  db: Connection,
  messages: Uint32Array,
  column: string,
  { sized = false }: { sized?: boolean } = {},
): Joined {
  if (messages.length === 0) return { ids: messages, sizes: [], bytes: new Uint8Array(0) }
  const ids = ascending(messages)
  const { from, values } = source(ids, sized)
  const sizes = sized ? "group_concat(size, ',')" : 'NULL'
  const sql = `SELECT count(*), ${sizes}, CAST(group_concat(part, '') AS BLOB) FROM (SELECT size, ${column} AS part ${from})`
  return db.snapshot(() => {
    const row = db.prepareRaw(sql).get(...values) as [number, string | null, Uint8Array | null]
    const present = row[0] === ids.length ? ids : idsOf(db, from, values)
    return { ids: present, sizes: row[1]?.split(',').map(Number) ?? [], bytes: row[2] ?? new Uint8Array(0) }
  })
}

/** Messages that arrived together have neighbouring ids and are one range; scattered ones are a list. */
function source(ids: Uint32Array, inRows: boolean): { from: string; values: (number | string)[] } {
  const first = ids[0] as number
  const last = ids[ids.length - 1] as number
  const isRange = last - first === ids.length - 1
  const which = isRange ? 'id BETWEEN ? AND ?' : 'id IN (SELECT value FROM json_each(?))'
  return {
    from: `FROM message WHERE ${which} ${inRows ? 'AND file = 0 ' : ''}ORDER BY id`,
    values: isRange ? [first, last] : [JSON.stringify(Array.from(ids))],
  }
}

function idsOf(db: Connection, from: string, values: (number | string)[]): Uint32Array {
  return Uint32Array.from(db.prepareRaw(`SELECT id ${from}`).all(...values) as [number][], ([id]) => id)
}

/** Sorted, each once. A mailbox's messages mostly are. */
function ascending(messages: Uint32Array): Uint32Array {
  let isAscending = true
  for (let i = 1; i < messages.length && isAscending; i++)
    isAscending = (messages[i] as number) > (messages[i - 1] as number)
  if (isAscending) return messages
  const sorted = messages.slice().sort()
  return sorted.filter((id, i) => i === 0 || id !== sorted[i - 1])
}

/** At which place among the joined each message is; undefined where they are the same. */
function placesOf(messages: Uint32Array, ids: Uint32Array): Int32Array | undefined {
  if (messages === ids) return undefined
  const places = new Map(Array.from(ids, (id, i) => [id, i]))
  return Int32Array.from(messages, (id) => places.get(id) ?? -1)
}
