// The lines of a message as the client sends them: CRLF ends them and nothing else, they have no NUL and at most 998 octets, unless
// the door takes longer ones.
// Keeps three numbers, so a message of any size costs no memory. What a later server could take for
// an end of the message (a dot between two bare line feeds) is thereby never let in. RFC 5321 §2.3.8, §4.1.1.4, §4.5.3.1.6.
import { SmtpError } from '../reply.js'
import type { LinePass } from './intake.js'
import { lineOctetsMax } from './limits.js'

const NUL = 0x00
const LF = 0x0a
const CR = 0x0d

export class LineCheck implements LinePass {
  #line = 1
  /** Octets of the line that the pieces so far have left open. */
  #open = 0
  #afterCr = false
  readonly #octetsMax: number

  constructor({ octetsMax = lineOctetsMax }: { readonly octetsMax?: number } = {}) {
    this.#octetsMax = octetsMax
  }

  /** The piece itself, unless it's refused. */
  take(piece: Buffer): Buffer {
    const { length } = piece
    let lineStart = -this.#open
    let at = 0
    if (this.#afterCr && length > 0) at = lineStart = this.#lineEnd(piece, 0)
    const leapt = this.#leap(piece, { at, lineStart })
    if (leapt > at) at = lineStart = leapt
    while (at < length) {
      const octet = piece[at]!
      if (octet > CR) at++
      else if (octet === CR) {
        this.#checkLength(at - lineStart)
        if (at + 1 === length) break
        at = lineStart = this.#lineEnd(piece, at + 1)
      } else if (octet === LF || octet === NUL) {
        this.#checkLength(at - lineStart)
        this.#refuse(octet === LF ? 'a bare LF' : 'a NUL')
      } else at++
    }
    this.#open = length - lineStart
    this.#afterCr = at < length || (this.#afterCr && length === 0)
    if (!this.#afterCr) this.#checkLength(this.#open)
    return piece
  }

  /** SMTP lets the end of the data come behind a CRLF only; another source's last line gets one. */
  end(): Buffer {
    if (this.#afterCr) this.#refuse('a bare CR')
    return this.#open > 0 ? Buffer.from('\r\n') : Buffer.alloc(0)
  }

  /**
   * Over all lines that are as they should be, to where the first of the others begins, or the one that the piece leaves open. Searching
   * for a line's end takes a third of the time that a look at each octet takes; only what's behind the leap gets that look.
   */
  #leap(piece: Buffer, { at, lineStart }: { readonly at: number; readonly lineStart: number }): number {
    const nul = piece.indexOf(NUL, at)
    const text = piece.toString('latin1', at, nul < 0 ? piece.length : nul)
    let [next, start] = [0, lineStart - at]
    for (;;) {
      const cr = text.indexOf('\r', next)
      if (cr < 0 || cr - start > this.#octetsMax || text.indexOf('\n', next) !== cr + 1) return at + next
      this.#line++
      next = start = cr + 2
    }
  }

  /** Behind a CR: what comes next has to be the LF. */
  #lineEnd(piece: Buffer, at: number): number {
    if (piece[at] !== LF) this.#refuse('a bare CR')
    this.#line++
    return at + 1
  }

  #refuse(what: string): never {
    throw new SmtpError(
      `554 5.6.0 Line ${this.#line} of the message has ${what}: lines end with CRLF, and mail has no NUL`,
    )
  }

  /** Before any other trouble with the line, so that it's the same whatever the pieces. */
  #checkLength(octets: number): void {
    if (octets <= this.#octetsMax) return
    throw new SmtpError(
      `554 5.6.0 Line ${this.#line} of the message is longer than ${this.#octetsMax} octets: wrap it, or encode the text as quoted-printable or base64`,
    )
  }
}
