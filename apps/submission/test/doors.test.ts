// The doors from outside: which bytes are let in, in which order, and what is said to those that aren't. Contract A2, A7, A8, B10,
// RFC 3207, RFC 8314.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { networks, openCertificates } from '@postern/service'
import { createLogger, createMetrics } from '@postern/telemetry'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { SubmissionLimits } from '../src/index.js'
import { Caller } from './caller.js'
import { adasPlain, type Doors, TestServer } from './server.js'

let server: TestServer
const start = async (doors: Doors = {}, limits: Partial<SubmissionLimits> = {}) => {
  server = await TestServer.start({ lingerMs: 200, ...limits }, {}, doors)
  return server.settle()
}
afterEach(async () => {
  await server.close()
  expect(server.errors).toEqual([])
})

const clear = () => Caller.inClear(server.server.startTlsPort)
const tls = (options = {}) => Caller.byTls(server.server.tlsPort, options)
const secured = (socket: TLSSocket) => new Promise((resolve) => socket.once('secureConnect', resolve))
const here = networks(['127.0.0.0/8'])

async function startTls(options = {}): Promise<Caller<TLSSocket>> {
  const before = clear()
  before.say('STARTTLS\r\n')
  await before.heard('220 2.0.0 ')
  const after = before.startTls(options)
  await secured(after.socket)
  return after
}

describe('STARTTLS', () => {
  test('goes on encrypted, without a second greeting; AUTH is offered now, STARTTLS no more, and mail is sent', async () => {
    const town = await start()
    const after = await startTls()
    after.say('EHLO c\r\n')
    const offered = await after.heard('250 ')
    expect(offered).toMatch(/^250-mail\.example\.test\r\n/)
    expect(offered).toContain('250 AUTH PLAIN LOGIN\r\n')
    expect(offered).not.toContain('STARTTLS')
    after.say('STARTTLS\r\n')
    expect(await after.heard('\r\n')).toMatch(/^503 /)
    after.say(`AUTH PLAIN ${adasPlain}\r\nMAIL FROM:<ada@${town.name}>\r\nRCPT TO:<bob@${town.name}>\r\nDATA\r\n`)
    await after.heard('354 ')
    after.say(`From: ada@${town.name}\r\n\r\nhello\r\n.\r\nQUIT\r\n`)
    expect(await after.heard('221 ')).toMatch(/^250 2\.0\.0 Ok: queued as q_\w+\r\n221 /)
    await after.closed
  })

  test('what was said in clear doesn’t count any more (RFC 3207 §4.2)', async () => {
    await start()
    const before = clear()
    before.say('EHLO before\r\nSTARTTLS\r\n')
    await before.heard('220 2.0.0 ')
    const after = before.startTls()
    after.say(`AUTH PLAIN ${adasPlain}\r\n`)
    expect(await after.heard('\r\n')).toBe('503 5.5.1 Say EHLO first\r\n')
  })

  test.each([
    ['a command', 'NOOP\r\n'],
    ['a login and a message', `EHLO x\r\nAUTH PLAIN ${adasPlain}\r\nMAIL FROM:<ada@town1.example.test>\r\n`],
    ['half a line', 'MAIL FROM:<ada@town1'],
    ['two hundred commands', 'NOOP\r\n'.repeat(200)],
  ])('what is sent behind it in the same packet is thrown away: %s', async (_, behind) => {
    await start()
    const before = clear()
    await before.heard('220 ')
    before.say(`EHLO c\r\nSTARTTLS\r\n${behind}`)
    expect(await before.heard('220 2.0.0 ')).toMatch(/250 STARTTLS\r\n220 2\.0\.0 Ready to start TLS\r\n$/)
    const after = before.startTls()
    await secured(after.socket)
    after.say('HELP\r\n')
    expect(await after.heard('\r\n')).toMatch(/^214 [^\r]*\r\n$/)
    after.say(`MAIL FROM:<ada@town1.example.test>\r\n`)
    expect(await after.heard('\r\n')).toBe('530 5.7.0 Authentication required\r\n')
  })

  test('who goes on in clear after STARTTLS is cut off, and nothing is answered in clear', async () => {
    await start()
    const caller = clear()
    caller.say('STARTTLS\r\n')
    await caller.heard('220 2.0.0 ')
    caller.say(`EHLO x\r\nAUTH PLAIN ${adasPlain}\r\n`)
    expect(await caller.closed).toMatch(/220 2\.0\.0 [^\r]*\r\n(?:[^\x20-\x7e].{6})?$/s)
    await vi.waitFor(() => expect(server.lines.join('')).toContain('"reason":"No TLS after STARTTLS"'))
  })

  test('a handshake that doesn’t come is waited for so long', async () => {
    await start({}, { handshakeTimeoutMs: 100 })
    const caller = clear()
    caller.say('STARTTLS\r\n')
    await caller.closed
  })
})

