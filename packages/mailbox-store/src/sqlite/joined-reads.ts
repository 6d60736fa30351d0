// Reads of many messages at once: SQLite joins a column of all of them into one piece of bytes, which comes over at the price of
// one. A row by itself costs several microseconds and an object to be collected; here it costs less than one. What is joined
// either says its own length or is asked for with its size. RFC 9051 §6.4.5 is what this is for.

import type { ListingsOptions, ListingWants } from '../messages/listings.js'
import type { Content } from '../store.js'
import type { Connection } from './connection.js'
import { heldContent } from './message-reads.js'

/** What `Listings` is made of, but for what was wanted. */
export type JoinedListings = Pick<ListingsOptions, 'bytes' | 'places'>

export function readListings(db: Connection, messages: Uint32Array, want: ListingWants): JoinedListings {
  const { ids, bytes } = joined(db, messages, want.header !== true ? listing : want.listing === true ? both : header)
  return { bytes, places: placesOf(messages, ids) }
}

/** Contents of messages that are small; undefined for large ones, which are in files, and for those that have been purged. */
export function readContents(db: Connection, messages: Uint32Array): (Content | undefined)[] {
  const { ids, bytes, sizes } = joined(db, messages, whole)
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

/** What is joined of each message. */
interface Column {
  /** It doesn't say its own length, so that the sizes are asked for too; and only messages in their rows are meant. */
  readonly isSized: boolean
  readonly ofRange: string
  readonly ofList: string
}

/** Messages that arrived together have neighbouring ids and are one range; scattered ones are a list. */
const range = 'id BETWEEN ? AND ?'
const list = 'id IN (SELECT value FROM json_each(?))'
const inRows = ' AND file = 0'

function column(sql: string, isSized = false): Column {
  const sizes = isSized ? "group_concat(size, ',')" : 'NULL'
  const which = isSized ? inRows : ''
  const joinedAs = (part: string): string => `SELECT count(*), ${sizes}, CAST(group_concat(${part}, '') AS BLOB) FROM`
  return {
    isSized,
    // A range of ids is read in their order as it is; to ask for it would cost a copy of each part.
    ofRange: `${joinedAs(sql)} message WHERE ${range}${which}`,
    ofList: `${joinedAs('part')} (SELECT size, ${sql} AS part FROM message WHERE ${list}${which} ORDER BY id)`,
  }
}

const whole = column('header || body', true)
const listing = column('listing')
const header = column('fields || header')
const both = column('listing || fields || header')

function joined(db: Connection, messages: Uint32Array, { isSized, ofRange, ofList }: Column): Joined {
  const ids = ascending(messages)
  const first = ids[0] ?? 0
  const last = ids[ids.length - 1] ?? 0
  const isRange = last - first === ids.length - 1
  const values = isRange ? [first, last] : [JSON.stringify(Array.from(ids))]
  const read = (): readonly [count: number, Omit<Joined, 'ids'>] => {
    const row = db.prepareRaw(isRange ? ofRange : ofList).get(...values) as [number, string | null, Uint8Array | null]
    return [row[0], { sizes: row[1]?.split(',').map(Number) ?? [], bytes: row[2] ?? new Uint8Array(0) }]
  }
  const [count, found] = db.reading(read)
  if (count === ids.length) return { ids, ...found }
  // Some are gone, or large: which ones are there is asked of the same moment.
  return db.snapshot(() => {
    const sql = `SELECT id FROM message WHERE ${isRange ? range : list}${isSized ? inRows : ''} ORDER BY id`
    const there = db.prepareRaw(sql).all(...values) as [number][]
    return { ids: Uint32Array.from(there, ([id]) => id), ...read()[1] }
  })
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
