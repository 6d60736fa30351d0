// Body lines of over 998 octets, broken for a credential whose mail is mended: behind the last space that fits, else where the line
// is full, between two characters. Base64 has no spaces and doesn't mind; text gets a line end more. Signed text would no longer be
// what was signed, and is refused instead. docs/decisions/mended-mail.md; RFC 5321 §4.5.3.1.6.
import { lineOctetsMax, SmtpError } from '@postern/smtp'

const SP = 0x20
const crlf = Buffer.from('\r\n')

export class LineWrap {
  readonly #signed: boolean
  /** The beginning of a line whose end hasn't come. */
  #open: Buffer = Buffer.alloc(0)

  constructor(options: { readonly signed: boolean }) {
    this.#signed = options.signed
  }

  /** Lines that end with CRLF, cut anywhere. */
  take(piece: Buffer): Buffer {
    const bytes = this.#open.length === 0 ? piece : Buffer.concat([this.#open, piece])
    const out: Buffer[] = []
    let start = 0
    for (;;) {
      const end = bytes.indexOf(crlf, start)
      if (end < 0) break
      start = this.#wrapped(bytes.subarray(0, end), { start, out })
      out.push(bytes.subarray(start, end + 2))
      start = end + 2
    }
    start = this.#wrapped(bytes, { start, out })
    this.#open = bytes.subarray(start)
    return out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out)
  }

  end(): Buffer {
    const open = this.#open
    this.#open = Buffer.alloc(0)
    return open
  }

  /** Where what's left of the line begins, which fits. A CR that may belong to the line's end is not counted. */
  #wrapped(bytes: Buffer, { start, out }: { start: number; out: Buffer[] }): number {
    let from = start
    while (bytes.length - from > lineOctetsMax + 1 || (bytes.length - from > lineOctetsMax && bytes.at(-1) !== 0x0d)) {
      if (this.#signed)
        throw new SmtpError(`554 5.6.0 The message is signed and has a line longer than ${lineOctetsMax} octets`)
      const cut = breakAt(bytes, from)
      out.push(bytes.subarray(from, cut), crlf)
      from = cut
    }
    return from
  }
}

/** Behind the last space of the octets that fit, or between two characters of UTF-8. */
function breakAt(bytes: Buffer, start: number): number {
  const full = start + lineOctetsMax
  const space = bytes.subarray(start, full).lastIndexOf(SP)
  if (space > 0) return start + space + 1
  let cut = full
  while (cut > full - 4 && (bytes[cut]! & 0xc0) === 0x80) cut--
  return cut
}
