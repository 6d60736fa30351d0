/** Connections on real sockets: reading by demand, writing in one piece, slow clients, the idle clock, STARTTLS, the end. */
import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { connect as tlsConnect } from 'node:tls'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Connection, type ConnectionOptions } from '../src/index.js'
import {
  type Client,
  givenCertificates,
  givenListener,
  plainClient,
  soon,
  tlsClient,
  watched,
  withResolvers,
} from './setting.js'

const limits: ConnectionOptions = {
  writeBufferBytesMax: 256 * 1024,
  writeStallTimeoutMs: 5000,
  idleTimeoutMs: 5000,
  onIdle: (connection) => connection.destroy(),
  lingerMs: 2000,
}

interface Pair {
  readonly connection: Connection
  readonly client: Client
  /** The server's own socket, to look at. */
  readonly socket: Socket
}

/** A client and the connection the server has with it. */
async function pair(options: Partial<ConnectionOptions> = {}, { tls = false } = {}): Promise<Pair> {
  const { certificates } = tls ? await givenCertificates() : {}
  const accepted = withResolvers<Omit<Pair, 'client'>>()
  const { port } = await givenListener({
    tls: certificates,
    onConnection: (incoming) =>
      accepted.resolve({ connection: new Connection(incoming, { ...limits, ...options }), socket: incoming.socket }),
  })
  const client = tls ? tlsClient(port) : plainClient(port)
  const { connection, socket } = await accepted.promise
  onTestFinished(() => connection.destroy())
  return { connection, client, socket }
}

/** Gives the end of the line a chance to arrive, over any number of chunks. */
async function readUntil(connection: Connection, expected: string): Promise<string> {
  let text = ''
  while (!text.includes(expected)) {
    const chunk = await connection.read()
    if (chunk === undefined) throw new Error(`ended before ${expected}; read ${text}`)
    text += chunk.toString('latin1')
  }
  return text
}

describe.each([{ tls: false }, { tls: true }])('reading ($tls)', (over) => {
  test('gives what has arrived, then the end, again and again', async () => {
    const { connection, client } = await pair({}, over)
    client.socket.write('a1 NOOP\r\n')
    expect(await readUntil(connection, '\n')).toBe('a1 NOOP\r\n')
    client.socket.end('a2 LOGOUT\r\n')
    expect(await readUntil(connection, '\n')).toBe('a2 LOGOUT\r\n')
    expect(await connection.read()).toBeUndefined()
    expect(await connection.read()).toBeUndefined()
  })

  test('after the end of the client, its answer still goes out', async () => {
    const { connection, client } = await pair({}, over)
    client.socket.end('a1 LOGOUT\r\n')
    await readUntil(connection, '\n')
    await wait(20)
    connection.write('* BYE\r\n')
    await connection.end()
    expect(await client.closed).toBe('* BYE\r\n')
  })

  test('a client that sends without end is held back while nobody reads', async () => {
    const { connection, client, socket } = await pair({}, over)
    const chunk = Buffer.alloc(64 * 1024)
    let sentBytes = 0
    const send = () => {
      for (let goOn = true; goOn && sentBytes < 64 * 1024 * 1024; sentBytes += chunk.length) {
        goOn = client.socket.write(chunk)
      }
    }
    client.socket.on('drain', send)
    send()
    await wait(100)
    expect(socket.readableLength).toBeLessThan(256 * 1024)
    expect(sentBytes).toBeLessThan(32 * 1024 * 1024)
    const stoppedAt = sentBytes
    for (let readBytes = 0; readBytes < 16 * 1024 * 1024; ) readBytes += (await connection.read())!.length
    expect(sentBytes).toBeGreaterThan(stoppedAt)
  })

  test('two reads at once are a bug of the caller', async () => {
    const { connection } = await pair({}, over)
    const first = connection.read()
    await expect(connection.read()).rejects.toThrow('another read() waits')
    connection.destroy()
    expect(await first).toBeUndefined()
  })

  test('a read that waits ends when the client breaks off', async () => {
    const { connection, client } = await pair({}, over)
    const chunk = connection.read()
    client.socket.destroy()
    expect(await chunk).toBeUndefined()
  })
})

