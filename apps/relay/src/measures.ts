// What the relay tells of itself: the mail log's lines, and its metrics.

import type { OutboxStats } from '@postern/mailbox-store'
import type { MailLog, Metrics } from '@postern/telemetry'
import type { Verdict } from './verdicts.js'

export interface MeasuresOptions {
  readonly mailLog: MailLog
  readonly metrics: Metrics
  readonly clock: () => number
}

export class Measures {
  readonly #options: MeasuresOptions

  constructor(options: MeasuresOptions) {
    this.#options = options
  }

  /** `relay`: who was asked to take it. */
  settled({ row, outcome, event, status }: Verdict, about: { messageId: string | undefined; relay: string }): void {
    const { mailLog, metrics, clock } = this.#options
    const said = [outcome.code, outcome.text].filter((part) => part !== undefined).join(' ')
    const line = {
      queueId: row.queueId,
      messageId: about.messageId,
      from: row.sender,
      to: row.recipient,
      relay: outcome.remote ?? about.relay,
      status: said === '' ? status : said,
      delayMs: clock() - row.createdAt,
    }
    metrics.relayAttempts.inc({ outcome: event })
    if (outcome.kind === 'deferred') mailLog({ ...line, event: 'deferred', retryAt: new Date(outcome.nextTryAt) })
    else if (event !== 'deferred') mailLog({ ...line, event })
  }

  /** A notification is in the sender's INBOX. */
  bounced({ row }: Verdict, about: { messageId: string | undefined; recipients: readonly string[] }): void {
    const { messageId, recipients } = about
    this.#options.mailLog({ event: 'bounced', queueId: row.queueId, messageId, from: '', to: row.sender, recipients })
  }

  /** What an inbox had sent on is in its INBOX. */
  kept({ row: { queueId, sender, recipient } }: Verdict, messageId: string | undefined): void {
    this.#options.mailLog({ event: 'kept', queueId, messageId, from: sender, to: recipient })
  }

  attempted(seconds: number): void {
    this.#options.metrics.relayAttemptSeconds.observe(seconds)
  }

  queue({ waiting, leased, oldestDueAt }: OutboxStats): void {
    const { metrics, clock } = this.#options
    metrics.relayQueue.set({ state: 'waiting' }, waiting)
    metrics.relayQueue.set({ state: 'leased' }, leased)
    const lateMs = oldestDueAt === undefined ? 0 : clock() - oldestDueAt
    metrics.relayLateSeconds.set(Math.max(0, lateMs) / 1000)
  }
}
