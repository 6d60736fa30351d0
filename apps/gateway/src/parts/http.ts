// The HTTP port as a part. While it drains, the process isn't ready, so that a load balancer turns away first.

import { settings } from '@postern/config'
import { createHttp, type HttpServer, type Part, type Readiness, type Route } from '@postern/service'
import type { Logger } from '@postern/telemetry'
import { http as limits } from '../limits.js'

export interface HttpPartOptions {
  readonly host: string
  readonly port: number
  readonly routes: readonly Route[]
  readonly readiness: Readiness
  readonly logger: Logger
}

export function createHttpPart({ host, port, routes, readiness, logger }: HttpPartOptions): Part & { port(): number } {
  const server: HttpServer = createHttp({
    ...limits,
    host,
    port,
    portSetting: settings.httpPort.name,
    handlers: routes,
    logger,
  })
  return {
    name: 'http',
    port: () => server.port,
    start: () => server.start(),
    async drain() {
      readiness.drain()
      await server.drain()
    },
    stop: () => server.stop(),
  }
}
