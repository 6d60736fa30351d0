/** The HTTP port: health, readiness, metrics, routes and prefixes, JSON errors, limits, draining. */
import { request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { createMetrics } from '@postern/telemetry'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  createHttp,
  createReadiness,
  type HttpOptions,
  type HttpServer,
  healthRoutes,
  type Route,
  sendJson,
} from '../src/index.js'
import { logLines, plainClient, withResolvers } from './setting.js'

async function given(handlers: readonly Route[], options: Partial<HttpOptions> = {}): Promise<HttpServer> {
  const http = createHttp({
    host: '127.0.0.1',
    port: 0,
    portSetting: 'POSTERN_HTTP_PORT',
    handlers,
    requestTimeoutMs: 5000,
    headersTimeoutMs: 5000,
    keepAliveTimeoutMs: 1000,
    headersMax: 100,
    headerBytesMax: 16 * 1024,
    connectionsMax: 100,
    logger: logLines().logger,
    ...options,
  })
  await http.start()
  onTestFinished(() => http.stop())
  return http
}

interface Answer {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly body: string
}

function ask(http: HttpServer, method: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ port: http.port, host: '127.0.0.1', method, path, headers, agent: false }, (response) => {
      let body = ''
      response.on('data', (chunk) => {
        body += chunk
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }))
    })
    asked.on('error', reject).end()
  })
}

function health() {
  const log = logLines()
  const readiness = createReadiness({ checkTimeoutMs: 50, logger: log.logger })
  const metrics = createMetrics({ processMetrics: false })
  return { readiness, metrics, log, routes: healthRoutes({ readiness, metrics }) }
}

describe('health (contract I5)', () => {
  test('/livez is there as long as the process is', async () => {
    const { routes, readiness } = health()
    const http = await given(routes)
    readiness.add('store', () => Promise.reject(new Error('down')))
    readiness.drain()
    expect(await ask(http, 'GET', '/livez')).toMatchObject({ status: 200, body: '{"status":"ok"}\n' })
  })

  test('/readyz runs the checks and names those that fail, without their reason', async () => {
    const { routes, readiness, log } = health()
    const http = await given(routes)
    expect(await ask(http, 'GET', '/readyz')).toMatchObject({ status: 200, body: '{"status":"ready","checks":{}}\n' })
    let isDown = true
    readiness.add('store', () => undefined)
    readiness.add('redis', async () => {
      if (isDown) throw new Error('ECONNREFUSED 10.1.2.3')
    })
    for (let i = 0; i < 2; i++) {
      const answer = await ask(http, 'GET', '/readyz')
      expect(answer.status).toBe(503)
      expect(JSON.parse(answer.body)).toEqual({ status: 'not ready', checks: { store: 'ok', redis: 'failing' } })
    }
    expect(log.text().match(/ECONNREFUSED 10\.1\.2\.3/g)?.length).toBeGreaterThan(0)
    expect(log.text().match(/"msg":"not ready"/g)).toHaveLength(1)
    isDown = false
    expect((await ask(http, 'GET', '/readyz')).status).toBe(200)
    expect(log.text()).toContain('ready again')
  })

  test('without what it can do without it is degraded, and still gets clients', async () => {
    const { routes, readiness } = health()
    const http = await given(routes)
    let isDown = true
    readiness.add('store', () => undefined)
    const check = () => (isDown ? Promise.reject(new Error('down')) : undefined)
    readiness.add('redis', check, { optional: true })
    const body = (status: string, redis: string) =>
      `{"status":"${status}","checks":{"store":"ok","redis":"${redis}"}}\n`
    expect(await ask(http, 'GET', '/readyz')).toMatchObject({ status: 200, body: body('degraded', 'failing') })
    isDown = false
    expect(await ask(http, 'GET', '/readyz')).toMatchObject({ status: 200, body: body('ready', 'ok') })
    isDown = true
    readiness.drain()
    expect(await ask(http, 'GET', '/readyz')).toMatchObject({ status: 503, body: body('draining', 'failing') })
  })

  test('a check that takes too long has failed', async () => {
    const { routes, readiness } = health()
    readiness.add('slow', () => new Promise(() => undefined))
    const answer = await ask(await given(routes), 'GET', '/readyz')
    expect(answer).toMatchObject({ status: 503, body: '{"status":"not ready","checks":{"slow":"failing"}}\n' })
  })

  test('while draining it is not ready, though everything works', async () => {
    const { routes, readiness } = health()
    const http = await given(routes)
    readiness.add('store', () => undefined)
    readiness.drain()
    const answer = await ask(http, 'GET', '/readyz')
    expect(answer).toMatchObject({ status: 503, body: '{"status":"draining","checks":{"store":"ok"}}\n' })
  })

  test('/metrics speaks the Prometheus format', async () => {
    const { routes, metrics } = health()
    metrics.connectionsOpen.inc({ listener: 'imaps' }, 2)
    const answer = await ask(await given(routes), 'GET', '/metrics')
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/)
    expect(answer.body).toContain('postern_connections_open{listener="imaps"} 2')
  })
})

