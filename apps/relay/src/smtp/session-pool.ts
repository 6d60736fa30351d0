/**
 * Sessions that are kept for a while and used again, by key: a smart host, or a domain. A key has so many sessions at a time at
 * most; who comes later waits for a place. An idle one is let go after a while, and nothing of a key without sessions is kept.
 */
import type { TransportLimits } from '../limits.js'
import { onAbort } from './deadline.js'
import type { SmtpSession } from './smtp-session.js'

interface Idle {
  readonly session: SmtpSession
  readonly timer: NodeJS.Timeout
}

interface Place {
  used: number
  readonly idle: Idle[]
  readonly waiting: (() => void)[]
}

export class SessionPool {
  readonly #limits: TransportLimits
  readonly #places = new Map<string, Place>()
  #isClosed = false

  constructor(limits: TransportLimits) {
    this.#limits = limits
  }

  /** Waits for a place among the key's sessions; `leave` gives it back. */
  async enter(key: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const place = this.#placeOf(key)
    place.used += 1
    if (place.used <= this.#limits.connectionsMax) return
    await new Promise<void>((resolve, reject) => {
      const go = () => {
        forget()
        resolve()
      }
      const forget = onAbort(signal, (reason) => {
        place.waiting.splice(place.waiting.indexOf(go), 1)
        place.used -= 1
        reject(reason)
      })
      place.waiting.push(go)
    })
  }

  /** The one that was used last: the others may then grow old. */
  takeIdle(key: string): SmtpSession | undefined {
    const { idle } = this.#placeOf(key)
    for (let last = idle.pop(); last !== undefined; last = idle.pop()) {
      clearTimeout(last.timer)
      if (last.session.isOpen) return last.session
      last.session.destroy()
    }
    return undefined
  }

  /** Keeps the session, if there's any use in it, and lets the next one in. */
  leave(key: string, session: SmtpSession | undefined): void {
    const place = this.#placeOf(key)
    if (session?.isOpen) this.#keep(place, { session, key })
    else session?.destroy()
    place.used -= 1
    place.waiting.shift()?.()
    this.#forget(key)
  }

  close(): void {
    this.#isClosed = true
    for (const { idle } of this.#places.values())
      for (const { session, timer } of idle.splice(0)) {
        clearTimeout(timer)
        session.quit()
      }
  }

  #keep(place: Place, { session, key }: { session: SmtpSession; key: string }): void {
    const isSpent = session.messagesSent >= this.#limits.messagesPerConnectionMax
    if (this.#isClosed || isSpent) {
      session.quit()
      return
    }
    const timer = setTimeout(() => {
      place.idle.splice(place.idle.indexOf(kept), 1)
      session.quit()
      this.#forget(key)
    }, this.#limits.idleTimeoutMs)
    const kept = { session, timer: timer.unref() }
    place.idle.push(kept)
  }

  #placeOf(key: string): Place {
    const place = this.#places.get(key) ?? { used: 0, idle: [], waiting: [] }
    this.#places.set(key, place)
    return place
  }

  #forget(key: string): void {
    const place = this.#places.get(key)
    if (place?.used === 0 && place.idle.length === 0) this.#places.delete(key)
  }
}
