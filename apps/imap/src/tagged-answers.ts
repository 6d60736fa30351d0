// The end of each command: what has happened meanwhile is told, as far as the command lets it, then comes the tagged answer.
// A refusal says what the client shall read; anything else that went wrong is a bug, logged with its stack. RFC 9051 §7.1.

import { ImapError } from '@postern/imap-wire'
import { StoreRefusal } from '@postern/mailbox-store'
import { type Asked, mayTellExpunges } from './asked.js'
import { BrokenAnswer } from './broken-answer.js'
import type { Done } from './command.js'
import { ClientGone } from './input.js'
import { asImapError } from './refusals.js'
import type { Session } from './session.js'

export class TaggedAnswers {
  readonly #session: Session
  #badInARow = 0

  constructor(session: Session) {
    this.#session = session
  }

  async done(asked: Asked, done: Done | undefined): Promise<void> {
    this.#badInARow = 0
    const session = this.#session
    session.measures.command(asked, 'ok')
    if (done?.answered === true) return
    const expunges = mayTellExpunges(asked)
    if (session.hasToTell) await session.tellHeard({ expunges })
    // RFC 2180 §4.1, RFC 5530 §3: messages that the client counts are gone, and it can't be told so here.
    const code = done?.code ?? (!expunges && session.selected?.view.hasGone === true ? 'EXPUNGEISSUED' : undefined)
    session.out.status(asked.tag, { kind: 'OK', code, text: done?.text ?? 'Done' })
  }

  async refused(asked: Asked, error: unknown): Promise<void> {
    const { logger, out } = this.#session
    const refusal = error instanceof StoreRefusal ? asImapError(error) : error
    if (refusal instanceof ImapError) {
      if (error instanceof StoreRefusal && refusal.code === 'UNAVAILABLE') logger.error({ err: error }, 'refused')
      if (refusal.kind === 'NO') await this.#session.tellHeard({ expunges: mayTellExpunges(asked) })
      this.fault(asked, refusal)
      return
    }
    const isGone = error instanceof ClientGone || error instanceof BrokenAnswer
    this.#session.measures.command(asked, isGone ? 'gone' : 'bug')
    if (isGone) throw error
    logger.error({ err: error }, 'command failed')
    out.status(asked.tag, {
      kind: 'NO',
      code: 'SERVERBUG',
      text: 'The server made a mistake, which is in its log',
    })
  }

  /** NO, BAD or BYE. Too many BADs in a row are the end (contract C8). */
  fault(asked: Asked, { kind, code, text }: ImapError): void {
    const { context, logger, measures, out } = this.#session
    measures.command(asked, outcomes[kind])
    logger.debug({ command: asked.found?.name, kind, code: typeof code === 'object' ? code.name : code }, 'refused')
    out.status(kind === 'BYE' ? '*' : asked.tag, { kind, code, text })
    if (kind === 'BYE') this.#session.finish(text)
    if (kind === 'NO') this.#badInARow = 0
    if (kind !== 'BAD' || ++this.#badInARow < context.limits.badCommandsMax) return
    const tooMany = 'Too many bad commands'
    out.status('*', { kind: 'BYE', text: tooMany })
    this.#session.finish(tooMany)
  }
}

const outcomes = { NO: 'no', BAD: 'bad', BYE: 'bye' } as const
