// What this relay may send: every load in hand, with the end of its lease. Leases are renewed while there's work; a load of which
// one recipient is another relay's now is ended. When the store can't renew them, sending stops before they run out.

import type { Claimed, Outbox } from '@postern/mailbox-store'
import type { Logger } from '@postern/telemetry'
import type { RelayLoad } from './loads.js'
import type { Seldom } from './seldom.js'

export interface LeasesOptions {
  readonly outbox: Outbox
  readonly owner: string
  readonly leaseMs: number
  readonly clock: () => number
  readonly logger: Logger
  readonly seldom: Seldom
  /** These recipients aren't ours any more. */
  readonly onLost: (load: RelayLoad) => void
}

const idsPerRenewal = 500

export class Leases {
  readonly #options: LeasesOptions
  readonly #held = new Map<RelayLoad, number>()
  /** Of all that is in hand; true where it was claimed once more meanwhile. */
  readonly #ids = new Map<number, boolean>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: LeasesOptions) {
    this.#options = options
  }

  start(): void {
    const round = async (): Promise<void> => {
      await this.renew()
      this.#timer = setTimeout(round, this.#options.leaseMs / 3)
    }
    this.#timer = setTimeout(round, this.#options.leaseMs / 3)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  hold(load: RelayLoad, until: number): void {
    this.#held.set(load, until)
    for (const { id } of load.rows) this.#ids.set(id, false)
  }

  /** Answers what was claimed once more, and may have to be given back. */
  drop(load: RelayLoad): number[] {
    this.#held.delete(load)
    const ids = load.rows.map(({ id }) => id)
    const again = ids.filter((id) => this.#ids.get(id) === true)
    for (const id of ids) this.#ids.delete(id)
    return again
  }

  /**
   * What of a claim this relay isn't at already. A clock that jumps, as that of a machine that slept, ends leases of what is under
   * way, and the next claim brings it again.
   */
  fresh(rows: readonly Claimed[]): Claimed[] {
    for (const { id } of rows) if (this.#ids.has(id)) this.#ids.set(id, true)
    return rows.filter(({ id }) => !this.#ids.has(id))
  }

  /** Whether it's surely ours for a while: asked right before it is sent. */
  isOurs(load: RelayLoad): boolean {
    return (this.#held.get(load) ?? 0) > this.#options.clock() + this.#options.leaseMs / 6
  }

  async renew(): Promise<void> {
    const loads = Array.from(this.#held.keys())
    const ids = loads.flatMap(({ rows }) => rows.map(({ id }) => id))
    const lost = new Set<number>()
    for (let at = 0; at < ids.length; at += idsPerRenewal)
      for (const id of await this.#renewSome(ids.slice(at, at + idsPerRenewal))) lost.add(id)
    for (const load of loads) if (load.rows.some(({ id }) => lost.has(id))) this.#lose(load)
    for (const load of Array.from(this.#held.keys())) if (!this.isOurs(load)) this.#lose(load)
  }

  /** Of a store that doesn't answer, nothing is lost yet: `isOurs` knows when. */
  async #renewSome(ids: readonly number[]): Promise<readonly number[]> {
    const { outbox, owner, leaseMs, clock, seldom } = this.#options
    const until = clock() + leaseMs
    try {
      const lost = await outbox.renew({ owner, ids, leaseMs })
      const renewed = new Set(ids)
      for (const [load] of this.#held) if (load.rows.some(({ id }) => renewed.has(id))) this.#held.set(load, until)
      return lost
    } catch (err) {
      seldom.error(err, 'leases were not renewed')
      return []
    }
  }

  #lose(load: RelayLoad): void {
    if (!this.#held.delete(load)) return
    this.#options.logger.warn(
      { recipients: load.rows.length },
      'another relay has taken over what this one was about to send',
    )
    this.#options.onLost(load)
  }
}
