// How many posts may be under way, from one network and in all: each holds a piece of memory or a file until it's answered.

import { networkOf } from '@postern/auth'
import { IngestError } from './answer.js'
import { postsMax, postsPerNetworkMax } from './limits.js'

export class Posts {
  readonly #byNetwork = new Map<string, number>()
  #all = 0

  /** Throws where there are too many. Returns how to end it. */
  begin(address: string): () => void {
    const network = networkOf(address)
    const own = this.#byNetwork.get(network) ?? 0
    if (own >= postsPerNetworkMax)
      throw new IngestError('ingest_busy', 'Too many posts from this network are under way at once.')
    if (this.#all >= postsMax) throw new IngestError('ingest_unavailable', 'Too many posts are under way at once.')
    this.#byNetwork.set(network, own + 1)
    this.#all++
    return () => {
      this.#all--
      const left = (this.#byNetwork.get(network) ?? 1) - 1
      if (left === 0) this.#byNetwork.delete(network)
      else this.#byNetwork.set(network, left)
    }
  }
}
