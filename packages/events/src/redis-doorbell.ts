/**
 * The doorbell between processes: what one rings, the others hear over Redis's channels, one for each mailbox that somebody
 * has open. A process's own rings are delivered at once by the local doorbell inside it, and passed over when they come back.
 * A ring is never mail, and losing one is allowed for: whenever something may have been missed (Redis was away, a channel was
 * just subscribed) everyone concerned is rung with modSeq 0, and as long as Redis is away all are rung in turns.
 */
import { randomUUID } from 'node:crypto'
import type { Doorbell } from './doorbell.js'
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

export function redisDoorbell(options: RedisDoorbellOptions): Doorbell {
  const { link, onError, onPublished, onHeard, pollMs = pollMsDefault, lingerMs = lingerMsDefault } = options
  const origin = randomUUID()
  const local = localDoorbell({ onError })
  const mailboxes = new Map<string, number>()
  const failed = refusalTeller({ link, what: 'the doorbell', onError })
  const subscriptions = new RedisSubscriptions({ link, lingerMs, onHearing: ringAnew, onError: failed })
  const publisher = new RedisPublisher({ link, origin, onPublished, onError: failed })
  const everyone = subscriptions.add(channels.everyone)

  /** Of these something may have been missed. */
  function ringAnew(names: Iterable<string>): void {
    for (const channel of names) {
      const mailbox = mailboxes.get(channel)
      if (mailbox !== undefined) local.ring({ mailbox, modSeq: 0 })
      else if (channel === channels.outbox) local.ring({ outbox: 'due' })
    }
  }

  const ringEveryone = (): void => ringAnew([...mailboxes.keys(), channels.outbox])

  let turn = 0
  const poll = (): void => {
    publisher.publish()
    if (subscriptions.isWhole) return
    subscriptions.ask()
    turn = (turn + 1) % turns
    if (turn === 0) ringAnew([channels.outbox])
    for (const mailbox of mailboxes.values()) if (Math.abs(mailbox) % turns === turn) local.ring({ mailbox, modSeq: 0 })
  }
  const timer = setInterval(poll, pollMs / turns)
  timer.unref()

  const unlink = link.add({
    up() {
      subscriptions.again()
      publisher.publish()
    },
    down: ringEveryone,
    message(channel, payload) {
      const [from, said = ''] = split(payload)
      if (from === origin) return
      onHeard?.()
      const mailbox = mailboxes.get(channel)
      if (mailbox !== undefined) local.ring({ mailbox, modSeq: modSeqOf(said) })
      else if (channel === channels.directory) local.ring({ directory: said })
      else if (channel === channels.outbox) local.ring({ outbox: 'due' })
      else if (channel === channels.everyone) ringEveryone()
    },
  })
  if (link.isUp) subscriptions.again()

  /** Ends both: the listener in this process, and the interest in the channel. */
  const both = (stopListening: () => void, leave: () => void) => {
    let isStopped = false
    return () => {
      stopListening()
      if (!isStopped) leave()
      isStopped = true
    }
  }

  return {
    ring(ring) {
      local.ring(ring)
      publisher.add(ring)
    },
    listen(mailbox, listener) {
      const channel = channels.mailbox(mailbox)
      mailboxes.set(channel, mailbox)
      const leave = subscriptions.add(channel)
      return both(local.listen(mailbox, listener), () => {
        if (leave()) mailboxes.delete(channel)
      })
    },
    listenToDirectory: (listener) => both(local.listenToDirectory(listener), subscriptions.add(channels.directory)),
    listenForOutbox: (listener) => both(local.listenForOutbox(listener), subscriptions.add(channels.outbox)),
    async close() {
      clearInterval(timer)
      await local.close()
      await publisher.close(farewellMs)
      everyone()
      subscriptions.close()
      unlink()
    },
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
