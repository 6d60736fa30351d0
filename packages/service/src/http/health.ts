/** Health and metrics over HTTP (contract I5): `/livez` says the process runs, `/readyz` whether it should get clients. */
import type { Metrics } from '@postern/telemetry'
import { sendJson } from './http-error.js'
import type { Route } from './http-server.js'
import type { Readiness } from './readiness.js'

export function healthRoutes({
  readiness,
  metrics,
  allMetrics = () => metrics.registry.metrics(),
}: {
  readonly readiness: Readiness
  readonly metrics: Metrics
  /** As text: this process's, or those of all that answer on the port. */
  readonly allMetrics?: (() => Promise<string>) | undefined
}): Route[] {
  return [
    {
      path: '/livez',
      methods: ['GET'],
      whileDraining: true,
      handle: (_request, response) => sendJson(response, 200, { status: 'ok' }),
    },
    {
      path: '/readyz',
      methods: ['GET'],
      whileDraining: true,
      async handle(_request, response) {
        const { ready, degraded, draining, checks } = await readiness.report()
        const status = degraded ? 'degraded' : ready ? 'ready' : draining ? 'draining' : 'not ready'
        sendJson(response, ready ? 200 : 503, { status, checks })
      },
    },
    {
      path: '/metrics',
      methods: ['GET'],
      whileDraining: true,
      async handle(_request, response) {
        const text = await allMetrics()
        response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text)
      },
    },
  ]
}
