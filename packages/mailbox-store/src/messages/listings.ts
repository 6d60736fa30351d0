// What FETCH asks for most, of some hundred messages at once: ENVELOPE and BODYSTRUCTURE ready to be sent, the header, and where
// its fields are. All of it lies in one piece of bytes, one record after the other; nothing is an object until somebody
// asks. Questions go to the message that `seek` was asked for last.

import { type FieldPick, mapHeader } from '@postern/message'
import { type ByteTarget, ListingCursor } from './listing-column.js'
import { putVarint, VarintReader } from './varint.js'

export interface ListingWants {
  /** ENVELOPE and BODYSTRUCTURE. */
  readonly listing?: boolean
  readonly header?: boolean
}

export interface ListingsOptions {
  /** The records, each what is wanted of a message: its listing, then its header with the map of its fields. */
  readonly bytes: Uint8Array
  readonly want: ListingWants
  /** For each message asked for the place of its record, -1 where there's none; undefined where that's the same. */
  readonly places: Int32Array | undefined
}

/** The column that stands before the header: how long it is, how long the header is, and where its fields are. */
export function packFields(header: Uint8Array): Uint8Array {
  const map = mapHeader(header)
  const packed: number[] = []
  putVarint(packed, map.length)
  putVarint(packed, header.length)
  const lengths = packed.length
  const fields = new Uint8Array(lengths + map.length)
  fields.set(packed)
  fields.set(map, lengths)
  return fields
}

export class Listings {
  readonly #options: ListingsOptions
  readonly #cursor: ListingCursor
  readonly #reader: VarintReader
  readonly #starts: number[] = []
  readonly #map = { start: 0, end: 0 }
  readonly #header = { start: 0, end: 0 }
  readonly #mapped: { bytes: Uint8Array; map: { start: number; end: number }; header: { start: number; end: number } }

  constructor(options: ListingsOptions) {
    this.#options = options
    const { bytes } = options
    this.#cursor = new ListingCursor(bytes)
    this.#reader = new VarintReader(bytes)
    this.#mapped = { bytes, map: this.#map, header: this.#header }
    for (let at = 0; at < bytes.length; at = this.#read(at)) this.#starts.push(at)
  }

  /** Goes to the message that was asked for at this place; false when it is gone. */
  seek(place: number): boolean {
    const { places } = this.#options
    const start = this.#starts[places === undefined ? place : (places[place] as number)]
    if (start === undefined) return false
    this.#read(start)
    return true
  }

  envelope(into: ByteTarget, form: { utf8: boolean }): void {
    this.#cursor.envelope(into, form)
  }

  structure(into: ByteTarget, form: { utf8: boolean }): void {
    this.#cursor.structure(into, form)
  }

  get header(): Uint8Array {
    return this.#options.bytes.subarray(this.#header.start, this.#header.end)
  }

  /** How many bytes those fields of the header are; `pick.write` writes them. */
  pick(pick: FieldPick): number {
    return pick.find(this.#mapped)
  }

  /** Reads the record that begins here, and says where the next one does. */
  #read(start: number): number {
    const { want } = this.#options
    const listed = want.listing === true ? this.#cursor.seek(start) : start
    if (want.header !== true) return listed
    const reader = this.#reader
    reader.at = listed
    const mapLength = reader.next()
    const length = reader.next()
    const { at } = reader
    this.#map.start = at
    this.#map.end = this.#header.start = at + mapLength
    this.#header.end = at + mapLength + length
    return this.#header.end
  }
}
