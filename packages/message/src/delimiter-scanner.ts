// Goes over the bytes line by line, once, and stops at the delimiter lines of the multiparts that are open. part-tree.ts drives it.
// Everything here is linear in the bytes whatever they are: a line is compared with all open boundaries at once, by its hash.
//
// RFC 2046 §5.1.1:
//   delimiter         := CRLF "--" boundary
//   close-delimiter   := delimiter "--"
//   transport-padding := *LWSP-char            ; behind either
// A line has to be the delimiter as a whole: a line that only begins with one belongs to a longer boundary or to the text. The
// CRLF may be a bare LF.

import type { ByteWindow } from './byte-window.js'

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

/** A line that is longer than its boundary by this much is no delimiter, and a longer word at a line's start no field's name. */
const lineBytesMax = 65_536
const empty = new Uint8Array(0)

export class DelimiterScanner {
  private readonly window: ByteWindow
  at = 0
  /** Line feeds passed so far. */
  lineFeeds = 0
  /** Set when the scanner stands at a delimiter line, undefined at the end of the bytes and in between. */
  delimiter: Delimiter | undefined
  /** The last header that was read, or its beginning. Good until the scanner goes on. */
  headerBytes: Uint8Array = empty
  private readonly byHash = new Map<number, OpenBoundary>()
  private readonly open: OpenBoundary[] = []
  private longest = 0
  private watching = false
  private blind = false
  private readonly headerBytesMax: number
  /** While a header is read, it's kept from here on; -1 where none is, or enough of it has been put aside. */
  private headerStart = -1

  constructor(window: ByteWindow, { headerBytesMax }: { headerBytesMax: number }) {
    this.window = window
    this.headerBytesMax = headerBytesMax
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
    if (this.window.byteAt(this.at - 1) === LF) this.lineFeeds++
    this.delimiter = undefined
  }

  /**
   * Reads a header block; answers where the body starts. It ends at a blank line, at a delimiter, or with the bytes. When the
   * first line is no field there is no header: parts without their blank line are common.
   */
  header(): number {
    this.headerStart = this.at
    this.headerBytes = empty
    const bodyStart = this.startsWithField() ? this.afterHeader() : this.at
    if (this.headerStart >= 0) this.headerBytes = this.headerUpTo(bodyStart)
    this.headerStart = -1
    return bodyStart
  }

  private afterHeader(): number {
    let { at } = this
    while (this.has(at, at)) {
      const first = this.window.byteAt(at)
      if (first === LF) return this.bodyAt(at + 1)
      if (first === CR && this.has(at + 1, at) && this.window.byteAt(at + 1) === LF) return this.bodyAt(at + 2)
      if (first === DASH && this.watching && this.isDelimiter(at)) break
      at = this.afterLine(at)
    }
    this.at = at
    return at
  }

  private headerUpTo(end: number): Uint8Array {
    return this.window.view(this.headerStart, Math.min(end, this.headerStart + this.headerBytesMax))
  }

  private bodyAt(at: number): number {
    this.lineFeeds++
    this.at = at
    return at
  }

  /** Goes to the next delimiter of any open multipart, or to the end. */
  body(): void {
    const { window, watching } = this
    let { at } = this
    while (at < window.end || this.more(at)) {
      if (watching && window.byteAt(at) === DASH && this.isDelimiter(at)) break
      at = this.afterLine(at)
    }
    this.at = at
  }

  /** Goes to the end without looking: for the one body that nobody asks the lines of. */
  skipToEnd(): void {
    this.window.skipToEnd()
    this.at = this.window.size
  }

  /** Behind the line that goes on at `from`. */
  private afterLine(from: number): number {
    const { window } = this
    let at = from
    do {
      const { bytes, base } = window
      const end = bytes.length
      let i = at - base
      while (i < end && bytes[i] !== LF) i++
      at = base + i
      if (i < end) {
        this.lineFeeds++
        return at + 1
      }
    } while (this.more(at))
    return at
  }

  /** Whether there is a byte; reads on to it, and keeps what stands from `keepFrom` on. */
  private has(at: number, keepFrom: number): boolean {
    while (at >= this.window.end) if (!this.more(keepFrom)) return false
    return true
  }

  private more(keepFrom: number): boolean {
    const { headerStart } = this
    if (headerStart < 0) return this.window.more(keepFrom)
    if (keepFrom - headerStart <= Math.max(this.headerBytesMax, lineBytesMax)) return this.window.more(headerStart)
    this.headerBytes = this.headerUpTo(keepFrom).slice()
    this.headerStart = -1
    return this.window.more(keepFrom)
  }