describe('the wrong door', () => {
  test('a ClientHello on the port of STARTTLS: one line in clear that says what to do, and a close', async () => {
    await start()
    const caller = clear()
    await caller.heard('220 ')
    caller.say(Buffer.from('16030100c8010000c40303', 'hex'))
    caller.say(Buffer.alloc(200, 10))
    expect(await caller.closed).toBe(
      `220 mail.example.test ESMTP Postern\r\n554 5.7.0 Wrong encryption mode for this port: connect to port ${server.server.tlsPort} with TLS, or use STARTTLS here\r\n`,
    )
  })

  test.each([
    ['EHLO', 'EHLO client.example.test\r\n'],
    ['one byte', 'E'],
    ['nothing but the end', undefined],
  ])('words in clear on the port of TLS are answered in clear: %s', async (_, words) => {
    await start()
    const caller = Caller.inClear(server.server.tlsPort)
    if (words === undefined) caller.socket.end()
    else caller.say(words)
    expect(await caller.closed).toBe(
      '554 5.7.0 This port takes TLS from the first byte; STARTTLS has a port of its own\r\n',
    )
  })

  test('who waits there to be greeted is told in the end', async () => {
    await start({}, { handshakeTimeoutMs: 150 })
    expect(await Caller.inClear(server.server.tlsPort).closed).toMatch(/^554 5\.7\.0 This port takes TLS/)
  })
})

test('TLS 1.1 is refused on both doors', async () => {
  await start()
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  expect(await tls(old).closed).toBe('')
  const before = clear()
  before.say('STARTTLS\r\n')
  await before.heard('220 2.0.0 ')
  expect(await before.startTls(old).closed).toBe('')
})

describe('certificates (contract A7)', () => {
  /** A second pair, made for another name. */
  async function pairFor(hostname: string): Promise<{ cert: string; key: string }> {
    const dataDir = join(server.folder, hostname)
    mkdirSync(dataDir)
    const logger = createLogger({ level: 'silent' })
    const metrics = createMetrics({ processMetrics: false })
    const made = await openCertificates({ dataDir, hostname, watchMs: 60_000, clock: Date.now, logger, metrics })
    made.close()
    const [cert, key] = ['cert.pem', 'key.pem'].map((name) => readFileSync(join(dataDir, 'tls', name), 'utf8'))
    return { cert: cert as string, key: key as string }
  }

  test('a domain’s own, picked by SNI, on both doors; put there while the server runs', async () => {
    await start()
    const pair = await pairFor('mail.other.test')
    const folder = join(server.folder, 'tls', 'domains', 'other.test')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'cert.pem'), pair.cert)
    writeFileSync(join(folder, 'key.pem'), pair.key)
    await server.certificates.refresh()
    const named = async (caller: Caller<TLSSocket>) => caller.socket.getPeerCertificate().subjectaltname
    const direct = tls({ servername: 'mail.other.test' })
    await secured(direct.socket)
    expect(await named(direct)).toContain('mail.other.test')
    expect(await named(await startTls({ servername: 'mail.other.test' }))).toContain('mail.other.test')
    expect(await named(await startTls({ servername: 'localhost' }))).not.toContain('mail.other.test')
  })
})

describe('limits at the door (contract B10)', () => {
  test.each(['TLS', 'STARTTLS'])('too many connections: 421 and a close (%s)', async (door) => {
    await start({ connectionsMax: 1 })
    const call = () => (door === 'TLS' ? tls() : clear())
    await call().heard('220 ')
    expect(await call().closed).toBe('421 4.7.0 Too many connections, try again later\r\n')
  })

  test('too many from one address', async () => {
    await start({ connectionsPerAddressMax: 1 })
    const first = tls()
    await first.heard('220 ')
    expect(await tls().closed).toBe('421 4.7.0 Too many connections from your address\r\n')
    first.say('QUIT\r\n')
    await first.closed
    await vi.waitFor(async () => expect(await tls().heard('\r\n')).toMatch(/^220 /))
  })

  test('a place is given back by who has gone on encrypted, too', async () => {
    await start({ connectionsMax: 1 })
    for (let i = 0; i < 3; i++) {
      const caller = await vi.waitFor(() => startTls())
      caller.say('QUIT\r\n')
      await caller.closed
    }
    await vi.waitFor(async () =>
      expect(await server.metrics.connectionsOpen.get()).toMatchObject({ values: [{ value: 0 }] }),
    )
  })
})

test('PROXY protocol (contract A8): the client is who the header says', async () => {
  await start({ proxyNetworks: here })
  const caller = clear()
  caller.say('PROXY TCP4 192.0.2.8 198.51.100.1 8080 587\r\nQUIT\r\n')
  await caller.closed
  await vi.waitFor(() => expect(server.lines.join('')).toMatch(/"remote":"192\.0\.2\.8".*"msg":"session ended"/))
})

describe('half a connection', () => {
  test('who has said all he has to say still gets his answers', async () => {
    await start()
    const caller = tls()
    caller.socket.end('NOOP\r\nNOOP\r\nNO')
    expect(await caller.closed).toMatch(/^220 [^\r]*\r\n250 2\.0\.0 Ok\r\n250 2\.0\.0 Ok\r\n$/)
  })

  test('who ends in the middle of a message has sent none', async () => {
    const town = await start()
    const caller = tls()
    caller.socket.end(
      `EHLO c\r\nAUTH PLAIN ${adasPlain}\r\nMAIL FROM:<ada@${town.name}>\r\nRCPT TO:<bob@${town.name}>\r\nDATA\r\nFrom: ada@${town.name}\r\n\r\nhello\r\n`,
    )
    expect(await caller.closed).toMatch(/354 [^\r]*\r\n$/)
    expect(await town.mails('bob', 'INBOX')).toEqual([])
  })
})