describe('routes', () => {
  const say =
    (what: string): Route['handle'] =>
    (_request, response) =>
      sendJson(response, 200, { what })
  const routes: Route[] = [
    { path: '/exact', methods: ['GET', 'POST'], handle: say('exact') },
    { path: '/v1/*', handle: say('prefix') },
    { path: '/split', methods: ['GET'], handle: say('get') },
    { path: '/split', methods: ['PUT'], handle: say('put') },
    {
      path: '/fails',
      handle: () => {
        throw new Error('route failed')
      },
    },
    {
      path: '/fails-late',
      handle: async (_request, response) => {
        response.write('half')
        await wait(1)
        throw new Error('route failed late')
      },
    },
  ]

  test.each([
    ['GET', '/exact', 200, 'exact'],
    ['POST', '/exact', 200, 'exact'],
    ['GET', '/exact?a=/b#c', 200, 'exact'],
    ['DELETE', '/v1', 200, 'prefix'],
    ['GET', '/v1/inboxes/1', 200, 'prefix'],
    ['GET', '/split', 200, 'get'],
    ['PUT', '/split', 200, 'put'],
    ['GET', '/v10', 404, 'not_found'],
    ['GET', '/exact/', 404, 'not_found'],
    ['GET', '/', 404, 'not_found'],
    ['GET', '//exact', 404, 'not_found'],
    ['POST', '/split', 405, 'method_not_allowed'],
    ['GET', '/fails', 500, 'internal_error'],
  ])('%s %s: %i %s', async (method, path, status, what) => {
    const answer = await ask(await given(routes), method, path)
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    const body = JSON.parse(answer.body)
    expect(status === 200 ? body.what : body.error.name).toBe(what)
  })

  test('errors have one shape (contract G4)', async () => {
    const { body } = await ask(await given(routes), 'GET', '/nowhere')
    expect(JSON.parse(body)).toEqual({
      error: {
        name: 'not_found',
        code: 404,
        message: 'Nothing is here.',
        fix: 'Check the path.',
        docs: '/docs/errors#not_found',
      },
    })
  })

  test('405 names the methods that are possible', async () => {
    const { headers } = await ask(await given(routes), 'DELETE', '/split')
    expect(headers.allow).toBe('GET, PUT, HEAD')
  })

  test('HEAD is GET without the body', async () => {
    const http = await given(routes)
    const get = await ask(http, 'GET', '/exact')
    const head = await ask(http, 'HEAD', '/exact')
    expect(head).toMatchObject({ status: 200, body: '' })
    expect(head.headers['content-length']).toBe(get.headers['content-length'])
    expect((await ask(http, 'HEAD', '/nowhere')).status).toBe(404)
  })

  test('what fails inside is logged and not told', async () => {
    const log = logLines()
    const http = await given(routes, { logger: log.logger })
    expect((await ask(http, 'GET', '/fails?key=secret')).body).not.toContain('route failed')
    expect(log.text()).toMatch(/"message":"route failed"/)
    expect(log.text()).not.toContain('key=secret')
    await expect(ask(http, 'GET', '/fails-late')).rejects.toThrow(/aborted|hang up/)
  })
})

describe('limits', () => {
  const hello: Route = { path: '/*', handle: (_request, response) => void response.end('hello') }

  test('headers that are too long', async () => {
    const http = await given([hello], { headerBytesMax: 4096 })
    expect((await ask(http, 'GET', '/', { 'x-long': 'x'.repeat(5000) })).status).toBe(431)
  })

  test('more headers than headersMax are not seen', async () => {
    const seen = vi.fn()
    const counting: Route = {
      path: '/',
      handle(asked, response) {
        seen(Object.keys(asked.headers).length)
        response.end()
      },
    }
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`x-${index}`, '1']))
    await ask(await given([counting], { headersMax: 10 }), 'GET', '/', { host: 'x', ...many })
    expect(seen.mock.calls[0]![0]).toBeLessThanOrEqual(10)
  })

  test('headers that do not end in time', async () => {
    const http = await given([hello], { headersTimeoutMs: 100, requestTimeoutMs: 200 })
    const client = plainClient(http.port)
    client.socket.write('GET / HTTP/1.1\r\nhost: x\r\n')
    expect(await client.closed).toMatch(/^HTTP\/1\.1 408 /)
  })

  test('connections over the limit are closed', async () => {
    const http = await given([hello], { connectionsMax: 1 })
    const first = plainClient(http.port)
    first.socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    await first.until('hello')
    expect(await plainClient(http.port).closed).toBe('')
  })

  test('a port in use is told with what to set', async () => {
    const { port } = await given([hello])
    await expect(given([hello], { port })).rejects.toMatchObject({
      failure: 'port_in_use',
      message: `http can't listen on 127.0.0.1 port ${port}: another program uses it.`,
      fix: expect.stringContaining('Set POSTERN_HTTP_PORT'),
    })
  })
})

test('draining answers what is under way and tells others to come later; health is there until the stop', async () => {
  const slowly = withResolvers<() => void>()
  const slow: Route = {
    path: '/slow',
    handle: (_request, response) => slowly.resolve(() => void response.end('done')),
  }
  const quick: Route = { path: '/quick', handle: (_request, response) => void response.end('quick') }
  const { routes, readiness } = health()
  const http = await given([slow, quick, ...routes], { keepAliveTimeoutMs: 60_000 })
  const idle = plainClient(http.port)
  idle.socket.write('GET /quick HTTP/1.1\r\nhost: x\r\n\r\n')
  await idle.until('quick')
  const asked = ask(http, 'GET', '/slow')
  const finish = await slowly.promise
  let isDrained = false
  readiness.drain()
  const drained = http.drain().then(() => {
    isDrained = true
  })
  const late = await ask(http, 'GET', '/quick')
  expect(late).toMatchObject({ status: 503, headers: { 'retry-after': '5', connection: 'close' } })
  expect(JSON.parse(late.body).error.name).toBe('going_down')
  expect((await ask(http, 'GET', '/readyz')).body).toContain('draining')
  expect(isDrained).toBe(false)
  finish()
  expect((await asked).body).toBe('done')
  await drained
  expect((await ask(http, 'GET', '/livez')).status).toBe(200)
  const { port } = http
  await http.stop()
  await idle.closed
  expect(await plainClient(port).closed).toBe('')
})
