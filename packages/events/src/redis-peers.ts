/**
 * The processes that share a Redis: which there are, and a question to one of them with its answer. Each says now and then that it's
 * there, in a key of its own that goes by itself when the process does; so who asks knows also those that don't answer. Nothing else is
 * kept in Redis, and nothing waits for it: a question costs as much as its two messages, and only when somebody asks. Questions and
 * answers are sealed by whoever hands them in, since others may have a part in the same Redis.
 */
import { randomUUID } from 'node:crypto'
import { channels, peerKeys } from './keys.js'
import type { RedisLink } from './redis-link.js'
import { refusalTeller } from './redis-refusals.js'
import { RedisSubscriptions } from './redis-subscriptions.js'

export interface Peer {
  /** Of this process alone, for as long as it runs. */
  readonly id: string
  readonly pid: number
  readonly host: string
}

export interface RedisPeersOptions {
  readonly link: RedisLink
  readonly onError: (error: unknown) => void
  readonly beatEveryMs?: number
}

export interface RedisPeers {
  /** From now on this process is listed and asked. Undefined is no answer. */
  join(self: Peer, answer: (question: string) => string | undefined): void
  list(): Promise<Peer[]>
  /** Throws where no answer comes in time. */
  ask(peer: string, question: string, options: { readonly timeoutMs: number }): Promise<string>
  close(): Promise<void>
}

const beatEveryMsDefault = 5_000
/** A key outlives so many beats that didn't come. */
const beatsKept = 3
/** The list of ids; each of a process that's gone leaves it when somebody asks. */
const indexLifeMs = 86_400_000
/** Who stops gets so long to say so. */
const farewellMs = 1_000
const lingerMs = 30_000

export const redisPeers = (options: RedisPeersOptions): RedisPeers => new Peers(options)

class Peers implements RedisPeers {
  readonly #link: RedisLink
  readonly #options: RedisPeersOptions
  readonly #asker = randomUUID()
  readonly #subscriptions: RedisSubscriptions
  readonly #waiting = new Map<string, (answer: string) => void>()
  readonly #failed: (error: unknown) => void
  readonly #clock: NodeJS.Timeout
  readonly #beatEveryMs: number
  readonly #unlink: () => void
  #self: Peer | undefined
  #answer: (question: string) => string | undefined = () => undefined
  /** Somebody here has asked. */
  #asks = false
  #isHeard = false
  #heard: (() => void)[] = []

  constructor(options: RedisPeersOptions) {
    const { link, onError, beatEveryMs = beatEveryMsDefault } = options
    this.#link = link
    this.#options = options
    this.#beatEveryMs = beatEveryMs
    this.#failed = refusalTeller({ link, what: 'the list of processes', onError })
    const onHearing = (names: readonly string[]): void => this.#nowHeard(names)
    this.#subscriptions = new RedisSubscriptions({ link, lingerMs, onHearing, onError: this.#failed })
    this.#clock = setInterval(() => this.#beat(), beatEveryMs)
    this.#clock.unref()
    this.#unlink = link.add({
      up: () => this.#beginAnew(),
      down: () => {
        this.#isHeard = false
      },
      message: (channel, payload) => this.#hear(channel, payload),
    })
  }

  join(self: Peer, answer: (question: string) => string | undefined): void {
    this.#self = self
    this.#answer = answer
    this.#subscriptions.add(channels.question(self.id))
    this.#beat()
  }

  async list(): Promise<Peer[]> {
    const { commands } = this.#link.clients
    const ids = await commands.zrange(peerKeys.all, 0, -1)
    const texts = await Promise.all(ids.map((id) => commands.get(peerKeys.one(id))))
    const gone = ids.filter((_, i) => texts[i] === null)
    if (gone.length > 0) await commands.zrem(peerKeys.all, ...gone).catch(this.#failed)
    return texts.flatMap((text) => peerIn(text) ?? [])
  }

  async ask(peer: string, question: string, { timeoutMs }: { readonly timeoutMs: number }): Promise<string> {
    const id = randomUUID()
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs)
    try {
      const answer = new Promise<string>((resolve, reject) => {
        this.#waiting.set(id, resolve)
        late.signal.addEventListener('abort', () => reject(late.signal.reason))
      })
      await Promise.race([this.#hearsAnswers(), answer])
      const asked = this.#link.clients.publish(channels.question(peer), `${this.#asker} ${id} ${question}`)
      return await Promise.race([answer, asked.then(() => answer)])
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(id)
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#clock)
    this.#subscriptions.close()
    this.#unlink()
    const { commands } = this.#link.clients
    const self = this.#self
    if (self === undefined || !this.#link.isUp) return
    const gone = Promise.all([commands.del(peerKeys.one(self.id)), commands.zrem(peerKeys.all, self.id)])
    await Promise.race([gone.catch(this.#failed), new Promise((resolve) => setTimeout(resolve, farewellMs).unref())])
  }

  #beginAnew(): void {
    this.#subscriptions.again()
    this.#beat()
  }

  /** Three commands, whatever is going on here. */
  #beat(): void {
    this.#subscriptions.ask()
    const self = this.#self
    if (self === undefined || !this.#link.isUp) return
    const { commands } = this.#link.clients
    const lifeMs = beatsKept * this.#beatEveryMs + farewellMs
    Promise.all([
      commands.set(peerKeys.one(self.id), JSON.stringify(self), 'PX', lifeMs),
      commands.zadd(peerKeys.all, 0, self.id),
      commands.pexpire(peerKeys.all, indexLifeMs),
    ]).catch(this.#failed)
  }

  /** Resolves when an answer would come here. */
  async #hearsAnswers(): Promise<void> {
    if (this.#isHeard) return
    const heard = new Promise<void>((resolve) => this.#heard.push(resolve))
    if (!this.#asks) this.#subscriptions.add(channels.answer(this.#asker))
    this.#asks = true
    await heard
  }

  #nowHeard(names: readonly string[]): void {
    if (!names.includes(channels.answer(this.#asker))) return
    this.#isHeard = true
    for (const resolve of this.#heard.splice(0)) resolve()
  }

  #hear(channel: string, payload: string): void {
    if (channel === channels.answer(this.#asker)) {
      const [id = '', answer = ''] = words(payload, 2)
      this.#waiting.get(id)?.(answer)
    } else if (this.#self !== undefined && channel === channels.question(this.#self.id)) {
      const [asker = '', id = '', question = ''] = words(payload, 3)
      this.#reply({ asker, id, question })
    }
  }

  #reply({ asker, id, question }: { asker: string; id: string; question: string }): void {
    try {
      const answer = this.#answer(question)
      if (answer === undefined) return
      this.#link.clients.publish(channels.answer(asker), `${id} ${answer}`).catch(this.#failed)
    } catch (error) {
      this.#options.onError(error)
    }
  }
}

/** The last one is the rest. */
function words(text: string, count: number): string[] {
  const found: string[] = []
  let from = 0
  while (found.length < count - 1) {
    const blank = text.indexOf(' ', from)
    if (blank < 0) break
    found.push(text.slice(from, blank))
    from = blank + 1
  }
  return [...found, text.slice(from)]
}

/** Undefined for what is no process's word. */
function peerIn(text: string | null): Peer | undefined {
  if (text === null) return undefined
  try {
    const { id, pid, host } = JSON.parse(text) as Record<string, unknown>
    if (typeof id !== 'string' || typeof pid !== 'number' || typeof host !== 'string') return undefined
    return { id, pid, host }
  } catch {
    return undefined
  }
}
