// The doors from outside: which bytes are let in, in which order, and what is said to those that aren't. Contract A1, A3, A7,
// A8, RFC 9051 §6.2.1, RFC 8314.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { networks, openCertificates } from '@postern/service'
import { createLogger, createMetrics } from '@postern/telemetry'
import { afterEach, describe, expect, test } from 'vitest'
import type { ImapLimits } from '../src/index.js'
import { Caller } from './caller.js'
import { type Doors, password, TestServer } from './server.js'

let server: TestServer
const start = async (doors: Doors = {}, limits: Partial<ImapLimits> = {}) => {
  server = await TestServer.start({ lingerMs: 200, ...limits }, {}, doors)
  await server.settle()
}
afterEach(async () => {
  await server.close()
  expect(server.errors).toEqual([])
})

const clear = () => Caller.inClear(server.server.clearPort as number)
const tls = (options = {}) => Caller.byTls(server.server.port, options)
const secured = (socket: TLSSocket) => new Promise((resolve) => socket.once('secureConnect', resolve))
const here = networks(['127.0.0.0/8'])

describe('STARTTLS', () => {
  test('there is no port in clear unless it is asked for', async () => {
    await start()
    expect(server.server.clearPort).toBeUndefined()
  })

  test('goes on encrypted; capabilities are asked anew, LOGIN is open, and STARTTLS is not there twice', async () => {
    await start({ clearPort: 0 })
    const before = clear()
    await before.heard('* OK [CAPABILITY ')
    before.say('a STARTTLS\r\n')
    expect(await before.heard('\r\n')).toMatch(/^a OK [^[]*\r\n$/)
    const after = before.startTls()
    await secured(after.socket)
    after.say('b CAPABILITY\r\n')
    const capabilities = await after.heard('b OK')
    expect(capabilities).toContain(' AUTH=PLAIN AUTH=LOGIN SASL-IR ')
    expect(capabilities).not.toMatch(/STARTTLS|LOGINDISABLED/)
    after.say('c STARTTLS\r\n')
    expect(await after.heard('c ')).toMatch(/^c BAD /)
    after.say(`d LOGIN ada ${password}\r\ne SELECT INBOX\r\nf LOGOUT\r\n`)
    expect(await after.heard('f OK')).toMatch(/^d OK \[CAPABILITY .*e OK .*\* BYE /s)
    await after.closed
  })

  test.each([
    ['in the same packet', 'a STARTTLS\r\nb NOOP\r\nc LOGIN ada secret\r\n', ''],
    ['half a line of it', 'a STARTTLS\r\nb LOGIN ada', ''],
    ['with a literal that isn’t finished', 'a STARTTLS\r\nb LOGIN {1000+}\r\nx', ''],
  ])('what is sent behind it in clear is thrown away: %s', async (_, together) => {
    await start({ clearPort: 0 })
    const before = clear()
    await before.heard('* OK')
    before.say(together)
    expect(await before.heard('a OK')).toMatch(/^a OK [^\r]*\r\n$/)
    const after = before.startTls()
    await secured(after.socket)
    after.say('d NOOP\r\n')
    expect(await after.heard('d ')).toMatch(/^d OK [^\r]*\r\n$/)
  })

  test('who goes on in clear after STARTTLS is cut off, and nothing is answered in clear', async () => {
    await start({ clearPort: 0 })
    const caller = clear()
    await caller.heard('* OK')
    caller.say('a STARTTLS\r\n')
    await caller.heard('a OK')
    caller.say(`b LOGIN ada ${password}\r\n`)
    expect(await caller.closed).toMatch(/a OK [^\r]*\r\n(?:[^\x20-\x7e].{6})?$/s)
    expect(server.lines.join('')).toContain('"msg":"no TLS after STARTTLS"')
  })

  test('who asks for it and then says nothing is cut off', async () => {
    await start({ clearPort: 0 }, { handshakeTimeoutMs: 100 })
    const caller = clear()
    await caller.heard('* OK')
    caller.say('a STARTTLS\r\n')
    await caller.closed
    expect(server.lines.join('')).toContain('not finished within 100 ms')
  })

  test('a ClientHello on the port in clear is told what is wrong', async () => {
    await start({ clearPort: 0 })
    const port = server.server.clearPort as number
    const error = await new Promise<Error>((resolve) =>
      connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }).once('error', resolve),
    )
    expect(error.message).toMatch(/wrong version number|packet length too long/)
    const caller = clear()
    await caller.heard('* OK')
    // One byte at first: it may come in any pieces.
    caller.say(Uint8Array.of(0x16))
    caller.say(Buffer.from('0301020001000a', 'hex'))
    expect(await caller.closed).toMatch(/\r\n\* BYE This port begins without TLS: use STARTTLS [^\r]*\r\n$/)
  })
})

