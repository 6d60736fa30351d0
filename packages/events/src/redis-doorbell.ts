/**
 * The doorbell between processes: what one rings, the others hear over Redis's channels, one for each mailbox that somebody
 * has open. A process's own rings are delivered at once by the local doorbell inside it, and passed over when they come back.
 * A ring is never mail, and losing one is allowed for: whenever something may have been missed (Redis was away, a channel was
 * just subscribed) everyone concerned is rung with modSeq 0, and as long as Redis is away all are rung in turns.
 */
import { randomUUID } from 'node:crypto'
import type { Doorbell, Ring, StopListening } from './doorbell.js'
import { channels } from './keys.js'
import { localDoorbell } from './local-doorbell.js'
import type { RedisLink } from './redis-link.js'
import { RedisPublisher } from './redis-publisher.js'
import { refusalTeller } from './redis-refusals.js'
import { RedisSubscriptions } from './redis-subscriptions.js'

export interface RedisDoorbellOptions {
  readonly link: RedisLink
  /** Told of a listener that threw or rejected, and of what Redis refused. */
  readonly onError: (error: unknown) => void
  readonly onPublished?: (rings: number) => void
  readonly onHeard?: () => void
  /** Without Redis everyone is rung so often. */
  readonly pollMs?: number
  /** A channel that nobody listens to any more is kept at least so long. */
  readonly lingerMs?: number
}

const pollMsDefault = 5_000
const lingerMsDefault = 30_000
/** Everyone is rung in so many turns, that not all look at the store at once. */
const turns = 10
/** The last rings before a stop get so long to leave. */
const farewellMs = 1_000
const forAll: ReadonlySet<string> = new Set([channels.directory, channels.outbox, channels.everyone])

export const redisDoorbell = (options: RedisDoorbellOptions): Doorbell => new RedisDoorbell(options)

class RedisDoorbell implements Doorbell {
  readonly #options: RedisDoorbellOptions
  readonly #origin = randomUUID()
  readonly #local: Doorbell
  readonly #subscriptions: RedisSubscriptions
  readonly #publisher: RedisPublisher
  /** Of the mailboxes that somebody listens to, by their channel. */
  readonly #mailboxes = new Map<string, number>()
  readonly #clock: NodeJS.Timeout
  readonly #unlink: () => void
  #turn = 0

  constructor(options: RedisDoorbellOptions) {
    const { link, onError, onPublished, pollMs = pollMsDefault, lingerMs = lingerMsDefault } = options
    const failed = refusalTeller({ link, what: 'the doorbell', onError })
    const onHearing = (names: readonly string[]) => this.#ringAnew(names)
    this.#options = options
    this.#local = localDoorbell({ onError })
    this.#subscriptions = new RedisSubscriptions({ link, lingerMs, onHearing, onError: failed })
    this.#publisher = new RedisPublisher({ link, origin: this.#origin, onPublished, onError: failed })
    this.#subscriptions.add(channels.everyone)
    this.#clock = setInterval(() => this.#tick(), pollMs / turns)
    this.#clock.unref()
    this.#unlink = link.add({
      up: () => this.#beginAnew(),
      down: () => this.#ringEveryone(),
      message: (channel, payload) => this.#hear(channel, payload),
    })
    if (link.isUp) this.#beginAnew()
  }

  ring(ring: Ring): void {
    this.#local.ring(ring)
    this.#publisher.add(ring)
  }

  listen(mailbox: number, listener: (modSeq: number) => void | Promise<void>): StopListening {
    const channel = channels.mailbox(mailbox)
    this.#mailboxes.set(channel, mailbox)
    return this.#both(channel, this.#local.listen(mailbox, listener))
  }

  listenToDirectory(listener: (publicId: string) => void | Promise<void>): StopListening {
    return this.#both(channels.directory, this.#local.listenToDirectory(listener))
  }

  listenForOutbox(listener: () => void | Promise<void>): StopListening {
    return this.#both(channels.outbox, this.#local.listenForOutbox(listener))
  }

  async close(): Promise<void> {
    clearInterval(this.#clock)
    await this.#local.close()
    await this.#publisher.close(farewellMs)
    this.#subscriptions.close()
    this.#unlink()
  }

  /** Notes the interest in the channel; what comes back ends it, and the listening in this process. */
  #both(channel: string, stopListening: StopListening): StopListening {
    const leave = this.#subscriptions.add(channel)
    let isStopped = false
    return () => {
      stopListening()
      if (!isStopped && leave()) this.#mailboxes.delete(channel)
      isStopped = true
    }
  }

  #hear(channel: string, payload: string): void {
    const [from, said = ''] = split(payload)
    const mailbox = this.#mailboxes.get(channel)
    if (from === this.#origin || (mailbox === undefined && !forAll.has(channel))) return
    this.#options.onHeard?.()
    if (mailbox !== undefined) this.#local.ring({ mailbox, modSeq: modSeqOf(said) })
    else if (channel === channels.directory) this.#local.ring({ directory: said })
    else if (channel === channels.outbox) this.#local.ring({ outbox: 'due' })
    else if (channel === channels.everyone) this.#ringEveryone()
  }

  #beginAnew(): void {
    this.#subscriptions.again()
    this.#publisher.publish()
  }

  /** Of these something may have been missed. */
  #ringAnew(names: Iterable<string>): void {
    for (const channel of names) {
      const mailbox = this.#mailboxes.get(channel)
      if (mailbox !== undefined) this.#local.ring({ mailbox, modSeq: 0 })
      else if (channel === channels.outbox) this.#local.ring({ outbox: 'due' })
    }
  }

  #ringEveryone(): void {
    this.#ringAnew([...this.#mailboxes.keys(), channels.outbox])
  }

  #tick(): void {
    this.#publisher.publish()
    if (this.#subscriptions.isWhole) return
    this.#subscriptions.ask()
    this.#turn = (this.#turn + 1) % turns
    if (this.#turn === 0) this.#ringAnew([channels.outbox])
    for (const [channel, mailbox] of this.#mailboxes)
      if (Math.abs(mailbox) % turns === this.#turn) this.#ringAnew([channel])
  }
}

function split(payload: string): [from: string, said: string | undefined] {
  const space = payload.indexOf(' ')
  return space < 0 ? [payload, undefined] : [payload.slice(0, space), payload.slice(space + 1)]
}

/** Anybody may publish there: what isn't a modSeq only says that there's something to look at. */
function modSeqOf(said: string): number {
  const modSeq = Number(said)
  return Number.isSafeInteger(modSeq) && modSeq > 0 ? modSeq : 0
}
