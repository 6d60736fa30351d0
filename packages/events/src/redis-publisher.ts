/**
 * What this process rings, on its way to the others: batches of PUBLISH, one under way at a time, so that a busy mailbox's rings
 * are merged meanwhile. It never holds its caller up, and a batch that failed waits again, merged with what came since.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ring } from './doorbell.js'
import { channels } from './keys.js'
import type { RedisLink } from './redis-link.js'
import { type Published, WaitingRings } from './waiting-rings.js'

export interface RedisPublisherOptions {
  readonly link: RedisLink
  /** Stands in front of every payload, so that a process knows its own. */
  readonly origin: string
  readonly onPublished: ((rings: number) => void) | undefined
  readonly onError: (error: unknown) => void
}

/** Mailboxes whose rings wait for Redis. */
const waitingMax = 10_000
const publishedAtOnce = 200

export class RedisPublisher {
  readonly #options: RedisPublisherOptions
  readonly #waiting = new WaitingRings(waitingMax)
  #publishing: Promise<void> | undefined
  #scheduled: NodeJS.Immediate | undefined
  #isClosed = false

  constructor(options: RedisPublisherOptions) {
    this.#options = options
  }

  add(ring: Ring): void {
    if (this.#isClosed) return
    this.#waiting.add(ring)
    // Without Redis the doorbell's clock tries, now and then.
    if (this.#options.link.isUp) this.#scheduled ??= setImmediate(() => this.publish())
  }

  publish(): void {
    if (this.#scheduled) clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    if (this.#waiting.size === 0 || this.#publishing) return
    this.#publishing = this.#publish().finally(() => {
      this.#publishing = undefined
    })
  }

  /** What waits gets a while to leave. */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosed = true
    this.publish()
    const timer = new AbortController()
    const late = sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => undefined)
    await Promise.race([this.#publishing, late])
    timer.abort()
  }

  /** Until nothing waits or one fails. */
  async #publish(): Promise<void> {
    const { onPublished, onError } = this.#options
    while (this.#waiting.size > 0) {
      const batch = this.#waiting.take(publishedAtOnce)
      const errors: unknown[] = []
      const send = (ring: Published) =>
        this.#send(ring).catch((error: unknown) => {
          errors.push(error)
          this.#waiting.add(ring)
        })
      await Promise.all(batch.map(send))
      onPublished?.(batch.length - errors.length)
      if (errors.length > 0) return onError(errors[0])
    }
  }

  #send(ring: Published): Promise<unknown> {
    const { link, origin } = this.#options
    if (ring === 'everyone') return link.clients.publish(channels.everyone, origin)
    return link.clients.publish(channelOf(ring), `${origin} ${saidBy(ring)}`)
  }
}

const channelOf = (ring: Ring): string =>
  'mailbox' in ring ? channels.mailbox(ring.mailbox) : 'directory' in ring ? channels.directory : channels.outbox

const saidBy = (ring: Ring): string | number =>
  'mailbox' in ring ? ring.modSeq : 'directory' in ring ? ring.directory : ring.outbox
