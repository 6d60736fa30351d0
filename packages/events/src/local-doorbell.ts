/**
 * The doorbell within one process. Rings gather until the event loop's next turn and are then delivered together; a
 * listener costs one closure in a set, so tens of thousands are cheap.
 */
import type { Doorbell, StopListening } from './doorbell.js'

export interface LocalDoorbellOptions {
  /** Told of a listener that threw or rejected. */
  readonly onError: (error: unknown) => void
}

export function localDoorbell({ onError }: LocalDoorbellOptions): Doorbell {
  const byMailbox = new Map<number, Listeners<number>>()
  const forDirectory = new Listeners<string>(onError)
  const forOutbox = new Listeners<void>(onError)
  const changed = new Map<number, number>()
  const records = new Set<string>()
  let outboxDue = false
  let scheduled: NodeJS.Immediate | undefined

  const deliver = () => {
    scheduled = undefined
    const mailboxes = [...changed]
    const publicIds = [...records]
    const outbox = outboxDue
    changed.clear()
    records.clear()
    outboxDue = false
    for (const publicId of publicIds) forDirectory.call(publicId)
    for (const [mailbox, modSeq] of mailboxes) byMailbox.get(mailbox)?.call(modSeq)
    if (outbox) forOutbox.call()
  }

  return {
    ring(ring) {
      if ('mailbox' in ring) {
        if (!byMailbox.has(ring.mailbox)) return
        changed.set(ring.mailbox, Math.max(ring.modSeq, changed.get(ring.mailbox) ?? 0))
      } else if ('directory' in ring) {
        records.add(ring.directory)
      } else {
        outboxDue = true
      }
      scheduled ??= setImmediate(deliver)
    },
    listen(mailbox, listener) {
      const listeners = byMailbox.get(mailbox) ?? new Listeners<number>(onError)
      byMailbox.set(mailbox, listeners)
      const stop = listeners.add(listener)
      return () => {
        stop()
        if (listeners.size === 0 && byMailbox.get(mailbox) === listeners) byMailbox.delete(mailbox)
      }
    },
    listenToDirectory: (listener) => forDirectory.add(listener),
    listenForOutbox: (listener) => forOutbox.add(listener),
    async close() {
      if (scheduled) clearImmediate(scheduled)
      scheduled = undefined
      changed.clear()
      records.clear()
      outboxDue = false
      byMailbox.clear()
      forDirectory.clear()
      forOutbox.clear()
    },
  }
}

/** Who hears one topic. A listener added twice hears twice, until each is stopped. */
class Listeners<Heard> {
  readonly #calls = new Set<{ readonly listener: (heard: Heard) => void | Promise<void> }>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  get size(): number {
    return this.#calls.size
  }

  add(listener: (heard: Heard) => void | Promise<void>): StopListening {
    const call = { listener }
    this.#calls.add(call)
    return () => {
      this.#calls.delete(call)
    }
  }

  /** Listeners added while it runs hear the next ring. */
  call(heard: Heard): void {
    for (const call of [...this.#calls]) {
      if (!this.#calls.has(call)) continue
      try {
        call.listener(heard)?.catch(this.#onError)
      } catch (error) {
        this.#onError(error)
      }
    }
  }

  clear(): void {
    this.#calls.clear()
  }
}