describe.each([{ tls: false }, { tls: true }])('writing ($tls)', (over) => {
  test('what is written in one turn goes out in one piece and in order', async () => {
    const { connection, client, socket } = await pair({}, over)
    const write = vi.spyOn(socket, 'write')
    connection.write('* 1 EXISTS\r\n')
    await Promise.resolve()
    connection.write(Buffer.from('* 0 RECENT\r\n'))
    connection.write(new Uint8Array())
    connection.write('a1 OK é\r\n')
    await client.until('a1 OK')
    expect(write).toHaveBeenCalledTimes(1)
    expect(Buffer.from(client.text(), 'latin1').toString()).toBe('* 1 EXISTS\r\n* 0 RECENT\r\na1 OK é\r\n')
  })

  test('pieces of all sizes arrive whole, whatever the slices', async () => {
    const { connection, client } = await pair({}, over)
    const sizes = [1, 65_535, 1, 65_536, 65_537, 3, 1_000_000, 0, 200_000, 7]
    const pieces = sizes.map((size, index) => Buffer.alloc(size, 97 + index))
    for (const piece of pieces) await connection.write(piece)
    await connection.end()
    expect(await client.closed).toBe(Buffer.concat(pieces).toString())
  })

  test('a client that reads slowly gets it all, and holds the writer back in a bounded buffer', async () => {
    const { connection, client, socket } = await pair({ writeBufferBytesMax: 128 * 1024 }, over)
    client.socket.pause()
    let writtenBytes = 0
    const line = 'x'.repeat(1000)
    const writing = (async () => {
      for (let i = 0; i < 20_000; i++) {
        await connection.write(line)
        writtenBytes += line.length
      }
      await connection.end()
    })()
    await wait(100)
    expect(writtenBytes).toBeLessThan(16_000_000)
    expect(connection.pendingWriteBytes).toBeLessThanOrEqual(129 * 1024)
    expect(socket.writableLength).toBeLessThanOrEqual(64 * 1024)
    client.socket.resume()
    await writing
    expect((await client.closed).length).toBe(20_000_000)
  })

  test('a client that reads nothing at all is cut off, and the writer let go', async () => {
    const { connection, client } = await pair({ writeStallTimeoutMs: 60 }, over)
    client.socket.pause()
    const piece = Buffer.alloc(1024 * 1024)
    let rounds = 0
    while (!connection.closeReason && rounds < 100) {
      await connection.write(piece)
      rounds++
    }
    expect(connection.closeReason).toBe('write stalled')
    await connection.closed
    expect(rounds).toBeLessThan(100)
    expect(connection.pendingWriteBytes).toBe(0)
  })

  test('a writer that waits is let go when the client breaks off', async () => {
    const { connection, client } = await pair({ writeBufferBytesMax: 1024, writeStallTimeoutMs: 60_000 }, over)
    client.socket.pause()
    const written = connection.write(Buffer.alloc(16 * 1024 * 1024))
    await wait(20)
    client.socket.destroy()
    await written
    expect(connection.pendingWriteBytes).toBe(0)
    await connection.closed
  })

  test('a client that takes a little now and then is not cut off', async () => {
    const { connection, client, socket } = await pair({ writeStallTimeoutMs: 1_000 }, over)
    client.socket.pause()
    client.socket.removeAllListeners('data')
    const size = 48 * 1024 * 1024
    void connection.write(Buffer.alloc(size))
    const beganMs = performance.now()
    let taken = 0
    while (performance.now() - beganMs < 2_200) {
      taken += client.socket.read()?.length ?? 0
      // A read takes what has come, 64 KB at most: all of it would take longer than this goes on.
      await wait(6)
    }
    expect(connection.closeReason).toBeUndefined()
    expect(connection.pendingWriteBytes).toBeGreaterThan(0)
    expect(socket.writableLength).toBeLessThanOrEqual(64 * 1024)
    client.socket.on('data', (chunk: Buffer) => {
      taken += chunk.length
    })
    client.socket.resume()
    await connection.end()
    await client.closed
    expect(taken).toBe(size)
  })

  test('a writer that never waits is cut off', async () => {
    const { connection, client } = await pair({ writeBufferBytesMax: 1024 }, over)
    client.socket.pause()
    for (let i = 0; i < 10_000 && !connection.closeReason; i++) void connection.write('x'.repeat(1024))
    expect(connection.closeReason).toBe('output overrun')
  })

  test('writing after the end does nothing', async () => {
    const { connection, client } = await pair({}, over)
    connection.write('* BYE\r\n')
    const end = connection.end()
    connection.write('more\r\n')
    await Promise.all([end, connection.end()])
    connection.write('more\r\n')
    await connection.flushed()
    expect(await client.closed).toBe('* BYE\r\n')
  })
})

