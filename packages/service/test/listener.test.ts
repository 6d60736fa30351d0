/** Listeners on real sockets: TLS from the first byte, limits with the protocol's own refusal, PROXY headers, clear errors. */
import { setTimeout as wait } from 'node:timers/promises'
import { connect as tlsConnect } from 'node:tls'
import { createMetrics } from '@postern/telemetry'
import { describe, expect, test, vi } from 'vitest'
import { type Incoming, networks } from '../src/index.js'
import { givenCertificates, givenListener, logLines, plainClient, soon, tlsClient, watched } from './setting.js'

const fromHere = networks(['127.0.0.0/8'])

/** A protocol that greets and waits for the client to leave. */
const stay = ({ socket }: Incoming) => {
  socket.write('hello\r\n')
  socket.resume()
  socket.on('end', () => socket.end())
}

describe('in clear', () => {
  test('a client is handed over with its address, a port and an id of its own', async () => {
    const seen: Incoming[] = []
    const onConnection = (incoming: Incoming) => {
      seen.push(incoming)
      incoming.socket.end('hello\r\n')
    }
    const { port } = await givenListener({ onConnection })
    const clients = [plainClient(port), plainClient(port)]
    expect(await Promise.all(clients.map((client) => client.closed))).toEqual(['hello\r\n', 'hello\r\n'])
    expect(seen[0]).toMatchObject({ remoteAddress: '127.0.0.1', localPort: port, secure: false })
    expect(seen[0]!.remotePort).toBeGreaterThan(0)
    expect(new Set(seen.map(({ id }) => id)).size).toBe(2)
  })

  test('an IPv4 client of a dual-stack listener has an IPv4 address', async () => {
    const seen: string[] = []
    const onConnection = ({ socket, remoteAddress }: Incoming) => {
      seen.push(remoteAddress)
      socket.end()
    }
    const { port } = await givenListener({ host: '::', onConnection })
    await plainClient(port).closed
    expect(seen).toEqual(['127.0.0.1'])
  })

  test('a client that has said all it has to say still gets its answer', async () => {
    const onConnection = ({ socket }: Incoming) => {
      socket.on('data', () => undefined)
      socket.on('end', () => setTimeout(() => socket.end('answer\r\n'), 20))
    }
    const { port } = await givenListener({ onConnection })
    const client = plainClient(port)
    client.socket.end('question\r\n')
    expect(await client.closed).toBe('answer\r\n')
  })

  test('a protocol that fails at once costs its own client only', async () => {
    const log = logLines()
    let calls = 0
    const onConnection = ({ socket }: Incoming) => {
      if (calls++ === 0) throw new Error('protocol failed')
      socket.end('hello\r\n')
    }
    const listener = await givenListener({ onConnection, logger: log.logger })
    expect(await plainClient(listener.port).closed).toBe('')
    expect(await plainClient(listener.port).closed).toBe('hello\r\n')
    expect(log.text()).toContain('protocol failed')
  })
})

