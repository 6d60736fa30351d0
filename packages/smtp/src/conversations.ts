// The sessions of a server: one for each client that comes through a door, until it's gone; and the end of all of them, which lets
// clients finish. RFC 5321 §3.8, contract A2.

import { evenly, type Incoming } from '@postern/service'
import { SMTPServer } from 'smtp-server'
import type { Conversation } from './conversation.js'
import type { Reply } from './reply.js'
import { Wire, type WireLimits } from './wire.js'

const goingDown: Reply = '421 4.3.2 The server is going down, try again later'
const tellGoingDown = (session: Conversation): Promise<void> =>
  session.bye(goingDown, { reason: 'The server is going down' })

export interface ConversationsOptions<Session extends Conversation> {
  readonly hostname: string
  readonly limits: WireLimits
  readonly begin: (wire: Wire) => Session
  /** For who comes with TLS where it begins in clear. */
  readonly onTlsHello: () => Reply
}

export class Conversations<Session extends Conversation> {
  readonly #options: ConversationsOptions<Session>
  /** Holds the options of its connections; it has no port of its own, and logs nothing. */
  readonly #library: SMTPServer
  readonly #running = new Map<Session, Promise<void>>()
  #isDraining = false

  constructor(options: ConversationsOptions<Session>) {
    const { hostname, limits } = options
    this.#options = options
    this.#library = new SMTPServer({
      name: hostname,
      logger: false,
      maxCommandLength: limits.lineBytesMax,
      socketTimeout: limits.idleTimeoutMs,
      disableReverseLookup: true,
    })
  }

  get size(): number {
    return this.#running.size
  }

  serve(incoming: Incoming): void {
    const { limits, begin, onTlsHello } = this.#options
    const bye = (reply: Reply, reason: string): void => void session.bye(reply, { reason, givenUp: true })
    const wire = new Wire(this.#library, {
      incoming,
      limits,
      onIdle: () => bye('421 4.4.2 Idle for too long', 'Idle for too long'),
      onLineTooLong: () => bye('500 5.5.2 The line is too long', 'Line too long'),
      onTlsHello: () => bye(onTlsHello(), 'TLS where it begins in clear'),
    })
    const session = begin(wire)
    wire.init()
    const run = session.run().finally(() => void this.#running.delete(session))
    this.#running.set(session, run)
    // It was shaking hands when the others were told.
    if (this.#isDraining) void tellGoingDown(session)
  }

  running(): Iterable<Session> {
    return this.#running.keys()
  }

  /** False where there's none of that id. */
  endSession(id: string): boolean {
    const session = Array.from(this.#running.keys()).find(({ wire }) => wire.incoming.id === id)
    session?.logger.info('session is ended by a command')
    session?.endNow()
    return session !== undefined
  }

  /** Who comes from now on hears that the server is going down. */
  turnAway(): void {
    this.#isDraining = true
  }

  /** Says goodbye to everybody, spread over the time; resolves when all have gone. */
  async drain({ overMs = 0 }: { readonly overMs?: number } = {}): Promise<void> {
    this.turnAway()
    const sessions = Array.from(this.#running.keys())
    const goodbyes: Promise<void>[] = []
    const sayings = sessions.map((session) => () => void goodbyes.push(tellGoingDown(session)))
    await evenly(sayings, { overMs })
    await Promise.all(goodbyes)
    await this.ended()
  }

  /** Resolves when nothing runs for anybody any more. */
  async ended(): Promise<void> {
    await Promise.all(this.#running.values())
  }
}
