// The way out: words are written into one buffer and leave it when a command ends or the buffer is full, in one write to
// the network. A client that doesn't read makes the writer wait here.

import { Writer } from '@postern/imap-wire'
import type { Connection } from '@postern/service'
import { ClientGone } from './input.js'

const fullBytes = 65_536
/** What TLS encrypts at once (RFC 8446 §5.1): in the middle of a long answer none is sent that isn't full. */
const recordBytes = 16_384

export class Out extends Writer {
  readonly #connection: Connection
  #soon: NodeJS.Immediate | undefined

  constructor(connection: Connection) {
    super()
    this.#connection = connection
  }

  get isFull(): boolean {
    return this.length >= fullBytes
  }

  /** Between items: waits only where there's much and the client is slow. */
  async breathe(): Promise<void> {
    if (!this.isFull) return
    this.#goesOn()
    await this.sendMuch()
  }

  /** Of a long answer nothing more is fetched for a client that has gone; what it said besides is still done. */
  #goesOn(): void {
    if (this.#connection.isGone) throw new ClientGone()
  }

  /** Sends what's there, and lets others have their turn, in which the network takes it. The room is written to again. */
  async sendMuch(): Promise<void> {
    const sent = this.takeWhole(recordBytes)
    await this.#connection.write(sent)
    await new Promise(setImmediate)
    if (this.#connection.pendingWriteBytes === 0) this.giveBack(sent)
  }

  /** Sends what's there as soon as anything has to be waited for. */
  flushSoon(): void {
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined
      const sent = this.take()
      if (sent.length > 0) void this.#connection.write(sent)
    })
  }

  /** Sends what's there and keeps nothing, not even room. Returns a promise where the client is slow. */
  flush(): Promise<void> | undefined {
    if (this.isFull) this.#goesOn()
    const sent = this.take()
    return sent.length > 0 ? this.#connection.write(sent) : undefined
  }
}