describe('the idle clock', () => {
  test('goes off when the client sends nothing, and leaves time for a goodbye', async () => {
    const onIdle = async (connection: Connection) => {
      connection.write('* BYE Autologout\r\n')
      await connection.end()
    }
    const { connection, client } = await pair({ idleTimeoutMs: 40, onIdle: (idle) => void onIdle(idle) })
    expect(await connection.read()).toBeUndefined()
    expect(await client.closed).toBe('* BYE Autologout\r\n')
    expect(connection.closeReason).toBe('idle')
  })

  test('starts anew with what the client sends, with touch(), and with setIdleTimeout()', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const { connection, client } = await pair({ idleTimeoutMs: 150 })
    for (let i = 0; i < 3; i++) {
      vi.advanceTimersByTime(149)
      client.socket.write('x')
      await connection.read()
    }
    for (let i = 0; i < 3; i++) {
      vi.advanceTimersByTime(149)
      connection.touch()
    }
    connection.setIdleTimeout(10_000)
    vi.advanceTimersByTime(9_999)
    expect(connection.closeReason).toBeUndefined()
    connection.setIdleTimeout(20)
    vi.advanceTimersByTime(20)
    await connection.closed
    expect(connection.closeReason).toBe('idle')
  })

  test('lets a client read a long answer in peace', async () => {
    const { connection, client } = await pair({ idleTimeoutMs: 50 })
    client.socket.pause()
    void connection.write(Buffer.alloc(16 * 1024 * 1024))
    await wait(200)
    expect(connection.closeReason).toBeUndefined()
    client.socket.resume()
    expect((await client.closed).length).toBe(16 * 1024 * 1024)
    expect(connection.closeReason).toBe('idle')
  })
})

