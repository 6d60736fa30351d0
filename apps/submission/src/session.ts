// One client of the submission doors: who is logged in, the rules that hold for them, the transaction that is open, and the clock
// until the login.

import type { HeldSendingRules } from '@postern/mailbox-store'
import { type CommandSet, Conversation, obey, type Reply, SmtpError, type Wire } from '@postern/smtp'
import type { Metrics } from '@postern/telemetry'
import type { Admission, SubmissionContext } from './context.js'
import { heard } from './heard.js'
import type { Transaction } from './transaction.js'

export type SendingLimits = Pick<HeldSendingRules, 'messageBytesMax' | 'recipientsMax' | 'sessionMsMax'>

export class Session extends Conversation {
  readonly context: SubmissionContext
  admission: Admission | undefined
  transaction: Transaction | undefined
  /** Those of the server until the login; then what holds for who sends. */
  limits: SendingLimits
  wrongLogins = 0
  /** Of the message that was accepted last, and what had come by then. */
  #confirmed: { readonly key: Uint8Array; readonly bytesIn: number } | undefined
  readonly #heard: CommandSet<Session, 'login'>
  #loginTimer: NodeJS.Timeout

  constructor(wire: Wire, context: SubmissionContext) {
    const { logger, metrics, clock } = context
    const { loginTimeoutMs, sessionMsMax, endGraceMs } = context.limits
    super(wire, { protocol: 'smtp', logger, meters: metersOf(metrics), sessionMsMax, endGraceMs, clock })
    this.context = context
    this.limits = context.limits
    this.#heard = heard(context.limits)
    this.#loginTimer = setTimeout(() => void this.bye(tooLongWithoutLogin, { reason: 'No login' }), loginTimeoutMs)
  }

  protected override greeting(): Reply {
    return `220 ${this.context.hostname} ESMTP Postern`
  }

  protected override obey(line: Buffer): Promise<void> {
    this.#noteHeard()
    return obey<Session, 'login'>(this, { line, set: this.#heard })
  }

  /** The 250 to a message is about to be said. */
  confirms(key: Uint8Array): void {
    this.#confirmed = { key, bytesIn: this.wire.bytesIn }
  }

  /** What the client had sent before is no answer to it. */
  #noteHeard(): void {
    const confirmed = this.#confirmed
    if (confirmed === undefined || this.wire.bytesIn === confirmed.bytesIn) return
    this.#confirmed = undefined
    this.context.heardAnswers.note(confirmed.key)
  }

  admit(admission: Admission): void {
    this.admission = admission
    clearTimeout(this.#loginTimer)
    this.measures.opened()
    this.logger.info({ address: admission.address, tls: this.wire.tls }, 'logged in')
    // Contract B4.
    admission.onEnded?.(() => this.endNow())
    this.used()
  }

  /** What holds for who is logged in, as it is now. */
  async askRules(): Promise<HeldSendingRules> {
    const { credential, inbox, domain } = this.login.sender
    const party = { credential: credential?.id, inbox: inbox?.id, domain: domain.id }
    const rules = await this.context.lookups.sendingRulesFor(party)
    if (rules.sessionMsMax !== this.limits.sessionMsMax) this.limitSession(rules.sessionMsMax)
    this.limits = rules
    return rules
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

  protected override left(): { readonly address?: string } {
    const { admission } = this
    clearTimeout(this.#loginTimer)
    admission?.left?.()
    return admission === undefined ? {} : { address: admission.address }
  }
}

const tooLongWithoutLogin: Reply = '421 4.4.2 Too long without a login'

const metersOf = (metrics: Metrics) => ({
  sessionsOpen: metrics.submissionSessionsOpen,
  commands: metrics.submissionCommands,
  commandSeconds: metrics.submissionCommandSeconds,
  messageBytes: metrics.submissionMessageBytes,
  bytes: metrics.submissionBytes,
})
