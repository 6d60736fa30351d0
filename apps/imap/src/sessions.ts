// The sessions of a server: one for each client that comes through a door, with its clocks, until it's gone; and the end of all of
// them, which lets clients finish. RFC 9051 §5.4, §7.1.5.

import type { LiveSession } from '@postern/events'
import { Connection, evenly, type Incoming } from '@postern/service'
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

  *live(): Iterable<LiveSession> {
    for (const { session } of this.#running.keys()) yield described(session)
  }

  /** False where there's none of that id. */
  endSession(id: string): boolean {
    const loop = Array.from(this.#running.keys()).find(({ session }) => session.connection.id === id)
    loop?.session.logger.info('session is ended by a command')
    loop?.session.endNow()
    return loop !== undefined
  }

  /** Who comes from now on hears that the server is going down. */
  turnAway(): void {
    this.#isDraining = true
  }

  /** Says goodbye to everybody, spread over the time; resolves when all have gone. */
  async drain({ overMs = 0 }: { readonly overMs?: number } = {}): Promise<void> {
    this.turnAway()
    const goodbyes: Promise<void>[] = []
    const sayings = Array.from(this.#running.keys(), (loop) => () => void goodbyes.push(loop.bye(goingDown)))
    await evenly(sayings, { overMs })
    await Promise.all(goodbyes)
    await this.ended()
  }

  /** Resolves when nothing runs for anybody any more. */
  async ended(): Promise<void> {
    await Promise.all(this.#running.values())
  }
}

function described(session: Session): LiveSession {
  const { connection, admission, clientId, measures, selected, doing } = session
  return {
    ...{ id: connection.id, protocol: 'imap', door: connection.door, since: measures.since, doing },
    address: admission?.address,
    credential: admission?.credential,
    clientAddress: connection.remoteAddress,
    client: clientId,
    mailbox: selected?.mailbox.name,
  }
}
