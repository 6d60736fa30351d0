// The relay as a part: it starts when store and routes are there; a drain waits for what is under way and gives back the rest.

import type { Config } from '@postern/config'
import type { Doorbell } from '@postern/events'
import type { Store } from '@postern/mailbox-store'
import { createTransport, KeptPolicies, type Relay, startRelay } from '@postern/relay'
import type { Part } from '@postern/service'
import { createMailLog, type Logger, type Metrics } from '@postern/telemetry'
import { relayLookups } from '../sending/relay-lookups.js'
import type { SendingLookups } from '../sending/sending-lookups.js'
import { OnceStarted } from './once-started.js'

export interface RelayPartOptions {
  readonly config: Config
  readonly store: () => Store
  readonly doorbell: Doorbell
  readonly lookups: () => SendingLookups
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock: () => number
}

export function createRelayPart(options: RelayPartOptions): Part {
  const { config, store, doorbell, lookups, metrics, clock } = options
  const { hostname, dnsServers } = config
  const logger = options.logger.child({ part: 'relay' })
  const started = new OnceStarted<Relay>('the relay')
  return {
    name: 'relay',
    async start() {
      const policies = new KeptPolicies()
      started.set(
        await startRelay({
          ...{ store: store(), doorbell, hostname, clock, random: Math.random, logger, metrics },
          ...relayLookups(store().directory, lookups()),
          mailLog: createMailLog({ logger, metrics }),
          transportFor: (route) =>
            createTransport(route, { hostname, dnsServers, allowsPrivateAddresses: false, logger, policies }),
        }),
      )
    },
    drain: () => started.get().drain(),
    stop: () => started.get().close(),
  }
}
