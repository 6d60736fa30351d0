// Line ends on their way in and out. Files have LF, or CR LF; mail has CR LF (RFC 5322 §2.1). What comes in with LF gets its CRs;
// what goes out loses them where they can be put back for sure, and else is written as it is.

import { heldBytesMax } from './limits.js'

const cr = 0x0d
const lf = 0x0a

/** LF alone becomes CR LF; pieces may end anywhere. */
export class ToCrLf {
  #endsInCr = false

  piece(bytes: Uint8Array): Uint8Array {
    const bare = countBare(bytes, this.#endsInCr)
    const wasCr = this.#endsInCr
    if (bytes.length > 0) this.#endsInCr = bytes[bytes.length - 1] === cr
    return bare === 0 ? bytes : withCr(bytes, bare, wasCr)
  }
}

function countBare(bytes: Uint8Array, afterCr: boolean): number {
  let count = 0
  for (let at = bytes.indexOf(lf); at >= 0; at = bytes.indexOf(lf, at + 1))
    if (at === 0 ? !afterCr : bytes[at - 1] !== cr) count++
  return count
}

function withCr(bytes: Uint8Array, bare: number, afterCr: boolean): Uint8Array {
  const out = Buffer.allocUnsafe(bytes.length + bare)
  let to = 0
  let before = afterCr ? cr : 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number
    if (byte === lf && before !== cr) out[to++] = cr
    out[to++] = byte
    before = byte
  }
  return out
}

/** Takes the CR of each CR LF away; of a text that has CR and LF as a pair only. */
export class ToLf {
  piece(bytes: Uint8Array): Uint8Array {
    const out = Buffer.allocUnsafe(bytes.length)
    let to = 0
    for (let at = 0; at < bytes.length; at++) if (bytes[at] !== cr) out[to++] = bytes[at] as number
    return out.subarray(0, to)
  }
}

export interface Shape {
  /** Every CR is followed by LF, and every LF follows CR: it may be written with LF and read again. */
  readonly isPaired: boolean
  readonly lines: number
  /** LF without CR. */
  readonly bareLines: number
  /** The last byte is LF, or there's none. */
  readonly isEnded: boolean
  readonly size: number
}

/** Looks at a text, a piece at a time. */
export class ShapeLook {
  #paired = true
  #lines = 0
  #bare = 0
  #last = 0
  #size = 0
  #endsInCr = false

  piece(bytes: Uint8Array): void {
    this.#size += bytes.length
    let before = this.#endsInCr ? cr : 0
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] as number
      if (byte === lf) this.#lines++
      if (byte === lf && before !== cr) this.#bare++
      if ((byte === lf) !== (before === cr)) this.#paired = false
      before = byte
    }
    this.#last = bytes[bytes.length - 1] ?? this.#last
    this.#endsInCr = before === cr
  }

  end(): Shape {
    const isEnded = this.#size === 0 || this.#last === lf
    return {
      ...{ isPaired: this.#paired && !this.#endsInCr, lines: this.#lines, bareLines: this.#bare },
      ...{ isEnded, size: this.#size },
    }
  }
}

/** By its first line end; undefined where there's none yet. */
export function hasLfLines(bytes: Uint8Array): boolean | undefined {
  const at = bytes.indexOf(lf)
  return at < 0 ? undefined : bytes[at - 1] !== cr
}

/** The bytes of a file as mail has them. A file whose first line ends in CR LF is taken as it is. */
export async function* asMail(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let lines: ToCrLf | 'as they are' | undefined
  const held: Uint8Array[] = []
  let heldBytes = 0
  for await (const piece of pieces) {
    if (lines === undefined) {
      const isLf = hasLfLines(piece.indexOf(lf) === 0 ? Buffer.concat([...held.slice(-1), piece]) : piece)
      held.push(piece)
      heldBytes += piece.length
      if (isLf === undefined && heldBytes <= heldBytesMax) continue
      lines = isLf ? new ToCrLf() : 'as they are'
      for (const one of held.splice(0)) yield lines === 'as they are' ? one : lines.piece(one)
    } else yield lines === 'as they are' ? piece : lines.piece(piece)
  }
  yield* held
}
