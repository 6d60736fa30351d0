// The IMAP server: a listener on implicit TLS and perhaps one in clear, a session for each client, and an end that lets
// clients finish. RFC 8314 §3.2, RFC 9051 §3, contract A1 and A3.

import { mechanisms } from '@postern/auth'
import { type Counters, localCounters } from '@postern/events'
import {
  type Certificates,
  Connection,
  type Incoming,
  type Listener,
  type ListenerOptions,
  listen,
  type Networks,
  type Refusal,
} from '@postern/service'
import type { Metrics } from '@postern/telemetry'
import { CommandLoop } from './command-loop.js'
import type { ImapContext, Login } from './context.js'
import { extensions } from './extensions/list.js'
import { InboxSessions } from './inbox-sessions.js'
import { defaultImapLimits, type ImapLimits } from './limits.js'
import { Registry } from './registry.js'
import { Session } from './session.js'

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
  /** What nodes share to count by; within this process where they're not given. */
  readonly counters?: Counters
  readonly clock?: () => number
  readonly limits?: Partial<ImapLimits>
}

export interface ImapServer {
  readonly port: number
  readonly clearPort: number | undefined
  readonly sessions: number
  /** Takes no new client, and says goodbye to those that are here. */
  drain(): Promise<void>
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
  const { sessionsPerInboxMax } = limits
  const inboxSessions = new InboxSessions({ counters, clock, logger, sessionsPerInboxMax })
  const context: ImapContext = { ...pick(options), inboxSessions, mechanisms: offered, limits, registry }
  const sessions = new Set<CommandLoop>()
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
    const { host, logger, metrics, proxyNetworks, tlsProxyNetworks, connectionsMax, connectionsPerAddressMax } = options
    return listen({
      ...own,
      ...{ host, logger, metrics, proxyNetworks, connectionsMax, connectionsPerAddressMax },
      proxyTimeoutMs: limits.proxyTimeoutMs,
      ...(own.tls === undefined && tlsProxyNetworks !== undefined && { tlsProxyNetworks }),
      handshakeTimeoutMs: limits.handshakeTimeoutMs,
      onConnection: (incoming) => void serve(incoming, context, sessions),
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

async function serve(incoming: Incoming, context: ImapContext, sessions: Set<CommandLoop>): Promise<void> {
  const { limits } = context
  const { writeBufferBytesMax, writeStallTimeoutMs, idleTimeoutMs, lingerMs } = limits
  const onIdle = (): void => void loop.bye('Idle for too long', { givenUp: true })
  const clocks = { writeStallTimeoutMs, idleTimeoutMs, lingerMs, onIdle }
  const session = new Session(new Connection(incoming, { writeBufferBytesMax, ...clocks }), context)
  const loop = new CommandLoop(session)
  const loginTimer = setTimeout(() => {
    if (session.admission === undefined) void loop.bye('Too long without a login')
  }, limits.loginTimeoutMs)
  sessions.add(loop)
  try {
    await loop.run()
  } finally {
    clearTimeout(loginTimer)
    sessions.delete(loop)
  }
}

interface Doors {
  readonly tls: Listener
  readonly clear?: Listener
}

function serverOf(
  { tls, clear }: Doors,
  sessions: ReadonlySet<CommandLoop>,
  { inboxSessions }: Pick<ImapContext, 'inboxSessions'>,
): ImapServer {
  return {
    port: tls.port,
    clearPort: clear?.port,
    get sessions() {
      return sessions.size
    },
    async drain() {
      tls.stopAccepting()
      clear?.stopAccepting()
      await Promise.all(Array.from(sessions, (session) => session.bye('The server is going down')))
    },
    async close() {
      await Promise.all([tls.close(), clear?.close()])
      inboxSessions.close()
    },
  }
}
