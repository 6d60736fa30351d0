// The message behind DATA, between the parser that cuts it out and the one who reads it: a short queue of pieces that holds the client up
// when it's full. It stands where smtp-server puts a PassThrough, and does of it what the parser and the wire ask for: a message is four
// of its method calls here, and was a tenth of the work of taking a small one there.

import { EventEmitter } from 'node:events'
import { SmtpError } from './reply.js'

export interface MessageDataOptions {
  /** 552 5.3.4: nobody reads on to the end of what has none. */
  readonly bytesMax: number
}

/** So much waits for its reader before the client does. */
const heldBytesMax = 65_536

interface Reader {
  resolve(result: IteratorResult<Buffer, undefined>): void
  reject(error: Error): void
}

export class MessageData extends EventEmitter implements AsyncIterableIterator<Buffer, undefined> {
  /** The parser counts here what it has cut out. */
  byteLength = 0
  sizeExceeded = false
  destroyed = false
  writableEnded = false
  /** The reader has had all of it. */
  readableEnded = false
  readonly #bytesMax: number
  #pieces: Buffer[] = []
  #heldBytes = 0
  #isFull = false
  #error: Error | undefined
  #reader: Reader | undefined

  constructor({ bytesMax }: MessageDataOptions) {
    super()
    this.#bytesMax = bytesMax
  }

  get writable(): boolean {
    return !this.writableEnded && !this.destroyed
  }

  /** False where whoever reads has enough for now; `drain` says when not any more. */
  write(piece: Buffer): boolean {
    if (!this.writable) return true
    if (this.byteLength > this.#bytesMax) {
      this.destroy(new SmtpError('552 5.3.4 The message is far too large'))
      return true
    }
    const reader = this.#reader
    if (reader !== undefined) {
      this.#reader = undefined
      reader.resolve({ value: piece, done: false })
      return true
    }
    this.#pieces.push(piece)
    this.#heldBytes += piece.length
    this.#isFull = this.#heldBytes >= heldBytesMax
    return !this.#isFull
  }

  end(last?: Buffer): void {
    if (last !== undefined && last.length > 0) this.write(last)
    this.writableEnded = true
    if (this.#reader !== undefined) this.#settle()
  }

  /** Nobody reads it any more, or nobody writes it: then the reader hears why. */
  destroy(error?: Error): void {
    if (this.destroyed || this.readableEnded) return
    this.destroyed = true
    this.#error = error
    this.#pieces = []
    if (this.#reader !== undefined) this.#settle()
    process.nextTick(() => this.emit('close'))
  }

  /** One call at a time. */
  next(): Promise<IteratorResult<Buffer, undefined>> {
    const piece = this.#pieces.shift()
    if (piece === undefined)
      return new Promise((resolve, reject) => {
        this.#reader = { resolve, reject }
        if (!this.writable) this.#settle()
      })
    this.#heldBytes -= piece.length
    if (this.#isFull && this.#pieces.length === 0) {
      this.#isFull = false
      this.emit('drain')
    }
    return Promise.resolve({ value: piece, done: false })
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.destroy()
    return { value: undefined, done: true }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** There is no more: the one who waits is told so, once. */
  #settle(): void {
    const reader = this.#reader
    const error = this.#error
    this.#reader = undefined
    this.#error = undefined
    if (error !== undefined) {
      reader?.reject(error)
      return
    }
    reader?.resolve({ value: undefined, done: true })
    if (this.destroyed || this.readableEnded) return
    this.readableEnded = true
    process.nextTick(() => this.emit('end'))
  }
}
