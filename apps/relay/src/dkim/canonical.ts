// The "relaxed" forms of a header field and of a body (RFC 6376 §3.4.2, §3.4.4), which survive what mail servers do to white space.
// A body is hashed piece by piece, as it's read.

import { createHash } from 'node:crypto'

const CR = 0x0d
const LF = 0x0a
const SP = 0x20
const TAB = 0x09
const lineEnds = Buffer.from('\r\n'.repeat(512))

/** With its line end. One character a byte. */
export function relaxedField(raw: string): string {
  const colon = raw.indexOf(':')
  const name = raw.slice(0, colon).trimEnd().toLowerCase()
  const value = raw
    .slice(colon + 1)
    .replace(/\r?\n/g, '')
    .replace(/[ \t]+/g, ' ')
  return `${name}:${value.replace(/^ | $/g, '')}\r\n`
}

export class RelaxedBody {
  readonly #hash = createHash('sha256')
  /** Line ends, and white space on the present line, that count only if something follows. */
  #lines = 0
  #space = false
  #carriageReturn = false
  /** Whether any of these is so. */
  #waits = false
  #isEmpty = true

  update(piece: Uint8Array): void {
    const out = Buffer.allocUnsafe(piece.length * 2 + 2)
    let length = 0
    for (let i = 0; i < piece.length; i++) {
      const byte = piece[i] as number
      if (byte > SP && !this.#waits) {
        out[length++] = byte
        continue
      }
      if (byte === LF) {
        this.#carriageReturn = this.#space = false
        this.#lines++
        this.#waits = true
        continue
      }
      if (this.#waits) length = this.#begin(out, length, byte)
      if (byte === CR) this.#waits = this.#carriageReturn = true
      else if (byte === SP || byte === TAB) this.#waits = this.#space = true
      else out[length++] = byte
    }
    if (length === 0) return
    this.#isEmpty = false
    this.#hash.update(out.subarray(0, length))
  }

  /** In base64. A body that isn't empty ends in one line end. */
  digest(): string {
    if (this.#carriageReturn) this.#hash.update('\r')
    if (!this.#isEmpty) this.#hash.update('\r\n')
    return this.#hash.digest('base64')
  }

  /** What stood before this byte, where that counts now. */
  #begin(out: Buffer, start: number, byte: number): number {
    let length = start
    const isBareReturn = this.#carriageReturn
    if (!isBareReturn && (byte === SP || byte === TAB || byte === CR)) return length
    if (this.#lines > 0) {
      this.#hash.update(out.subarray(0, length))
      for (let left = this.#lines; left > 0; left -= 512)
        this.#hash.update(lineEnds.subarray(0, Math.min(left, 512) * 2))
      this.#isEmpty = false
      this.#lines = length = 0
    }
    if (this.#space) out[length++] = SP
    if (isBareReturn) out[length++] = CR
    this.#space = this.#carriageReturn = this.#waits = false
    return length
  }
}
