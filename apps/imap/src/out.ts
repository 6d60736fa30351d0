// The way out: words are written into one buffer and leave it when a command ends or the buffer is full, in one write to
// the network. A client that doesn't read makes the writer wait here.

import { Writer } from '@postern/imap-wire'
import type { Connection } from '@postern/service'
import { ClientGone } from './input.js'

const fullBytes = 65_536

export class Out extends Writer {
  readonly #connection: Connection

  constructor(connection: Connection) {
    super()
    this.#connection = connection
  }

  get isFull(): boolean {
    return this.length >= fullBytes
  }

  /** Between items: waits only where there's much and the client is slow. */
  async breathe(): Promise<void> {
    if (this.isFull) await this.flush()
  }

  /** Of a long answer nothing more is fetched for a client that has gone; what it said besides is still done. */
  async flush(): Promise<void> {
    if (this.isFull && this.#connection.isGone) throw new ClientGone()
    if (this.length > 0) await this.#connection.write(this.take())
  }
}