describe('behind a proxy that ends TLS', () => {
  /** A version 2 header for a client on 192.0.2.7; `client` is the first byte of its TLS TLV. */
  const header = (client?: number): Buffer => {
    const addresses = Buffer.from([192, 0, 2, 7, 198, 51, 100, 1, 0x1f, 0x90, 0x03, 0xe1])
    const tlv = client === undefined ? Buffer.alloc(0) : Buffer.from([0x20, 0, 5, client, 0, 0, 0, 0])
    const start = Buffer.from('0d0a0d0a000d0a515549540a2111', 'hex')
    return Buffer.concat([start, Buffer.from([0, addresses.length + tlv.length]), addresses, tlv])
  }
  const open = /^\* OK \[CAPABILITY (?!.*LOGINDISABLED).* AUTH=PLAIN /
  const closed = /^\* OK \[CAPABILITY (?!.*AUTH=).* LOGINDISABLED /

  test.each<[string, Doors, Buffer | undefined, RegExp]>([
    ['its PROXY header says that the client came by TLS', { proxyNetworks: here }, header(1), open],
    ['its PROXY header says that the client came in clear', { proxyNetworks: here }, header(0), closed],
    ['its PROXY header says nothing of it', { proxyNetworks: here }, header(), closed],
    ['it is trusted to end TLS', { tlsProxyNetworks: here }, undefined, open],
    ['it is trusted, and sends a header', { proxyNetworks: here, tlsProxyNetworks: here }, header(), open],
    ['it is trusted, and says otherwise', { proxyNetworks: here, tlsProxyNetworks: here }, header(0), closed],
    ['somebody else is trusted', { tlsProxyNetworks: networks(['10.0.0.0/8']) }, undefined, closed],
  ])('%s', async (_, doors, first, greeting) => {
    await start({ clearPort: 0, ...doors })
    const caller = clear()
    if (first !== undefined) caller.say(first)
    expect(await caller.heard('\r\n')).toMatch(greeting)
    caller.say(`a LOGIN ada ${password}\r\n`)
    expect(await caller.heard('a ')).toMatch(greeting === open ? /^a OK/ : /^a NO \[PRIVACYREQUIRED\]/)
  })

  test('a header from elsewhere is no command, and moves nobody', async () => {
    await start({ clearPort: 0, proxyNetworks: networks(['10.0.0.0/8']) })
    const caller = clear()
    caller.say(header(1))
    caller.say('\r\na CAPABILITY\r\n')
    expect(await caller.heard('a OK')).toContain(' LOGINDISABLED ')
  })

  test('on the TLS port the header comes before the handshake, v1 and v2, and only from there', async () => {
    await start({ proxyNetworks: here })
    for (const first of [header(), Buffer.from('PROXY TCP4 192.0.2.8 198.51.100.1 8080 993\r\n')]) {
      const raw = Caller.inClear(server.server.port)
      raw.say(first)
      const caller = raw.startTls()
      await caller.heard('* OK')
      caller.say(`a LOGIN ada ${password}\r\nb LOGOUT\r\n`)
      await caller.closed
    }
    expect(server.lines.join('')).toMatch(/"remote":"192\.0\.2\.7".*"remote":"192\.0\.2\.8"/s)
    const without = tls()
    expect(await without.closed).toBe('')
  })
})

describe('TLS', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s', async (version) => {
    await start()
    const caller = tls({ minVersion: version, maxVersion: version })
    await caller.heard('* OK')
    expect(caller.socket.getProtocol()).toBe(version)
  })

  test('TLS 1.1 is refused, on both doors', async () => {
    await start({ clearPort: 0 })
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    const refusal = (caller: Caller) =>
      new Promise<string>((resolve) => caller.socket.once('error', ({ message }) => resolve(message)))
    expect(await refusal(tls(old))).toMatch(/protocol version/)
    const before = clear()
    before.say('a STARTTLS\r\n')
    await before.heard('a OK')
    expect(await refusal(before.startTls(old))).toMatch(/protocol version/)
  })

  test.each([
    ['a command', 'a NOOP\r\n'],
    ['HTTP', 'GET / HTTP/1.0\r\n\r\n'],
    ['an EHLO', 'EHLO there\r\n'],
    ['nothing at all', ''],
  ])('plain bytes are answered by a closed connection, never by a greeting: %s', async (_, bytes) => {
    await start({}, { handshakeTimeoutMs: 100 })
    const caller = Caller.inClear(server.server.port)
    caller.say(bytes)
    expect(await caller.closed).toBe('')
  })

  test('SNI picks the certificate, with or without a trailing dot; a certificate is swapped while clients are here', async () => {
    await start()
    const stay = tls()
    await stay.heard('* OK')
    const folder = join(server.folder, 'tls', 'domains', 'other')
    mkdirSync(folder, { recursive: true })
    const give = async (hostname: string) => {
      const logger = createLogger({ level: 'silent' })
      const metrics = createMetrics({ processMetrics: false })
      const dataDir = join(server.folder, hostname)
      const made = await openCertificates({ dataDir, hostname, watchMs: 60_000, clock: Date.now, logger, metrics })
      made.close()
      for (const file of ['cert.pem', 'key.pem'])
        writeFileSync(join(folder, file), readFileSync(join(dataDir, 'tls', file)))
      await server.certificates.refresh()
    }
    const nameFor = async (servername: string) => {
      const caller = tls({ servername })
      await caller.heard('* OK')
      return caller.socket.getPeerCertificate().subjectaltname
    }
    await give('mail.other.test')
    expect(await nameFor('mail.other.test')).toContain('DNS:mail.other.test')
    expect(await nameFor('MAIL.other.test.')).toContain('DNS:mail.other.test')
    expect(await nameFor('localhost.')).toContain('DNS:localhost')
    expect(await nameFor('nobody.test')).toContain('DNS:localhost')
    await give('imap.other.test')
    expect(await nameFor('imap.other.test')).toContain('DNS:imap.other.test')
    expect(await nameFor('mail.other.test')).toContain('DNS:localhost')
    stay.say('a NOOP\r\n')
    await stay.heard('a OK')
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('a session is taken up again from its ticket, %s', async (version) => {
    await start({ clearPort: 0 })
    const only = { minVersion: version, maxVersion: version }
    const first = tls(only)
    const ticket = new Promise<Buffer>((resolve) => first.socket.once('session', resolve))
    await first.heard('* OK')
    const session = await ticket
    const second = tls({ ...only, session })
    await second.heard('* OK')
    expect(second.socket.isSessionReused()).toBe(true)
    const third = clear()
    third.say('a STARTTLS\r\n')
    await third.heard('a OK')
    const upgraded = third.startTls({ ...only, session })
    await secured(upgraded.socket)
    expect(upgraded.socket.isSessionReused()).toBe(true)
  })
})
