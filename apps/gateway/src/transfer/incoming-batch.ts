// Messages on their way into one mailbox: many in a commit, in the order of the source, and the next ones are read and parsed while
// the last ones are flushed. A commit has all of its messages or none. Where it's refused because of what is in it, its messages
// are tried one by one, so that every message is in that can be; where the inbox is full, or the machine in trouble, the
// import ends with what it has.

import { type MailboxId, type RefusalCode, type StagedMessage, StoreRefusal } from '@postern/mailbox-store'
import type { ArrivingMessage } from './arriving.js'
import { batch, stagedAtOnceMax } from './limits.js'

export interface Staged {
  readonly arriving: ArrivingMessage
  readonly message: StagedMessage
}

export interface BatchTarget {
  readonly mailbox: MailboxId
  /** One commit; answers how many of them are new. */
  append(mailbox: MailboxId, messages: readonly Staged[]): Promise<number>
  stage(bytes: ArrivingMessage['bytes']): Promise<StagedMessage>
  /** Before it goes on: false where the mailbox has it already. */
  wants(staged: Staged): boolean
  appended(messages: readonly Staged[], fresh: number): void
  refused(arriving: ArrivingMessage, refusal: StoreRefusal): void
  withoutKeywords(arriving: ArrivingMessage): void
}

/** After these the next message fares no better. */
const ending: ReadonlySet<RefusalCode> = new Set([
  ...(['over-quota', 'disk-full', 'read-only', 'io-error', 'corrupt', 'schema-newer', 'closed', 'busy'] as const),
  ...(['no-such-mailbox', 'not-found', 'uids-exhausted'] as const),
])

type Waiting = { readonly arriving: ArrivingMessage; readonly staging: Promise<StagedMessage | StoreRefusal> }

export class IncomingBatch {
  readonly #target: BatchTarget
  #waiting: Waiting[] = []
  #bytes = 0
  #committing: Promise<void> = Promise.resolve()

  constructor(target: BatchTarget) {
    this.#target = target
  }

  /** Returns when the next message may be read. */
  async add(arriving: ArrivingMessage): Promise<void> {
    const staging = this.#target.stage(arriving.bytes).catch(refusalOf)
    // Whoever awaits it hears of it.
    staging.catch(() => undefined)
    this.#waiting.push({ arriving, staging })
    if (arriving.bytes instanceof Uint8Array) this.#bytes += arriving.bytes.length
    else if (!arriving.isApart) await staging
    else if (this.#waiting.length % stagedAtOnceMax === 0) await Promise.all(this.#waiting.map((one) => one.staging))
    if (this.#waiting.length >= batch.messagesMax || this.#bytes >= batch.bytesMax) await this.#commit()
  }

  async end(): Promise<void> {
    await this.#commit()
    await this.#committing
  }

  async #commit(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = []
    this.#bytes = 0
    const staged = await this.#staged(waiting)
    await this.#committing
    const committing = this.#place(staged)
    committing.catch(() => undefined)
    this.#committing = committing
  }

  async #staged(waiting: readonly Waiting[]): Promise<Staged[]> {
    const staged: Staged[] = []
    for (const { arriving, staging } of waiting) {
      const message = await staging
      if (message instanceof StoreRefusal) this.#refuse(arriving, message)
      else if (this.#target.wants({ arriving, message })) staged.push({ arriving, message })
    }
    return staged
  }

  async #place(staged: readonly Staged[]): Promise<void> {
    if (staged.length === 0) return
    try {
      this.#target.appended(staged, await this.#target.append(this.#target.mailbox, staged))
    } catch (error) {
      if (
        staged.length > 1 &&
        error instanceof StoreRefusal &&
        ['over-quota', 'keyword-limit', 'invalid', 'message-too-big'].includes(error.code)
      ) {
        for (const one of staged) await this.#place([one])
        return
      }
      await this.#placeAlone(staged[0] as Staged, refusalOf(error))
    }
  }

  async #placeAlone(staged: Staged, refusal: StoreRefusal): Promise<void> {
    const { arriving } = staged
    if (refusal.code !== 'keyword-limit' || arriving.flags.keywords.length === 0) return this.#refuse(arriving, refusal)
    this.#target.withoutKeywords(arriving)
    await this.#place([{ ...staged, arriving: { ...arriving, flags: { ...arriving.flags, keywords: [] } } }])
  }

  #refuse(arriving: ArrivingMessage, refusal: StoreRefusal): void {
    if (ending.has(refusal.code)) throw refusal
    this.#target.refused(arriving, refusal)
  }
}

function refusalOf(error: unknown): StoreRefusal {
  if (error instanceof StoreRefusal) return error
  throw error
}
