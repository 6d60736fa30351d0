/**
 * Which channels this process hears. A channel is subscribed when somebody first listens to it, and left some time after nobody
 * does, since a client that idles comes back soon. When the link comes up all are subscribed anew. A channel that Redis has just
 * noted is told to `onHearing`: what was published before that was not heard.
 */
import type { RedisLink } from './redis-link.js'

export interface RedisSubscriptionsOptions {
  readonly link: RedisLink
  readonly lingerMs: number
  /** From now on these are heard. */
  readonly onHearing: (channels: readonly string[]) => void
  readonly onError: (error: unknown) => void
}

/** In one command. */
const channelsAtOnce = 500

export class RedisSubscriptions {
  readonly #options: RedisSubscriptionsOptions
  readonly #listeners = new Map<string, number>()
  /** Nobody listens to these any more: since this turn of the clock, and since the one before. */
  #left = new Set<string>()
  #leftBefore = new Set<string>()
  readonly #missing = new Set<string>()
  readonly #timer: NodeJS.Timeout
  #asking: Promise<void> | undefined
  #scheduled: NodeJS.Immediate | undefined
  #isClosed = false

  constructor(options: RedisSubscriptionsOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#leave(), options.lingerMs)
    this.#timer.unref()
  }

  /** Whether all that is published on what is listened to comes here. */
  get isWhole(): boolean {
    return this.#options.link.isUp && this.#missing.size === 0
  }

  /** Another listener; returns how to take it away, once, which says whether it was the last. */
  add(channel: string): () => boolean {
    const count = this.#listeners.get(channel) ?? 0
    this.#listeners.set(channel, count + 1)
    if (count === 0) this.#wanted(channel)
    return () => {
      const left = (this.#listeners.get(channel) ?? 1) - 1
      if (left > 0) this.#listeners.set(channel, left)
      else {
        this.#listeners.delete(channel)
        this.#left.add(channel)
      }
      return left <= 0
    }
  }

  /** Redis knows of none of them any more, or may not. */
  again(): void {
    this.#unsubscribe([...this.#left, ...this.#leftBefore])
    this.#left.clear()
    this.#leftBefore.clear()
    for (const channel of this.#listeners.keys()) this.#missing.add(channel)
    this.ask()
  }

  /** Subscribes what is missing; once more when it's called again after that failed. */
  ask(): void {
    if (this.#missing.size > 0 && !this.#isClosed) this.#scheduled ??= setImmediate(() => void this.#ask())
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
    if (this.#scheduled) clearImmediate(this.#scheduled)
  }

  #wanted(channel: string): void {
    const isSubscribed = this.#left.delete(channel) || this.#leftBefore.delete(channel)
    if (isSubscribed && !this.#missing.has(channel)) return
    this.#missing.add(channel)
    this.ask()
  }

  #ask(): Promise<void> {
    this.#scheduled = undefined
    this.#asking ??= this.#subscribeMissing()
      .catch((error: unknown) => this.#options.onError(error))
      .finally(() => {
        this.#asking = undefined
      })
    return this.#asking
  }

  async #subscribeMissing(): Promise<void> {
    const { link, onHearing } = this.#options
    while (this.#missing.size > 0 && link.isUp && !this.#isClosed) {
      const channels = [...this.#missing].slice(0, channelsAtOnce)
      for (const channel of channels) this.#missing.delete(channel)
      try {
        await link.clients.subscribe(channels)
      } catch (error) {
        for (const channel of channels) this.#notSubscribed(channel)
        throw error
      }
      onHearing(channels)
    }
  }

  #notSubscribed(channel: string): void {
    if (this.#listeners.has(channel)) this.#missing.add(channel)
    this.#left.delete(channel)
    this.#leftBefore.delete(channel)
  }

  #leave(): void {
    this.#unsubscribe([...this.#leftBefore])
    this.#leftBefore = this.#left
    this.#left = new Set()
  }

  /** Where it fails, more is heard than is listened to, and passed over. */
  #unsubscribe(channels: readonly string[]): void {
    const { link } = this.#options
    for (let from = 0; from < channels.length && link.isUp; from += channelsAtOnce)
      link.clients
        .unsubscribe(channels.slice(from, from + channelsAtOnce))
        .catch((error: unknown) => link.failed(error))
  }
}
