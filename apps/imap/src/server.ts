// The IMAP server: a listener on implicit TLS and perhaps one in clear, a session for each client, and an end that lets
// clients finish. RFC 8314 §3.2, RFC 9051 §3, contract A1 and A3.

import {
  type Certificates,
  Connection,
  type Incoming,
  type Listener,
  type ListenerOptions,
  listen,
  type Networks,
} from '@postern/service'
import type { Metrics } from '@postern/telemetry'
import { CommandLoop } from './command-loop.js'
import type { ImapContext, Login } from './context.js'
import { extensions } from './extensions/list.js'
import { defaultImapLimits, type ImapLimits } from './limits.js'
import { Registry } from './registry.js'
import { Session } from './session.js'

export interface ImapServerOptions extends Pick<ImapContext, 'store' | 'doorbell' | 'logger' | 'version'> {
  readonly login: Login
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

const proxyTimeoutMs = 5_000

export async function startImapServer(options: ImapServerOptions): Promise<ImapServer> {
  const { certificates, clearPort } = options
  const limits = { ...defaultImapLimits, ...options.limits }
  const registry = new Registry(extensions(limits))
  const context: ImapContext = { ...pick(options), limits, registry }
  const sessions = new Set<CommandLoop>()
  const tls = await door({ name: 'imaps', port: options.port, portSetting: 'POSTERN_IMAPS_PORT', tls: certificates })
  if (clearPort === undefined) return serverOf({ tls }, sessions)
  try {
    const clear = await door({ name: 'imap', port: clearPort, portSetting: 'POSTERN_IMAP_PORT' })
    return serverOf({ tls, clear }, sessions)
  } catch (error) {
    await tls.close()
    throw error
  }

  function door(own: Pick<ListenerOptions, 'name' | 'port' | 'portSetting' | 'tls'>): Promise<Listener> {
    const { host, logger, metrics, proxyNetworks, tlsProxyNetworks, connectionsMax, connectionsPerAddressMax } = options
    return listen({
      ...own,
      ...{ host, logger, metrics, proxyNetworks, connectionsMax, connectionsPerAddressMax, proxyTimeoutMs },
      ...(own.tls === undefined && tlsProxyNetworks !== undefined && { tlsProxyNetworks }),
      handshakeTimeoutMs: limits.handshakeTimeoutMs,
      onConnection: (incoming) => void serve(incoming, context, sessions),
      onRefused: ({ socket }) => void socket.write('* BYE [LIMIT] Too many connections\r\n'),
    })
  }
}

const pick = ({ store, login, doorbell, logger, certificates, version }: ImapServerOptions) => ({
  store,
  login,
  doorbell,
  logger,
  certificates,
  version,
})

async function serve(incoming: Incoming, context: ImapContext, sessions: Set<CommandLoop>): Promise<void> {
  const { limits } = context
  let session: CommandLoop | undefined
  const connection = new Connection(incoming, {
    writeBufferBytesMax: limits.writeBufferBytesMax,
    writeStallTimeoutMs: limits.writeStallTimeoutMs,
    idleTimeoutMs: limits.loginTimeoutMs,
    onIdle: () => void session?.bye('Idle for too long'),
    lingerMs: limits.lingerMs,
  })
  session = new CommandLoop(new Session(connection, context))
  sessions.add(session)
  try {
    await session.run()
  } finally {
    sessions.delete(session)
  }
}

interface Doors {
  readonly tls: Listener
  readonly clear?: Listener
}

function serverOf({ tls, clear }: Doors, sessions: ReadonlySet<CommandLoop>): ImapServer {
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
    close: async () => void (await Promise.all([tls.close(), clear?.close()])),
  }
}
