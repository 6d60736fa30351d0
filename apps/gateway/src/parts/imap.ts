// IMAP as a part: its listeners open when the store and the certificates are there; a drain says goodbye to its clients.

import type { Config } from '@postern/config'
import type { Counters, Doorbell, Sending, SessionsOfDoors } from '@postern/events'
import { type ImapServer, type Login, startImapServer } from '@postern/imap'
import type { Store } from '@postern/mailbox-store'
import { type Certificates, networks, type Part, type PlacesFor } from '@postern/service'
import type { Logger, Metrics } from '@postern/telemetry'
import { version } from '../version.js'
import { goodbyes } from './goodbyes.js'
import { OnceStarted } from './once-started.js'

export interface ImapPartOptions {
  readonly config: Config
  readonly store: () => Store
  readonly doorbell: Doorbell
  readonly sending: Sending
  readonly counters: Counters
  readonly certificates: () => Certificates
  readonly placesFor: PlacesFor | undefined
  readonly login: Login
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock: () => number
}

export interface ImapPart extends Part {
  port(): number
  clearPort(): number | undefined
  sessions(): SessionsOfDoors
}

export function createImapPart(options: ImapPartOptions): ImapPart {
  const { config, store, doorbell, sending, counters, certificates, placesFor, login, logger, metrics, clock } = options
  const opened = new OnceStarted<ImapServer>('IMAP')
  return {
    name: 'imap',
    port: () => opened.get().port,
    clearPort: () => opened.get().clearPort,
    async start() {
      opened.set(
        await startImapServer({
          store: store(),
          doorbell,
          sending,
          counters,
          certificates: certificates(),
          login,
          tokens: config.oauthIssuers.length > 0,
          logger,
          metrics,
          clock,
          version,
          host: config.bind,
          port: config.imapsPort,
          clearPort: config.imapPort,
          proxyNetworks: networks(config.proxyNetworks),
          tlsProxyNetworks: networks(config.tlsProxyNetworks),
          connectionsMax: config.connectionsMax,
          connectionsPerAddressMax: config.connectionsPerAddressMax,
          placesFor,
          limits: {
            sessionsPerInboxMax: config.imapSessionsPerInboxMax,
            loginTimeoutMs: config.imapLoginTimeoutMs,
            idleTimeoutMs: config.imapIdleTimeoutMs,
            messageBytesMax: config.messageBytesMax,
          },
        }),
      )
    },
    sessions: () => opened.get(),
    drain: (time) => opened.get().drain(goodbyes(config, time)),
    stop: () => opened.get().close(),
  }
}
