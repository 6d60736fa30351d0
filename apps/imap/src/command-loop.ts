// One client from the greeting to the goodbye: frames are read one after another, and the command in each is handed on to be
// run and answered (`command-runner.ts`). RFC 9051 §5.5, §7.

import { type Frame, ImapError, type LiteralPiece, type Command as WireCommand } from '@postern/imap-wire'
import { askedBy, checkPrivacy, commandOfLiteral, isStreamed } from './asked.js'
import { CommandRunner } from './command-runner.js'
import { ClientGone } from './input.js'
import type { Session } from './session.js'
import { TaggedAnswers } from './tagged-answers.js'

export class CommandLoop {
  readonly session: Session
  readonly #answers: TaggedAnswers
  readonly #runner: CommandRunner
  #farewell: string | undefined

  constructor(session: Session) {
    this.session = session
    this.#answers = new TaggedAnswers(session)
    this.#runner = new CommandRunner(session, this.#answers)
    session.endNow = () => this.#end()
  }

  async run(): Promise<void> {
    const { connection, out } = this.session
    try {
      this.#greet()
      await out.flush()
      await this.#serve()
      await this.#sayFarewell()
    } catch (error) {
      if (error instanceof ClientGone) return
      this.session.logger.error({ err: error }, 'session failed')
      connection.destroy('session failed')
    } finally {
      this.session.leaveMailbox()
      await connection.end()
      this.session.ended()
    }
  }

  #greet(): void {
    const capabilities = this.session.context.registry.capabilities(this.session)
    this.session.out.status('*', {
      kind: 'OK',
      code: { name: 'CAPABILITY', capabilities },
      text: 'Postern is ready',
    })
  }

  /**
   * Says goodbye; what has been begun is answered first, a message that is on its way too unless the client is given up.
   * Resolves when the client is gone.
   */
  async bye(text: string, { givenUp = false } = {}): Promise<void> {
    const { connection, input, isOver } = this.session
    if (isOver) return connection.closed
    this.session.finish(text)
    this.#farewell = text
    // Between two commands, and in IDLE, nobody else will say it.
    if (input.isWaiting || (givenUp && input.isStreaming)) await this.#sayFarewell()
    await connection.closed
  }

  /** Contract B4: who may be here no longer is gone soon, in the middle of a long answer too. Why is not the client's to know. */
  #end(): void {
    const { connection, context, logger } = this.session
    this.bye('The session has ended', { givenUp: true }).catch((err: unknown) =>
      logger.error({ err }, 'goodbye failed'),
    )
    const cutOff = setTimeout(() => connection.destroy('session ended'), context.limits.endGraceMs)
    void connection.closed.then(() => clearTimeout(cutOff))
  }

  async #sayFarewell(): Promise<void> {
    const { connection, out } = this.session
    if (this.#farewell !== undefined) out.status('*', { kind: 'BYE', text: this.#farewell })
    this.#farewell = undefined
    await out.flush()
    await connection.end()
  }

  async #serve(): Promise<void> {
    const { input } = this.session
    while (!this.session.isOver) {
      const frame = await input.next()
      if (frame === undefined) return
      await this.#take(frame)
      const slow = this.#send()
      if (slow !== undefined) await slow
      if (input.isInCommand) await input.passOver()
    }
  }

  /** Where the next command has come already, its answer may go out with this one's. */
  #send(): Promise<void> | undefined {
    const { fetchesAlike, input, out } = this.session
    if (!input.hasNext) {
      fetchesAlike.forget()
      return out.flush()
    }
    if (out.isFull) return out.sendMuch().then(() => out.flushSoon())
    out.flushSoon()
    return undefined
  }

  /** No function of its own to come back to: an idling client stands behind this for hours. */
  #take(frame: Frame): Promise<void> | undefined {
    switch (frame.kind) {
      case 'fault':
        this.#answers.fault(askedBy(frame.start), frame.error)
        return undefined
      case 'literal':
        return this.#literal(frame)
      case 'command':
        return this.#runner.run(frame.command)
      case 'chunk':
        throw new Error('a chunk that nobody asked for')
    }
  }

  async #literal({ command, literal }: { command: WireCommand; literal: LiteralPiece }): Promise<void> {
    if (isStreamed(command, this.session)) {
      await this.#runner.run(command)
      return
    }
    try {
      checkPrivacy(commandOfLiteral(command, this.session.context.registry).found, this.session)
      this.session.input.hold()
      if (literal.synchronising) await this.session.goAhead()
    } catch (error) {
      if (!(error instanceof ImapError)) throw error
      this.#answers.fault(askedBy(command.pieces[0]?.bytes), error)
    }
  }
}