describe('implicit TLS (contract A1)', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s', async (version) => {
    const { certificates } = await givenCertificates()
    const onConnection = ({ socket, secure }: Incoming) => void socket.end(`secure ${secure}\r\n`)
    const { port } = await givenListener({ tls: certificates, onConnection })
    const client = tlsClient(port, { minVersion: version, maxVersion: version })
    await new Promise((resolve) => client.socket.once('secureConnect', resolve))
    expect(client.socket.getProtocol()).toBe(version)
    expect(await client.closed).toBe('secure true\r\n')
  })

  test('TLS 1.1 is refused', async () => {
    const { certificates } = await givenCertificates()
    const { port } = await givenListener({ tls: certificates })
    const client = tlsClient(port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })
    const error = await new Promise<Error>((resolve) => client.socket.once('error', resolve))
    expect(error.message).toMatch(/protocol version/)
  })

  test.each([
    ['an IMAP command', 'a1 NOOP\r\n'],
    ['an HTTP request', 'GET / HTTP/1.0\r\n\r\n'],
    ['nothing but a line end', '\r\n\r\n\r\n\r\n\r\n'],
    ['a PROXY header from nowhere known', 'PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n'],
  ])('plain bytes are answered by a closed connection: %s', async (_, bytes) => {
    const { certificates } = await givenCertificates()
    const metrics = createMetrics({ processMetrics: false })
    const handed = vi.fn()
    const { port } = await givenListener({ tls: certificates, onConnection: handed, metrics })
    const client = plainClient(port)
    client.socket.write(bytes)
    expect(await client.closed).toBe('')
    expect(handed).not.toHaveBeenCalled()
    expect(await metrics.registry.metrics()).toContain('refused_total{listener="test",reason="handshake"} 1')
  })

  test('a client that says nothing is closed after the handshake timeout, without a byte', async () => {
    const { certificates } = await givenCertificates()
    const { port } = await givenListener({ tls: certificates, handshakeTimeoutMs: 50 })
    expect(await plainClient(port).closed).toBe('')
  })

  test('a client that leaves before it has said anything is forgotten at once', async () => {
    const { certificates } = await givenCertificates()
    const listener = await givenListener({ tls: certificates, handshakeTimeoutMs: 60_000 })
    const client = plainClient(listener.port)
    await soon(() => expect(listener.connections).toBe(1))
    client.socket.end()
    await soon(() => expect(listener.connections).toBe(0))
  })

  test('a client that breaks off in the middle of its session is forgotten', async () => {
    const { certificates } = await givenCertificates()
    const metrics = createMetrics({ processMetrics: false })
    const listener = await givenListener({ tls: certificates, onConnection: stay, metrics })
    const client = tlsClient(listener.port)
    await client.until('hello')
    expect(listener.connections).toBe(1)
    expect(await metrics.registry.metrics()).toContain('postern_connections_open{listener="test"} 1')
    client.socket.destroy()
    await soon(() => expect(listener.connections).toBe(0))
    expect(await metrics.registry.metrics()).toContain('postern_connections_open{listener="test"} 0')
  })
})

/** With Nagle's algorithm the second of two small answers waits until the client's kernel confirms the first: 40 ms. */
test.each([false, true])('small answers leave at once, one behind the other (tls: %s)', async (tls) => {
  const onConnection = ({ socket }: Incoming) =>
    void socket.on('data', () => {
      socket.write('one ')
      setTimeout(() => socket.write('two\n'), 2)
    })
  const certificates = tls ? (await givenCertificates()).certificates : undefined
  const { port } = await givenListener({ tls: certificates, onConnection })
  const client = tls ? tlsClient(port) : plainClient(port)
  const times: number[] = []
  // A young connection is confirmed at once.
  for (let round = 1; round <= 40; round++) {
    const beganMs = performance.now()
    client.socket.write('?')
    await client.until(new RegExp(`(?:one two\n){${round}}`))
    if (round > 20) times.push(performance.now() - beganMs)
  }
  expect(times.sort((a, b) => a - b)[10]).toBeLessThan(25)
})