describe('STARTTLS (RFC 3207, RFC 9051 §6.2.1)', () => {
  const options = async () => ({ certificates: (await givenCertificates()).certificates, handshakeTimeoutMs: 2000 })

  test('goes on encrypted, both ways', async () => {
    const { connection, client } = await pair()
    client.socket.write('a1 STARTTLS\r\n')
    await readUntil(connection, '\n')
    expect(connection.secure).toBe(false)
    expect(connection.tls).toBeUndefined()
    const upgraded = connection.startTls('a1 OK begin\r\n', await options())
    await client.until('begin\r\n')
    client.socket.removeAllListeners('data')
    const secure = watched(tlsConnect({ socket: client.socket, rejectUnauthorized: false }))
    await upgraded
    expect(connection.secure).toBe(true)
    expect(connection.tls).toMatchObject({ version: 'TLSv1.3', cipher: expect.stringContaining('AES') })
    secure.socket.write('a2 NOOP\r\n')
    expect(await readUntil(connection, '\n')).toBe('a2 NOOP\r\n')
    connection.write(`a2 OK ${'x'.repeat(100_000)}\r\n`)
    await connection.end()
    expect((await secure.closed).length).toBe(100_008)
    expect(client.text()).toBe('a1 OK begin\r\n')
  })

  test('what is written during the handshake goes out encrypted, behind it', async () => {
    const { connection, client } = await pair()
    const upgraded = connection.startTls('220 Go ahead\r\n', await options())
    await client.until('Go ahead')
    connection.write('421 closing\r\n')
    const ended = connection.end()
    await new Promise((resolve) => setImmediate(resolve))
    client.socket.removeAllListeners('data')
    const secure = watched(tlsConnect({ socket: client.socket, rejectUnauthorized: false }))
    await upgraded
    expect(await secure.closed).toBe('421 closing\r\n')
    await ended
  })

  test('what stood in the buffer behind the command is thrown away', async () => {
    const { connection, client, socket } = await pair()
    client.socket.write('STARTTLS\r\n')
    await readUntil(connection, '\n')
    client.socket.write('MAIL FROM:<evil@example.test>\r\n')
    await soon(() => expect(socket.readableLength).toBeGreaterThan(0))
    const upgraded = connection.startTls('220 Go ahead\r\n', await options())
    await client.until('Go ahead')
    client.socket.removeAllListeners('data')
    const secure = watched(tlsConnect({ socket: client.socket, rejectUnauthorized: false }))
    await upgraded
    secure.socket.write('EHLO client\r\n')
    expect(await readUntil(connection, '\n')).toBe('EHLO client\r\n')
  })

  test('a client that goes on in clear is cut off', async () => {
    const { connection, client } = await pair()
    const upgraded = connection.startTls('220 Go ahead\r\n', await options())
    await client.until('Go ahead')
    client.socket.write('MAIL FROM:<evil@example.test>\r\n')
    await expect(upgraded).rejects.toThrow('wrong version number')
    await connection.closed
    expect(await connection.read()).toBeUndefined()
    expect(await client.closed).toBe('220 Go ahead\r\n')
    expect(connection.closeReason).toBe('handshake failed')
  })

  test.each([
    ['says nothing', () => undefined, /not finished within 60 ms/, 60],
    ['leaves', (client: Client) => client.socket.end(), /closed the connection/, 20_000],
    ['breaks off', (client: Client) => client.socket.resetAndDestroy(), /closed|ECONNRESET/, 20_000],
  ])('a client that %s in the middle is cut off', async (_, act, reason, handshakeTimeoutMs) => {
    const { connection, client } = await pair()
    const upgraded = connection.startTls('220 Go ahead\r\n', { ...(await options()), handshakeTimeoutMs })
    const refused = expect(upgraded).rejects.toThrow(reason)
    await client.until('Go ahead')
    act(client)
    await refused
    await connection.closed
  })

  test('a second time is a bug of the caller', async () => {
    const { connection } = await pair({}, { tls: true })
    await expect(connection.startTls('220\r\n', await options())).rejects.toThrow('already encrypted')
  })
})

describe('the end', () => {
  test('a client that does not leave is cut off after a moment', async () => {
    const { connection, client } = await pair({ lingerMs: 60 })
    client.socket.removeAllListeners('end')
    const beganMs = performance.now()
    await connection.end()
    expect(performance.now() - beganMs).toBeGreaterThan(40)
    expect(client.socket.readableEnded).toBe(true)
  })

  test('a client that does not read does not keep end() from ending', async () => {
    const { connection, client } = await pair({ writeStallTimeoutMs: 60 })
    client.socket.pause()
    void connection.write(Buffer.alloc(32 * 1024 * 1024))
    await connection.end()
    expect(connection.closeReason).toBe('write stalled')
  })

  test('what the client still sends is thrown away, so that it hears the goodbye', async () => {
    const { connection, client } = await pair()
    const flood = setInterval(() => client.socket.write(Buffer.alloc(100_000)), 1)
    onTestFinished(() => clearInterval(flood))
    await wait(30)
    connection.write('* BYE\r\n')
    void connection.end()
    await client.until('* BYE\r\n')
  })

  test('a connection that was gone before anyone took it ends by itself', async () => {
    const taken = withResolvers<Connection>()
    const { port } = await givenListener({
      onConnection: (incoming) => {
        incoming.socket.destroy()
        setTimeout(() => taken.resolve(new Connection(incoming, limits)), 20)
      },
    })
    plainClient(port)
    const connection = await taken.promise
    expect(await connection.read()).toBeUndefined()
    await connection.closed
    await connection.end()
  })
})
