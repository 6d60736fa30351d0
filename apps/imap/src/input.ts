// The way in: frames one after another, read from the network only when the last ones are worked off.

import { type Frame, Framer } from '@postern/imap-wire'
import type { Connection } from '@postern/service'

export class Input {
  readonly framer = new Framer()
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Undefined when the client is gone. */
  async next(): Promise<Frame | undefined> {
    for (;;) {
      const frame = this.framer.next()
      if (frame !== undefined) return frame
      const bytes = await this.#connection.read()
      if (bytes === undefined) return undefined
      this.framer.push(bytes)
    }
  }

  /** The pieces of a streamed literal, each read when the one before it has been taken. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const frame = await this.next()
      if (frame?.kind !== 'chunk') throw new Error('the client went away within a literal')
      // A chunk is a view of a network buffer that the framer goes on with.
      if (frame.bytes.length > 0) yield frame.bytes.slice()
      if (frame.isLast) return
    }
  }
}
