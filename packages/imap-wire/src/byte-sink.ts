// Where responses are written: bytes that grow in one piece until they're taken. Writing is the inner loop of the server (a FETCH
// of FLAGS is 100,000 lines), so digits and short texts are put down octet by octet and nothing is joined as a string.

const empty: Uint8Array = new Uint8Array(0)
const roomMin = 512
/** What was once full is not begun larger than this: an idle session has no room at all. */
const firstRoomMax = 131_072
/** Below this a loop is faster than the encoder. */
const shortTextMax = 64
/** Below this a loop is faster than making a view to copy from. */
const shortBytesMax = 96
const encoder = new TextEncoder()
const ZERO = 0x30
/** `00` to `99`. */
const digitPairs = Uint8Array.from({ length: 200 }, (_, i) => ZERO + (i % 2 === 0 ? Math.floor(i / 20) : (i >> 1) % 10))

export class ByteSink {
  #bytes = empty
  #length = 0
  #firstRoom = roomMin
  /** What was taken and given back, for when more room is needed. */
  #spare = empty

  /** Bytes that wait to be taken: the caller's measure for back-pressure. */
  get length(): number {
    return this.#length
  }

  /** What was written so far now belongs to the caller. No room is kept. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#noteRoom()
    this.#bytes = empty
    this.#spare = empty
    this.#length = 0
    return taken
  }

  /** The same, but for what fills no more of such pieces: it stays, and is the beginning of the next. */
  takeWhole(pieceBytes: number): Uint8Array {
    const end = this.#length - (this.#length % pieceBytes)
    const taken = this.#bytes.subarray(0, end)
    const rest = this.#bytes.subarray(end, this.#length)
    this.#noteRoom()
    this.#bytes = empty
    this.#length = 0
    this.putBytes(rest)
    return taken
  }

  /** A little more than the last time, since the caller takes what's there as soon as it's enough. */
  #noteRoom(): void {
    this.#firstRoom = Math.min(firstRoomMax, Math.max(roomMin, this.#length + (this.#length >> 2)))
  }

  /** What was taken is no longer needed: its room is written to again. */
  giveBack(taken: Uint8Array): void {
    if (taken.buffer.byteLength > this.#spare.length) this.#spare = new Uint8Array(taken.buffer)
  }

  /** Makes room, and says where it begins. */
  #reserve(length: number): number {
    const start = this.#length
    if (start + length > this.#bytes.length) this.#grow(start + length)
    this.#length = start + length
    return start
  }

  #grow(length: number): void {
    const spare = this.#spare
    const isEnough = spare.length >= length
    const grown = isEnough ? spare : new Uint8Array(Math.max(this.#firstRoom, length, 2 * this.#bytes.length))
    if (isEnough) this.#spare = empty
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }

  protected putByte(byte: number): void {
    const at = this.#reserve(1)
    this.#bytes[at] = byte
  }

  protected putBytes(bytes: Uint8Array): void {
    this.putPart(bytes, 0, bytes.length)
  }

  protected putPart(bytes: Uint8Array, from: number, to: number): void {
    const length = to - from
    const start = this.#reserve(length)
    const into = this.#bytes
    if (length > shortBytesMax) into.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), start)
    else for (let i = 0; i < length; i++) into[start + i] = bytes[from + i]!
  }

  /** As UTF-8; ASCII is the fast case. */
  protected putText(text: string): void {
    const { length } = text
    if (length > shortTextMax) {
      this.#encode(text)
      return
    }
    const start = this.#reserve(length)
    const into = this.#bytes
    let seen = 0
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      into[start + i] = code
      seen |= code
    }
    if (seen > 127) {
      this.#length = start
      this.#encode(text)
    }
  }

  #encode(text: string): void {
    let rest = text
    for (;;) {
      const start = this.#reserve(rest.length)
      const { read, written } = encoder.encodeInto(rest, this.#bytes.subarray(start))
      this.#length = start + written
      if (read === rest.length) return
      rest = rest.slice(read)
      this.#grow(this.#length + 3 * rest.length)
    }
  }

  /** A whole number from 0 to 2^53 - 1. */
  protected putNumber(value: number): void {
    if (value > 0x7fff_ffff) {
      this.#putLargeNumber(value)
      return
    }
    let rest = value | 0
    const digits = digitsOf(rest)
    let at = this.#reserve(digits) + digits
    const into = this.#bytes
    while (rest >= 100) {
      const next = (rest / 100) | 0
      const pair = (rest - next * 100) << 1
      into[--at] = digitPairs[pair + 1]!
      into[--at] = digitPairs[pair]!
      rest = next
    }
    if (rest >= 10) {
      into[--at] = digitPairs[(rest << 1) + 1]!
      into[--at] = digitPairs[rest << 1]!
    } else into[--at] = ZERO + rest
  }

  /** `00` to `99`. */
  protected putTwoDigits(value: number): void {
    const at = this.#reserve(2)
    this.#bytes[at] = digitPairs[value << 1]!
    this.#bytes[at + 1] = digitPairs[(value << 1) + 1]!
  }

  #putLargeNumber(value: number): void {
    const high = Math.floor(value / 1_000_000_000)
    const low = value - high * 1_000_000_000
    this.putNumber(high)
    let at = this.#reserve(9) + 9
    let rest = low | 0
    for (let digit = 0; digit < 9; digit++) {
      const next = (rest / 10) | 0
      this.#bytes[--at] = ZERO + rest - next * 10
      rest = next
    }
  }
}

function digitsOf(value: number): number {
  if (value < 1e5) return value < 1e2 ? (value < 1e1 ? 1 : 2) : value < 1e3 ? 3 : value < 1e4 ? 4 : 5
  return value < 1e7 ? (value < 1e6 ? 6 : 7) : value < 1e8 ? 8 : value < 1e9 ? 9 : 10
}
