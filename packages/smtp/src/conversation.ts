// One client from the greeting to the goodbye: its clocks, and the loop in which its lines are obeyed one after another. What a door
// knows of its client beyond that is in a class of its own that extends this one. RFC 5321 §3.1, §3.8.

import { connectionLogger, type Logger } from '@postern/telemetry'
import { Measures, type Meters } from './measures.js'
import type { Reply } from './reply.js'
import { ClientGone, type Wire } from './wire.js'

/** How the client calls itself. */
export interface Hello {
  readonly name: string
  readonly extended: boolean
}

export interface ConversationOptions {
  /** In every line of the log. */
  readonly protocol: 'smtp' | 'lmtp'
  readonly logger: Logger
  readonly meters: Meters
  readonly sessionMsMax: number
  /** Who is told to go may finish what it's doing within this. */
  readonly endGraceMs: number
  /** Unix milliseconds. */
  readonly clock: () => number
}

export abstract class Conversation {
  readonly wire: Wire
  readonly logger: Logger
  readonly measures: Measures
  hello: Hello | undefined
  /** Lines that were no commands, since the last one that was. */
  badCommands = 0
  /** The command that is under way. */
  doing: string | undefined
  readonly #options: ConversationOptions
  readonly #beganMs: number
  #sessionTimer: NodeJS.Timeout
  #farewell: Reply | undefined
  #endReason: string | undefined

  constructor(wire: Wire, options: ConversationOptions) {
    this.wire = wire
    this.logger = connectionLogger(options.logger, { ...wire.incoming, protocol: options.protocol })
    this.measures = new Measures(wire, options.meters)
    this.#options = options
    this.#beganMs = options.clock()
    this.#sessionTimer = setTimeout(() => this.#overtime(), options.sessionMsMax)
  }

  /** A 421 or a 554 is all that the client hears. */
  protected abstract greeting(): Reply | Promise<Reply>
  protected abstract obey(line: Buffer): Promise<void>
  /** When the client has gone: what the log says of it beside the reason. */
  protected abstract left(): { readonly address?: string }

  async run(): Promise<void> {
    try {
      const greeting = await this.greeting()
      if (!greeting.startsWith('2')) void this.bye(greeting, { reason: 'Not let in' })
      else this.wire.say(greeting)
      await this.#serve()
    } catch (error) {
      if (error instanceof ClientGone) {
        if (error.message !== '') this.#endReason ??= error.message
      } else {
        this.logger.error({ err: error }, 'session failed')
        this.#endReason ??= 'Failed'
        this.wire.destroy()
      }
    }
    await this.wire.closed
    this.#ended()
  }

  async #serve(): Promise<void> {
    while (this.#farewell === undefined) {
      const line = await this.wire.line()
      if (line === undefined) return
      await this.obey(line)
    }
    this.#leave(this.#farewell)
  }

  /** Unix milliseconds. */
  get since(): number {
    return this.#beganMs
  }

  /** The client's next line where a command asks for more. */
  async ask(reply: Reply): Promise<Buffer> {
    this.wire.say(reply)
    const line = await this.wire.line()
    if (line === undefined) throw new ClientGone()
    return line
  }

  /**
   * Says goodbye; what has been begun is answered first, a message that is on its way too unless the client is given up.
   * Resolves when the client is gone.
   */
  async bye(reply: Reply, { reason, givenUp = false }: { reason: string; givenUp?: boolean }): Promise<void> {
    const { wire } = this
    if (!wire.isOver) {
      this.#endReason ??= reason
      this.#farewell ??= reply
      if (wire.isWaiting || (givenUp && wire.isReceiving)) this.#leave(this.#farewell)
    }
    await wire.closed
  }

  #leave(farewell: Reply): void {
    this.wire.say(farewell)
    this.wire.close()
  }

  /** From the session's beginning on. */
  limitSession(sessionMsMax: number): void {
    clearTimeout(this.#sessionTimer)
    const leftMs = this.#beganMs + sessionMsMax - this.#options.clock()
    this.#sessionTimer = setTimeout(() => this.#overtime(), Math.max(0, leftMs))
  }

  #overtime(): void {
    void this.bye('421 4.4.2 The session has lasted too long', { reason: 'Session too long', givenUp: true })
  }

  /** For who may be here no longer. Why is not the client's to know. */
  endNow(): void {
    void this.bye('421 4.7.0 The session has ended', { reason: 'Ended', givenUp: true })
    const cutOff = setTimeout(() => this.wire.destroy(), this.#options.endGraceMs)
    void this.wire.closed.then(() => clearTimeout(cutOff))
  }

  #ended(): void {
    const { hello } = this
    clearTimeout(this.#sessionTimer)
    const about = this.left()
    this.measures.end(this.logger, {
      reason: this.#endReason ?? 'The client left',
      ...about,
      ...(hello && { client: hello.name }),
    })
  }
}
