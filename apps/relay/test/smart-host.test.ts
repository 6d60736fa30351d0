// The way out through a smart host, beside a server that says what it's told to say.

import { getEventListeners } from 'node:events'
import type { Socket } from 'node:net'
import type { SmartHost } from '@postern/routing'
import { createLogger } from '@postern/telemetry'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { createTransport, type Sent, type TransportDeps } from '../src/index.js'
import { type Certificate, makeCertificate } from './certificate.js'
import { givenNames } from './dns-server.js'
import { closing, deps, letter, messageOf, never, parcelTo, to } from './parcel.js'
import { extensions, givenRemote, type Remote, type RemoteOptions, type Step } from './remote.js'

let certificate: Certificate
beforeAll(async () => {
  certificate = await makeCertificate('mx.example.test')
})

function smartHost(remote: Remote, given: Partial<SmartHost> = {}, more: Partial<TransportDeps> = {}) {
  const route: SmartHost = {
    kind: 'smart-host',
    host: '127.0.0.1',
    port: remote.port,
    tls: 'none',
    user: undefined,
    secret: undefined,
    ...given,
  }
  return closing(createTransport(route, { ...deps, authorities: [certificate.ca], ...more }))
}

/** One reply in place of the usual one, always or the first time alone. */
const at = (step: Step, reply: string, { once = false } = {}): NonNullable<RemoteOptions['say']> => {
  let isDone = false
  return (now) => {
    if (now !== step || (once && isDone)) return undefined
    isDone = true
    return reply
  }
}

const kinds = (sent: readonly Sent[]) => sent.map(({ kind }) => kind)

describe('a message that is taken', () => {
  it('arrives as it is, dots and all, and the reply comes back', async () => {
    const remote = await givenRemote()
    const sent = await smartHost(remote).send(parcelTo(['you@example.org']), { signal: never() })
    expect(sent).toEqual([
      {
        id: expect.any(Number),
        kind: 'delivered',
        remote: '127.0.0.1',
        code: '250',
        status: '2.0.0',
        text: 'Ok: queued as 4711',
        relaysDsn: true,
      },
    ])
    expect(remote.messages[0]?.text).toBe(letter)
    expect(remote.lines[0]).toBe('EHLO relay.example.test')
  })

  it('has its envelope in one packet where the server takes PIPELINING', async () => {
    const remote = await givenRemote()
    await smartHost(remote).send(parcelTo(['a@example.org', 'b@example.org']), { signal: never() })
    expect(remote.packets).toContainEqual(
      expect.stringMatching(/^MAIL FROM:.*\r\nRCPT TO:.*\r\nRCPT TO:.*\r\nDATA\r\n$/),
    )
  })

  it('goes to a server that knows no EHLO', async () => {
    const remote = await givenRemote({ say: at('EHLO', '502 5.5.1 Not here') })
    const sent = await smartHost(remote).send(parcelTo(['you@example.org']), { signal: never() })
    expect(sent).toMatchObject([{ kind: 'delivered', relaysDsn: false }])
    expect(remote.lines).toContain('MAIL FROM:<ada@example.test>')
  })

  it('carries DSN parameters, those of each recipient with its RCPT', async () => {
    const remote = await givenRemote()
    const recipients = [
      to('a@example.org', { notify: 'SUCCESS,FAILURE', originalRecipient: 'rfc822;first+2Blast@example.org' }),
      to('b@example.org', { notify: 'never' }),
      to('c@example.org'),
    ]
    const parcel = parcelTo(recipients, { sender: '', ret: 'hdrs', envelopeId: 'QQ=1' })
    await smartHost(remote).send(parcel, { signal: never() })
    expect(remote.lines.slice(1, 5)).toEqual([
      `MAIL FROM:<> SIZE=${letter.length} RET=HDRS ENVID=QQ+3D1`,
      'RCPT TO:<a@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;first+2Blast@example.org',
      'RCPT TO:<b@example.org> NOTIFY=NEVER',
      'RCPT TO:<c@example.org>',
    ])
  })

  it('is sent without DSN parameters to a server that offers none, which takes nothing over', async () => {
    const remote = await givenRemote({ extensions: [] })
    const parcel = parcelTo([to('a@example.org', { notify: 'SUCCESS' })], { envelopeId: 'x', ret: 'full' })
    expect(await smartHost(remote).send(parcel, { signal: never() })).toMatchObject([{ relaysDsn: false }])
    expect(remote.lines.slice(1, 3)).toEqual(['MAIL FROM:<ada@example.test>', 'RCPT TO:<a@example.org>'])
  })

  it('is told as eight-bit or international where it is', async () => {
    const remote = await givenRemote()
    const host = smartHost(remote)
    await host.send(parcelTo(['a@example.org'], { body: '8bitmime' }), { signal: never() })
    await host.send(parcelTo(['a@example.org'], { body: 'smtputf8' }), { signal: never() })
    await host.send(parcelTo(['jürgen@example.org']), { signal: never() })
    expect(remote.lines.filter((line) => line.startsWith('MAIL'))).toEqual([
      `MAIL FROM:<ada@example.test> SIZE=${letter.length} BODY=8BITMIME`,
      `MAIL FROM:<ada@example.test> SIZE=${letter.length} BODY=8BITMIME SMTPUTF8`,
      `MAIL FROM:<ada@example.test> SIZE=${letter.length} SMTPUTF8`,
    ])
    expect(remote.lines).toContain('RCPT TO:<jürgen@example.org>')
  })
})

