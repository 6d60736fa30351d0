// The doors from outside: STARTTLS, clocks, sizes, whatever bytes come. RFC 3207, RFC 5321 §4.5.3, contract A4, F1.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import type { FaultPoint } from '@postern/mailbox-store'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Caller } from './caller.js'
import { type ServerOptions, TestServer, type Town } from './server.js'

let server: TestServer
let town: Town

async function start(options: ServerOptions = {}): Promise<void> {
  server = await TestServer.start(options)
  town = await server.settle()
}
afterEach(async () => {
  await server.close()
  expect(server.parts.errors).toEqual([])
})

const envelope = (...to: string[]): string =>
  `MAIL FROM:<carol@example.org>\r\n${to.map((local) => `RCPT TO:<${local}@${town.name}>\r\n`).join('')}DATA\r\n`
const secured = (socket: TLSSocket) => new Promise((resolve) => socket.once('secureConnect', resolve))

async function begun(): Promise<Caller> {
  const here = Caller.inClear(server.mxPort)
  here.say('EHLO client.example.org\r\n')
  await here.heard('250 LIMITS')
  return here
}

describe('STARTTLS', () => {
  test('goes on encrypted, and the message says so', async () => {
    await start()
    const before = await begun()
    before.say('STARTTLS\r\n')
    await before.heard('220 2.0.0 ')
    const after = before.startTls()
    await secured(after.socket)
    after.say('EHLO client.example.org\r\n')
    expect(await after.heard('250 LIMITS')).not.toContain('STARTTLS')
    after.say(`STARTTLS\r\n${envelope('ada')}`)
    await after.heard('354 ')
    after.say('Subject: Tea\r\n\r\n.\r\nQUIT\r\n')
    expect(await after.heard('221 ')).toMatch(/^250 2\.0\.0 Ok: received as q_\w+\r\n221 /)
    expect((await town.mails('ada'))[0]).toContain(' by mx.example.test with ESMTPS id ')
  })

  test.each([
    ['a message', 'MAIL FROM:<mallory@example.org>\r\nRCPT TO:<ada@town1.example.test>\r\nDATA\r\nx\r\n.\r\n'],
    ['half a line', 'MAIL FROM:<ada@town1'],
    ['two hundred commands', 'NOOP\r\n'.repeat(200)],
  ])('what is sent behind it in the same packet is thrown away: %s', async (_, behind) => {
    await start()
    const before = Caller.inClear(server.mxPort)
    await before.heard('220 ')
    before.say(`EHLO c\r\nSTARTTLS\r\n${behind}`)
    expect(await before.heard('220 2.0.0 ')).toMatch(/\r\n220 2\.0\.0 Ready to start TLS\r\n$/)
    const after = before.startTls()
    await secured(after.socket)
    after.say('MAIL FROM:<carol@example.org>\r\n')
    expect(await after.heard('\r\n')).toBe('503 5.5.1 Say EHLO first\r\n')
    expect(await town.mails('ada')).toEqual([])
  })

  test('who comes with TLS at once is told how', async () => {
    await start()
    const here = Caller.inClear(server.mxPort)
    here.say(Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00))
    expect(await here.closed).toContain('554 5.7.0 This port begins in clear: use STARTTLS\r\n')
  })
})

describe('limits', () => {
  test('a message that is too large is refused when it was sent, and the session goes on', async () => {
    await start({ limits: { messageBytesMax: 10_000 } })
    const here = await begun()
    here.say(envelope('ada'))
    await here.heard('354 ')
    here.say(`${'x'.repeat(70)}\r\n`.repeat(1_000))
    here.say('.\r\nNOOP\r\n')
    expect(await here.heard('250 ')).toMatch(/^552 5\.3\.4 The message is larger than 10000 bytes[^\r]*\r\n250 /)
  })

  test('one that has no end isn’t waited for', async () => {
    await start({ limits: { messageBytesMax: 10_000, overrunBytesMax: 10_000 } })
    const here = await begun()
    here.say(envelope('ada'))
    await here.heard('354 ')
    here.say(`${'x'.repeat(70)}\r\n`.repeat(3_000))
    expect(await here.closed).toContain('552 5.3.4 ')
  })

  test.each([
    ['idle', { idleTimeoutMs: 200 }, '421 4.4.2 Idle for too long\r\n'],
    ['a session', { sessionMsMax: 200 }, '421 4.4.2 The session has lasted too long\r\n'],
  ])('%s has an end', async (_, limits, words) => {
    await start({ limits })
    expect((await begun().then((here) => here.closed)).endsWith(words)).toBe(true)
  })

  test('bad commands in a row', async () => {
    await start()
    const here = Caller.inClear(server.mxPort)
    here.say('FOO\r\n'.repeat(20))
    expect(await here.closed).toMatch(/(?:500 5\.5\.2 [^\r]*\r\n){9}421 4\.7\.0 Too many bad commands\r\n$/)
  })
})

