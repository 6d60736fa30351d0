// The sessions of a server: one for each client that comes through a door, with its clocks, until it's gone; and the end of all of
// them, which lets clients finish. RFC 9051 §5.4, §7.1.5.

import { Connection, type Incoming } from '@postern/service'
import { CommandLoop } from './command-loop.js'
import type { ImapContext } from './context.js'
import { Session } from './session.js'

const goingDown = 'The server is going down'

export class Sessions {
  readonly #context: ImapContext
  readonly #running = new Map<CommandLoop, Promise<void>>()
  #isDraining = false

  constructor(context: ImapContext) {
    this.#context = context
  }

  get size(): number {
    return this.#running.size
  }

  serve(incoming: Incoming): void {
    const { writeBufferBytesMax, writeStallTimeoutMs, idleTimeoutMs, lingerMs, loginTimeoutMs } = this.#context.limits
    const onIdle = (): void => void loop.bye('Idle for too long', { givenUp: true })
    const clocks = { writeStallTimeoutMs, idleTimeoutMs, lingerMs, onIdle }
    const session = new Session(new Connection(incoming, { writeBufferBytesMax, ...clocks }), this.#context)
    const loop = new CommandLoop(session)
    session.loginTimer = setTimeout(() => void loop.bye('Too long without a login'), loginTimeoutMs)
    const run = loop.run().finally(() => void this.#running.delete(loop))
    this.#running.set(loop, run)
    // It was shaking hands when the others were told.
    if (this.#isDraining) void loop.bye(goingDown)
  }

  /** Says goodbye to everybody; resolves when all have gone. */
  async drain(): Promise<void> {
    this.#isDraining = true
    await Promise.all(Array.from(this.#running.keys(), (loop) => loop.bye(goingDown)))
  }

  /** Resolves when nothing runs for anybody any more. */
  async ended(): Promise<void> {
    await Promise.all(this.#running.values())
  }
}
