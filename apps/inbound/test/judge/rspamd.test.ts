// The plug for rspamd against a stand-in that speaks its protocol and misbehaves as told, and against rspamd itself where this machine
// has it.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger, createMetrics } from '@postern/telemetry'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Arrival } from '../../src/arrival.js'
import { rspamd } from '../../src/index.js'
import { type Court, court, hostname, toldBy } from './given.js'

const message = `From: carol@example.org\r\nSubject: Tea\r\n\r\n${'At four?\r\n'.repeat(20_000)}`

interface Question {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

interface StandIn {
  readonly url: string
  readonly questions: Question[]
}

async function standIn(answer: (response: ServerResponse) => void): Promise<StandIn> {
  const questions: Question[] = []
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece)
    const { method, url: path, headers } = request
    questions.push({ method, path, headers, body: Buffer.concat(pieces).toString() })
    answer(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, questions }
}

const metrics = createMetrics({ processMetrics: false })
const logger = createLogger({ level: 'silent' })
let its: Court | undefined
afterEach(() => its?.names.close())

async function judged(url: string, how: Partial<Arrival> & { timeoutMs?: number; text?: string } = {}) {
  const { timeoutMs = 5_000, text = message, ...more } = how
  its = await court({ rspamd: rspamd({ url, timeoutMs, hostname, logger, metrics }) })
  return its.judge(text, more)
}

const says = (action: string) => (response: ServerResponse) => {
  response.end(JSON.stringify({ action, score: 4.256, required_score: 15, symbols: {} }))
}

async function answers(outcome: string): Promise<number> {
  const values = (await metrics.registry.getSingleMetric('postern_rspamd_answers_total')?.get())?.values ?? []
  return values.find(({ labels }) => labels.outcome === outcome)?.value ?? 0
}

describe('a stand-in', () => {
  test('is asked with the envelope and the whole message', async () => {
    const there = await standIn(says('no action'))
    await judged(there.url, { clientAddress: '::ffff:192.0.2.7' })
    expect(there.questions).toMatchObject([{ method: 'POST', path: '/checkv2', body: message }])
    expect(there.questions[0]?.headers).toMatchObject({
      ...{ from: 'carol@example.org', rcpt: 'ada@example.test', helo: 'mail.example.org', ip: '192.0.2.7' },
      ...{ 'queue-id': 'q_1', 'mta-name': hostname, 'content-length': String(message.length) },
    })
  })

  test('of what another server has handed over it is told no client', async () => {
    const there = await standIn(says('no action'))
    await judged(there.url, { via: 'ingest' })
    expect(there.questions[0]?.headers).not.toHaveProperty('ip')
    expect(there.questions[0]?.headers).not.toHaveProperty('helo')
  })

  test('of what somebody handed over who says from where it came it is told that', async () => {
    const there = await standIn(says('no action'))
    const client = { address: '198.51.100.7', helo: 'mx.example.org' }
    await judged(there.url, { via: 'ingest', before: { client, isTaken: false } })
    expect(there.questions[0]?.headers).toMatchObject({ ip: '198.51.100.7', helo: 'mx.example.org' })
  })

  test('what was taken already it puts aside at most', async () => {
    const there = await standIn(says('reject'))
    const verdict = await judged(there.url, { via: 'ingest', before: { isTaken: true } })
    expect([verdict.action, verdict.reply]).toEqual(['spam', undefined])
  })

  test('what stands in an envelope ends no header field', async () => {
    const there = await standIn(says('no action'))
    await judged(there.url, { sender: '"a\r\nIP: 127.0.0.1"@bücher.example' })
    expect(there.questions[0]?.headers.from).toBe('"a??IP: 127.0.0.1"@b?cher.example')
  })

  test.each([
    ['no action', 'accept'],
    ['add header', 'spam'],
    ['rewrite subject', 'spam'],
    ['quarantine', 'spam'],
    ['discard', 'spam'],
    ['greylist', 'defer'],
    ['soft reject', 'defer'],
    ['reject', 'refuse'],
    ['invented', 'accept'],
  ])('says %j: %s', async (word, action) => {
    const there = await standIn(says(word))
    const verdict = await judged(there.url)
    expect(verdict.action).toBe(action)
    expect(toldBy(verdict).at(-1)).toBe(`x-rspamd=${word.replace(' ', '-')} (score 4.26)`)
    if (action === 'defer') expect(verdict.reply).toMatch(/^451 4\.7\.1 /)
    if (action === 'refuse') expect(verdict.reply).toBe('550 5.7.1 The message looks like spam')
  })

  test('is not asked where the message is refused anyhow, and does not make better what is bad', async () => {
    const there = await standIn(says('no action'))
    its = await court({ rspamd: rspamd({ url: there.url, timeoutMs: 5_000, hostname, logger, metrics }) })
    its.names.zone.set('TXT _dmarc.example.org', ['v=DMARC1; p=reject'])
    expect((await its.judge(message)).action).toBe('refuse')
    expect(there.questions).toEqual([])
    its.names.zone.set('TXT _dmarc.example.org', ['v=DMARC1; p=quarantine'])
    expect((await its.judge(message)).action).toBe('spam')
    expect(there.questions).toHaveLength(1)
  })
})

