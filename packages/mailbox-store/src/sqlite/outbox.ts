// The outbox on SQLite. What must survive a power cut is flushed: submissions, deliveries, reports. Leases are not:
// one that is forgotten has only ended early.

import type { FileBlobs } from '../blobs/file-blobs.js'
import type { Page } from '../directory/directory.js'
import type { MessageId } from '../model.js'
import type * as O from '../outbox/outbox.js'
import type { Content } from '../store.js'
import type { Connection } from './connection.js'
import { messageContent } from './message-reads.js'
import { answered, rememberAnswer } from './once.js'
import { anythingDue, claim, type DomainCursor, owners, postpone, release, renew } from './outbox-claim.js'
import { listQueue, messageOf, purge, retryAllOf, retryNow, stats, submissionOf } from './outbox-queue.js'
import { cancel, report, reportTogether } from './outbox-report.js'
import { sendingRoom } from './sending-counts.js'
import { writeMerging } from './sent-merge.js'
import { deliver, NotForAll, resendOf, submit } from './submit.js'
import type { Transaction } from './transaction.js'
import type { Writer } from './writer.js'

export interface SqliteOutboxOptions {
  /** Where it reads. */
  readonly db: Connection
  readonly writer: Writer
  readonly blobs: FileBlobs
  readonly now: () => number
  /** Called after a commit that left something to be sent now. */
  readonly onDue: () => void
}

export class SqliteOutbox implements O.Outbox {
  readonly #db: Connection
  readonly #writer: Writer
  readonly #blobs: FileBlobs
  readonly #now: () => number
  readonly #onDue: () => void
  readonly #cursor: DomainCursor = { domain: '' }

  constructor({ db, writer, blobs, now, onDue }: SqliteOutboxOptions) {
    this.#db = db
    this.#writer = writer
    this.#blobs = blobs
    this.#now = now
    this.#onDue = onDue
  }

  #flushed<Result>(run: (tx: Transaction) => Result): Promise<Result> {
    return this.#writer.submit({ run, flush: true })
  }

  #unflushed<Result>(run: (tx: Transaction) => Result): Promise<Result> {
    return this.#writer.submit({ run, flush: false })
  }

  async #read<Result>(run: (db: Connection) => Result): Promise<Result> {
    return run(this.#db)
  }

  async submit(submission: O.Submission): Promise<O.Submitted> {
    const parts = { db: this.#db, writer: this.#writer, blobs: this.#blobs }
    const submitted = await writeMerging(parts, (tx, twins) => submit(tx, submission, twins))
    const isAllHere = submission.recipients.every(({ local, handedOver }) => local !== undefined || handedOver)
    const sendsNothing = submission.recipients.every(({ sentOn = [] }) => sentOn.length === 0)
    if (!submitted.repeated && !(isAllHere && sendsNothing && submitted.undelivered.length === 0)) this.#onDue()
    return submitted
  }
  resent(ask: O.ResendAsk): Promise<string | undefined> {
    return this.#read((db) => resendOf({ db, now: this.#now() }, ask))
  }
  sendingRoom(ask: O.SendingAsk): Promise<O.SendingRoom> {
    return this.#read((db) => sendingRoom(db, this.#now(), ask))
  }
  async deliver(delivery: O.Delivery): Promise<readonly O.DeliveryOutcome[]> {
    try {
      const outcomes = await this.#flushed((tx) => deliver(tx, delivery))
      if ((delivery.sentOn?.length ?? 0) > 0) this.#onDue()
      return outcomes
    } catch (error) {
      if (error instanceof NotForAll) return error.outcomes
      throw error
    }
  }

  answered(once: O.Once): Promise<{ readonly answer: string | undefined } | undefined> {
    return this.#read((db) => answered(db, once))
  }
  rememberAnswer(once: O.Once, options: { readonly answer?: string } = {}): Promise<void> {
    const run = (tx: Transaction): void => rememberAnswer(tx, once, options)
    return options.answer === undefined ? this.#flushed(run) : this.#unflushed(run)
  }

  async claim(options: O.ClaimOptions): Promise<readonly O.Claimed[]> {
    if (!(await this.#read((db) => anythingDue(db, this.#now())))) return []
    return this.#unflushed((tx) => claim(tx, options, this.#cursor))
  }
  renew(options: { owner: string; ids: readonly number[]; leaseMs: number }): Promise<readonly number[]> {
    return this.#unflushed((tx) => renew(tx, options))
  }
  async report(done: O.Report): Promise<O.Reported> {
    const reported = await this.#flushed((tx) => report(tx, done))
    if (sendsOn(done.outcome)) this.#onDue()
    return reported
  }
  async reportTogether(reports: O.ReportTogether): Promise<O.ReportedTogether> {
    const reported = await this.#flushed((tx) => reportTogether(tx, reports))
    if (reports.recipients.some(({ outcome }) => sendsOn(outcome))) this.#onDue()
    return reported
  }
  postpone(options: { owner: string; ids: readonly number[]; until: number }): Promise<void> {
    return this.#unflushed((tx) => postpone(tx, options))
  }
  release(owner: string, options: { died?: boolean } = {}): Promise<number> {
    return this.#unflushed((tx) => release(tx, owner, options))
  }
  owners(): Promise<readonly string[]> {
    return this.#read(owners)
  }

  cancel(queueId: string, scope: O.QueueScope = {}): Promise<{ cancelled: number; inFlight: number }> {
    return this.#flushed((tx) => cancel(tx, queueId, scope))
  }
  retryNow(queueId: string, scope: O.QueueScope = {}): Promise<number> {
    return this.#retry((tx) => retryNow(tx, queueId, scope))
  }
  retryAllOf(domain: string): Promise<number> {
    return this.#retry((tx) => retryAllOf(tx, domain))
  }
  async #retry(run: (tx: Transaction) => number): Promise<number> {
    const retried = await this.#flushed(run)
    if (retried > 0) this.#onDue()
    return retried
  }
  list(filter: O.QueueFilter = {}): Promise<Page<O.QueueEntry>> {
    return this.#read((db) => listQueue(db, filter))
  }
  get(queueId: string, scope: O.QueueScope = {}): Promise<O.QueueEntry> {
    return this.#read((db) => submissionOf(db, queueId, scope))
  }
  messageOf(queueId: string): Promise<MessageId | undefined> {
    return this.#read((db) => messageOf(db, queueId))
  }
  async content(message: MessageId): Promise<Content | undefined> {
    return messageContent({ db: this.#db, blobs: this.#blobs, message })
  }
  stats(): Promise<O.OutboxStats> {
    return this.#read(stats)
  }
  purge(options: { closedBefore: number; limit: number }): Promise<number> {
    return this.#flushed((tx) => purge(tx, options))
  }
}

const sendsOn = (outcome: O.Outcome): boolean => outcome.kind === 'delivered' && (outcome.sentOn?.length ?? 0) > 0
