// The part of a message that's in memory while it's parsed: all of it, when it is there as bytes; else a window that moves on over a
// source such as a file, so that a message of 100 MB costs no more than one of 1 MB. Offsets are those of the message.

/** Bytes that may be somewhere else; an Uint8Array is one. */
export interface ByteSource {
  readonly length: number
  /** Those from `start` to `end`, both within the length. Good until the next call. */
  subarray(start: number, end: number): Uint8Array
}

/** Behind what is let go, so many bytes are still there. */
const lookBackBytes = 4
const empty = new Uint8Array(0)

export class ByteWindow {
  /** What is in memory: it begins at `base`. */
  bytes: Uint8Array
  base = 0
  readonly size: number
  private readonly source: ByteSource | undefined
  private readonly pieceBytes: number
  private room = empty

  constructor(source: ByteSource, pieceBytes: number) {
    this.size = source.length
    this.pieceBytes = pieceBytes
    this.source = source instanceof Uint8Array ? undefined : source
    this.bytes = source instanceof Uint8Array ? source : empty
  }

  /** Behind the last byte that is in memory. */
  get end(): number {
    return this.base + this.bytes.length
  }

  /** One that is in memory. */
  byteAt(at: number): number {
    return this.bytes[at - this.base]!
  }

  /** A view, good until the window moves. */
  view(start: number, end: number): Uint8Array {
    return this.bytes.subarray(start - this.base, end - this.base)
  }

  /** Moves on by a piece and keeps what stands from `keepFrom` on. False at the end of the message. */
  more(keepFrom: number): boolean {
    const { source, end } = this
    if (source === undefined || end === this.size) return false
    const piece = source.subarray(end, Math.min(this.size, end + this.pieceBytes))
    if (piece.length === 0) throw new Error('a message ended before its size')
    const length = this.bytes.length
    if (length + piece.length > this.room.length)
      this.dropBefore(Math.max(this.base, keepFrom - lookBackBytes), piece.length)
    const kept = this.bytes.length
    this.room.set(piece, kept)
    this.bytes = this.room.subarray(0, kept + piece.length)
    return true
  }

  /** Goes on at the end of the message. */
  skipToEnd(): void {
    if (this.source === undefined) return
    this.base = Math.max(this.end, this.size - lookBackBytes)
    this.bytes = empty
    this.more(this.base)
  }

  /** What is kept moves to the front; where it takes more than half of the room, the room doubles. */
  private dropBefore(keepFrom: number, needed: number): void {
    const kept = this.bytes.subarray(keepFrom - this.base)
    const room = 2 * kept.length + needed > this.room.length ? new Uint8Array(2 * (kept.length + needed)) : this.room
    room.set(kept)
    this.room = room
    this.bytes = room.subarray(0, kept.length)
    this.base = keepFrom
  }
}
