/**
 * The one HTTP port (contract A5): routes by exact path or by prefix, whatever answers behind them. It knows limits, JSON errors
 * (G4), 404 and 405; what a route does is its own. The API's application mounts itself as a prefix.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from '@postern/telemetry'
import { listenError } from '../net/listen-error.js'
import { sendError } from './http-error.js'

export interface Route {
  /** An exact path, or a prefix that ends in `/*`: `/v1/*` takes `/v1` and all below it, `/*` everything left. */
  readonly path: string
  /** Without it the handler looks at the method itself. GET includes HEAD. */
  readonly methods?: readonly string[]
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void
  /** Answered also while the server drains, and nobody waits for it: health. */
  readonly whileDraining?: boolean
}

export interface HttpOptions {
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  readonly portSetting: string
  readonly handlers: readonly Route[]
  /** For the whole request, its body included. */
  readonly requestTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  readonly headersMax: number
  readonly headerBytesMax: number
  readonly connectionsMax: number
  readonly logger: Logger
}

export interface HttpServer {
  /** For what needs more than routes, such as WebSocket upgrades. */
  readonly server: Server
  /** The port it listens on; 0 before start(). */
  readonly port: number
  start(): Promise<void>
  /**
   * From now on only what is answered while it drains is: who asks for anything else is told to come later, or to ask another one.
   * Resolves when the requests under way are answered.
   */
  drain(): Promise<void>
  stop(): Promise<void>
}

export function createHttp(options: HttpOptions): HttpServer {
  const { logger } = options
  const server = createServer({
    requestTimeout: options.requestTimeoutMs,
    headersTimeout: options.headersTimeoutMs,
    keepAliveTimeout: options.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(30_000, Math.max(100, options.headersTimeoutMs / 2)),
    maxHeaderSize: options.headerBytesMax,
  })
  server.maxHeadersCount = options.headersMax
  server.maxConnections = options.connectionsMax
  let closed: Promise<void> | undefined
  const drain = new Draining()

  server.on('request', (request, response) => {
    dispatch(options.handlers, { request, response, drain }).catch((err) => {
      logger.error({ err, method: request.method, path: pathOf(request) }, 'request failed')
      if (response.headersSent) response.destroy()
      else sendError(response, 500, 'internal_error', 'Something went wrong on our side.', 'Try again later.')
    })
  })

  const close = (): Promise<void> => {
    closed ??= new Promise((resolve) => server.close(() => resolve()))
    return closed
  }

  return {
    server,
    get port() {
      return (server.address() as AddressInfo | null)?.port ?? 0
    },
    async start() {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host: options.host, port: options.port }, () => {
          server.removeListener('error', reject)
          resolve()
        })
      }).catch((error) => {
        throw listenError({ name: 'http', ...options }, error)
      })
      server.on('error', (err) => logger.error({ err }, 'HTTP server failed'))
    },
    drain: () => drain.begin(),
    async stop() {
      const done = close()
      server.closeAllConnections()
      await done
    },
  }
}

/** Which requests a server that drains still has to answer. */
class Draining {
  readonly #underWay = new Set<ServerResponse>()
  #isOn = false
  #resolve: () => void = () => {}

  get isOn(): boolean {
    return this.#isOn
  }

  add(response: ServerResponse): void {
    this.#underWay.add(response)
    response.once('close', () => {
      this.#underWay.delete(response)
      if (this.#isOn && this.#underWay.size === 0) this.#resolve()
    })
  }

  begin(): Promise<void> {
    this.#isOn = true
    if (this.#underWay.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#resolve = resolve
    })
  }
}

interface Asked {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly drain: Draining
}

/** In seconds: another process may be there by then. */
const retryAfter = '5'

async function dispatch(routes: readonly Route[], { request, response, drain }: Asked): Promise<void> {
  const path = pathOf(request)
  const method = request.method ?? ''
  const matching = routes.filter((route) => matches(route.path, path))
  const route = matching.find((candidate) => allows(candidate, method))
  if (route?.whileDraining) return route.handle(request, response)
  if (drain.isOn) {
    response.setHeader('connection', 'close').setHeader('retry-after', retryAfter)
    return sendError(response, 503, 'going_down', 'This server is going down.', 'Try again later.')
  }
  if (route) {
    drain.add(response)
    return route.handle(request, response)
  }
  if (matching.length === 0) {
    return sendError(response, 404, 'not_found', 'Nothing is here.', 'Check the path.')
  }
  const allowed = new Set(matching.flatMap((candidate) => candidate.methods ?? []))
  if (allowed.has('GET')) allowed.add('HEAD')
  response.setHeader('allow', [...allowed].join(', '))
  sendError(response, 405, 'method_not_allowed', `${method} is not possible here.`, `Use ${[...allowed].join(' or ')}.`)
}

function matches(pattern: string, path: string): boolean {
  if (!pattern.endsWith('/*')) return pattern === path
  const prefix = pattern.slice(0, -2)
  return path === prefix || path.startsWith(`${prefix}/`)
}

function allows({ methods }: Route, method: string): boolean {
  return !methods || methods.includes(method) || (method === 'HEAD' && methods.includes('GET'))
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split(/[?#]/, 1)[0]!
}
