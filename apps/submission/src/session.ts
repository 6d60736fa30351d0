// One client from the greeting to the goodbye: what is known of it, its clocks, and the loop in which its lines are obeyed one
// after another. RFC 5321 §3.1, §3.8.

import type { HeldSendingRules } from '@postern/mailbox-store'
import { connectionLogger, type Logger } from '@postern/telemetry'
import type { Admission, SubmissionContext } from './context.js'
import { Measures } from './measures.js'
import { obey } from './obey.js'
import { type Reply, SmtpError } from './reply.js'
import type { Transaction } from './transaction.js'
import { ClientGone, type Wire } from './wire.js'

/** How the client calls itself. */
export interface Hello {
  readonly name: string
  readonly extended: boolean
}

export type SendingLimits = Pick<HeldSendingRules, 'messageBytesMax' | 'recipientsMax' | 'sessionMsMax'>

export class Session {
  readonly wire: Wire
  readonly context: SubmissionContext
  readonly logger: Logger
  readonly measures: Measures
  hello: Hello | undefined
  admission: Admission | undefined
  transaction: Transaction | undefined
  /** Those of the server until the login; then what holds for who sends. */
  limits: SendingLimits
  wrongLogins = 0
  /** Lines that were no commands, since the last one that was. */
  badCommands = 0
  readonly #beganMs: number
  #loginTimer: NodeJS.Timeout
  #sessionTimer: NodeJS.Timeout
  #farewell: Reply | undefined
  #endReason: string | undefined

  constructor(wire: Wire, context: SubmissionContext) {
    const { loginTimeoutMs, sessionMsMax } = context.limits
    this.wire = wire
    this.context = context
    this.limits = context.limits
    this.logger = connectionLogger(context.logger, { ...wire.incoming, protocol: 'smtp' })
    this.measures = new Measures(wire, context.metrics)
    this.#beganMs = context.clock()
    this.#loginTimer = setTimeout(() => void this.bye(tooLongWithoutLogin, { reason: 'No login' }), loginTimeoutMs)
    this.#sessionTimer = setTimeout(() => this.#overtime(), sessionMsMax)
  }

  async run(): Promise<void> {
    try {
      this.wire.say(`220 ${this.context.hostname} ESMTP Postern`)
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
      await obey(this, line)
    }
    this.#leave(this.#farewell)
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

  admit(admission: Admission): void {
    this.admission = admission
    clearTimeout(this.#loginTimer)
    this.measures.loggedIn()
    this.logger.info({ address: admission.address, tls: this.wire.tls }, 'logged in')
    admission.onEnded?.(() => this.#endNow())
    this.used()
  }

  /** What holds for who is logged in, as it is now. */
  async askRules(): Promise<HeldSendingRules> {
    const { credential, inbox, domain } = this.login.sender
    const party = { credential: credential?.id, inbox: inbox?.id, domain: domain.id }
    const rules = await this.context.lookups.sendingRulesFor(party)
    if (rules.sessionMsMax !== this.limits.sessionMsMax) this.#limitSession(rules.sessionMsMax)
    this.limits = rules
    return rules
  }

  /** From the session's beginning on. */
  #limitSession(sessionMsMax: number): void {
    clearTimeout(this.#sessionTimer)
    const leftMs = this.#beganMs + sessionMsMax - this.context.clock()
    this.#sessionTimer = setTimeout(() => this.#overtime(), Math.max(0, leftMs))
  }

  /** The client works: its credential is in use. */
  used(): void {
    this.admission?.used?.(this.hello?.name)
  }

  /** The login, for commands that come behind it. */
  get login(): Admission {
    if (this.admission === undefined) throw new SmtpError('530 5.7.0 Authentication required')
    return this.admission
  }

  #overtime(): void {
    void this.bye('421 4.4.2 The session has lasted too long', { reason: 'Session too long', givenUp: true })
  }

  /** Contract B4: who may be here no longer is gone soon. Why is not the client's to know. */
  #endNow(): void {
    void this.bye('421 4.7.0 The session has ended', { reason: 'Ended', givenUp: true })
    const cutOff = setTimeout(() => this.wire.destroy(), this.context.limits.endGraceMs)
    void this.wire.closed.then(() => clearTimeout(cutOff))
  }

  #ended(): void {
    const { admission, hello } = this
    clearTimeout(this.#loginTimer)
    clearTimeout(this.#sessionTimer)
    admission?.left?.()
    this.measures.end(this.logger, {
      reason: this.#endReason ?? 'The client left',
      ...(admission && { address: admission.address }),
      ...(hello && { client: hello.name }),
    })
  }
}

const tooLongWithoutLogin: Reply = '421 4.4.2 Too long without a login'
