// The relay as a part: it starts when store and routes are there; a drain waits for what is under way and gives back the rest.

import type { Config } from '@postern/config'
import type { Doorbell } from '@postern/events'
import type { Store } from '@postern/mailbox-store'
import { createTransport, KeptPolicies, type Relay, startRelay } from '@postern/relay'
import type { Part } from '@postern/service'
import { createMailLog, type Logger, type Metrics } from '@postern/telemetry'
import { type PlannedMailOptions, relayPlanner } from '../rules/planned-mail.js'
import { ruleSink } from '../rules/rule-sink.js'
import { relayLookups } from '../sending/relay-lookups.js'
import { sealFor } from '../sending/seal-for.js'
import { sealedRecords } from '../sending/sealed-records.js'
import type { SendingLookups } from '../sending/sending-lookups.js'
import { sinkClient } from '../sending/sink-client.js'
import { OnceStarted } from './once-started.js'

export interface RelayPartOptions {
  readonly config: Config
  readonly store: () => Store
  readonly serverKey: () => Uint8Array
  readonly doorbell: Doorbell
  readonly planning: () => PlannedMailOptions
  readonly lookups: () => SendingLookups
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock: () => number
}

export function createRelayPart(options: RelayPartOptions): Part {
  const { config, store, serverKey, doorbell, planning, lookups, metrics, clock } = options
  const { hostname, dnsServers } = config
  const logger = options.logger.child({ part: 'relay' })
  const started = new OnceStarted<Relay>('the relay')
  const sinks = sinkClient(config)
  return {
    name: 'relay',
    async start() {
      const policies = new KeptPolicies()
      const { directory } = store()
      const sealed = sealedRecords(serverKey())
      started.set(
        await startRelay({
          ...{ store: store(), doorbell, hostname, clock, random: Math.random, logger, metrics },
          ...relayLookups(directory, { lookups: lookups(), sealed }),
          sealFor: sealFor({ directory, clock, logger }),
          planHere: relayPlanner(planning()),
          sinkOf: (rule) => ruleSink(rule, { directory, sealed }),
          sinks,
          mailLog: createMailLog({ logger, metrics }),
          transportFor: (route) =>
            createTransport(route, { hostname, dnsServers, allowsPrivateAddresses: false, logger, policies }),
        }),
      )
    },
    drain: () => started.get().drain(),
    async stop() {
      await started.get().close()
      sinks.close()
    },
  }
}