describe('messages of all kinds', () => {
  const sent = async (text: string): Promise<string> => {
    const here = await begun()
    here.say(envelope('ada'))
    await here.heard('354 ')
    here.say(`${text}\r\n.\r\nQUIT\r\n`)
    return here.heard('221 ')
  }

  test('ten thousand parts', async () => {
    await start()
    const part = '--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n'
    const text = `MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${part.repeat(10_000)}--b--`
    expect(await sent(text)).toMatch(/^250 2\.0\.0 /)
    expect((await town.mails('ada'))[0]?.endsWith(`${text}\r\n`)).toBe(true)
  })

  test('a million fields', async () => {
    await start()
    expect(await sent(`${'A: b\r\n'.repeat(1_000_000)}\r\nx`)).toMatch(/^552 5\.3\.4 The header /)
  })

  test.each([
    ['a bare LF before the dot', 'Subject: a\r\n\r\nx\n.\n\r\nMAIL FROM:<mallory@example.org>\r\n'],
    ['a bare CR before the dot', 'Subject: a\r\n\r\nx\r.\r\r\n'],
    ['a bare LF behind the dot', 'Subject: a\r\n\r\nx\r\n.\nMAIL FROM:<mallory@example.org>'],
    ['a NUL', 'Subject: a\r\n\r\nx\0y'],
  ])('a smuggled end of the data is none: %s', async (_, text) => {
    await start()
    expect(await sent(text)).toMatch(/^554 5\.6\.0 [^\r]*\r\n221 /)
    expect(await town.mails('ada')).toEqual([])
  })

  test('a client that goes in the middle leaves nothing', async () => {
    await start()
    const here = await begun()
    here.say(envelope('ada'))
    await here.heard('354 ')
    here.say(`Subject: half\r\n\r\n${'x'.repeat(70)}\r\n`)
    here.socket.destroy()
    await vi.waitFor(() => expect(server.parts.server.sessions).toBe(0))
    expect(await town.mails('ada')).toEqual([])
    expect(server.parts.lines.join()).not.toMatch(/"accepted"|"refused"/)
  })
})

describe('the disk is full', () => {
  const small = 'hello\r\n'
  const large = `${'x'.repeat(70)}\r\n`.repeat(20_000)

  test.each<[what: string, at: FaultPoint, code: string, body: string]>([
    ['the database', 'write', 'SQLITE_FULL', small],
    ['the database at the commit', 'commit', 'SQLITE_FULL', small],
    ['a large message’s file', 'blob-write', 'ENOSPC', large],
  ])('%s', async (_, at, code, body) => {
    await start()
    const here = await begun()
    const send = async (subject: string): Promise<string> => {
      here.say(envelope('ada', 'bob'))
      await here.heard('354 ')
      here.say(`Subject: ${subject}\r\n\r\n${body}.\r\nNOOP\r\n`)
      return here.heard('250 2.0.0 Ok\r\n')
    }
    server.fault = (point) => {
      if (point === at) throw Object.assign(new Error('no room'), { code })
    }
    expect(await send('lost')).toBe('452 4.3.1 The server is out of room, try again later\r\n250 2.0.0 Ok\r\n')
    server.fault = undefined
    expect(await send('kept')).toMatch(/^250 2\.0\.0 Ok: received as /)
    for (const local of ['ada', 'bob'])
      expect((await town.mails(local)).map((mail) => /^Subject: (\w+)/m.exec(mail)?.[1])).toEqual(['kept'])
  })
})

