/**
 * The doorbell between the workers of one parent: what one rings, the others hear through the parent (ipc-hub.ts), which passes
 * on to each worker what somebody there listens to. A worker's own rings are delivered at once by the local doorbell inside it.
 * Who begins to listen is told to look (modSeq 0) when the parent has noted it: what was rung before that wasn't heard. Without a
 * parent a worker is on its way out, and hears itself alone.
 */
import type { Doorbell, Ring, StopListening } from './doorbell.js'
import { ipcKinds, type Mailboxes, type Rings } from './ipc-kinds.js'
import type { IpcLink } from './ipc-link.js'
import { localDoorbell } from './local-doorbell.js'
import { type Published, WaitingRings } from './waiting-rings.js'

export interface IpcDoorbellOptions {
  readonly link: IpcLink
  /** Told of a listener that threw or rejected. */
  readonly onError: (error: unknown) => void
  readonly onPublished?: (rings: number) => void
  readonly onHeard?: () => void
  /** A mailbox that nobody listens to any more is kept at least so long: a client that idles comes back soon. */
  readonly lingerMs?: number
}

const lingerMsDefault = 30_000
const waitingMax = 10_000
const ringsAtOnce = 500
/** The last rings before a stop get so long to leave. */
const farewellMs = 1_000

export const ipcDoorbell = (options: IpcDoorbellOptions): Doorbell => new IpcDoorbell(options)

class IpcDoorbell implements Doorbell {
  readonly #options: IpcDoorbellOptions
  readonly #local: Doorbell
  readonly #waiting = new WaitingRings(waitingMax)
  /** How many listen to each mailbox; those that nobody does any more stay for a while, with 0. */
  readonly #listeners = new Map<number, number>()
  /** Nobody has listened to these since the last stroke of the clock. */
  #left = new Set<number>()
  #wanted: number[] = []
  readonly #clock: NodeJS.Timeout
  #scheduled: NodeJS.Immediate | undefined
  #publishing: Promise<void> | undefined
  #isClosed = false

  constructor(options: IpcDoorbellOptions) {
    const { link, onError, lingerMs = lingerMsDefault } = options
    this.#options = options
    this.#local = localDoorbell({ onError })
    link.hear<Rings>(ipcKinds.rings, (rings) => {
      for (const ring of rings) this.#hear(ring)
    })
    link.hear<Mailboxes>(ipcKinds.hearing, (mailboxes) => {
      for (const mailbox of mailboxes) this.#local.ring({ mailbox, modSeq: 0 })
    })
    this.#clock = setInterval(() => this.#leave(), lingerMs)
    this.#clock.unref()
  }

  ring(ring: Ring): void {
    this.#local.ring(ring)
    if (this.#isClosed) return
    this.#waiting.add(ring)
    this.#schedule()
  }

  listen(mailbox: number, listener: (modSeq: number) => void | Promise<void>): StopListening {
    const stopListening = this.#local.listen(mailbox, listener)
    const before = this.#listeners.get(mailbox)
    this.#listeners.set(mailbox, (before ?? 0) + 1)
    this.#left.delete(mailbox)
    if (before === undefined) this.#want(mailbox)
    let isStopped = false
    return () => {
      stopListening()
      if (isStopped) return
      isStopped = true
      this.#listeners.set(mailbox, (this.#listeners.get(mailbox) ?? 1) - 1)
    }
  }

  listenToDirectory(listener: (publicId: string) => void | Promise<void>): StopListening {
    return this.#local.listenToDirectory(listener)
  }

  listenForOutbox(listener: () => void | Promise<void>): StopListening {
    return this.#local.listenForOutbox(listener)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#clock)
    await this.#local.close()
    this.#publish()
    const late = new Promise<void>((resolve) => setTimeout(resolve, farewellMs).unref())
    await Promise.race([this.#publishing, late])
  }

  #want(mailbox: number): void {
    this.#wanted.push(mailbox)
    this.#schedule()
  }

  #schedule(): void {
    this.#scheduled ??= setImmediate(() => this.#publish())
  }

  #publish(): void {
    if (this.#scheduled) clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    if (this.#wanted.length > 0) this.#options.link.post(ipcKinds.listen, this.#wanted.splice(0))
    this.#publishing ??= this.#publishAll().finally(() => {
      this.#publishing = undefined
    })
  }

  /** One piece at a time: what waits meanwhile is merged. */
  async #publishAll(): Promise<void> {
    const { link, onPublished } = this.#options
    while (this.#waiting.size > 0 && link.isUp) {
      const rings = this.#waiting.take(ringsAtOnce)
      link.post(ipcKinds.rings, rings)
      onPublished?.(rings.length)
      await link.flushed()
    }
  }

  #hear(ring: Published): void {
    this.#options.onHeard?.()
    if (ring === 'everyone') this.#ringEveryone()
    else this.#local.ring(ring)
  }

  #ringEveryone(): void {
    for (const mailbox of this.#listeners.keys()) this.#local.ring({ mailbox, modSeq: 0 })
    this.#local.ring({ outbox: 'due' })
  }

  #leave(): void {
    const gone = [...this.#left].filter((mailbox) => this.#listeners.get(mailbox) === 0)
    for (const mailbox of gone) this.#listeners.delete(mailbox)
    if (gone.length > 0) this.#options.link.post(ipcKinds.unlisten, gone)
    this.#left = new Set([...this.#listeners].filter(([, count]) => count === 0).map(([mailbox]) => mailbox))
  }
}