describe('without an opinion the message goes on', () => {
  const rows: readonly (readonly [string, string, (response: ServerResponse) => void])[] = [
    ['an error', 'senseless', (response) => response.writeHead(500).end('oh')],
    ['no JSON', 'senseless', (response) => response.end('yes')],
    ['no action', 'senseless', (response) => response.end('{"score":1}')],
    ['an action that is no word', 'senseless', (response) => response.end('{"action":1}')],
    ['an answer without end', 'senseless', (response) => response.end(' '.repeat(2_000_000))],
    ['silence', 'unreachable', () => undefined],
    ['a broken connection', 'unreachable', (response) => response.destroy()],
    ['half an answer', 'unreachable', (response) => response.writeHead(200, { 'Content-Length': '90' }).write('{')],
  ]
  test.each(rows)('%s', async (_, outcome, answer) => {
    const before = await answers(outcome)
    const there = await standIn(answer)
    const verdict = await judged(there.url, { timeoutMs: 700 })
    expect(verdict.action).toBe('accept')
    expect(verdict.authenticationResults).not.toContain('rspamd')
    expect(await answers(outcome)).toBe(before + 1)
  })

  test('nobody there', async () => {
    const before = await answers('unreachable')
    expect((await judged(`http://127.0.0.1:${await freePort()}`)).action).toBe('accept')
    expect(await answers('unreachable')).toBe(before + 1)
  })
})

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const hasRspamd = (() => {
  try {
    return execFileSync('rspamd', ['--version'], { stdio: 'pipe' }).includes('Rspamd')
  } catch {
    return false
  }
})()

describe.skipIf(!hasRspamd)(
  'rspamd itself',
  () => {
    const gtube = 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'

    test('refuses what everybody calls spam, and has nothing against the rest', async () => {
      const url = await realRspamd()
      const bad = await judged(url, { text: `From: carol@example.org\r\nSubject: Tea\r\n\r\n${gtube}\r\n` })
      expect(bad.action).toBe('refuse')
      expect(toldBy(bad).at(-1)).toBe('x-rspamd=reject (score 15)')
      its?.names.close()
      expect((await judged(url)).action).toBe('accept')
    })
  },
  60_000,
)

/** With the smallest configuration that answers: no modules, no name servers, two top-level domains to know. */
async function realRspamd(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-rspamd-'))
  const port = await freePort()
  await writeFile(join(folder, 'tlds'), 'com\norg\n')
  await writeFile(
    join(folder, 'rspamd.conf'),
    `options { pidfile = "${folder}/pid"; tempdir = "${folder}"; hs_cache_dir = "${folder}"; disable_hyperscan = true;
      url_tld = "${folder}/tlds"; dns { timeout = 1s; retransmits = 1; nameserver = ["127.0.0.1:1"]; } }
    logging { type = "console"; level = "error"; }
    worker "normal" { bind_socket = "127.0.0.1:${port}"; count = 1; enabled = true; }
    actions { reject = 15; add_header = 6; greylist = 4; }\n`,
  )
  const process: ChildProcess = spawn('rspamd', ['-f', '-i', '-c', join(folder, 'rspamd.conf')], { stdio: 'ignore' })
  onTestFinished(async () => {
    const gone = once(process, 'exit')
    process.kill()
    await gone
    await rm(folder, { recursive: true, force: true })
  })
  const url = `http://127.0.0.1:${port}`
  await expect.poll(() => pong(url), { timeout: 45_000, interval: 200 }).toBe(true)
  return url
}

const pong = (url: string): Promise<boolean> =>
  fetch(`${url}/ping`).then(
    ({ ok }) => ok,
    () => false,
  )
