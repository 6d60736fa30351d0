// Receiving as a part: SMTP from other servers and LMTP open when the store and the certificates are there; a drain says goodbye to their
// clients, and lets a message that is on its way in be answered.

import { Resolver } from 'node:dns/promises'
import type { Config } from '@postern/config'
import type { Counters, SessionsOfDoors } from '@postern/events'
import {
  createBlocklists,
  encrypted,
  type InboundContext,
  type InboundServer,
  retained,
  startInboundServer,
  zeroRetention,
} from '@postern/inbound'
import type { Store } from '@postern/mailbox-store'
import { type Certificates, networks, type Part, type PlacesFor } from '@postern/service'
import type { SinkClient } from '@postern/sink'
import { createMailLog, type Logger, type Metrics } from '@postern/telemetry'
import type { Holding } from '../holding.js'
import { dns } from '../limits.js'
import { receivedBytesMax } from '../message-sizes.js'
import { arrivalPlanner, type PlannedMailOptions } from '../rules/planned-mail.js'
import { keptRecipients } from '../sending/kept-recipients.js'
import { sealedRecords } from '../sending/sealed-records.js'
import { sinkClient } from '../sending/sink-client.js'
import { goodbyes } from './goodbyes.js'
import { judgeOf } from './judge.js'
import { OnceStarted } from './once-started.js'

export interface InboundPartOptions {
  readonly config: Config
  readonly store: () => Store
  readonly serverKey: () => Uint8Array
  /** How messages are held while they're judged. */
  readonly holding: Holding
  readonly certificates: () => Certificates
  readonly placesFor: PlacesFor | undefined
  readonly counters: Counters
  readonly planning: () => PlannedMailOptions
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock: () => number
}

export interface InboundPorts {
  readonly mx: number
  readonly lmtp: number
}

export interface InboundPart extends Part {
  ports(): InboundPorts
  sessions(): SessionsOfDoors
  /** For the other way in, over HTTP: what is held counts together. */
  context(): InboundContext
}

export function createInboundPart(options: InboundPartOptions): InboundPart {
  const { config, certificates, counters, placesFor, logger } = options
  const opened = new OnceStarted<InboundServer>('receiving')
  const context = new OnceStarted<InboundContext>('receiving')
  const sinks = sinkClient(config)
  return {
    name: 'inbound',
    ports: () => ({ mx: opened.get().mxPort, lmtp: opened.get().lmtpPort }),
    context: () => context.get(),
    async start() {
      context.set(inboundContext(options, sinks))
      opened.set(
        await startInboundServer({
          inbound: context.get(),
          certificates: certificates(),
          counters,
          host: config.bind,
          mxPort: config.mxPort,
          lmtpPort: config.lmtpPort,
          lmtpSocket: config.lmtpSocket,
          sharesSocket: config.workers > 1,
          lmtpNetworks: networks(config.lmtpNetworks),
          trustedNetworks: networks(config.mxTrustedNetworks),
          blocklists: createBlocklists({
            ...{ zones: config.blocklists, timeoutMs: dns.timeoutMs * dns.tries, logger },
            resolve4: resolverOf(config.dnsServers),
          }),
          proxyNetworks: networks(config.proxyNetworks),
          connectionsMax: config.connectionsMax,
          connectionsPerAddressMax: config.connectionsPerAddressMax,
          placesFor,
          limits: {
            messageBytesMax: receivedBytesMax(config),
            recipientsMax: config.mxRecipientsMax,
            sessionMsMax: config.mxSessionMs,
            idleTimeoutMs: config.mxIdleTimeoutMs,
          },
          guardLimits: {
            connectionsPerMinute: config.mxConnectionsPerMinute,
            messagesPerMinute: config.mxMessagesPerMinute,
            unknownPerHour: config.mxUnknownPerHour,
            greylistMs: config.greylistMs,
          },
        }),
      )
    },
    sessions: () => opened.get(),
    drain: (time) => opened.get().drain(goodbyes(config, time)),
    async stop() {
      await opened.get().close()
      sinks.close()
    },
  }
}

function inboundContext(
  { config, store, serverKey, holding, planning, logger, metrics, clock }: InboundPartOptions,
  sinks: SinkClient,
): InboundContext {
  const { hostname, domain } = config
  const opened = store()
  const planner = arrivalPlanner(planning())
  const mailLog = createMailLog({ logger, metrics })
  const sealed = sealedRecords(serverKey())
  return {
    ...{ store: opened, hostname, logger, metrics, clock, planner },
    judge: judgeOf({ config, clock, logger, metrics, mailLog }),
    modes: {
      retained: retained({ store: opened, planner, hostname }),
      encrypted: encrypted({ store: opened, planner, hostname, clock, logger }),
      'zero-retention': zeroRetention({ client: sinks, sinkOf: sealed.sinkOf, hostname, clock, logger }),
    },
    recipientFor: keptRecipients(opened.directory),
    holding,
    postmasterDomain: domain,
    mailLog,
  }
}

function resolverOf(servers: readonly string[]): (name: string) => Promise<string[]> {
  const resolver = new Resolver({ timeout: dns.timeoutMs, tries: dns.tries })
  if (servers.length > 0) resolver.setServers(servers)
  return (name) => resolver.resolve4(name)
}
