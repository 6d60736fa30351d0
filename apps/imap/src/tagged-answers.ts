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
    if (done?.answered === true) return
    const session = this.#session
    const expunges = mayTellExpunges(asked)
    await session.tellNews({ expunges })
    // RFC 2180 §4.1, RFC 5530 §3: messages that the client counts are gone, and it can't be told so here.
    const code = done?.code ?? (!expunges && session.selected?.view.hasGone === true ? 'EXPUNGEISSUED' : undefined)
    session.out.status(asked.tag, { kind: 'OK', code, text: done?.text ?? 'Done' })
  }

  async refused(asked: Asked, error: unknown): Promise<void> {
    const { logger, out } = this.#session
    const refusal = error instanceof StoreRefusal ? asImapError(error) : error
    if (refusal instanceof ImapError) {
      if (error instanceof StoreRefusal && refusal.code === 'UNAVAILABLE') logger.error({ err: error }, 'refused')
      if (refusal.kind === 'NO') await this.#session.tellNews({ expunges: mayTellExpunges(asked) }).catch(() => {})
      this.fault(asked.tag, refusal)
      return
    }
    if (error instanceof ClientGone || error instanceof BrokenAnswer) throw error
    logger.error({ err: error }, 'command failed')
    out.status(asked.tag, {
      kind: 'NO',
      code: 'SERVERBUG',
      text: 'The server made a mistake, which is in its log',
    })
  }

  /** NO, BAD or BYE. Too many BADs in a row are the end (contract C8). */
  fault(tag: string, { kind, code, text }: ImapError): void {
    const { context, out } = this.#session
    out.status(kind === 'BYE' ? '*' : tag, { kind, code, text })
    if (kind === 'BYE') this.#session.finish()
    if (kind !== 'BAD') return
    if (++this.#badInARow < context.limits.badCommandsMax) return
    out.status('*', { kind: 'BYE', text: 'Too many bad commands' })
    this.#session.finish()
  }
}
