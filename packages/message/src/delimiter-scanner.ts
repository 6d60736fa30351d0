// Goes over the bytes line by line, once, and stops at the delimiter lines of the multiparts that are open. part-tree.ts drives it.
// Everything here is linear in the bytes whatever they are: a line is compared with all open boundaries at once, by its hash.
//
// RFC 2046 §5.1.1:
//   delimiter         := CRLF "--" boundary
//   close-delimiter   := delimiter "--"
//   transport-padding := *LWSP-char            ; behind either
// A line has to be the delimiter as a whole: a line that only begins with one belongs to a longer boundary or to the text. The
// CRLF may be a bare LF.

const LF = 0x0a
const CR = 0x0d
const SP = 0x20
const HTAB = 0x09
const DASH = 0x2d
const COLON = 0x3a

interface OpenBoundary {
  bytes: Uint8Array
  hash: number
  level: number
  /** The next one outwards with the same hash. */
  outer: OpenBoundary | undefined
}

/** Why the scanner stands where it does. */
export interface Delimiter {
  /** Which open multipart it belongs to. */
  level: number
  closes: boolean
  /** The line is [start, next). */
  start: number
  next: number
}

export class DelimiterScanner {
  private readonly bytes: Uint8Array
  at = 0
  /** Line feeds passed so far. */
  lineFeeds = 0
  /** Set when the scanner stands at a delimiter line, undefined at the end of the bytes and in between. */
  delimiter: Delimiter | undefined
  private readonly byHash = new Map<number, OpenBoundary>()
  private readonly open: OpenBoundary[] = []
  private longest = 0
  private watching = false
  private blind = false

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** Whether it stands at a delimiter of the open multipart at `level` (of any, without one). */
  standsAt(level?: number): boolean {
    return this.delimiter !== undefined && (level === undefined || this.delimiter.level === level)
  }

  /** Opens a multipart; answers its level. */
  push(boundary: Uint8Array): number {
    const hash = hashOf(boundary, 0, boundary.length)
    const entry = { bytes: boundary, hash, level: this.open.length, outer: this.byHash.get(hash) }
    this.open.push(entry)
    this.byHash.set(hash, entry)
    if (boundary.length > this.longest) this.longest = boundary.length
    this.watching = !this.blind
    return entry.level
  }

  pop(): void {
    const entry = this.open.pop()!
    if (entry.outer === undefined) this.byHash.delete(entry.hash)
    else this.byHash.set(entry.hash, entry.outer)
    if (this.open.length === 0) this.watching = false
  }

  /** From here on no line is a delimiter: what follows belongs to the part that's being read. */
  ignoreDelimiters(): void {
    this.blind = true
    this.watching = false
  }

  /** Goes on behind the delimiter line where it stands. */
  passDelimiter(): void {
    this.at = this.delimiter!.next
    if (this.bytes[this.at - 1] === LF) this.lineFeeds++
    this.delimiter = undefined
  }

  /**
   * Reads a header block; answers where the body starts. It ends at a blank line, at a delimiter, or with the bytes. When the
   * first line is no field there is no header: parts without their blank line are common.
   */
  header(): number {
    const { bytes } = this
    const end = bytes.length
    if (!this.startsWithField()) return this.at
    let at = this.at
    while (at < end) {
      const first = bytes[at]!
      if (first === LF) return this.bodyAt(at + 1)
      if (first === CR && at + 1 < end && bytes[at + 1] === LF) return this.bodyAt(at + 2)
      if (first === DASH && this.watching && this.isDelimiter(at)) {
        this.at = at
        return at
      }
      while (at < end && bytes[at] !== LF) at++
      if (at < end) {
        at++
        this.lineFeeds++
      }
    }
    this.at = end
    return end
  }

  private bodyAt(at: number): number {
    this.lineFeeds++
    this.at = at
    return at
  }

