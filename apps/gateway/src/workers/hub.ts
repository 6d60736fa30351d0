// What the parent does for its workers: their events, the count of their connections, their metrics, the keys of their TLS
// sessions; and it names the one that does what only one shall do, the oldest that is there.

import { EventsHub, IpcLink } from '@postern/events'
import { newTicketKeys, ticketKeysLifeMs } from '@postern/service'
import { localCounterLimits, localSendingLimits } from '../limits.js'
import { channelTo, type IpcPeer } from './channel.js'
import { kinds, type Ready, type Welcome } from './kinds.js'
import { MetricsHub } from './metrics-hub.js'
import { PlacesHub } from './places-hub.js'

export class Hub {
  readonly #events = new EventsHub({ counters: localCounterLimits, sending: localSendingLimits })
  readonly #places = new PlacesHub()
  readonly #metrics = new MetricsHub()
  /** The oldest first. */
  readonly #links = new Set<IpcLink>()
  #ticketKeys = newTicketKeys()

  constructor() {
    setInterval(() => this.#renewTicketKeys(), ticketKeysLifeMs).unref()
  }

  attach(peer: IpcPeer, { announces, onReady }: { announces: boolean; onReady: (ready: Ready) => void }): void {
    const link = new IpcLink(channelTo(peer))
    this.#links.add(link)
    link.answer(
      kinds.welcome,
      (): Welcome => ({
        announces,
        isKeeper: this.#keeper === link,
        ticketKeys: this.#ticketKeys.toString('base64'),
      }),
    )
    link.hear<Ready>(kinds.ready, onReady)
    this.#events.attach(link)
    this.#places.attach(link)
    this.#metrics.attach(link)
    link.onDown(() => {
      this.#links.delete(link)
      this.#keeper?.post(kinds.keeper, null)
    })
  }

  get #keeper(): IpcLink | undefined {
    const [oldest] = this.#links
    return oldest
  }

  #renewTicketKeys(): void {
    this.#ticketKeys = newTicketKeys()
    for (const link of this.#links) link.post(kinds.ticketKeys, this.#ticketKeys.toString('base64'))
  }
}
