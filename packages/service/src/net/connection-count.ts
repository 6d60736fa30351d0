/**
 * Counts one listener's open connections, in all and per client network, and says which limit another one would break. An
 * address counts as the network that one client usually has (networks.ts). Where several processes have the same port, who
 * opens the listener may hand in a count that they share.
 */
import { clientNetwork } from './networks.js'

export type Refusal = 'too many connections' | 'too many connections from one address'

export type Place =
  | { readonly refusal: Refusal; readonly release?: never }
  /** Call release once, when the client is gone. */
  | { readonly refusal?: never; readonly release: () => void }

export interface ConnectionLimits {
  readonly connectionsMax: number
  readonly connectionsPerAddressMax: number
}

export interface ConnectionPlaces {
  /** Takes a place for the address, or says why there's none. */
  take(address: string): Place | Promise<Place>
}

/** The count for a listener of that name. */
export type PlacesFor = (listener: string, limits: ConnectionLimits) => ConnectionPlaces

export class ConnectionCount implements ConnectionPlaces {
  readonly #limits: ConnectionLimits
  readonly #byNetwork = new Map<string, number>()
  #total = 0

  constructor(limits: ConnectionLimits) {
    this.#limits = limits
  }

  take(address: string): Place {
    const network = clientNetwork(address)
    const held = this.#byNetwork.get(network) ?? 0
    if (this.#total >= this.#limits.connectionsMax) return { refusal: 'too many connections' }
    if (held >= this.#limits.connectionsPerAddressMax) return { refusal: 'too many connections from one address' }
    this.#total++
    this.#byNetwork.set(network, held + 1)
    return { release: () => this.#release(network) }
  }

  #release(network: string): void {
    this.#total--
    const left = this.#byNetwork.get(network)! - 1
    if (left === 0) this.#byNetwork.delete(network)
    else this.#byNetwork.set(network, left)
  }
}