describe('limits', () => {
  test.each([
    ['in all', { connectionsMax: 2 }, 'busy: too many connections\r\n'],
    ['per address', { connectionsPerAddressMax: 2 }, 'busy: too many connections from one address\r\n'],
  ])('%s: one more hears the line of the protocol, and a place is free again afterwards', async (_, limits, line) => {
    const { certificates } = await givenCertificates()
    const listener = await givenListener({ tls: certificates, onConnection: stay, ...limits })
    const clients = [tlsClient(listener.port), tlsClient(listener.port)]
    await Promise.all(clients.map((client) => client.until('hello')))
    expect(await tlsClient(listener.port).closed).toBe(line)
    clients[0]!.socket.destroy()
    await soon(() => expect(listener.connections).toBe(1))
    await tlsClient(listener.port).until('hello')
  })

  test('a refused client on a TLS port hears nothing in clear', async () => {
    const { certificates } = await givenCertificates()
    const listener = await givenListener({ tls: certificates, onConnection: stay, connectionsMax: 1 })
    await tlsClient(listener.port).until('hello')
    const client = plainClient(listener.port)
    client.socket.write('a1 NOOP\r\n')
    expect(await client.closed).toBe('')
  })

  test('addresses of one client have their own count behind a proxy', async () => {
    const listener = await givenListener({ onConnection: stay, connectionsPerAddressMax: 1, proxyNetworks: fromHere })
    const from = (address: string) => {
      const client = plainClient(listener.port)
      client.socket.write(`PROXY ${address.includes(':') ? 'TCP6' : 'TCP4'} ${address} ${address} 1 2\r\n`)
      return client
    }
    await from('192.0.2.7').until('hello')
    await from('192.0.2.8').until('hello')
    await from('::ffff:c000:209').until('hello')
    await from('2001:db8::1').until('hello')
    await from('2001:db8:0:1::1').until('hello')
    expect(await from('192.0.2.7').closed).toContain('busy')
    expect(await from('192.0.2.9').closed).toContain('busy')
    expect(await from('2001:db8::2').closed).toContain('busy')
  })

  test('a flood beyond the limit is cut off, and passes', async () => {
    const metrics = createMetrics({ processMetrics: false })
    const listener = await givenListener({ onConnection: stay, connectionsMax: 1, metrics })
    const first = plainClient(listener.port)
    await first.until('hello')
    const flood = Array.from({ length: 150 }, () => plainClient(listener.port))
    for (const client of flood) client.socket.pause()
    await soon(async () => expect(await metrics.registry.metrics()).toMatch(/reason="flood"} \d+/))
    for (const client of flood) client.socket.destroy()
    first.socket.destroy()
    await soon(() => expect(listener.connections).toBe(0))
    await plainClient(listener.port).until('hello')
  })
})

