// The DATA stream as it's pulled in: counted, hashed as the client sent it where somebody asks for that, and its lines checked or mended, piece by piece. Who has
// refused the message drops the rest through it, since SMTP answers only behind the end of the data.
import type { Hash } from 'node:crypto'
import { SmtpError } from '../reply.js'

/** One look at every line: line-check.ts refuses, line-mend.ts mends. */
export interface LinePass {
  take(piece: Buffer): Buffer
  /** What's left to give at the end of the data. */
  end(): Buffer
}

export interface IntakeOptions {
  readonly bytesMax: number
  readonly lines: LinePass
  /** Gets all that came, in the client's own bytes. */
  readonly hash?: Hash
}

export class Intake {
  /** As the client sent them. */
  bytes = 0
  readonly #pieces: AsyncIterator<Uint8Array>
  readonly #bytesMax: number
  readonly #lines: LinePass
  readonly #hash: Hash | undefined
  #ended = false

  constructor(source: AsyncIterable<Uint8Array>, { bytesMax, lines, hash }: IntakeOptions) {
    this.#pieces = source[Symbol.asyncIterator]()
    this.#bytesMax = bytesMax
    this.#lines = lines
    this.#hash = hash
  }

  /** Undefined behind the last one. */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      if (this.#ended) return undefined
      const { value, done } = await this.#pieces.next()
      this.#ended = done === true
      const piece = done ? this.#lines.end() : this.#taken(asBuffer(value))
      if (piece.length > 0) return piece
    }
  }

  /** Reads on and keeps nothing. What goes wrong with the source meanwhile (the client is gone, or has no end) is thrown. */
  async drop(): Promise<void> {
    while (!this.#ended) this.#ended = (await this.#pieces.next()).done === true
  }

  #taken(piece: Buffer): Buffer {
    this.bytes += piece.length
    if (this.bytes > this.#bytesMax)
      throw new SmtpError(`552 5.3.4 The message is larger than ${this.#bytesMax} bytes, which is the most taken here`)
    this.#hash?.update(piece)
    return this.#lines.take(piece)
  }
}

function asBuffer(piece: Uint8Array): Buffer {
  return Buffer.isBuffer(piece) ? piece : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
}
