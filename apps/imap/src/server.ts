// The IMAP server: one listener on implicit TLS, a session for each client, and an end that lets clients finish. RFC 9051 §3.

import { type Certificates, Connection, type Incoming, type Listener, listen, type Networks } from '@postern/service'
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
  readonly port: number
  readonly proxyNetworks: Networks
  readonly connectionsMax: number
  readonly connectionsPerAddressMax: number
  readonly limits?: Partial<ImapLimits>
}

export interface ImapServer {
  readonly port: number
  readonly sessions: number
  /** Takes no new client, and says goodbye to those that are here. */
  drain(): Promise<void>
  close(): Promise<void>
}

const proxyTimeoutMs = 5_000

export async function startImapServer(options: ImapServerOptions): Promise<ImapServer> {
  const limits = { ...defaultImapLimits, ...options.limits }
  const registry = new Registry(extensions(limits))
  const context: ImapContext = { ...pick(options), limits, registry }
  const sessions = new Set<CommandLoop>()
  const listener = await listen({
    name: 'imaps',
    host: options.host,
    port: options.port,
    portSetting: 'POSTERN_IMAPS_PORT',
    tls: options.certificates,
    proxyNetworks: options.proxyNetworks,
    connectionsMax: options.connectionsMax,
    connectionsPerAddressMax: options.connectionsPerAddressMax,
    proxyTimeoutMs,
    handshakeTimeoutMs: limits.handshakeTimeoutMs,
    logger: options.logger,
    metrics: options.metrics,
    onConnection: (incoming) => void serve(incoming, context, sessions),
    onRefused: ({ socket }) => void socket.write('* BYE [LIMIT] Too many connections\r\n'),
  })
  return serverOf(listener, sessions)
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

function serverOf(listener: Listener, sessions: ReadonlySet<CommandLoop>): ImapServer {
  return {
    port: listener.port,
    get sessions() {
      return sessions.size
    },
    async drain() {
      listener.stopAccepting()
      await Promise.all(Array.from(sessions, (session) => session.bye('The server is going down')))
    },
    close: () => listener.close(),
  }
}
