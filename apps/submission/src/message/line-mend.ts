// Line ends for a credential whose mail is mended: a bare LF or CR ends a line too, and CRs before an LF are one line end with it
// (programs that write CRLF through a layer that makes CRLF of every LF). Every other byte stays. A NUL has no place in a line, and
// is refused as it is elsewhere. docs/decisions/mended-mail.md; RFC 5321 §2.3.8.

import { type LinePass, SmtpError } from '@postern/smtp'

const NUL = 0x00
const LF = 0x0a
const CR = 0x0d
const crlf = Buffer.from('\r\n')

export class LineMend implements LinePass {
  #line = 1
  /** Whether the last line has something in it and no end. */
  #open = false
  /** CRs that wait for what comes behind them. */
  #crs = 0
  /** What this piece has become so far. */
  #out: Buffer[] = []

  take(piece: Buffer): Buffer {
    this.#out = []
    let start = 0
    for (let at = 0; at < piece.length; at++) {
      const octet = piece[at]!
      if (octet > CR && this.#crs === 0) continue
      if (octet === NUL) throw new SmtpError(`554 5.6.0 Line ${this.#line} of the message has a NUL: mail has none`)
      if (octet !== CR && octet !== LF && this.#crs === 0) continue
      if (octet === CR) {
        if (this.#crs === 0) this.#out.push(piece.subarray(start, at))
        this.#wait()
      } else if (octet === LF) {
        if (this.#crs === 0) this.#out.push(piece.subarray(start, at))
        this.#endLines(1)
      } else this.#endLines(this.#crs)
      start = octet === CR || octet === LF ? at + 1 : at
    }
    if (start < piece.length) this.#out.push(piece.subarray(start))
    this.#open = start < piece.length || (this.#open && piece.length === 0)
    return this.#out.length === 1 ? (this.#out[0] as Buffer) : Buffer.concat(this.#out)
  }

  end(): Buffer {
    this.#out = []
    this.#endLines(this.#open ? 1 : this.#crs)
    return Buffer.concat(this.#out)
  }

  /** No more than two are held: of a longer row all but the last two are line ends whatever comes. */
  #wait(): void {
    if (this.#crs < 2) this.#crs++
    else this.#pushEnds(1)
  }

  #endLines(count: number): void {
    this.#crs = 0
    this.#pushEnds(count)
  }

  #pushEnds(count: number): void {
    for (let i = 0; i < count; i++) this.#out.push(crlf)
    this.#line += count
  }
}
