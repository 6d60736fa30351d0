// The sessions of a server: one for each client that comes through a door, until it's gone; and the end of all of them, which lets
// clients finish. RFC 5321 §3.8, contract A2.

import type { Incoming } from '@postern/service'
import { SMTPServer } from 'smtp-server'
import type { SubmissionContext } from './context.js'
import type { Reply } from './reply.js'
import { Session } from './session.js'
import { Wire } from './wire.js'

const goingDown: Reply = '421 4.3.2 The server is going down, try again later'

export class Sessions {
  readonly #context: SubmissionContext
  /** Holds the options of its connections; it has no port of its own, and logs nothing. */
  readonly #library: SMTPServer
  readonly #running = new Map<Session, Promise<void>>()
  #isDraining = false

  constructor(context: SubmissionContext) {
    const { hostname, limits } = context
    this.#context = context
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
    const { limits, tlsPort } = this.#context
    const bye = (reply: Reply, reason: string): void => void session.bye(reply, { reason, givenUp: true })
    const wire = new Wire(this.#library, {
      incoming,
      limits,
      onIdle: () => bye('421 4.4.2 Idle for too long', 'Idle for too long'),
      onLineTooLong: () => bye('500 5.5.2 The line is too long', 'Line too long'),
      onTlsHello: () =>
        bye(
          `554 5.7.0 Wrong encryption mode for this port: connect to port ${tlsPort()} with TLS, or use STARTTLS here`,
          'TLS on the port of STARTTLS',
        ),
    })
    const session = new Session(wire, this.#context)
    wire.init()
    const run = session.run().finally(() => void this.#running.delete(session))
    this.#running.set(session, run)
    // It was shaking hands when the others were told.
    if (this.#isDraining) void session.bye(goingDown, { reason: 'The server is going down' })
  }

  /** Says goodbye to everybody; resolves when all have gone. */
  async drain(): Promise<void> {
    this.#isDraining = true
    const sessions = Array.from(this.#running.keys())
    await Promise.all(sessions.map((session) => session.bye(goingDown, { reason: 'The server is going down' })))
  }

  /** Resolves when nothing runs for anybody any more. */
  async ended(): Promise<void> {
    await Promise.all(this.#running.values())
  }
}
