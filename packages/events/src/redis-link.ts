/**
 * Whether Redis is there. It's asked once a second on every connection: while it answers in time the link is up, and what is
 * built on it uses Redis; when it doesn't (killed, paused, slow, behind a broken network) the link is down, and they get by
 * without it. Each time it comes up its listeners begin anew, because what was said in between was said to nobody.
 */
import { connectRedis, type RedisClients } from './redis-clients.js'
import { type RedisServer, showRedisServer } from './redis-server.js'

export interface RedisLinkOptions {
  readonly server: RedisServer
  /** Told when the link goes up or down; `reason` has no secrets in it. */
  readonly onState: (state: { readonly isUp: boolean; readonly server: string; readonly reason: string }) => void
}

export interface LinkListener {
  up?(): void
  down?(): void
  message?(channel: string, payload: string): void
}

/** A command that takes longer has failed. */
export const commandTimeoutMs = 1_000
const connectTimeoutMs = 3_000
const probeEveryMs = 1_000
const deadAfterMs = 5_000
const retryMsMax = 2_000

export class RedisLink {
  readonly #options: RedisLinkOptions
  readonly #listeners = new Set<LinkListener>()
  readonly #clients: RedisClients
  readonly #timer: NodeJS.Timeout
  #isUp = false
  #isClosed = false
  #probing: Promise<void> | undefined
  /** Moves when a connection comes or goes: an answer from before says nothing of now. */
  #changes = 0
  #reason = 'not connected yet'

  constructor(options: RedisLinkOptions) {
    this.#options = options
    this.#clients = connectRedis(options.server, {
      commandTimeoutMs,
      connectTimeoutMs,
      deadAfterMs,
      retryMsMax,
      onMessage: (channel, payload) => this.#tell((listener) => listener.message?.(channel, payload)),
      onChange: () => this.#changed(),
      onError: (error) => {
        this.#reason = reasonOf(error)
      },
    })
    this.#timer = setInterval(() => void this.#probe(), probeEveryMs)
    this.#timer.unref()
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** For what is asked of Redis while the link is up. */
  get clients(): RedisClients {
    return this.#clients
  }

  get server(): string {
    return showRedisServer(this.#options.server)
  }

  /** Why it's down. */
  get reason(): string {
    return this.#reason
  }

  add(listener: LinkListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** A command got no answer in time: until Redis answers again nobody else needs to wait. */
  failed(error: unknown): void {
    if (!isRefusal(error)) this.#goDown(reasonOf(error))
  }

  /** Whether it's up within the time. */
  async opened(timeoutMs: number): Promise<boolean> {
    const untilMs = performance.now() + timeoutMs
    while (!this.#isUp && !this.#isClosed && performance.now() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return this.#isUp
  }

  close(): void {
    this.#isClosed = true
    this.#isUp = false
    clearInterval(this.#timer)
    this.#listeners.clear()
    this.#clients.close()
  }

  #changed(): void {
    this.#changes++
    this.#goDown(this.#reason)
    void this.#probe()
  }

  #probe(): Promise<void> {
    this.#probing ??= this.#ask().finally(() => {
      this.#probing = undefined
    })
    return this.#probing
  }

  async #ask(): Promise<void> {
    for (;;) {
      const changes = this.#changes
      try {
        await this.#clients.ping()
      } catch (error) {
        if (changes === this.#changes) return this.#goDown(reasonOf(error))
        continue
      }
      if (changes === this.#changes) return this.#goUp()
    }
  }

  #goUp(): void {
    if (this.#isUp || this.#isClosed) return
    this.#isUp = true
    this.#reason = ''
    this.#options.onState({ isUp: true, server: this.server, reason: '' })
    this.#tell((listener) => listener.up?.())
  }

  #goDown(reason: string): void {
    // What ioredis says of a connection that isn't there tells less than the error that was heard before.
    if (reason !== '' && !(/^(?:Stream isn't|Connection is closed|Cluster isn't)/.test(reason) && this.#reason !== ''))
      this.#reason = reason
    if (!this.#isUp || this.#isClosed) return
    this.#isUp = false
    this.#options.onState({ isUp: false, server: this.server, reason: this.#reason })
    this.#tell((listener) => listener.down?.())
  }

  #tell(say: (listener: LinkListener) => void): void {
    for (const listener of this.#listeners) say(listener)
  }
}

/** Redis answered, and said no: out of memory, read only, not permitted. It's there, though. */
export const isRefusal = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError'

/** Errors of ioredis carry the command with its arguments, AUTH's among them: only their text goes on. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  return error.message || code || error.name
}