describe('what the server cannot take is not sent to it', () => {
  it.each([
    ['too large', ['SIZE 100'], {}, '5.3.4'],
    ['international', ['8BITMIME'], { body: 'smtputf8' }, '5.6.7'],
    ['from an international sender', [], { sender: 'zoë@example.test' }, '5.6.7'],
    ['eight-bit text', ['SIZE'], { message: messageOf('Subject: x\r\n\r\nGrüße\r\n') }, '5.6.3'],
    ['REQUIRETLS in clear', ['REQUIRETLS'], { requireTls: true }, '5.7.30'],
  ] as const)('%s', async (_, offered, given, status) => {
    const remote = await givenRemote({ extensions: offered })
    const sent = await smartHost(remote).send(parcelTo(['you@example.org'], given), { signal: never() })
    expect(sent).toMatchObject([{ kind: 'failed', status }])
    expect(remote.lines.filter((line) => line.startsWith('MAIL'))).toEqual([])
  })

  it('of which only the international recipient is one, the other gets it', async () => {
    const remote = await givenRemote({ extensions: ['8BITMIME'] })
    const parcel = parcelTo(['jürgen@example.org', 'you@example.org'])
    const sent = await smartHost(remote).send(parcel, { signal: never() })
    expect(sent).toMatchObject([{ kind: 'failed', status: '5.6.7' }, { kind: 'delivered' }])
  })

  it('but a message that only says it may be eight-bit is', async () => {
    const remote = await givenRemote({ extensions: [] })
    const sent = await smartHost(remote).send(parcelTo(['a@example.org'], { body: '8bitmime' }), { signal: never() })
    expect(kinds(sent)).toEqual(['delivered'])
  })
})

