// Where messages begin and end in an mbox. A line that begins with `From ` begins a message where an empty line is before it, or the
// file's beginning, and it has a date in it or a header field behind it; without the empty line it has to have both. What a
// Content-Length vouches for is protected: no line in it begins a message. The file goes through a window, so that its size
// doesn't matter.

import { dateOfFromLine } from './dates.js'
import { mbox } from './limits.js'

const lf = 0x0a
const cr = 0x0d
const lookaheadBytes = 2 * mbox.lineBytesMax
/** Behind what has been read: an empty line belongs to the From line that follows it. */
const contextBytes = 4
const separator = Buffer.from('\nFrom ')

export interface MboxStart {
  /** Of the From line in the file. */
  readonly offset: number
  readonly line: string
  /** The file's lines end in CR LF. */
  readonly isCrLf: boolean
}

export class NoMbox extends Error {}

export class MboxScanner {
  readonly #pieces: AsyncIterator<Uint8Array>
  #window = Buffer.alloc(0)
  /** Of the window in the file. */
  #base = 0
  #at = 0
  #isEnd = false
  #protectedUntil = 0
  /** Where the next message begins, when it's known. */
  #next: number | undefined
  #isInMessage = false

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  /** Of the next byte that is read, in the file. */
  get offset(): number {
    return this.#base + this.#at
  }

  /** The next message, whatever of this one hasn't been read; undefined at the end of the file. */
  async next(): Promise<MboxStart | undefined> {
    if (this.#base + this.#at === 0) await this.#begin()
    else while ((await this.read()) !== undefined);
    if (this.#next === undefined) return undefined
    this.#at = this.#next - this.#base
    await this.#fill(lookaheadBytes)
    const end = this.#window.indexOf(lf, this.#at)
    const lineEnd = end < 0 ? this.#window.length : end
    const isCrLf = this.#window[lineEnd - 1] === cr
    const start = { offset: this.#next, line: this.#text(this.#at, lineEnd), isCrLf }
    this.#at = Math.min(lineEnd + 1, this.#window.length)
    this.#next = undefined
    this.#isInMessage = true
    this.#protectedUntil = 0
    return start
  }

  /** Up to this place in the file no line begins a message. */
  protect(until: number): void {
    this.#protectedUntil = until
  }

  /**
   * The message's header with the empty line behind it, as far as there's one within the limit; without it where the message
   * ends there.
   */
  async header(): Promise<Buffer> {
    for (let bytes = mbox.pieceBytes; ; bytes *= 2) {
      await this.#fill(Math.min(bytes, mbox.headerBytesMax) + lookaheadBytes)
      const isAll = this.#isEnd || bytes >= mbox.headerBytesMax
      const found = this.#headerEnd(isAll)
      if (found === undefined) continue
      const header = Buffer.from(this.#window.subarray(this.#at, found))
      this.#at = found
      return header
    }
  }

  /** The next bytes of the message; undefined at its end. */
  async read(): Promise<Buffer | undefined> {
    if (!this.#isInMessage) return undefined
    await this.#fill(mbox.pieceBytes)
    const limit = this.#isEnd ? this.#window.length : this.#window.length - lookaheadBytes
    const start = this.#findStart(Math.max(0, this.#at - 1), limit)
    const isLast = start !== undefined || this.#isEnd
    const end = isLast ? this.#cut(start ?? this.#window.length) : limit - contextBytes
    const piece = Buffer.from(this.#window.subarray(this.#at, Math.max(this.#at, end)))
    this.#at = Math.max(this.#at, end)
    if (isLast) {
      this.#isInMessage = false
      this.#next = start === undefined ? undefined : this.#base + start
    }
    return isLast && piece.length === 0 ? undefined : piece
  }

  async close(): Promise<void> {
    await this.#pieces.return?.()
  }

  /** Empty lines at the head and a byte order mark are passed over. */
  async #begin(): Promise<void> {
    await this.#fill(mbox.pieceBytes)
    if (this.#window.subarray(0, 3).equals(Buffer.of(0xef, 0xbb, 0xbf))) this.#at = 3
    while (this.#window[this.#at] === lf || this.#window[this.#at] === cr) this.#at++
    if (this.#at === this.#window.length && this.#isEnd) return
    if (!this.#window.subarray(this.#at, this.#at + 5).equals(separator.subarray(1)))
      throw new NoMbox('it does not begin with a From line')
    this.#next = this.#at
  }

  async #fill(bytes: number): Promise<void> {
    if (this.#isEnd || this.#window.length - this.#at >= bytes) return
    const kept = Math.max(0, this.#at - contextBytes)
    const parts: Uint8Array[] = [this.#window.subarray(kept)]
    let length = this.#window.length - this.#at
    while (length < bytes) {
      const { value, done } = await this.#pieces.next()
      if (done) {
        this.#isEnd = true
        break
      }
      parts.push(value)
      length += value.length
    }
    this.#base += kept
    this.#at -= kept
    this.#window = Buffer.concat(parts)
  }

  /** Behind the first empty line, or where the message ends before it; undefined where more has to be seen. */
  #headerEnd(isAll: boolean): number | undefined {
    const limit = this.#isEnd ? this.#window.length : this.#window.length - lookaheadBytes
    const start = this.#findStart(Math.max(0, this.#at - 1), limit)
    const empty = this.#emptyLine(start ?? limit)
    if (empty !== undefined) {
      const isEnd = empty === start || (start === undefined && this.#isEnd && empty === this.#window.length)
      return isEnd ? Math.max(this.#at, this.#cut(empty)) : empty
    }
    if (start !== undefined) return Math.max(this.#at, this.#cut(start))
    if (!isAll) return undefined
    return this.#isEnd ? Math.max(this.#at, this.#cut(this.#window.length)) : limit - contextBytes
  }

  #emptyLine(limit: number): number | undefined {
    for (let line = this.#at; line < limit; ) {
      if (this.#window[line] === lf) return line + 1
      if (this.#window[line] === cr && this.#window[line + 1] === lf) return line + 2
      const end = this.#window.indexOf(lf, line)
      if (end < 0) return undefined
      line = end + 1
    }
    return undefined
  }

  /** The first From line from there on that begins a message. */
  #findStart(from: number, limit: number): number | undefined {
    for (let at = this.#window.indexOf(separator, from); at >= 0; at = this.#window.indexOf(separator, at + 1)) {
      const start = at + 1
      if (start > limit) return undefined
      if (start >= this.#at && this.#base + start >= this.#protectedUntil && this.#isStart(start)) return start
    }
    return undefined
  }

  #isStart(start: number): boolean {
    const end = this.#window.indexOf(lf, start)
    if (end < 0 ? !this.#isEnd : end - start > mbox.lineBytesMax) return false
    const lineEnd = end < 0 ? this.#window.length : end
    const hasDate = dateOfFromLine(this.#text(start, lineEnd)) !== undefined
    const next = this.#text(lineEnd + 1, Math.min(this.#window.length, lineEnd + 1 + mbox.lineBytesMax))
    const hasField = /^>?[!-9;-~]+[ \t]*:/.test(next)
    return this.#cut(start) < start ? hasDate || hasField : hasDate && hasField
  }

  /** Where the message ends that is before a From line, or before the end: an empty line belongs to neither. */
  #cut(end: number): number {
    if (this.#window[end - 1] !== lf) return end
    if (this.#window[end - 2] === lf) return end - 1
    return this.#window[end - 2] === cr && this.#window[end - 3] === lf ? end - 2 : end
  }

  #text(from: number, to: number): string {
    return this.#window.toString('latin1', from, Math.max(from, to)).replace(/\r$/, '')
  }
}
