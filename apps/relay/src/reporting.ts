// Writes down what became of recipients, first thing behind the answer: until then a crash would have it sent once more. What the
// sender is to be told goes into the INBOX in the same commit, one notification for all recipients of a load. A store that can't
// write now is asked again, as long as the lease holds.

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type AccountId,
  type Delivery,
  type RefusalCode,
  type Reported,
  type ReportedTogether,
  type StagedMessage,
  type Store,
  StoreRefusal,
} from '@postern/mailbox-store'
import type { Logger } from '@postern/telemetry'
import type { OpenedMessage } from './carrying.js'
import { inOneStream, notification } from './dsn/notification.js'
import type { Occasion } from './dsn/told.js'
import type { Measures } from './measures.js'
import { fieldValue } from './outgoing-header.js'
import { clearTextOf, type SealFor } from './sealing.js'
import type { Seldom } from './seldom.js'
import type { Verdict } from './verdicts.js'

export interface ReportingOptions {
  readonly store: Store
  readonly owner: string
  readonly hostname: string
  /** Whose INBOX takes what this sender is to be told; undefined where nobody's may. */
  readonly noticePlaceOf: (of: {
    readonly account: AccountId | undefined
    readonly sender: string
  }) => Promise<AccountId | undefined>
  readonly sealFor?: SealFor | undefined
  readonly measures: Measures
  readonly againMs: number
  readonly clock: () => number
  readonly logger: Logger
  readonly seldom: Seldom
  /** The relay stops: what can't be written now isn't written by it. */
  readonly signal: AbortSignal
}

export interface About {
  readonly opened: OpenedMessage | undefined
  /** Where they were sent. */
  readonly relay: string
}

/** Said by the store of a place that was to take a message. */
const refusalsOfPlaces: readonly RefusalCode[] = ['over-quota', 'not-found']

/** Said of a notification that will never be taken, or of a place that isn't there. */
const refusalsOfNotices: readonly RefusalCode[] = ['message-too-big', 'not-found']

export class Reporting {
  readonly #options: ReportingOptions

  constructor(options: ReportingOptions) {
    this.#options = options
  }