describe('PROXY protocol (contract A8)', () => {
  const tell = ({ socket, remoteAddress, remotePort }: Incoming) => {
    socket.write(`${remoteAddress} ${remotePort}\r\n`)
    socket.on('data', (chunk) => void socket.end(chunk))
  }
  const v2 = Buffer.from('0d0a0d0a000d0a515549540a2111000cc00002 07c63364011f9003e1'.replace(' ', ''), 'hex')

  test.each([
    ['v1', Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 8080 993\r\n')],
    ['v2', v2],
  ])('%s: the address it tells is the client, what follows is for the protocol', async (_, header) => {
    const { port } = await givenListener({ onConnection: tell, proxyNetworks: fromHere })
    const client = plainClient(port)
    client.socket.write(Buffer.concat([header, Buffer.from('a1 NOOP\r\n')]))
    expect(await client.closed).toBe('192.0.2.7 8080\r\na1 NOOP\r\n')
  })

  test('one byte at a time', async () => {
    const { port } = await givenListener({ onConnection: tell, proxyNetworks: fromHere })
    const client = plainClient(port)
    client.socket.setNoDelay(true)
    for (const byte of v2) {
      client.socket.write(Buffer.from([byte]))
      await wait(1)
    }
    expect(await client.until('\n')).toBe('192.0.2.7 8080\r\n')
  })

  test.each(['in one packet', 'one after the other'])('before TLS, %s', async (how) => {
    const { certificates } = await givenCertificates()
    const { port } = await givenListener({ tls: certificates, onConnection: tell, proxyNetworks: fromHere })
    const { socket: raw } = plainClient(port)
    raw.removeAllListeners('data')
    if (how === 'in one packet') raw.cork()
    raw.write(v2)
    const client = watched(tlsConnect({ socket: raw, rejectUnauthorized: false }))
    setTimeout(() => raw.uncork(), 10)
    client.socket.write('a1 NOOP\r\n')
    expect(await client.closed).toBe('192.0.2.7 8080\r\na1 NOOP\r\n')
  })

  test('in one packet with everything the client has to say, and its end', async () => {
    const onConnection = ({ socket, remoteAddress }: Incoming) => {
      const heard: Buffer[] = []
      socket.on('data', (chunk) => heard.push(chunk))
      socket.on('end', () => socket.end(`${remoteAddress}: ${Buffer.concat(heard)}`))
    }
    const { port } = await givenListener({ onConnection, proxyNetworks: fromHere })
    const client = plainClient(port)
    client.socket.end(Buffer.concat([v2, Buffer.from('a1 LOGOUT\r\n')]))
    expect(await client.closed).toBe('192.0.2.7: a1 LOGOUT\r\n')
  })

  test('who fails its handshake is logged with the address that the balancer told', async () => {
    const { certificates } = await givenCertificates()
    const log = logLines()
    const { port } = await givenListener({ tls: certificates, proxyNetworks: fromHere, logger: log.logger })
    const client = plainClient(port)
    client.socket.write(Buffer.concat([v2, Buffer.from('a1 NOOP\r\n')]))
    expect(await client.closed).toBe('')
    expect(log.text()).toContain('"remote":"192.0.2.7","reason":"wrong version number"')
  })

  test("LOCAL is the balancer's own connection", async () => {
    const { port } = await givenListener({ onConnection: tell, proxyNetworks: fromHere })
    const client = plainClient(port)
    client.socket.write(Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex'))
    expect(await client.until('\n')).toBe(`127.0.0.1 ${client.socket.localPort}\r\n`)
  })

  test.each([
    ['no header', 'a1 NOOP\r\n'],
    ['a malformed one', 'PROXY TCP4 here there 1 2\r\n'],
    ['half of one, then the end', 'PROXY TCP4 192'],
  ])('a known balancer that sends %s is closed', async (_, bytes) => {
    const handed = vi.fn()
    const { port } = await givenListener({ onConnection: handed, proxyNetworks: fromHere })
    const client = plainClient(port)
    client.socket.end(bytes)
    expect(await client.closed).toBe('')
    expect(handed).not.toHaveBeenCalled()
  })

  test('a known balancer that sends nothing in time is closed', async () => {
    const { port } = await givenListener({ proxyNetworks: fromHere, proxyTimeoutMs: 50 })
    expect(await plainClient(port).closed).toBe('')
  })

  test("from elsewhere, a header is the protocol's to refuse, and the address is the peer's", async () => {
    const { port } = await givenListener({ onConnection: tell, proxyNetworks: networks(['10.0.0.0/8']) })
    const client = plainClient(port)
    client.socket.write('PROXY TCP4 192.0.2.7 198.51.100.1 8080 993\r\n')
    expect(await client.closed).toMatch(/^127\.0\.0\.1 \d+\r\nPROXY TCP4 192\.0\.2\.7 198\.51\.100\.1 8080 993\r\n$/)
  })
})

describe('opening and closing', () => {
  test('a port in use is told with what to set', async () => {
    const { port } = await givenListener()
    await expect(givenListener({ port, portSetting: 'POSTERN_IMAPS_PORT', name: 'imaps' })).rejects.toMatchObject({
      failure: 'port_in_use',
      message: `imaps can't listen on 127.0.0.1 port ${port}: another program uses it.`,
      fix: 'Set POSTERN_IMAPS_PORT to another port (0 = any free one), or stop that program.',
    })
  })

  test('an address of another machine is told with what to set', async () => {
    await expect(givenListener({ host: '192.0.2.1' })).rejects.toMatchObject({
      failure: 'port_unusable',
      message: expect.stringContaining('no such address'),
      fix: expect.stringContaining('Set POSTERN_BIND'),
    })
  })

  test('stopAccepting leaves those who are here; close does not', async () => {
    const onConnection = ({ socket }: Incoming) => {
      socket.write('hello\r\n')
      socket.on('data', (chunk) => void socket.write(chunk))
    }
    const listener = await givenListener({ onConnection })
    const client = plainClient(listener.port)
    await client.until('hello')
    listener.stopAccepting()
    expect(await plainClient(listener.port).closed).toBe('')
    client.socket.write('still here\r\n')
    await client.until('still here')
    await listener.close()
    await client.closed
    expect(listener.connections).toBe(0)
  })
})