describe('recipients of different lanes', () => {
  test('by SMTP each has a message of its own, by LMTP an answer of its own', async () => {
    const laneOf = ({ address }: { readonly address: string }): string => (address.startsWith('bob') ? 'b' : 'a')
    await start({ context: ({ judge }) => ({ judge: { ...judge, laneOf } }) })
    const here = await begun()
    here.say(envelope('ada', 'bob'))
    expect(await here.heard('354 ')).toMatch(/250 2\.1\.5 Ok\r\n452 4\.5\.3 That recipient takes mail in another way/)
    here.say('Subject: Tea\r\n\r\n.\r\n')
    expect(await here.heard('\r\n')).toMatch(/^250 /)
    const lmtp = Caller.inClear(server.lmtpPort)
    lmtp.say(`LHLO c\r\n${envelope('ada', 'bob')}`)
    await lmtp.heard('354 ')
    lmtp.say('Subject: Tea\r\n\r\n.\r\nQUIT\r\n')
    expect(await lmtp.heard('221 ')).toMatch(/^250 2\.1\.5 [^\r]*\r\n250 2\.1\.5 [^\r]*\r\n221 /)
    expect([(await town.mails('ada')).length, (await town.mails('bob')).length]).toEqual([2, 1])
  })
})

describe('the unix socket', () => {
  test('one that a killed process left is taken away; a file is not', async () => {
    await start()
    const again = await TestServer.start({ socketLeftOver: true })
    await again.close()
    const path = join(server.parts.folder, 'file')
    writeFileSync(path, 'x')
    await expect(TestServer.start({ lmtpSocket: path })).rejects.toMatchObject({ failure: 'port_in_use' })
    await expect(TestServer.start({ lmtpSocket: server.lmtpSocket })).rejects.toMatchObject({ failure: 'port_in_use' })
    await expect(TestServer.start({ lmtpSocket: '/nowhere/at/all' })).rejects.toMatchObject({
      failure: 'port_unusable',
    })
  })
})

describe('whatever comes', () => {
  /** The same bytes for the same seed. */
  const random = (seed: number): (() => number) => {
    let state = seed
    return () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state / 2 ** 32
    }
  }
  const words = [
    ...['EHLO c\r\n', 'HELO\r\n', 'LHLO c\r\n', 'STARTTLS\r\n', 'RSET\r\n', 'MAIL FROM:<>\r\n', 'MAIL FROM:<a@b>\r\n'],
    ...[
      'RCPT TO:<ada@town1.example.test>\r\n',
      'RCPT TO:<x@y>\r\n',
      'DATA\r\n',
      'Subject: x\r\n',
      '\r\n',
      '.\r\n',
      '..\r\n',
    ],
    ...['.', '\r', '\n', '\0', ' ', '\xff\xfe', 'x'.repeat(300), 'NOOP\r\n', 'QUIT', 'DATA', '<', '>', '"', '@', '='],
  ]

  test('every session ends, nothing is a mistake of the server, and every line is a reply', async () => {
    await start({ limits: { idleTimeoutMs: 300, handshakeTimeoutMs: 300, lingerMs: 50 } })
    const babble = async (seed: number): Promise<string> => {
      const next = random(seed + 1)
      const pick = () => words[Math.floor(next() * words.length)] as string
      const bytes = Buffer.from(`EHLO c\r\nLHLO c\r\n${Array.from({ length: 60 }, pick).join('')}`, 'latin1')
      const here = Caller.inClear(next() < 0.5 ? server.mxPort : server.lmtpPort)
      for (let at = 0; at < bytes.length; ) {
        const size = 1 + Math.floor(next() * 80)
        here.say(bytes.subarray(at, at + size))
        at += size
        if (next() < 0.3) await new Promise((resolve) => setImmediate(resolve))
      }
      if (next() < 0.5) here.socket.end()
      return here.closed
    }
    const all = await Promise.all(Array.from({ length: 60 }, (_, i) => babble(i)))
    for (const [i, heard] of all.entries())
      expect(heard.replace(/\x15\x03.*$/s, ''), `${i}`).toMatch(/^220 [^\r]*\r\n(?:[2345]\d\d[ -][\x20-\x7e]*\r\n)*$/)
    await vi.waitFor(() => expect(server.parts.server.sessions).toBe(0))
  })
})
