// One transport for each route, made when it's first needed and closed when it wasn't for a while: it keeps connections.

import type { Transport } from './transport.js'
import type { WayOut } from './ways.js'

interface Kept {
  readonly transport: Transport
  users: number
  idleSince: number
}

export interface TransportSetOptions {
  readonly transportFor: (route: WayOut) => Transport
  readonly idleMs: number
  readonly clock: () => number
  readonly onError: (error: unknown) => void
}

export class TransportSet {
  readonly #options: TransportSetOptions
  readonly #kept = new Map<string, Kept>()

  constructor(options: TransportSetOptions) {
    this.#options = options
  }

  async use<Result>(route: WayOut, work: (transport: Transport) => Promise<Result>): Promise<Result> {
    const key = JSON.stringify(route)
    const kept = this.#kept.get(key) ?? { transport: this.#options.transportFor(route), users: 0, idleSince: 0 }
    this.#kept.set(key, kept)
    kept.users++
    try {
      return await work(kept.transport)
    } finally {
      kept.users--
      kept.idleSince = this.#options.clock()
    }
  }

  closeIdle(): Promise<void> {
    const { clock, idleMs } = this.#options
    return this.#close(({ users, idleSince }) => users === 0 && clock() - idleSince >= idleMs)
  }

  closeAll(): Promise<void> {
    return this.#close(() => true)
  }

  async #close(which: (kept: Kept) => boolean): Promise<void> {
    const closing = Array.from(this.#kept).filter(([, kept]) => which(kept))
    for (const [key] of closing) this.#kept.delete(key)
    await Promise.all(closing.map(([, { transport }]) => transport.close().catch(this.#options.onError)))
  }
}