describe('TLS and login', () => {
  const login = { user: 'ada', secret: 'correct horse' }

  it.each(['implicit', 'required', 'offered'] as const)('%s, with a password', async (tls) => {
    const remote = await givenRemote({ certificate, login, isImplicit: tls === 'implicit' })
    const sent = await smartHost(remote, { tls, ...login }).send(parcelTo(['you@example.org']), { signal: never() })
    expect(sent).toMatchObject([{ kind: 'delivered' }])
    expect(remote.messages[0]?.isSecure).toBe(true)
  })

  it('keeps REQUIRETLS on a verified connection', async () => {
    const remote = await givenRemote({ certificate, extensions: [...extensions, 'REQUIRETLS'] })
    const sent = await smartHost(remote, { tls: 'required' }).send(parcelTo(['a@example.org'], { requireTls: true }), {
      signal: never(),
    })
    expect(sent).toMatchObject([{ kind: 'delivered' }])
    expect(remote.lines.find((line) => line.startsWith('MAIL'))).toMatch(/ REQUIRETLS$/)
  })

  it('a wrong password makes the mail wait, and the log loud', async () => {
    const lines: string[] = []
    const logger = createLogger({ level: 'warn', destination: { write: (line) => void lines.push(line) } })
    const remote = await givenRemote({ certificate, login })
    const host = smartHost(remote, { tls: 'required', ...login, secret: 'not this one' }, { logger })
    const sent = await host.send(parcelTo(['you@example.org']), { signal: never() })
    expect(sent).toMatchObject([{ kind: 'deferred', code: '535', status: '4.7.0', text: 'Authentication failed' }])
    expect(lines.join('')).toContain('the smart host lets no mail through')
    expect(lines.join('')).not.toContain('not this one')
    expect(remote.messages).toEqual([])
  })

  it('the name in the certificate is the one in the route, found by the name servers that are set', async () => {
    const names = await givenNames({ 'A mx.example.test': ['127.0.0.1'], 'A other.example.test': ['127.0.0.1'] })
    const remote = await givenRemote({ certificate, login })
    const send = (host: string) =>
      smartHost(remote, { host, tls: 'required', ...login }, { dnsServers: [names.server] }).send(
        parcelTo(['you@example.org']),
        { signal: never() },
      )
    expect(await send('mx.example.test')).toMatchObject([{ kind: 'delivered', remote: 'mx.example.test [127.0.0.1]' }])
    expect(await send('other.example.test')).toMatchObject([
      { kind: 'deferred', status: '4.7.5', text: expect.stringContaining("does not match certificate's altnames") },
    ])
    expect(await send('gone.example.test')).toMatchObject([{ kind: 'deferred', status: '4.4.1' }])
    expect(remote.lines.filter((line) => line.startsWith('AUTH'))).toHaveLength(1)
  })

  it.each([
    ['an authority that nobody trusts', { authorities: undefined }, {}],
    ['a server without STARTTLS', {}, { certificate: undefined }],
    ['a STARTTLS that is refused', {}, { say: at('STARTTLS', '454 4.7.0 Not now') }],
    ['garbage for a handshake', {}, { say: garbageHandshake }],
  ] as const)('%s makes the mail wait and sends no password', async (_, more, given) => {
    const remote = await givenRemote({ certificate, login, ...given } as RemoteOptions)
    const host = smartHost(remote, { tls: 'required', ...login }, more as Partial<TransportDeps>)
    const sent = await host.send(parcelTo(['you@example.org']), { signal: never() })
    expect(sent).toMatchObject([{ kind: 'deferred', status: expect.stringMatching(/^4\.7\.[05]$/) }])
    expect(remote.lines.filter((line) => line.startsWith('AUTH'))).toEqual([])
    await vi.waitFor(() => expect(remote.sockets.size).toBe(0))
  })

  it('an offered TLS that is not there gets no password in clear', async () => {
    const remote = await givenRemote({ login })
    const sent = await smartHost(remote, { tls: 'offered', ...login }).send(parcelTo(['you@example.org']), {
      signal: never(),
    })
    expect(sent).toMatchObject([{ kind: 'deferred', text: expect.stringContaining('password is not sent') }])
    expect(remote.lines).toEqual(['EHLO relay.example.test'])
  })

  function garbageHandshake(step: Step) {
    return step === 'HANDSHAKE'
      ? (socket: Socket) => void socket.once('data', () => socket.write('There is no TLS here\r\n'))
      : undefined
  }
})

