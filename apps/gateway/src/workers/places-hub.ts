// The connections of all workers, counted by their parent, one count for each listener. What a worker held that is gone comes free.

import type { IpcLink } from '@postern/events'
import { ConnectionCount, type Refusal } from '@postern/service'
import { kinds, type LeftPlace, type PlaceQuestion } from './kinds.js'

export class PlacesHub {
  readonly #counts = new Map<string, ConnectionCount>()

  attach(link: IpcLink): void {
    const held = new Map<string, (() => void)[]>()
    link.answer<PlaceQuestion>(kinds.takePlace, (question): Refusal | null => {
      const place = this.#countOf(question).take(question.address)
      if (place.refusal !== undefined) return place.refusal
      const places = held.get(nameOf(question))
      if (places === undefined) held.set(nameOf(question), [place.release])
      else places.push(place.release)
      return null
    })
    link.hear<LeftPlace>(kinds.leavePlace, (left) => {
      const places = held.get(nameOf(left))
      places?.pop()?.()
      if (places?.length === 0) held.delete(nameOf(left))
    })
    link.onDown(() => {
      for (const places of held.values()) for (const release of places) release()
      held.clear()
    })
  }

  #countOf({ listener, connectionsMax, connectionsPerAddressMax }: PlaceQuestion): ConnectionCount {
    const count = this.#counts.get(listener) ?? new ConnectionCount({ connectionsMax, connectionsPerAddressMax })
    this.#counts.set(listener, count)
    return count
  }
}

const nameOf = ({ listener, address }: LeftPlace): string => `${listener} ${address}`
