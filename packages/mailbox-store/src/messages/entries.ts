// A message's place in a mailbox is an entry: uid, flags, modseq, which message, its size and dates. Entries are kept
// in columns (typed arrays), both on disk, up to `chunkEntriesMax` to a row, and in memory, where one index holds all
// entries of an open mailbox. This file is that column form and its byte form; docs/decisions/entries-in-chunks.md
// tells why entries are not rows.

/** 36 bytes an entry: 104 entries and the row's other columns fill one 4 KB page of SQLite and never spill over. */
export const entryBytes = 36
export const chunkEntriesMax = 104

/** Keyword sets are numbered from 1 and share a 32-bit word with the system flags. */
export const keywordSetShift = 8
export const systemFlagMask = 0xff
export const keywordSetMax = 0xff_ffff

export interface Entry {
  uid: number
  /** System flags in the low byte, the keyword set's number above it. */
  flags: number
  modSeq: number
  message: number
  size: number
  /** Unix seconds. */
  internalDate: number
  /** Unix seconds, RFC 8514. */
  saveDate: number
}

const entryColumns = ['modSeqs', 'internalDates', 'uids', 'flags', 'messages', 'sizes', 'saveDates'] as const
export type EntryColumn = (typeof entryColumns)[number]

export class Entries {
  length = 0
  modSeqs: Float64Array
  internalDates: Float64Array
  uids: Uint32Array
  flags: Uint32Array
  messages: Uint32Array
  sizes: Uint32Array
  saveDates: Uint32Array

  constructor(capacity: number) {
    this.modSeqs = new Float64Array(capacity)
    this.internalDates = new Float64Array(capacity)
    this.uids = new Uint32Array(capacity)
    this.flags = new Uint32Array(capacity)
    this.messages = new Uint32Array(capacity)
    this.sizes = new Uint32Array(capacity)
    this.saveDates = new Uint32Array(capacity)
  }

  get capacity(): number {
    return this.uids.length
  }

  get byteLength(): number {
    return this.capacity * entryBytes
  }

  grow(capacity: number): void {
    if (capacity <= this.capacity) return
    const { length } = this
    const wider = new Entries(capacity)
    wider.copyFrom(this, { from: 0, to: length, at: 0 })
    Object.assign(this, wider, { length })
  }

  push(entry: Entry): void {
    const i = this.length++
    this.modSeqs[i] = entry.modSeq
    this.internalDates[i] = entry.internalDate
    this.uids[i] = entry.uid
    this.flags[i] = entry.flags
    this.messages[i] = entry.message
    this.sizes[i] = entry.size
    this.saveDates[i] = entry.saveDate
  }

  /** Entry `i` of another, at the end; for single entries several times as fast as `copyFrom`. */
  pushFrom(source: Entries, i: number): void {
    const end = this.length++
    this.modSeqs[end] = source.modSeqs[i] as number
    this.internalDates[end] = source.internalDates[i] as number
    this.uids[end] = source.uids[i] as number
    this.flags[end] = source.flags[i] as number
    this.messages[end] = source.messages[i] as number
    this.sizes[end] = source.sizes[i] as number
    this.saveDates[end] = source.saveDates[i] as number
  }

  at(i: number): Entry {
    return {
      uid: this.uids[i] as number,
      flags: this.flags[i] as number,
      modSeq: this.modSeqs[i] as number,
      message: this.messages[i] as number,
      size: this.sizes[i] as number,
      internalDate: this.internalDates[i] as number,
      saveDate: this.saveDates[i] as number,
    }
  }

  /** The first position whose uid is not below `uid`. */
  lowerBound(uid: number): number {
    const { uids } = this
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((uids[middle] as number) < uid) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Its position, or -1. */
  find(uid: number): number {
    const i = this.lowerBound(uid)
    return i < this.length && this.uids[i] === uid ? i : -1
  }

  copyFrom(source: Entries, { from, to, at }: { from: number; to: number; at: number }): void {
    this.modSeqs.set(source.modSeqs.subarray(from, to), at)
    this.internalDates.set(source.internalDates.subarray(from, to), at)
    this.uids.set(source.uids.subarray(from, to), at)
    this.flags.set(source.flags.subarray(from, to), at)
    this.messages.set(source.messages.subarray(from, to), at)
    this.sizes.set(source.sizes.subarray(from, to), at)
    this.saveDates.set(source.saveDates.subarray(from, to), at)
    this.length = Math.max(this.length, at + to - from)
  }

  /** Moves the entries [from, to) down to `at`, as a removal does. */
  shift({ from, to, at }: { from: number; to: number; at: number }): void {
    for (const column of this.#columns()) column.copyWithin(at, from, to)
  }

  /** Drops the entries at these ascending positions. */
  removeAt(positions: readonly number[]): void {
    if (positions.length === 0) return
    let write = positions[0] as number
    for (let k = 0; k < positions.length; k++) {
      const from = (positions[k] as number) + 1
      const to = k + 1 < positions.length ? (positions[k + 1] as number) : this.length
      this.shift({ from, to, at: write })
      write += to - from
    }
    this.length = write
  }

  /** A copy as large as what is there, of all columns or of some: slices, which are not filled with zeros first. */
  clone(wanted: ReadonlySet<EntryColumn> = new Set(entryColumns)): Entries {
    const { length } = this
    const copy = new Entries(0)
    if (wanted.has('modSeqs')) copy.modSeqs = this.modSeqs.slice(0, length)
    if (wanted.has('internalDates')) copy.internalDates = this.internalDates.slice(0, length)
    if (wanted.has('uids')) copy.uids = this.uids.slice(0, length)
    if (wanted.has('flags')) copy.flags = this.flags.slice(0, length)
    if (wanted.has('messages')) copy.messages = this.messages.slice(0, length)
    if (wanted.has('sizes')) copy.sizes = this.sizes.slice(0, length)
    if (wanted.has('saveDates')) copy.saveDates = this.saveDates.slice(0, length)
    copy.length = length
    return copy
  }

  maxModSeq(): number {
    let max = 0
    for (let i = 0; i < this.length; i++) if ((this.modSeqs[i] as number) > max) max = this.modSeqs[i] as number
    return max
  }

  /** Byte form: the columns one after another, little-endian, the 64-bit ones first so that all stay aligned. */
  encode(): Uint8Array {
    const n = this.length
    const out = new Uint8Array(n * entryBytes)
    let offset = 0
    for (const column of this.#columns()) {
      const bytes = n * column.BYTES_PER_ELEMENT
      out.set(new Uint8Array(column.buffer, column.byteOffset, bytes), offset)
      offset += bytes
    }
    return out
  }

  /** Appends a chunk's byte form; the caller has made room. */
  decodeInto(data: Uint8Array): void {
    const n = data.length / entryBytes
    let bytes = data
    if (bytes.byteOffset % 8 !== 0) bytes = data.slice()
    let offset = bytes.byteOffset
    for (const column of this.#columns()) {
      if (column instanceof Float64Array) column.set(new Float64Array(bytes.buffer, offset, n), this.length)
      else column.set(new Uint32Array(bytes.buffer, offset, n), this.length)
      offset += n * column.BYTES_PER_ELEMENT
    }
    this.length += n
  }

  #columns(): (Float64Array | Uint32Array)[] {
    return [this.modSeqs, this.internalDates, this.uids, this.flags, this.messages, this.sizes, this.saveDates]
  }
}