  /** Throws what the store says of a place in this gateway (`over-quota`, `not-found`); then nothing is written. */
  async report(verdicts: readonly Verdict[], about: About): Promise<void> {
    const quiet = verdicts.filter(({ told }) => told === undefined)
    const telling = verdicts.filter(({ told }) => told !== undefined)
    await Promise.all([...quiet.map((verdict) => this.#one(verdict, about)), this.#tell(telling, about)])
  }

  async #one(verdict: Verdict, about: About): Promise<void> {
    const { store, owner } = this.#options
    const { row, outcome } = verdict
    const reported = await this.#write(() => store.outbox.report({ id: row.id, owner, outcome }))
    if (reported === undefined) return
    this.#settled([verdict], about)
    verdict.here?.settled?.(reported.instead)
    if (reported.kept) this.#options.measures.kept(verdict, messageIdOf(about.opened))
  }

  async #tell(verdicts: readonly Verdict[], about: About): Promise<void> {
    const { store, owner, logger } = this.#options
    if (verdicts.length === 0) return
    const recipients = verdicts.map(({ row: { id }, outcome }) => ({ id, outcome }))
    let isTold = false
    const write = async (): Promise<ReportedTogether> => {
      const notice = await this.#notice(verdicts, about).catch(noticeTrouble(logger))
      isTold = notice !== undefined
      return store.outbox.reportTogether({ owner, recipients, notice })
    }
    const reported = await this.#write(write)
    if (reported !== undefined) {
      this.#settled(verdicts, about)
      for (const { here } of verdicts) here?.settled?.(undefined)
      const [first] = verdicts
      if (reported.kept && first !== undefined) this.#options.measures.kept(first, messageIdOf(about.opened))
      if (isTold) this.#bounced(verdicts, { about, reported })
    } else if (verdicts.length > 1) {
      // One of them is another relay's by now; the others are still ours.
      for (const verdict of verdicts) await this.#tell([verdict], about)
    }
  }

  async #notice(verdicts: readonly Verdict[], { opened }: About): Promise<Delivery | undefined> {
    const { hostname, noticePlaceOf, clock, logger } = this.#options
    const told = verdicts.flatMap((verdict) => verdict.told ?? [])
    const [submission] = verdicts.map(({ row }) => row)
    if (submission === undefined || opened === undefined) return undefined
    const account = await noticePlaceOf(submission)
    if (account === undefined) {
      logger.warn({ queueId: submission.queueId }, 'the sender has no INBOX here that could be told')
      return undefined
    }
    const now = clock()
    const occasion = { told, submission, hostname, now }
    const message = await this.#staged(account, { occasion, returned: opened }).catch((err: unknown) => {
      if (!(err instanceof StoreRefusal) || err.code !== 'message-too-big') throw err
      const smaller = { ...occasion, submission: { ...submission, ret: 'hdrs' as const } }
      return this.#staged(account, { occasion: smaller, returned: opened })
    })
    // A full INBOX is no reason to say nothing.
    return { message, internalDate: Math.floor(now / 1000), recipients: [{ account, beyondQuota: true }] }
  }

  async #staged(
    account: AccountId,
    { occasion, returned }: { readonly occasion: Occasion; readonly returned: OpenedMessage },
  ): Promise<StagedMessage> {
    const { store, sealFor } = this.#options
    const id = randomUUID()
    const pieces = () => notification(occasion, { returned, id })
    const [beginning] = pieces()
    const text = () => inOneStream(pieces())
    return store.stage((await sealFor?.(account, clearTextOf(text, beginning as Buffer))) ?? text())
  }

  /**
   * Undefined where the recipient is no longer ours, or the relay has stopped. What fails in any other way is tried again, also where
   * it's a mistake of our own: a report that was given up would have the message sent again and again.
   */
  async #write<Result extends Reported | ReportedTogether>(write: () => Promise<Result>): Promise<Result | undefined> {
    const { againMs, seldom, signal } = this.#options
    for (;;) {
      try {
        return await write()
      } catch (err) {
        const code = err instanceof StoreRefusal ? err.code : undefined
        if (code !== undefined && refusalsOfPlaces.includes(code)) throw err
        if (code === 'lease-lost') return undefined
        seldom.error(err, 'what became of a recipient could not be written down yet')
      }
      if (signal.aborted) return undefined
      await sleep(againMs, undefined, { signal }).catch(() => undefined)
    }
  }

  #settled(verdicts: readonly Verdict[], { opened, relay }: About): void {
    const messageId = messageIdOf(opened)
    for (const verdict of verdicts) this.#options.measures.settled(verdict, { messageId, relay })
  }

  #bounced(verdicts: readonly Verdict[], { about, reported }: { about: About; reported: ReportedTogether }): void {
    const { measures, logger } = this.#options
    const [verdict] = verdicts
    const [notice] = reported.notice
    if (verdict === undefined) return
    if (notice?.outcome === 'delivered')
      measures.bounced(verdict, {
        messageId: messageIdOf(about.opened),
        recipients: verdicts.map(({ row }) => row.recipient),
      })
    else logger.error({ queueId: verdict.row.queueId, why: notice?.outcome }, 'the sender could not be told')
  }
}

const messageIdOf = (opened: OpenedMessage | undefined): string | undefined =>
  opened === undefined ? undefined : fieldValue(opened.header, 'message-id')

/** What the store can't do for a while is tried again with everything else; a notification that can't be made is left out. */
const noticeTrouble =
  (logger: Logger) =>
  (err: unknown): undefined => {
    if (err instanceof StoreRefusal && !refusalsOfNotices.includes(err.code)) throw err
    logger.error({ err }, 'a notification could not be made')
    return undefined
  }
