// Folded texts of messages, read from the main database and its files for the check that decides a search. What was
// decoded lately stays at hand, up to a number of bytes: a second search in the same mail, with another word or from
// another session, then costs a comparison.

import type { FileBlobs } from '../blobs/file-blobs.js'
import { structureOf } from '../messages/listing-column.js'
import { StoreRefusal } from '../refusals.js'
import { foldedBytes } from '../search/fold.js'
import {
  type BodyText,
  bodyText,
  type HeaderText,
  headerText,
  piecewiseText,
  plainBody,
} from '../search/message-text.js'
import type { Connection } from './connection.js'
import { rawColumn } from './message-reads.js'

interface Kept {
  readonly value: unknown
  readonly bytes: number
  /** Since it was last looked at as one that may have to go. */
  isUsed: boolean
}

interface BodyRow {
  readonly size: number
  readonly file: number
  readonly hash: Uint8Array
  readonly listing: Uint8Array
  readonly bodyStart: number
  readonly parts: Uint8Array
  readonly raw: Uint8Array
}

const bodySql = `SELECT size, file, hash, listing, body_start AS bodyStart, parts, ${rawColumn} FROM message WHERE id = ?`
/** A map entry, its strings' headers and the object around them. */
const entryOverheadBytes = 200
const admittedOneOf = 8
const nothing: BodyText = { texts: [], headers: [] }

export class MessageTexts {
  readonly #bytesMax: number
  readonly #kept = new Map<number, Kept>()
  #bytes = 0
  #passedOver = 0

  constructor({ bytesMax }: { bytesMax: number }) {
    this.#bytesMax = bytesMax
  }

  /** Undefined for a message that is gone. */
  header(db: Connection, message: number): HeaderText | undefined {
    const key = message * 2
    const kept = this.#take<HeaderText>(key)
    if (kept !== undefined) return kept
    const row = db.prepareRaw('SELECT header FROM message WHERE id = ?').get(message)
    if (row === undefined) return undefined
    const text = headerText((row as [Uint8Array])[0])
    this.#keep(key, text, foldedBytes(text.lines))
    return text
  }

  /** At once where the message is at hand, later where a file has to be read. */
  body(db: Connection, blobs: FileBlobs, message: number): BodyText | Promise<BodyText> {
    const key = message * 2 + 1
    const kept = this.#take<BodyText>(key)
    if (kept !== undefined) return kept
    const row = db.get<BodyRow>(bodySql, message)
    if (row === undefined) return nothing
    if (row.file === 1) return this.#readFile(key, row, blobs)
    return this.#keepBody(
      key,
      plainBody(row.raw, { structure: structureOf(row.listing), bodyStart: row.bodyStart }) ?? bodyText(row.raw),
    )
  }

  async #readFile(key: number, { size, hash, parts }: BodyRow, blobs: FileBlobs): Promise<BodyText> {
    const content = blobs.content(hash, size)
    const reading = piecewiseText(parts, { bytesMax: Number.POSITIVE_INFINITY })
    try {
      let next = reading.next()
      while (next.done !== true) next = reading.next(await content.bytes(next.value))
      return this.#keepBody(key, next.value)
    } catch (error) {
      // Purged while it was searched, or its file is missing or short, which `verify` reports: one broken message
      // doesn't take the search from the others.
      if (error instanceof StoreRefusal && error.code === 'corrupt') return nothing
      throw error
    }
  }

  #keepBody(key: number, { texts, headers }: BodyText): BodyText {
    let bytes = 0
    for (const text of texts) bytes += foldedBytes(text)
    for (const lines of headers) bytes += foldedBytes(lines)
    const text = { texts, headers }
    this.#keep(key, text, bytes)
    return text
  }

  #take<Value>(key: number): Value | undefined {
    const kept = this.#kept.get(key)
    if (kept === undefined) return undefined
    kept.isUsed = true
    return kept.value as Value
  }

  #keep(key: number, value: unknown, textBytes: number): void {
    const bytes = textBytes + entryOverheadBytes
    if (bytes > this.#bytesMax / 8 || this.#kept.has(key)) return
    // A search through more text than fits here would push everything out before it comes round again: when it's full,
    // only some come in, so that a part of the next such search is at hand.
    if (this.#bytes + bytes > this.#bytesMax && this.#passedOver++ % admittedOneOf !== 0) return
    this.#kept.set(key, { value, bytes, isUsed: false })
    this.#bytes += bytes
    this.#makeRoom()
  }

  /** From the oldest on; one that was used since it was last come by stays once more. */
  #makeRoom(): void {
    for (const [key, kept] of this.#kept) {
      if (this.#bytes <= this.#bytesMax) return
      this.#kept.delete(key)
      if (kept.isUsed) this.#kept.set(key, Object.assign(kept, { isUsed: false }))
      else this.#bytes -= kept.bytes
    }
  }
}