describe('refusals', () => {
  it('of some recipients leave the others alone', async () => {
    const remote = await givenRemote({
      say: (step, line) => {
        if (step !== 'RCPT') return undefined
        if (line.includes('nobody')) return '550-5.1.1 There is nobody\r\n550 5.1.1 of that name'
        return line.includes('full') ? '452 4.2.2 Mailbox full' : undefined
      },
    })
    const parcel = parcelTo(['nobody@example.org', 'you@example.org', 'full@example.org'])
    const sent = await smartHost(remote).send(parcel, { signal: never() })
    expect(sent).toMatchObject([
      {
        id: parcel.recipients[0]!.id,
        kind: 'failed',
        code: '550',
        status: '5.1.1',
        text: 'There is nobody of that name',
      },
      { id: parcel.recipients[1]!.id, kind: 'delivered' },
      { id: parcel.recipients[2]!.id, kind: 'deferred', code: '452', status: '4.2.2' },
    ])
    expect(remote.messages).toHaveLength(1)
  })

  it.each([
    ['MAIL', '550 5.7.1 Not you', { kind: 'failed', code: '550', status: '5.7.1', text: 'Not you' }],
    ['MAIL', '451 4.3.0 Later', { kind: 'deferred', code: '451' }],
    ['MAIL', '530 5.7.0 Authentication required', { kind: 'deferred', code: '530', status: '4.7.0' }],
    ['RCPT', '450 4.2.0 Greylisted', { kind: 'deferred', code: '450', status: '4.2.0' }],
    ['RCPT', '552 Too many recipients', { kind: 'deferred', code: '552' }],
    ['DATA', '554 5.7.1 No', { kind: 'failed', code: '554' }],
    ['MESSAGE', '554 5.6.0 Spam', { kind: 'failed', code: '554', status: '5.6.0' }],
    ['MESSAGE', '452 4.3.1 Disk full', { kind: 'deferred', code: '452', status: '4.3.1' }],
    ['MESSAGE', '550 2.0.0 A status of another class', { kind: 'failed', text: '2.0.0 A status of another class' }],
    ['MAIL', '421 4.3.2 Closing', { kind: 'deferred', code: '421' }],
    ['RCPT', '421 4.7.0 Too much', { kind: 'deferred', code: '421' }],
    ['MESSAGE', '421 4.3.0 Going down', { kind: 'deferred', code: '421' }],
    ['GREETING', '554 5.7.1 No service for you', { kind: 'deferred', code: '554' }],
    ['GREETING', '421 4.7.0 Busy', { kind: 'deferred', code: '421' }],
    ['GREETING', '521 This host takes no mail', { kind: 'failed', code: '521', status: '5.3.2' }],
    ['GREETING', 'hello', { kind: 'deferred' }],
    ['DATA', 'What?', { kind: 'deferred' }],
  ] as const)('at %s: %s', async (step, reply, expected) => {
    for (const offered of [extensions, []]) {
      const remote = await givenRemote({ say: at(step, reply), extensions: offered })
      const sent = await smartHost(remote).send(parcelTo(['a@example.org', 'b@example.org']), { signal: never() })
      expect(sent).toMatchObject([expected, expected])
      expect(remote.messages).toEqual([])
    }
  })

  it('of a batch for its length, the rest of which goes at once', async () => {
    let taken = 0
    const say: RemoteOptions['say'] = (step) => {
      if (step === 'MAIL') taken = 0
      if (step !== 'RCPT') return undefined
      taken += 1
      return taken > 2 ? '452 4.5.3 Too many recipients' : undefined
    }
    const remote = await givenRemote({ say })
    const parcel = parcelTo(Array.from({ length: 5 }, (_, at) => `u${at}@example.org`))
    const sent = await smartHost(remote).send(parcel, { signal: never() })
    expect(kinds(sent)).toEqual(Array(5).fill('delivered'))
    expect(remote.messages.map(({ recipients }) => recipients.length)).toEqual([2, 2, 1])
  })

  it('are not needed where the server names its most in LIMITS', async () => {
    const remote = await givenRemote({ extensions: [...extensions, 'LIMITS MAILMAX=10 RCPTMAX=3'] })
    const parcel = parcelTo(Array.from({ length: 7 }, (_, at) => `u${at}@example.org`))
    expect(kinds(await smartHost(remote).send(parcel, { signal: never() }))).toEqual(Array(7).fill('delivered'))
    expect(remote.messages.map(({ recipients }) => recipients.length)).toEqual([3, 3, 1])
  })

  it('leave a session that can be used again', async () => {
    const remote = await givenRemote({ say: at('RCPT', '550 5.1.1 Nobody', { once: true }) })
    const host = smartHost(remote)
    expect(kinds(await host.send(parcelTo(['a@example.org']), { signal: never() }))).toEqual(['failed'])
    expect(kinds(await host.send(parcelTo(['b@example.org']), { signal: never() }))).toEqual(['delivered'])
    expect(remote.connections).toBe(1)
  })
})

