// Group commit. Mutations that wait are taken together: one BEGIN IMMEDIATE, each mutation under a savepoint of its
// own, one COMMIT, one flush, then every caller gets its answer and the doorbell rings. A mutation that refuses is
// undone alone. While a flush is under way those that need one gather for the next, so that one flush serves them all.
// A group of flag changes only does not wait for a flush: the next one carries it to the disk.
//
// Another process may hold the write lock: then the group waits outside SQLite, so that the thread stays free; and this one leaves
// the lock to others now and then (turns.ts).

import type { MailboxDelta } from '../messages/mailbox-delta.js'
import type { MailboxChange } from '../model.js'
import { StoreRefusal } from '../refusals.js'
import { asRefusal, type Connection, isBusy } from './connection.js'
import type { Follows } from './deltas.js'
import { type AroundFlush, Flusher } from './flusher.js'
import type { Others } from './others.js'
import { schemaVersion } from './schema.js'
import { Transaction, type TransactionOptions } from './transaction.js'
import { Turns } from './turns.js'

export interface Mutation<Result> {
  run(tx: Transaction): Result
  /** False for changes that a power cut may take back (flags). */
  readonly flush: boolean
}

/** The indexes of this process. */
export interface Followers {
  follows: Follows
  /** Right after the commit. Nobody else has written since the database had this version. */
  committed(deltas: readonly MailboxDelta[], version: number): void
}

export interface WriterOptions extends Omit<TransactionOptions, 'follows'> {
  readonly followers: Followers
  readonly others: Others
  readonly ring: (changes: readonly MailboxChange[]) => void
  /** Called after each commit. */
  readonly committed?: () => void
  readonly aroundFlush?: AroundFlush | undefined
}

interface Waiting {
  readonly mutation: Mutation<unknown>
  resolve(value: unknown): void
  reject(error: unknown): void
}

interface Answer {
  readonly waiting: Waiting
  readonly value?: unknown
  readonly error?: unknown
}

const busyRetryMs = 2
const turnLimits = { sharedMs: 8, aloneMs: 200, gapMs: 5, rememberMs: 10_000 } as const

export class Writer {
  readonly #db: Connection
  readonly #options: WriterOptions
  readonly #transaction: Transaction
  readonly #flusher: Flusher
  readonly #turns = new Turns(turnLimits)
  #queue: Waiting[] = []
  #scheduled = false
  #closed = false
  #flushing = false
  #unanswered = 0
  #dataVersion = -1
  #busySince: number | undefined
  #whenIdle: (() => void)[] = []

  constructor(db: Connection, options: WriterOptions) {
    this.#db = db
    this.#options = options
    const { followers } = options
    this.#transaction = new Transaction(db, { ...options, follows: (mailbox) => followers.follows(mailbox) })
    this.#flusher = new Flusher({ walPath: `${db.raw.name}-wal`, fault: db.fault, around: options.aroundFlush })
    // From here on the flusher makes commits durable, and a write lock that is taken is waited for outside SQLite.
    db.raw.pragma('synchronous = NORMAL')
    db.raw.pragma('busy_timeout = 0')
  }

