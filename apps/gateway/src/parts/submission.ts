// Submission as a part: its two ports open when the store and the certificates are there; a drain says goodbye to its clients, and
// lets a message that is on its way in be answered.

import type { Config } from '@postern/config'
import type { Sending, SessionsOfDoors } from '@postern/events'
import type { Store } from '@postern/mailbox-store'
import { type Certificates, networks, type Part, type PlacesFor } from '@postern/service'
import { type Login, type SendingLookups, type SubmissionServer, startSubmissionServer } from '@postern/submission'
import type { Logger, Metrics } from '@postern/telemetry'
import type { Holding } from '../holding.js'
import { sentBytesMax } from '../message-sizes.js'
import { type PlannedMailOptions, submissionPlanner } from '../rules/planned-mail.js'
import { sealedRecords } from '../sending/sealed-records.js'
import { sinkClient } from '../sending/sink-client.js'
import { goodbyes } from './goodbyes.js'
import { OnceStarted } from './once-started.js'

export interface SubmissionPartOptions {
  readonly config: Config
  readonly store: () => Store
  readonly certificates: () => Certificates
  readonly placesFor: PlacesFor | undefined
  readonly login: Login
  readonly lookups: () => SendingLookups
  readonly sending: Sending
  readonly planning: () => PlannedMailOptions
  readonly serverKey: () => Uint8Array
  /** How messages are held that have to be encrypted, or may not stay. */
  readonly holding: Holding
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock: () => number
}

export interface SubmissionPorts {
  readonly submissions: number
  readonly submission: number
}

export interface SubmissionPart extends Part {
  ports(): SubmissionPorts
  sessions(): SessionsOfDoors
}

export function createSubmissionPart(options: SubmissionPartOptions): SubmissionPart {
  const { config, store, certificates, placesFor, login, lookups, sending, planning, serverKey, holding } = options
  const { logger, metrics, clock } = options
  const sinks = sinkClient(config)
  const opened = new OnceStarted<SubmissionServer>('submission')
  return {
    name: 'submission',
    ports: () => ({ submissions: opened.get().tlsPort, submission: opened.get().startTlsPort }),
    async start() {
      opened.set(
        await startSubmissionServer({
          store: store(),
          certificates: certificates(),
          planHere: submissionPlanner(planning()),
          login,
          lookups: lookups(),
          sending,
          sinks: { post: (url, posting) => sinks.post(url, posting), of: sealedRecords(serverKey()).sinkOf },
          holding,
          tokens: config.oauthIssuers.length > 0,
          logger,
          metrics,
          clock,
          hostname: config.hostname,
          host: config.bind,
          tlsPort: config.submissionsPort,
          startTlsPort: config.submissionPort,
          proxyNetworks: networks(config.proxyNetworks),
          connectionsMax: config.connectionsMax,
          connectionsPerAddressMax: config.connectionsPerAddressMax,
          placesFor,
          limits: {
            messageBytesMax: sentBytesMax(config),
            recipientsMax: config.submissionRecipientsMax,
            sessionMsMax: config.submissionSessionMs,
            loginTimeoutMs: config.submissionLoginTimeoutMs,
            idleTimeoutMs: config.submissionIdleTimeoutMs,
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
