// The mode `zero-retention`, with a real sink over TLS: what it gets and how it's signed, what its answers mean to the sender, where it may
// be, and that nothing of a message is in any file.

import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { openStore } from '@postern/mailbox-store'
import { networks, openCertificates } from '@postern/service'
import { SinkClient, wrongWithUrl } from '@postern/sink'
import { MemoryBudget } from '@postern/smtp'
import { createLogger, createMailLog, createMetrics } from '@postern/telemetry'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  type Arrival,
  type ArrivalRecipient,
  acceptAll,
  deliver,
  findRecipient,
  type InboundContext,
  plainPlan,
  zeroRetention,
} from '../src/index.js'

const lines: string[] = []
const logger = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } })
const metrics = createMetrics({ processMetrics: false })
const secret = 'ps_sink_0123456789abcdef'
const hostname = 'mx.example.test'

const arrival: Arrival = {
  ...{ id: 'q_1', via: 'smtp', sender: 'carol@example.org', helo: 'mail.example.org', clientAddress: '192.0.2.7' },
  ...{ tls: undefined, smtpUtf8: false, receivedAt: Date.UTC(2026, 10, 20, 9, 30, 5) },
}

let tls: { cert: string; key: string; ca: string }
let tlsFolder: string

beforeAll(async () => {
  tlsFolder = await mkdtemp(join(tmpdir(), 'postern-sink-tls-'))
  const kept = { dataDir: tlsFolder, hostname: 'sink.example.test', watchMs: 3_600_000, clock: Date.now }
  const certificates = await openCertificates({ ...kept, logger, metrics })
  certificates.close()
  const read = (name: string) => readFile(join(tlsFolder, 'tls', name), 'utf8')
  tls = { cert: await read('cert.pem'), key: await read('key.pem'), ca: await read('ca.pem') }
})

afterAll(() => rm(tlsFolder, { recursive: true, force: true }))