describe('connections', () => {
  it('are used again, one after the other', async () => {
    const remote = await givenRemote()
    const host = smartHost(remote)
    for (let count = 0; count < 3; count++) await host.send(parcelTo(['you@example.org']), { signal: never() })
    expect([remote.connections, remote.messages.length]).toEqual([1, 3])
  })

  it('are no more than may be, and so many messages on each', async () => {
    const remote = await givenRemote()
    const host = smartHost(remote, {}, { limits: { connectionsMax: 2, messagesPerConnectionMax: 3 } })
    let most = 0
    const sends = Array.from({ length: 12 }, async () => {
      const sent = await host.send(parcelTo(['you@example.org']), { signal: never() })
      most = Math.max(most, remote.sockets.size)
      return sent
    })
    expect((await Promise.all(sends)).flatMap(kinds)).toEqual(Array(12).fill('delivered'))
    expect(remote.connections).toBe(4)
    expect(most).toBeLessThanOrEqual(4)
  })

  it('that idle for too long are closed, with a QUIT', async () => {
    const remote = await givenRemote()
    await smartHost(remote, {}, { limits: { idleTimeoutMs: 20 } }).send(parcelTo(['a@example.org']), {
      signal: never(),
    })
    await vi.waitFor(() => expect(remote.sockets.size).toBe(0))
    expect(remote.lines.at(-1)).toBe('QUIT')
  })

  it('are closed with the transport, those in use behind their message', async () => {
    const remote = await givenRemote()
    const host = smartHost(remote)
    await host.send(parcelTo(['a@example.org']), { signal: never() })
    const sending = host.send(parcelTo(['b@example.org']), { signal: never() })
    await host.close()
    expect(kinds(await sending)).toEqual(['delivered'])
    await vi.waitFor(() => expect(remote.sockets.size).toBe(0))
    expect(remote.lines.at(-1)).toBe('QUIT')
  })

  it('that the server has closed meanwhile are replaced without a word', async () => {
    const remote = await givenRemote()
    const host = smartHost(remote)
    await host.send(parcelTo(['a@example.org']), { signal: never() })
    for (const socket of remote.sockets) socket.destroy()
    expect(kinds(await host.send(parcelTo(['b@example.org']), { signal: never() }))).toEqual(['delivered'])
  })

  it('that the server closes on the next MAIL are replaced without a word', async () => {
    let mails = 0
    const remote = await givenRemote({ say: (step) => (step === 'MAIL' && ++mails === 2 ? 'drop' : undefined) })
    const host = smartHost(remote)
    await host.send(parcelTo(['a@example.org']), { signal: never() })
    expect(kinds(await host.send(parcelTo(['b@example.org']), { signal: never() }))).toEqual(['delivered'])
    expect(remote.messages).toHaveLength(2)
  })

  it.each(['GREETING', 'EHLO', 'MAIL', 'RCPT', 'DATA'] as const)('that end at %s make the mail wait', async (step) => {
    const remote = await givenRemote({ say: at(step, 'drop') })
    const sent = await smartHost(remote).send(parcelTo(['you@example.org']), { signal: never() })
    expect(sent).toMatchObject([{ kind: 'deferred', status: '4.4.2' }])
    expect(sent[0]?.text).not.toContain('may have arrived')
  })

  it('that end behind the last dot make it wait, and say that it may have arrived', async () => {
    const remote = await givenRemote({ say: at('MESSAGE', 'drop') })
    const sent = await smartHost(remote).send(parcelTo(['you@example.org']), { signal: never() })
    expect(sent).toMatchObject([
      { kind: 'deferred', status: '4.4.2', text: expect.stringContaining('it may have arrived') },
    ])
    expect(remote.messages).toHaveLength(1)
  })

  it('nobody takes are a deferral', async () => {
    const remote = await givenRemote()
    const sent = await smartHost({ ...remote, port: 1 }).send(parcelTo(['you@example.org']), { signal: never() })
    expect(sent).toMatchObject([{ kind: 'deferred', status: '4.4.1', text: expect.stringContaining('ECONNREFUSED') }])
  })
})