  /** Goes to the next delimiter of any open multipart, or to the end. */
  body(): void {
    const { bytes, watching } = this
    const end = bytes.length
    let at = this.at
    let lineFeeds = this.lineFeeds
    while (at < end) {
      if (watching && bytes[at] === DASH && this.isDelimiter(at)) break
      while (at < end && bytes[at] !== LF) at++
      if (at < end) {
        at++
        lineFeeds++
      }
    }
    this.at = at
    this.lineFeeds = lineFeeds
  }

  /** Goes to the end without looking: for the one body that nobody asks the lines of. */
  skipToEnd(): void {
    this.at = this.bytes.length
  }

  /** Where a body ends that was read up to here: the line end before a delimiter isn't in it. */
  bodyEnd(bodyStart: number): number {
    if (this.delimiter === undefined) return this.at
    let end = this.delimiter.start
    if (end > bodyStart && this.bytes[end - 1] === LF) end--
    if (end > bodyStart && this.bytes[end - 1] === CR) end--
    return end
  }

  private isDelimiter(start: number): boolean {
    const { bytes } = this
    const content = start + 2
    if (content >= bytes.length || bytes[start + 1] !== DASH) return false
    let end = content
    while (end < bytes.length && bytes[end] !== LF) end++
    const next = end < bytes.length ? end + 1 : end
    while (end > content && isPadding(bytes[end - 1]!)) end--
    const length = end - content
    if (length === 0 || length > this.longest + 2) return false
    const closing = length > 2 && bytes[end - 1] === DASH && bytes[end - 2] === DASH
    const shortHash = hashOf(bytes, content, end - 2)
    const level = this.levelOf(hashOn(shortHash, bytes, Math.max(content, end - 2), end), content, length)
    const closedLevel = closing ? this.levelOf(shortHash, content, length - 2) : -1
    if (level < 0 && closedLevel < 0) return false
    this.delimiter = { level: Math.max(level, closedLevel), closes: closedLevel > level, start, next }
    return true
  }

  /** The innermost open multipart with the boundary of `length` bytes at `start`, or -1. */
  private levelOf(hash: number, start: number, length: number): number {
    let entry = this.byHash.get(hash)
    while (entry !== undefined && !this.matches(entry.bytes, start, length)) entry = entry.outer
    return entry?.level ?? -1
  }

  private matches(boundary: Uint8Array, start: number, length: number): boolean {
    if (boundary.length !== length) return false
    for (let i = 0; i < length; i++) if (boundary[i] !== this.bytes[start + i]) return false
    return true
  }

  /** Whether a field begins here (RFC 5322 §2.2: a name has no white space), or the blank line that ends an empty header. */
  private startsWithField(): boolean {
    const { bytes } = this
    const start = this.at
    // mbox files leave their separator line with the first message
    if (start === 0 && isFromLine(bytes)) return true
    let at = start
    while (at < bytes.length && bytes[at]! > SP && bytes[at] !== COLON) at++
    if (at === bytes.length) return false
    if (at > start) {
      while (at < bytes.length && isBlank(bytes[at]!)) at++
      return bytes[at] === COLON || (this.watching && this.isDelimiter(start))
    }
    return bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] === LF)
  }
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === HTAB
}

function isPadding(byte: number): boolean {
  return byte === SP || byte === HTAB || byte === CR
}

/** `From sender date`, not the field `From:`. */
function isFromLine(bytes: Uint8Array): boolean {
  return (
    bytes.length > 5 &&
    bytes[0] === 0x46 &&
    bytes[1] === 0x72 &&
    bytes[2] === 0x6f &&
    bytes[3] === 0x6d &&
    bytes[4] === SP
  )
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  return hashOn(0, bytes, start, end)
}

function hashOn(hash: number, bytes: Uint8Array, start: number, end: number): number {
  let value = hash
  for (let i = start; i < end; i++) value = (Math.imul(value, 31) + bytes[i]!) | 0
  return value
}
