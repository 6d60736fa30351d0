/**
 * Opens a port. Each client that comes is led through its reception (PROXY header, limits, TLS) to the protocol. A port that
 * can't be had is an error that says what to set.
 */
import { type AddressInfo, createServer, type Server } from 'node:net'
import { listenError } from './listen-error.js'
import { Reception, type ReceptionOptions } from './reception.js'

export interface ListenerOptions extends ReceptionOptions {
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  /** The setting to name when the port can't be had. */
  readonly portSetting: string
  /**
   * Whether a client that has said all it has to say still gets its answers: then the protocol must end the socket itself.
   * On unless turned off.
   */
  readonly allowHalfOpen?: boolean
}

export interface Listener {
  readonly name: string
  readonly host: string
  readonly port: number
  /** Clients that are here now. */
  readonly connections: number
  /** Takes no new client; those that are here stay. */
  stopAccepting(): void
  /** Takes no new client and cuts off all that are left. */
  close(): Promise<void>
}

/** What the kernel keeps of clients that aren't accepted yet. */
const backlog = 1024
const keepAliveIdleMs = 60_000

export async function listen(options: ListenerOptions): Promise<Listener> {
  const { name, host } = options
  const logger = options.logger.child({ listener: name })
  const reception = new Reception(options)
  const server = createServer({
    allowHalfOpen: options.allowHalfOpen ?? true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveIdleMs,
  })
  server.on('connection', (socket) => reception.receive(socket))
  await opened(server, options)
  server.on('error', (err) => logger.error({ err }, 'listener failed'))
  const { port } = server.address() as AddressInfo
  logger.info({ host, port }, 'listening')
  return {
    name,
    host,
    port,
    get connections() {
      return reception.connections
    },
    stopAccepting: () => void server.close(),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      reception.destroyAll()
      await closed
    },
  }
}

async function opened(server: Server, options: ListenerOptions): Promise<void> {
  const { host, port } = options
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog }, () => {
      server.removeListener('error', reject)
      resolve()
    })
  }).catch((error) => {
    throw listenError(options, error)
  })
}