  /** Where a body ends that was read up to here: the line end before a delimiter isn't in it. */
  bodyEnd(bodyStart: number): number {
    if (this.delimiter === undefined) return this.at
    let end = this.delimiter.start
    if (end > bodyStart && this.window.byteAt(end - 1) === LF) end--
    if (end > bodyStart && this.window.byteAt(end - 1) === CR) end--
    return end
  }

  private isDelimiter(start: number): boolean {
    const content = start + 2
    if (!this.has(content, start) || this.window.byteAt(start + 1) !== DASH) return false
    const lineEnd = this.lineEnd(content, start)
    if (lineEnd < 0) return false
    const { bytes, base, end: windowEnd } = this.window
    let end = lineEnd
    while (end > content && isPadding(bytes[end - 1 - base]!)) end--
    const length = end - content
    if (length === 0 || length > this.longest + 2) return false
    const [from, to] = [content - base, end - base]
    const closing = length > 2 && bytes[to - 1] === DASH && bytes[to - 2] === DASH
    const shortHash = hashOf(bytes, from, to - 2)
    const level = this.levelOf(hashOn(shortHash, bytes, Math.max(from, to - 2), to), from, length)
    const closedLevel = closing ? this.levelOf(shortHash, from, length - 2) : -1
    if (level < 0 && closedLevel < 0) return false
    const next = lineEnd < windowEnd ? lineEnd + 1 : lineEnd
    this.delimiter = { level: Math.max(level, closedLevel), closes: closedLevel > level, start, next }
    return true
  }

  /** Where the line's end stands, which is in memory then with the whole line; -1 where the line is too long for a delimiter. */
  private lineEnd(from: number, lineStart: number): number {
    const { window } = this
    const atMost = from + this.longest + 2 + lineBytesMax
    let at = from
    do {
      const { bytes, base } = window
      const end = Math.min(bytes.length, atMost - base)
      let i = at - base
      while (i < end && bytes[i] !== LF) i++
      at = base + i
      if (i < end) return at
      if (at >= atMost) return -1
    } while (this.more(lineStart))
    return at
  }

  /** The innermost open multipart with the boundary of `length` bytes at `from` of the window, or -1. */
  private levelOf(hash: number, from: number, length: number): number {
    let entry = this.byHash.get(hash)
    while (entry !== undefined && !this.matches(entry.bytes, from, length)) entry = entry.outer
    return entry?.level ?? -1
  }

  private matches(boundary: Uint8Array, from: number, length: number): boolean {
    if (boundary.length !== length) return false
    const { bytes } = this.window
    for (let i = 0; i < length; i++) if (boundary[i] !== bytes[from + i]) return false
    return true
  }

  /** Whether a field begins here (RFC 5322 §2.2: a name has no white space), or the blank line that ends an empty header. */
  private startsWithField(): boolean {
    const start = this.at
    // mbox files leave their separator line with the first message
    if (start === 0 && this.isFromLine()) return true
    let at = start
    while (this.isThere(at) && this.window.byteAt(at) > SP && this.window.byteAt(at) !== COLON) at++
    if (!this.isThere(at)) return false
    if (at > start) {
      while (this.isThere(at) && isBlank(this.window.byteAt(at))) at++
      const isField = this.isThere(at) && this.window.byteAt(at) === COLON
      return isField || (this.watching && this.isDelimiter(start))
    }
    const first = this.window.byteAt(at)
    return first === LF || (first === CR && this.isThere(at + 1) && this.window.byteAt(at + 1) === LF)
  }

  /** Near enough to the header's start to be looked at. */
  private isThere(at: number): boolean {
    return at - this.headerStart < lineBytesMax && this.has(at, at)
  }

  /** `From sender date`, not the field `From:`. */
  private isFromLine(): boolean {
    return this.has(5, 0) && fromLine.every((byte, i) => this.window.byteAt(i) === byte)
  }
}

const fromLine = [0x46, 0x72, 0x6f, 0x6d, SP]

function isBlank(byte: number): boolean {
  return byte === SP || byte === HTAB
}

function isPadding(byte: number): boolean {
  return byte === SP || byte === HTAB || byte === CR
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  return hashOn(0, bytes, start, end)
}

function hashOn(hash: number, bytes: Uint8Array, start: number, end: number): number {
  let value = hash
  for (let i = start; i < end; i++) value = (Math.imul(value, 31) + bytes[i]!) | 0
  return value
}
