// A message on its way in, counted. Above the limit nothing is kept any more, but it's read to its end, so that the client hears the
// refusal (RFC 1870 §6.2); one that has no end is cut off.

import type { Readable } from 'node:stream'
import type { SubmissionLimits } from './limits.js'
import { SmtpError } from './reply.js'

export class MeasuredBody implements AsyncIterable<Uint8Array> {
  readonly #data: Readable
  readonly #limits: Pick<SubmissionLimits, 'messageBytesMax' | 'overrunBytesMax'>
  #bytes = 0

  constructor(data: Readable, limits: Pick<SubmissionLimits, 'messageBytesMax' | 'overrunBytesMax'>) {
    this.#data = data
    this.#limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  get #isTooLarge(): boolean {
    return this.#bytes > this.#limits.messageBytesMax
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const { messageBytesMax, overrunBytesMax } = this.#limits
    for await (const piece of this.#data as AsyncIterable<Buffer>) {
      this.#bytes += piece.length
      if (this.#bytes > messageBytesMax + overrunBytesMax)
        throw new SmtpError('421 5.3.4 The message is far too large', { closes: true })
      if (!this.#isTooLarge) yield piece
    }
  }

  refuseTooLarge(): void {
    if (!this.#isTooLarge) return
    throw new SmtpError(`552 5.3.4 The message is too large: ${this.#limits.messageBytesMax} bytes is the most`)
  }
}
