// A worker's places for connections among those of all workers (POSTERN_CONNECTIONS_MAX, POSTERN_CONNECTIONS_PER_ADDRESS_MAX): the
// parent counts (places-hub.ts). A worker also counts its own, and goes by that alone when the parent doesn't answer.

import type { IpcLink } from '@postern/events'
import { ConnectionCount, type Place, type PlacesFor, type Refusal } from '@postern/service'
import { placeTimeoutMs } from '../limits.js'
import { kinds, type LeftPlace, type PlaceQuestion } from './kinds.js'

export function sharedPlaces(link: IpcLink): PlacesFor {
  return (listener, { connectionsMax, connectionsPerAddressMax }) => {
    const own = new ConnectionCount({ connectionsMax, connectionsPerAddressMax })
    return {
      async take(address): Promise<Place> {
        const here = own.take(address)
        if (here.refusal !== undefined) return here
        const question: PlaceQuestion = { listener, address, connectionsMax, connectionsPerAddressMax }
        const refusal = await link
          .ask<Refusal | null>(kinds.takePlace, question, { timeoutMs: placeTimeoutMs })
          .catch(() => undefined)
        if (refusal) {
          here.release()
          return { refusal }
        }
        return {
          release() {
            here.release()
            if (refusal === null) link.post(kinds.leavePlace, { listener, address } satisfies LeftPlace)
          },
        }
      },
    }
  }
}
