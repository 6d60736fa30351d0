// The IMAP server: a listener on implicit TLS and perhaps one in clear, and what all sessions share. RFC 8314 §3.2, contract A1
// and A3.

import { setTimeout as sleep } from 'node:timers/promises'
import { mechanisms } from '@postern/auth'
import { type Counters, localCounters, localSending, type Sending, type SessionsOfDoors } from '@postern/events'
import {
  type Certificates,
  type Listener,
  type ListenerOptions,
  listen,
  type Networks,
  type PlacesFor,
  type Refusal,
} from '@postern/service'
import type { Metrics } from '@postern/telemetry'
import type { ImapContext, Login } from './context.js'
import { extensions } from './extensions/list.js'
import { InboxSessions } from './inbox-sessions.js'
import { defaultImapLimits, type ImapLimits } from './limits.js'
import { Registry } from './registry.js'
import { Sessions } from './sessions.js'

export interface ImapServerOptions extends Pick<ImapContext, 'store' | 'doorbell' | 'logger' | 'version'> {
  readonly login: Login
  /** Whether tokens of an issuer are taken besides passwords (contract B11). */
  readonly tokens?: boolean
  readonly metrics: Metrics
  readonly certificates: Certificates
  readonly host: string
  /** Implicit TLS; 0 = any free port. */
  readonly port: number
  /** In clear until STARTTLS; no such door unless it's given. */
  readonly clearPort?: number | undefined
  readonly proxyNetworks: Networks
  /** Where proxies stand that end TLS in front of the clear port. */
  readonly tlsProxyNetworks?: Networks
  readonly connectionsMax: number
  readonly connectionsPerAddressMax: number
  /** Counts connections together with other processes that have the same ports. */
  readonly placesFor?: PlacesFor | undefined
  /** What nodes share to count by; within this process where they're not given. */
  readonly counters?: Counters
  /** Which messages are being submitted right now; nobody waits for any where it's not given. */
  readonly sending?: Sending
  readonly clock?: () => number
  readonly limits?: Partial<ImapLimits>
}

export interface ImapServer extends SessionsOfDoors {
  readonly port: number
  readonly clearPort: number | undefined
  readonly sessions: number
  /**
   * Takes no new client, and says goodbye to those that are here, spread over `overMs`. For `noticeMs` before that the doors are
   * open, and tell who comes that the server is going down.
   */
  drain(time?: { readonly noticeMs?: number; readonly overMs?: number }): Promise<void>
  /** Cuts off whoever is left; afterwards nothing runs for anybody any more. */
  close(): Promise<void>
}

/** Inboxes whose sessions are counted; beyond, those of the one that was left alone longest are forgotten. */
const inboxesMax = 100_000

export async function startImapServer(options: ImapServerOptions): Promise<ImapServer> {
  const { certificates, clearPort } = options
  const limits = { ...defaultImapLimits, ...options.limits }
  const offered = mechanisms({ tokens: options.tokens ?? false })
  const registry = new Registry(extensions({ ...limits, mechanisms: offered }))
  const { counters = localCounters({ keysMax: inboxesMax, membersMax: 0 }), clock = Date.now, logger } = options
  const { sending = localSending({ messagesMax: 0 }) } = options
  const { sessionsPerInboxMax } = limits
  const inboxSessions = new InboxSessions({ counters, clock, logger, sessionsPerInboxMax })
  const context: ImapContext = { ...pick(options), sending, inboxSessions, mechanisms: offered, limits, registry }
  const sessions = new Sessions(context)
  const tls = await door({ name: 'imaps', port: options.port, portSetting: 'POSTERN_IMAPS_PORT', tls: certificates })
  if (clearPort === undefined) return serverOf({ tls }, sessions, context)
  try {
    const clear = await door({ name: 'imap', port: clearPort, portSetting: 'POSTERN_IMAP_PORT' })
    return serverOf({ tls, clear }, sessions, context)
  } catch (error) {
    await tls.close()
    throw error
  }

  function door(own: Pick<ListenerOptions, 'name' | 'port' | 'portSetting' | 'tls'>): Promise<Listener> {
    const { host, logger, metrics, proxyNetworks, tlsProxyNetworks } = options
    const { connectionsMax, connectionsPerAddressMax, placesFor } = options
    return listen({
      ...own,
      ...{ host, logger, metrics, proxyNetworks, connectionsMax, connectionsPerAddressMax, placesFor },
      proxyTimeoutMs: limits.proxyTimeoutMs,
      ...(own.tls === undefined && tlsProxyNetworks !== undefined && { tlsProxyNetworks }),
      handshakeTimeoutMs: limits.handshakeTimeoutMs,
      onConnection: (incoming) => sessions.serve(incoming),
      onRefused: ({ socket }, refusal) => void socket.write(busyLine[refusal]),
    })
  }
}

const busyLine: Readonly<Record<Refusal, string>> = {
  'too many connections': '* BYE [LIMIT] Too many connections, try again later\r\n',
  'too many connections from one address': '* BYE [LIMIT] Too many connections from your address\r\n',
}

const pick = ({ store, login, doorbell, logger, metrics, certificates, version }: ImapServerOptions) => ({
  store,
  login,
  doorbell,
  logger,
  metrics,
  certificates,
  version,
})

interface Doors {
  readonly tls: Listener
  readonly clear?: Listener
}

function serverOf({ tls, clear }: Doors, sessions: Sessions, { inboxSessions }: ImapContext): ImapServer {
  return {
    port: tls.port,
    clearPort: clear?.port,
    get sessions() {
      return sessions.size
    },
    live: () => sessions.live(),
    endSession: (id) => sessions.endSession(id),
    async drain({ noticeMs = 0, overMs = 0 } = {}) {
      sessions.turnAway()
      if (noticeMs > 0) await sleep(noticeMs)
      tls.stopAccepting()
      clear?.stopAccepting()
      await sessions.drain({ overMs })
    },
    async close() {
      await Promise.all([tls.close(), clear?.close()])
      await sessions.ended()
      inboxSessions.close()
    },
  }
}
