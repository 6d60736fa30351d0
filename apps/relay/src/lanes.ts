// Who goes next. Each destination has a lane: a domain by direct delivery, a smart host, an API, or this gateway's own inboxes. A
// lane has so many places, all lanes together so many more, and lanes take turns: a slow one fills its own places and holds no
// other up. Pure bookkeeping: no clock, no store.

import type { RelayLimits } from './relay-limits.js'
import type { Way } from './ways.js'

export interface Lane {
  readonly key: string
  /** Where the lane is a domain's: a claim can leave that out. */
  readonly domain: string | undefined
  readonly parallelMax: number
  readonly inHandMax: number
}

export interface Load {
  readonly lane: Lane
  /** How many recipients it has. */
  readonly size: number
}

interface LaneState<L extends Load> {
  readonly lane: Lane
  readonly queue: L[]
  active: number
  inHand: number
}

export class Lanes<L extends Load> {
  readonly #lanes = new Map<string, LaneState<L>>()
  readonly #limits: RelayLimits
  #active = 0
  #inHand = 0

  constructor(limits: RelayLimits) {
    this.#limits = limits
  }

  get active(): number {
    return this.#active
  }

  get inHand(): number {
    return this.#inHand
  }

  /** How many more recipients may be claimed. */
  get room(): number {
    return this.#limits.inHandMax - this.#inHand
  }

  hasRoomFor({ lane, size }: Load): boolean {
    const inHand = this.#lanes.get(lane.key)?.inHand ?? 0
    return inHand === 0 || inHand + size <= lane.inHandMax
  }

  add(load: L): void {
    const { lane } = load
    const state = this.#lanes.get(lane.key) ?? { lane, queue: [], active: 0, inHand: 0 }
    this.#lanes.set(lane.key, state)
    state.queue.push(load)
    state.inHand += load.size
    this.#inHand += load.size
  }

  /** The next one to be sent, now on its way: of the lane whose turn is the longest ago. */
  next(): L | undefined {
    if (this.#active >= this.#limits.parallelMax) return undefined
    for (const state of this.#lanes.values()) {
      if (state.queue.length === 0 || state.active >= state.lane.parallelMax) continue
      this.#lanes.delete(state.lane.key)
      this.#lanes.set(state.lane.key, state)
      state.active++
      this.#active++
      return state.queue.shift()
    }
    return undefined
  }

  done(load: L): void {
    const state = this.#state(load)
    state.active--
    this.#active--
    this.#forget(state, load)
  }

  /** One that isn't on its way: its lease is lost. */
  remove(load: L): void {
    const state = this.#state(load)
    state.queue.splice(state.queue.indexOf(load), 1)
    this.#forget(state, load)
  }

  /** Everything that isn't on its way, taken out. */
  takeQueued(): L[] {
    const queued = Array.from(this.#lanes.values()).flatMap(({ queue }) => queue)
    for (const load of queued) this.remove(load)
    return queued
  }

  /** Domains that a claim has to leave out. */
  fullDomains(): string[] {
    return this.#full().flatMap(({ lane }) => lane.domain ?? [])
  }

  /** Whether a claim may bring mail that finds no room, and can't be told to leave it out. */
  get hasFullHost(): boolean {
    return this.#full().some(({ lane }) => lane.domain === undefined)
  }

  isFull(lane: Lane): boolean {
    const state = this.#lanes.get(lane.key)
    return state !== undefined && this.#isFull(state)
  }

  #full(): LaneState<L>[] {
    return Array.from(this.#lanes.values()).filter((state) => this.#isFull(state))
  }

  /** When much is in hand, a lane takes no more than it can send. */
  #isFull({ lane, active, inHand }: LaneState<L>): boolean {
    const isTight = this.#inHand > this.#limits.inHandMax / 2
    return inHand + this.#limits.claimMax > lane.inHandMax || (isTight && active >= lane.parallelMax)
  }

  #state({ lane }: L): LaneState<L> {
    const state = this.#lanes.get(lane.key)
    if (state === undefined) throw new Error(`lane ${lane.key} is missing`)
    return state
  }

  #forget(state: LaneState<L>, load: L): void {
    state.inHand -= load.size
    this.#inHand -= load.size
    if (state.inHand === 0) this.#lanes.delete(state.lane.key)
  }
}

/** The lane of a way; the key names no secret. */
export function laneOf(way: Way, domain: string, limits: RelayLimits): Lane {
  const host = { domain: undefined, parallelMax: limits.parallelPerHost, inHandMax: limits.inHandPerHost }
  if (way.kind === 'sink') return { ...host, key: `sink ${new URL(way.sink.url).host}` }
  if (way.kind !== 'out') return { ...host, key: 'here', parallelMax: limits.parallelHere }
  const { route } = way
  switch (route.kind) {
    case 'direct':
      return {
        key: `direct ${domain}`,
        domain,
        parallelMax: limits.parallelPerDomain,
        inHandMax: limits.inHandPerDomain,
      }
    case 'smart-host':
      return { ...host, key: `${route.host}:${route.port}` }
    case 'ses':
      return { ...host, key: `ses ${route.endpoint ?? route.region}` }
    case 'resend':
      return { ...host, key: `resend ${route.endpoint ?? ''}`.trim() }
  }
}