  submit<Result>(mutation: Mutation<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      const refusal = this.#closed ? new StoreRefusal('closed', 'The store is closing.') : this.#flusher.failed
      if (refusal !== undefined) {
        reject(refusal)
        return
      }
      this.#unanswered++
      this.#queue.push({ mutation, resolve: resolve as (value: unknown) => void, reject })
      this.#schedule()
    })
  }

  /** Answers what waits, then takes nothing more. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#unanswered > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
    this.#flusher.close()
  }

  #schedule(delayMs = 0): void {
    if (this.#scheduled || this.#mustGather()) return
    this.#scheduled = true
    const turn = (): void => {
      this.#scheduled = false
      if (!this.#mustGather()) this.#turn()
    }
    const waitMs = Math.max(delayMs, this.#turns.pauseMs())
    if (waitMs === 0) setImmediate(turn)
    else setTimeout(turn, waitMs)
  }

  #mustGather(): boolean {
    const next = this.#queue[0]
    return next === undefined || (this.#flushing && next.mutation.flush)
  }

  #turn(): void {
    const group = this.#nextGroup()
    const beganAt = performance.now()
    if (!this.#begin(group)) return
    const { answers, error } = this.#runGroup(group)
    this.#turns.ended(beganAt)
    const changes = error === undefined ? this.#transaction.takeChanges() : []
    if (error === undefined) this.#options.followers.committed(this.#transaction.takeDeltas(), this.#dataVersion)
    if (error !== undefined) this.#answer(failed(answers, error), changes)
    else if (answers.some(({ waiting }) => waiting.mutation.flush)) this.#answerFlushed(answers, changes)
    else this.#answer(answers, changes)
    this.#schedule()
  }

  /** While a flush is under way, only those at the head that need none. */
  #nextGroup(): Waiting[] {
    const { groupOperationsMax } = this.#options.limits
    const free = this.#flushing ? this.#queue.findIndex(({ mutation }) => mutation.flush) : -1
    return this.#queue.splice(0, free < 0 ? groupOperationsMax : Math.min(free, groupOperationsMax))
  }

  #answerFlushed(answers: readonly Answer[], changes: readonly MailboxChange[]): void {
    this.#flushing = true
    const done = (outcome: readonly Answer[]): void => {
      this.#flushing = false
      this.#answer(outcome, changes)
      this.#schedule()
    }
    this.#flusher.flush().then(
      () => done(answers),
      (error: unknown) => done(failed(answers, error)),
    )
  }

  #answer(answers: readonly Answer[], changes: readonly MailboxChange[]): void {
    for (const { waiting, value, error } of answers) {
      if (error === undefined) waiting.resolve(value)
      else waiting.reject(error)
    }
    if (changes.length > 0) this.#options.ring(changes)
    this.#options.committed?.()
    this.#unanswered -= answers.length
    if (this.#unanswered === 0) for (const idle of this.#whenIdle.splice(0)) idle()
  }

  /** False where the group has to wait its turn, or could not be begun and has been answered. */
  #begin(group: Waiting[]): boolean {
    if (this.#flusher.failed !== undefined) {
      this.#refuse(group, this.#flusher.failed)
      return false
    }
    try {
      this.#db.begin()
      this.#busySince = undefined
      this.#noticeOthers()
      return true
    } catch (error) {
      this.#db.rollback()
      if (isBusy(error) && this.#mayWait()) {
        this.#queue.unshift(...group)
        this.#schedule(busyRetryMs * (1 + Math.random()))
        return false
      }
      this.#busySince = undefined
      this.#refuse(group, asRefusal(error, this.#db.raw.name))
      return false
    }
  }

  #refuse(group: readonly Waiting[], error: unknown): void {
    this.#answer(
      group.map((waiting) => ({ waiting, error })),
      [],
    )
    this.#schedule()
  }

  #mayWait(): boolean {
    const now = performance.now()
    this.#busySince ??= now
    return now - this.#busySince < this.#options.limits.busyWaitMs
  }

  /** What the transaction remembers of the last one holds only while no other connection has written since. */
  #noticeOthers(): void {
    const version = this.#options.others.look()
    if (version === this.#dataVersion) return
    this.#turns.othersWrote()
    this.#transaction.forget()
    const found = this.#db.raw.pragma('user_version', { simple: true }) as number
    if (found > schemaVersion)
      throw new StoreRefusal('schema-newer', `A newer Postern has upgraded the database to schema ${found}.`, {
        fix: 'Restart this process with the newer program.',
      })
    this.#dataVersion = version
  }

  /** Runs as much of the group as its time allows; the rest goes back to the head of the queue. */
  #runGroup(group: readonly Waiting[]): { answers: Answer[]; error?: unknown } {
    const tx = this.#transaction
    const answers: Answer[] = []
    const until = performance.now() + this.#options.limits.groupWorkMs
    let taken = 0
    try {
      tx.start()
      do answers.push(this.#runOne(group[taken++] as Waiting))
      while (taken < group.length && performance.now() < until)
      tx.write()
      this.#db.commit()
      this.#options.others.committed()
      return { answers }
    } catch (error) {
      this.#db.rollback()
      tx.forget()
      const refusal = asRefusal(error, this.#db.raw.name)
      const unanswered = group.slice(answers.length, taken).map((waiting) => ({ waiting, error: refusal }))
      return { answers: [...answers, ...unanswered], error: refusal }
    } finally {
      this.#queue.unshift(...group.slice(taken))
    }
  }

  #runOne(waiting: Waiting): Answer {
    const tx = this.#transaction
    tx.savepoint()
    try {
      const value = waiting.mutation.run(tx)
      tx.release()
      return { waiting, value }
    } catch (error) {
      // Some errors (a full disk) make SQLite roll back everything: then there's no savepoint left to go back to.
      if (!this.#db.raw.inTransaction) throw error
      tx.rollbackToSavepoint()
      return { waiting, error: asRefusal(error, this.#db.raw.name) }
    }
  }
}

/** The group failed as a whole: all hear it, but for those that had been refused already. */
function failed(answers: readonly Answer[], error: unknown): Answer[] {
  return answers.map((answer) => (answer.error === undefined ? { waiting: answer.waiting, error } : answer))
}
