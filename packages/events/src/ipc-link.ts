/**
 * One side of the pipe between a worker and its parent: messages by kind, some of which are questions with an answer. What is
 * said within one turn of the event loop leaves together, and the next piece leaves when the pipe has taken the one before: who
 * can wait asks for that (`flushed`), and merges meanwhile. When the other side is gone nothing is sent, questions fail at once,
 * and whoever wants to know is told.
 */

/** As it goes over the pipe: kind and body; with a number, a question, or the answer to one. */
export type IpcMessage = readonly [kind: string, body: unknown, id?: number]

/** The pipe itself: a child process's, or a test's. */
export interface IpcChannel {
  /** Resolves when the pipe has taken them; rejects when it's broken. */
  send(messages: readonly IpcMessage[]): Promise<void>
  onMessages(listener: (messages: readonly IpcMessage[]) => void): void
  onClosed(listener: () => void): void
}

export class IpcDown extends Error {
  override readonly name = 'IpcDown'
}

interface Question {
  resolve(value: unknown): void
  reject(error: Error): void
  readonly timer: NodeJS.Timeout
}

const answerKind = '='
const failureKind = '!'
/** Questions that wait for their answer at once; more of them fail as if there were nobody to ask. */
const questionsMax = 20_000

export class IpcLink {
  readonly #channel: IpcChannel
  readonly #heard = new Map<string, (body: never) => void>()
  readonly #answered = new Map<string, (body: never) => unknown>()
  readonly #questions = new Map<number, Question>()
  readonly #whenDown: (() => void)[] = []
  #waiting: IpcMessage[] = []
  #sending: Promise<void> | undefined
  #isScheduled = false
  #isUp = true
  #nextId = 1

  constructor(channel: IpcChannel) {
    this.#channel = channel
    channel.onMessages((messages) => {
      for (const message of messages) this.#take(message)
    })
    channel.onClosed(() => this.#down())
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** What the other side says of this kind. */
  hear<Body>(kind: string, listener: (body: Body) => void): void {
    this.#heard.set(kind, listener as (body: never) => void)
  }

  /** What the other side asks of this kind. */
  answer<Body>(kind: string, reply: (body: Body) => unknown): void {
    this.#answered.set(kind, reply as (body: never) => unknown)
  }

  onDown(listener: () => void): void {
    if (this.#isUp) this.#whenDown.push(listener)
    else listener()
  }

  post(kind: string, body: unknown): void {
    this.#say([kind, body])
  }

  ask<Answer>(kind: string, body: unknown, { timeoutMs }: { readonly timeoutMs: number }): Promise<Answer> {
    if (!this.#isUp) return Promise.reject(new IpcDown('the other process is gone'))
    if (this.#questions.size >= questionsMax) return Promise.reject(new IpcDown('too much was asked already'))
    return new Promise<Answer>((resolve, reject) => {
      const id = this.#nextId++
      const late = (): void => this.#settle(id, ({ reject }) => reject(new IpcDown(`no answer within ${timeoutMs} ms`)))
      const timer = setTimeout(late, timeoutMs)
      this.#questions.set(id, { resolve: resolve as (value: unknown) => void, reject, timer })
      this.#say([kind, body, id])
    })
  }

  /** Resolves when the pipe has taken what was said up to now, or nothing is taken any more. */
  async flushed(): Promise<void> {
    const isUnderWay = this.#sending !== undefined
    this.#send()
    await this.#sending
    // What was said while a piece was under way is in the one behind it.
    if (isUnderWay) await this.#sending
  }

  #say(message: IpcMessage): void {
    if (!this.#isUp) return
    this.#waiting.push(message)
    if (this.#isScheduled || this.#sending !== undefined) return
    this.#isScheduled = true
    setImmediate(() => this.#send())
  }

  #send(): void {
    this.#isScheduled = false
    if (this.#sending !== undefined || this.#waiting.length === 0 || !this.#isUp) return
    const messages = this.#waiting
    this.#waiting = []
    this.#sending = this.#channel.send(messages).then(
      () => this.#sent(),
      () => this.#down(),
    )
  }

  #sent(): void {
    this.#sending = undefined
    this.#send()
  }

  #take([kind, body, id]: IpcMessage): void {
    if (kind === answerKind) this.#settle(id, ({ resolve }) => resolve(body))
    else if (kind === failureKind) this.#settle(id, ({ reject }) => reject(new Error(String(body))))
    else if (id === undefined) this.#heard.get(kind)?.(body as never)
    else void this.#reply(kind, body, id)
  }

  async #reply(kind: string, body: unknown, id: number): Promise<void> {
    try {
      const reply = this.#answered.get(kind)
      if (reply === undefined) throw new Error(`nobody here answers "${kind}"`)
      this.#say([answerKind, await reply(body as never), id])
    } catch (error) {
      this.#say([failureKind, error instanceof Error ? error.message : String(error), id])
    }
  }

  #settle(id: number | undefined, how: (question: Question) => void): void {
    const question = this.#questions.get(id ?? 0)
    if (question === undefined) return
    this.#questions.delete(id ?? 0)
    clearTimeout(question.timer)
    how(question)
  }

  #down(): void {
    if (!this.#isUp) return
    this.#isUp = false
    this.#sending = undefined
    this.#waiting = []
    for (const id of [...this.#questions.keys()])
      this.#settle(id, ({ reject }) => reject(new IpcDown('the other process is gone')))
    for (const listener of this.#whenDown.splice(0)) listener()
  }
}