interface Post {
  readonly path: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>

async function sink(answer?: Answer) {
  const posts: Post[] = []
  const server = createServer({ cert: tls.cert, key: tls.key }, async (request, response) => {
    if (answer !== undefined) return answer(request, response)
    posts.push({ path: request.url, headers: request.headers, body: await text(request) })
    response.writeHead(204).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { posts, server, port: (server.address() as AddressInfo).port }
}

interface Where {
  readonly port?: number
  readonly url?: string
  readonly allowed?: readonly string[]
  readonly addresses?: readonly string[]
  readonly timeoutMs?: number
  readonly memoryBytes?: number
  readonly secret?: string
}

async function town(where: Where) {
  const folder = await mkdtemp(join(tmpdir(), 'postern-zero-'))
  const store = await openStore({ folder: join(folder, 'store') })
  const asked: string[] = []
  const client = new SinkClient({
    addressesOf: async (name) => {
      asked.push(name)
      return where.addresses ?? ['127.0.0.1']
    },
    ...{ allowed: networks(where.allowed ?? ['127.0.0.0/8']), authorities: [tls.ca] },
    timeoutMs: where.timeoutMs ?? 15_000,
  })
  onTestFinished(async () => {
    client.close()
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  const url = where.url ?? `https://sink.example.test:${where.port}/mail?for=us`
  const mode = zeroRetention({
    client,
    hostname,
    logger,
    clock: Date.now,
    sinkOf: () => ({ url, secret: where.secret ?? secret }),
  })
  const context: InboundContext = {
    ...{ store, hostname, logger, metrics, planner: plainPlan, judge: acceptAll, clock: Date.now },
    modes: { 'zero-retention': mode },
    recipientFor: async (address) => ({ kind: 'catch-all', domain, address }),
    holding: {
      folder: join(folder, 'incoming'),
      memoryBytesMax: 1_000,
      budget: new MemoryBudget(where.memoryBytes ?? 50_000_000),
    },
    postmasterDomain: 'example.test',
    mailLog: createMailLog({ logger, metrics }),
  }
  const { environment } = await store.directory.ensureDefault({ tenant: 'default', environment: 'production' })
  const named = { environment: environment.id, name: 'example.test', catchAll: true, mode: 'zero-retention' } as const
  const domain = await store.directory.createDomain(named)
  const to = (...names: string[]): ArrivalRecipient[] =>
    names.map((name) => ({ address: `${name}@example.test`, domain, inbox: { toMake: `${name}@example.test` } }))
  const send = (message: string, recipients = to('ada')) => {
    const data = (async function* () {
      for (let at = 0; at < message.length; at += 50_000) yield Buffer.from(message.slice(at, at + 50_000))
    })()
    return deliver(data, { delivering: { arrival, recipients, bytesMax: 50_000_000, together: true }, context })
  }
  return { folder, store, domain, context, send, to, asked }
}

const message = 'From: carol@example.org\r\nSubject: Zwiebelmarmelade\r\n\r\nAt four?\r\n'

test('one signed post for all recipients, with every byte as it came below what this server says', async () => {
  const { posts, port } = await sink()
  const here = await town({ port })
  expect(await here.send(message, here.to('ada', 'bob'))).toMatchObject([{ kind: 'delivered' }, { kind: 'delivered' }])
  expect(posts).toHaveLength(1)
  const { headers, body, path } = posts[0]!
  expect(path).toBe('/mail?for=us')
  expect(body).toMatch(/^Return-Path: <carol@example\.org>\r\nReceived: from mail\.example\.org/)
  expect(body.endsWith(message)).toBe(true)
  expect(headers).toMatchObject({
    ...{ host: `sink.example.test:${port}`, 'content-type': 'message/rfc822', 'postern-id': 'q_1' },
    ...{ 'postern-sender': 'carol@example.org', 'postern-recipients': 'ada@example.test,bob@example.test' },
  })
  const timestamp = headers['postern-timestamp'] as string
  expect(Math.abs(Date.now() / 1_000 - Number(timestamp))).toBeLessThan(60)
  const signed = `v1:${timestamp}:q_1:carol@example.org:ada@example.test,bob@example.test:${body}`
  expect(headers['postern-signature']).toBe(`v1=${createHmac('sha256', secret).update(signed).digest('hex')}`)
})

test('a message that its sender sends again has the same id, and any other one another', async () => {
  const ids: unknown[] = []
  const statuses = [503]
  const { port } = await sink(async (request, response) => {
    await text(request)
    ids.push(request.headers['postern-id'])
    response.writeHead(statuses.pop() ?? 200).end()
  })
  const here = await town({ port })
  const named = `Message-ID: <1@example.org>\r\n${message}`
  expect(await here.send(named, here.to('ada', 'bob'))).toMatchObject([{ kind: 'deferred' }, { kind: 'deferred' }])
  expect(await here.send(named, here.to('bob', 'ada'))).toMatchObject([{ kind: 'delivered' }, { kind: 'delivered' }])
  expect(ids).toEqual([expect.stringMatching(/^m_[0-9a-f]{32}$/), ids[0]])
  await here.send(named, here.to('ada'))
  await here.send(named.replace('four', 'five'), here.to('ada', 'bob'))
  await (await town({ port, secret: 'another' })).send(named, here.to('ada', 'bob'))
  expect(new Set(ids).size).toBe(4)
})

test('nothing of a message is in any file, a large one neither, and no inbox is made', async () => {
  const { posts, port } = await sink()
  const here = await town({ port })
  const large = `${message}${'Zwiebelmarmelade\r\n'.repeat(100_000)}`
  expect(await here.send(large)).toMatchObject([{ kind: 'delivered' }])
  expect(posts[0]?.body.endsWith(large)).toBe(true)
  const files = (await readdir(here.folder, { recursive: true, withFileTypes: true })).filter((each) => each.isFile())
  const bytes = await Promise.all(files.map((each) => readFile(join(each.parentPath, each.name))))
  expect(Buffer.concat(bytes).includes('Zwiebel')).toBe(false)
  expect(await readdir(join(here.folder, 'incoming')).catch(() => [])).toEqual([])
  expect((await here.store.directory.listInboxes({ domain: here.domain.id })).items).toEqual([])
  expect(lines.join('')).not.toContain('Zwiebel')
})

describe('the sender keeps the message', () => {
  const kept = [{ kind: 'deferred', reply: expect.stringMatching(/^451 4\.4\.1 /) }]

  test.each([500, 429, 404, 400])('where the sink answers %d', async (status) => {
    const { port } = await sink(async (_, response) => void response.writeHead(status).end('no'))
    const here = await town({ port })
    expect(await here.send(message)).toMatchObject(kept)
    expect(lines.at(-2)).toContain('example.test')
  })

  test('where it points elsewhere', async () => {
    const elsewhere = await sink()
    const { port } = await sink(async (_, response) => {
      response.writeHead(307, { location: `https://sink.example.test:${elsewhere.port}/` }).end()
    })
    expect(await (await town({ port })).send(message)).toMatchObject(kept)
    expect(elsewhere.posts).toEqual([])
  })

  test('where it says nothing in time, or hangs up', async () => {
    const silent = await sink(async () => {})
    expect(await (await town({ port: silent.port, timeoutMs: 300 })).send(message)).toMatchObject(kept)
    const rude = await sink(async (request) => void request.socket.destroy())
    expect(await (await town({ port: rude.port })).send(message)).toMatchObject(kept)
  })

  test('where it says yes before it has read the message, and ends', async () => {
    const { port } = await sink(async (request, response) => {
      response.writeHead(200).end('ok', () => request.socket.destroy())
    })
    const large = `${message}${'x'.repeat(60)}\r\n`.repeat(300_000)
    expect(await (await town({ port })).send(large)).toMatchObject(kept)
  })

  test('where its certificate is for somebody else', async () => {
    const { port } = await sink()
    expect(await (await town({ url: `https://other.example.test:${port}/` })).send(message)).toMatchObject(kept)
  })

  test('where memory for such mail is used up', async () => {
    const { port } = await sink()
    await expect((await town({ port, memoryBytes: 5 })).send(message)).rejects.toThrow('452 4.3.1')
  })
})

test('an answer without end is cut off, and what it began with counts', async () => {
  const { port } = await sink(async (request, response) => {
    await text(request)
    response.writeHead(200)
    const more = (): void => void (response.destroyed || response.write('x'.repeat(65_536), () => setImmediate(more)))
    more()
  })
  expect(await (await town({ port })).send(message)).toMatchObject([{ kind: 'delivered' }])
})

test('a kept connection that the sink has ended meanwhile is no reason to wait', async () => {
  let posts = 0
  const { port, server } = await sink(async (request, response) => {
    await text(request)
    posts++
    response.writeHead(200).end()
  })
  const here = await town({ port })
  for (let at = 0; at < 3; at++) {
    expect(await here.send(message)).toMatchObject([{ kind: 'delivered' }])
    server.closeAllConnections()
  }
  expect(posts).toBe(3)
})

describe('a sink inside', () => {
  const kept = [{ kind: 'deferred' }]

  test('is not knocked at, by name or by address', async () => {
    const { posts, port } = await sink()
    expect(await (await town({ port, allowed: [] })).send(message)).toMatchObject(kept)
    for (const host of ['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '[64:ff9b::7f00:1]', '2130706433', '0x7f.1'])
      expect(await (await town({ url: `https://${host}:${port}/`, allowed: [] })).send(message), host).toMatchObject(
        kept,
      )
    expect(posts).toEqual([])
  })

  test('is reached where its network is allowed, and what else the name leads to is not', async () => {
    const { posts, port } = await sink()
    const here = await town({ port, addresses: ['10.255.255.1', '::1', '127.0.0.1'] })
    expect(await here.send(message)).toMatchObject([{ kind: 'delivered' }])
    expect(posts).toHaveLength(1)
    expect(here.asked).toEqual(['sink.example.test'])
  })
})

test('a sink whose name leads nowhere is told as that', async () => {
  const here = await town({ port: 1, addresses: [] })
  expect(await here.send(message)).toMatchObject([{ kind: 'deferred' }])
  expect(lines.join()).toContain("no name server knows an address of the sink's host sink.example.test")
})

test('without a sink RCPT says so', async () => {
  const here = await town({ port: 1 })
  await expect(findRecipient({ address: 'ada@example.test' }, here.context)).rejects.toThrow(/^550 5\.2\.1 .* nowhere/)
})

test.each([
  ['https://hooks.example.net/mail?k=v', undefined],
  ['http://hooks.example.net/', 'is not one of https'],
  ['hooks.example.net', 'cannot be read as one'],
  ['https://me:secret@hooks.example.net/', 'has a user or a password in it'],
  ['https://hooks.example.net/#x', 'has a fragment, which no server gets'],
])('as a URL, %s: %s', (url, wrong) => {
  expect(wrongWithUrl(url)).toBe(wrong)
})