it('many messages under one signal leave nothing on it', async () => {
  const remote = await givenRemote()
  const host = smartHost(remote, {}, { limits: { connectionsMax: 3 } })
  const { signal } = new AbortController()
  const sends = Array.from({ length: 30 }, () => host.send(parcelTo(['you@example.org']), { signal }))
  expect((await Promise.all(sends)).flatMap(kinds)).toEqual(Array(30).fill('delivered'))
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

describe('servers that are up to no good', () => {
  const soon = { setUpTimeoutMs: 150, replyTimeoutMs: 150, transactionTimeoutMs: 300 }
  const drip: RemoteOptions['say'] = (step) =>
    step === 'MAIL' || step === 'GREETING'
      ? (socket) => {
          const timer = setInterval(() => socket.write('2'), 20)
          socket.once('close', () => clearInterval(timer))
        }
      : undefined

  it.each(['GREETING', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'MESSAGE'] as const)('hang at %s', async (step) => {
    const remote = await givenRemote({ say: at(step, 'hang') })
    const sent = await smartHost(remote, {}, { limits: soon }).send(parcelTo(['you@example.org']), { signal: never() })
    expect(sent).toMatchObject([{ kind: 'deferred' }])
    await vi.waitFor(() => expect(remote.sockets.size).toBe(0))
  })

  it('hang in the handshake', async () => {
    const remote = await givenRemote({ certificate, say: at('HANDSHAKE', 'hang') })
    const sent = await smartHost(remote, { tls: 'required' }, { limits: soon }).send(parcelTo(['you@example.org']), {
      signal: never(),
    })
    expect(sent).toMatchObject([{ kind: 'deferred', status: '4.7.5' }])
    await vi.waitFor(() => expect(remote.sockets.size).toBe(0))
  })

  it.each(['GREETING', 'MAIL', 'DATA', 'MESSAGE'] as const)(
    'end their side at %s and say nothing more',
    async (step) => {
      const remote = await givenRemote({ say: (now) => (now === step ? (socket) => void socket.end() : undefined) })
      const sent = await smartHost(remote).send(parcelTo(['you@example.org']), { signal: never() })
      expect(sent).toMatchObject([{ kind: 'deferred', status: '4.4.2' }])
      await vi.waitFor(() => expect(remote.sockets.size).toBe(0))
    },
  )

  it.each(['GREETING', 'MAIL'] as const)('send a byte now and then at %s', async (step) => {
    const remote = await givenRemote({ say: (now, ...rest) => (now === step ? drip(now, ...rest) : undefined) })
    const limits = { ...soon, replyTimeoutMs: 10_000 }
    const sent = await smartHost(remote, {}, { limits }).send(parcelTo(['you@example.org']), { signal: never() })
    expect(sent).toMatchObject([
      { kind: 'deferred', text: expect.stringMatching(/took longer|Greeting never received/) },
    ])
    await vi.waitFor(() => expect(remote.sockets.size).toBe(0))
  })

  it.each([
    ['a line of 10 MB', (socket: { write(data: string): void }) => socket.write(`250 ${'x'.repeat(10_000_000)}\r\n`)],
    [
      'a reply of a million lines',
      (socket: { write(data: string): void }) => socket.write('250-x\r\n'.repeat(1_000_000)),
    ],
    [
      'garbage',
      (socket: { write(data: Uint8Array): void }) => socket.write(Buffer.alloc(3_000, 0x0a).fill('\0\xff\r\n')),
    ],
  ])('say %s', async (_, write) => {
    const remote = await givenRemote({ say: (step) => (step === 'EHLO' ? (socket) => write(socket) : undefined) })
    const sent = await smartHost(remote, {}, { limits: soon }).send(parcelTo(['you@example.org']), { signal: never() })
    expect(sent).toMatchObject([{ kind: 'deferred' }])
    await vi.waitFor(() => expect(remote.sockets.size).toBe(0))
  })

  it.each(['GREETING', 'RCPT', 'MESSAGE'] as const)('are left at once on an abort at %s', async (step) => {
    const stop = new AbortController()
    const remote = await givenRemote({
      say: (now) => {
        if (now !== step) return undefined
        setImmediate(() => stop.abort(new Error('The relay is stopping')))
        return 'hang'
      },
    })
    const sent = await smartHost(remote).send(parcelTo(['you@example.org']), { signal: stop.signal })
    expect(sent).toMatchObject([{ kind: 'deferred', text: expect.stringContaining('The relay is stopping') }])
    await vi.waitFor(() => expect(remote.sockets.size).toBe(0))
  })
})

it('a message that cannot be read is an error, and is never ended with a dot', async () => {
  const remote = await givenRemote()
  const message = {
    size: 100,
    async *read() {
      yield Buffer.from('Subject: half\r\n')
      throw new Error('the file is gone')
    },
  }
  await expect(smartHost(remote).send(parcelTo(['a@example.org'], { message }), { signal: never() })).rejects.toThrow(
    'the file is gone',
  )
  await vi.waitFor(() => expect(remote.sockets.size).toBe(0))
  expect(remote.messages).toEqual([])
})
