// The way out to a domain's own hosts: MX records and what stands in for them, the next host where the first is of no use, and the
// TLS that a domain asks for by MTA-STS or DANE. All hosts of a domain are on loopback, under addresses of their own.

import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createTransport, KeptPolicies, type Sent, type TransportDeps } from '../src/index.js'
import { type Certificate, makeCertificate } from './certificate.js'
import { givenNames, type NameServer } from './dns-server.js'
import { closing, deps, never, parcelTo } from './parcel.js'
import { extensions, givenRemote, type Remote, type RemoteOptions, type Step } from './remote.js'

let certificate: Certificate
let other: Certificate
beforeAll(async () => {
  ;[certificate, other] = await Promise.all([
    makeCertificate('mx1.example.test'),
    makeCertificate('other.example.test'),
  ])
})

const zone = {
  'MX example.org': ['10 mx1.example.test', '20 mx2.example.test'],
  'A mx1.example.test': ['127.0.0.1'],
  'A mx2.example.test': ['127.0.0.2'],
}

/** A port that is free on all addresses of loopback that hosts are given. */
async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

/** mx1 and mx2, both there unless told otherwise. */
async function givenHosts(options: { first?: RemoteOptions | 'gone'; second?: RemoteOptions | 'gone' } = {}) {
  const names = await givenNames(zone)
  const port = await freePort()
  const [first, second] = await Promise.all(
    (['first', 'second'] as const).map(async (which, at) => {
      const given = options[which]
      return given === 'gone' ? undefined : givenRemote({ ...given, port, host: `127.0.0.${at + 1}` })
    }),
  )
  return { names, port, first: first as Remote, second: second as Remote }
}

function direct(given: { names: NameServer; port: number }, more: Partial<TransportDeps> = {}) {
  const about = { ...deps, dnsServers: [given.names.server], authorities: [certificate.ca], ...more }
  return closing(createTransport({ kind: 'direct', port: given.port }, about))
}

const send = (given: { names: NameServer; port: number }, address: string, more: Partial<TransportDeps> = {}) =>
  direct(given, more).send(parcelTo([address]), { signal: never() })
const one = ([first]: readonly Sent[]) => first

describe('the hosts of a domain', () => {
  it('that are a thousand are not all looked up', async () => {
    const given = await givenHosts()
    const many = Array.from({ length: 1_000 }, (_, n) => `${n + 10} gone${n}.example.test`)
    given.names.zone.set('MX many.example', many)
    expect(await send(given, 'you@many.example')).toMatchObject([{ kind: 'failed', status: '5.4.4' }])
    expect(given.names.questions.length).toBeLessThan(100)
  })

  it('are asked in the order of their preference', async () => {
    const given = await givenHosts()
    expect(await send(given, 'you@example.org')).toMatchObject([
      { kind: 'delivered', remote: 'mx1.example.test [127.0.0.1]' },
    ])
    expect([given.first.messages.length, given.second.connections]).toEqual([1, 0])
  })

  it('that have no MX record are the domain itself', async () => {
    const given = await givenHosts()
    given.names.zone.set('A plain.example', ['127.0.0.1'])
    expect(await send(given, 'you@plain.example')).toMatchObject([
      { kind: 'delivered', remote: 'plain.example [127.0.0.1]' },
    ])
  })

  it('may have IPv6 addresses only', async () => {
    const names = await givenNames({ 'AAAA six.example': ['0:0:0:0:0:0:0:1'] })
    const remote = await givenRemote({ host: '::1' })
    expect(await send({ names, port: remote.port }, 'you@six.example')).toMatchObject([{ kind: 'delivered' }])
  })

  it('may be an address literal', async () => {
    const given = await givenHosts()
    expect(await send(given, 'you@[127.0.0.2]')).toMatchObject([{ kind: 'delivered', remote: '127.0.0.2' }])
  })

  it.each([
    ['by TCP where the answer is too long for UDP', 'cut'],
    ['at a name server that knows no extensions', 'old'],
  ] as const)('are found %s', async (_, trouble) => {
    const given = await givenHosts()
    given.names.trouble.set('MX example.org', trouble)
    expect(await send(given, 'you@example.org')).toMatchObject([{ kind: 'delivered' }])
  })

  it.each([
    ['takes no mail (RFC 7505)', { 'MX x.test': ['0 .'] }, 'x.test', { kind: 'failed', status: '5.1.10' }],
    ['is not there', {}, 'x.test', { kind: 'failed', status: '5.1.2' }],
    [
      'has no address',
      { 'MX x.test': ['1 y.test'], 'TXT y.test': ['x'] },
      'x.test',
      { kind: 'failed', status: '5.4.4' },
    ],
    [
      'leads here',
      { 'MX x.test': ['1 relay.example.test', '2 y.test'] },
      'x.test',
      { kind: 'failed', status: '5.4.6' },
    ],
    ['can be no name', {}, `${'x'.repeat(64)}.test`, { kind: 'failed', status: '5.1.2' }],
    ['is no literal', {}, '[x]', { kind: 'failed', status: '5.1.3' }],
  ] as const)('%s', async (_, more, domain, expected) => {
    const given = { names: await givenNames(more), port: 1 }
    expect(one(await send(given, `you@${domain}`))).toMatchObject(expected)
  })

  it('better than this server are asked, worse ones are not', async () => {
    const given = await givenHosts({ first: 'gone' })
    given.names.zone.set('MX example.org', ['10 mx1.example.test', '15 relay.example.test', '20 mx2.example.test'])
    expect(one(await send(given, 'you@example.org'))).toMatchObject({ kind: 'deferred', status: '4.4.1' })
    expect(given.second.connections).toBe(0)
  })

  it.each(['SERVFAIL', 'garbage'] as const)('that DNS tells nothing of (%s) are asked for again', async (trouble) => {
    const given = await givenHosts()
    given.names.trouble.set('MX example.org', trouble)
    if (trouble === 'garbage') vi.useFakeTimers({ toFake: ['setTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const sending = send(given, 'you@example.org')
    if (trouble === 'garbage') for (let count = 0; count < 2; count++) await passing(given.names, count + 1)
    expect(one(await sending)).toMatchObject({ kind: 'deferred', status: '4.4.3' })
  })

  /** The question of that round has come; its time is up. */
  async function passing(names: NameServer, round: number) {
    while (names.questions.length < round) await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    await vi.advanceTimersByTimeAsync(3_100)
  }

  it.each([
    ['127.0.0.1', '10.1.2.3'],
    ['169.254.169.254', '192.168.0.1'],
    ['100.64.0.1', '0.0.0.0'],
    ['172.31.255.255', 'ipv6:::1'],
    ['198.19.0.1', 'ipv6:::ffff:10.0.0.1'],
    ['224.0.0.1', 'ipv6:fd00::1'],
  ])('that are private are not reached (%s, %s)', async (...addresses) => {
    const names = await givenNames({ 'MX x.test': ['1 y.test'], 'A y.test': addresses.slice(0, 1) })
    const more = { allowsPrivateAddresses: false }
    expect(one(await send({ names, port: 1 }, 'you@x.test', more))).toMatchObject({
      kind: 'failed',
      status: '5.4.4',
      text: expect.stringContaining(addresses[0]),
    })
    expect(one(await send({ names, port: 1 }, `you@[${addresses[1]}]`, more))).toMatchObject({
      kind: 'failed',
      status: '5.4.4',
    })
  })
})

describe('the next host', () => {
  const say = (reply: string): RemoteOptions => ({ say: (step) => (step === 'GREETING' ? reply : undefined) })

  it.each([
    ['is not reached', 'gone'],
    ['is busy', say('421 4.7.0 Too busy')],
    ['has no service', say('554 5.7.1 No service')],
    ['takes no mail', say('521 No mail here')],
    ['drops the connection', say('drop')],
    ['is busy at MAIL', { say: (step: Step) => (step === 'MAIL' ? '421 4.3.2 Going down' : undefined) }],
  ] as const)('is asked where the first %s', async (_, first) => {
    const given = await givenHosts({ first: first as RemoteOptions })
    expect(await send(given, 'you@example.org')).toMatchObject([
      { kind: 'delivered', remote: 'mx2.example.test [127.0.0.2]' },
    ])
  })

  it('is not asked where the first has said something of the recipient', async () => {
    const given = await givenHosts({ first: { say: (step) => (step === 'RCPT' ? '450 4.2.0 Greylisted' : undefined) } })
    expect(await send(given, 'you@example.org')).toMatchObject([{ kind: 'deferred', code: '450' }])
    expect(given.second.connections).toBe(0)
  })

  it('is the last word only where all say never', async () => {
    const given = await givenHosts({ first: say('521 No mail here'), second: say('421 Busy') })
    expect(await send(given, 'you@example.org')).toMatchObject([{ kind: 'deferred', code: '421' }])
    const never = await givenHosts({ first: say('521 No mail here'), second: say('521 Nor here') })
    expect(await send(never, 'you@example.org')).toMatchObject([{ kind: 'failed', code: '521' }])
  })
})

it('a connection is kept for the domain, and another domain gets its own', async () => {
  const given = await givenHosts()
  given.names.zone.set('MX second.example', ['1 mx1.example.test'])
  const transport = direct(given)
  for (const address of ['a@example.org', 'b@example.org', 'c@second.example'])
    expect(await transport.send(parcelTo([address]), { signal: never() })).toMatchObject([{ kind: 'delivered' }])
  expect([given.first.connections, given.first.messages.length]).toEqual([2, 3])
})

it('an abort while names are looked up ends it at once', async () => {
  const given = await givenHosts()
  given.names.trouble.set('MX example.org', 'dead')
  const stop = new AbortController()
  const sending = direct(given).send(parcelTo(['you@example.org']), { signal: stop.signal })
  await vi.waitFor(() => expect(given.names.questions).toContain('MX example.org'))
  stop.abort(new Error('The relay is stopping'))
  expect(await sending).toMatchObject([{ kind: 'deferred', text: 'The relay is stopping' }])
})

describe('TLS that is only offered', () => {
  it('is taken, whatever the certificate', async () => {
    const given = await givenHosts({ first: { certificate: other } })
    expect(await send(given, 'you@example.org')).toMatchObject([{ kind: 'delivered' }])
    expect(given.first.messages[0]?.isSecure).toBe(true)
  })

  it.each(['STARTTLS', 'HANDSHAKE'] as const)('and fails at %s is gone without', async (step) => {
    let isDone = false
    const given = await givenHosts({
      first: {
        certificate: other,
        say: (now) => {
          if (now !== step || isDone) return undefined
          isDone = true
          return step === 'STARTTLS' ? '454 4.7.0 Not now' : 'drop'
        },
      },
    })
    expect(await send(given, 'you@example.org')).toMatchObject([{ kind: 'delivered' }])
    expect(given.first.messages[0]?.isSecure).toBe(false)
  })
})

describe('MTA-STS', () => {
  async function givenPolicy(names: NameServer, policy: string, options: { certificate?: Certificate } = {}) {
    const { cert, key } = options.certificate ?? (await makeCertificate('mta-sts.example.org'))
    const state = { policy, fetched: 0, isDown: false }
    const server = createServer({ cert, key }, (request, response) => {
      state.fetched += 1
      if (state.isDown || request.url !== '/.well-known/mta-sts.txt') response.writeHead(500).end()
      else response.writeHead(200, { 'content-type': 'text/plain' }).end(state.policy)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    names.zone.set('TXT _mta-sts.example.org', ['v=STSv1; id=20260302;'])
    names.zone.set('A mta-sts.example.org', ['127.0.0.1'])
    const ca = new X509Certificate(cert).issuer
    return { state, port: (server.address() as AddressInfo).port, ca }
  }
  const policy = (mode: string, ...hosts: string[]) =>
    ['version: STSv1', `mode: ${mode}`, ...hosts.map((host) => `mx: ${host}`), 'max_age: 86400', ''].join('\r\n')

  async function given(text: string, hosts: Parameters<typeof givenHosts>[0] = {}) {
    const made = await givenHosts(hosts)
    const web = await makeCertificate('mta-sts.example.org')
    const served = await givenPolicy(made.names, text, { certificate: web })
    const more = { policyPort: served.port, authorities: [certificate.ca, web.ca] }
    return { ...made, ...served, port: made.port, more }
  }

  it('enforced: goes to a listed host with a good certificate', async () => {
    const it = await given(policy('enforce', '*.example.test'), { first: { certificate } })
    expect(await send(it, 'you@example.org', it.more)).toMatchObject([{ kind: 'delivered' }])
    expect(it.first.messages[0]?.isSecure).toBe(true)
  })

  it.each([
    ['no TLS', {}, /STARTTLS/],
    ['a certificate for another host', 'other', /certificate|altnames/],
  ] as const)('enforced: waits where the host has %s', async (_, which, text) => {
    const host = which === 'other' ? { certificate: other } : {}
    const it = await given(policy('enforce', 'mx1.example.test'), { first: host })
    const more = { ...it.more, authorities: [...it.more.authorities, other.ca] }
    const sent = await send(it, 'you@example.org', more)
    expect(sent).toMatchObject([{ kind: 'deferred', text: expect.stringMatching(text) }])
    expect([it.first.messages, it.second.connections]).toEqual([[], 0])
  })

  it('enforced: TLS-Required: No goes in clear where there is no TLS, on a session of its own', async () => {
    const it = await given(policy('enforce', 'mx1.example.test'))
    const transport = direct(it, it.more)
    const sends = (tlsOptional: boolean) =>
      transport.send(parcelTo(['you@example.org'], { tlsOptional }), { signal: never() })
    expect(await sends(true)).toMatchObject([{ kind: 'delivered' }])
    expect(await sends(false)).toMatchObject([{ kind: 'deferred' }])
    expect(it.first.messages.map(({ isSecure }) => isSecure)).toEqual([false])
  })

  it('enforced: leaves out hosts that are not listed, and waits where none is', async () => {
    const second = await given(policy('enforce', 'mx1.example.test'), { first: 'gone' })
    expect(await send(second, 'you@example.org', second.more)).toMatchObject([{ kind: 'deferred' }])
    expect(second.second.connections).toBe(0)
    const none = await given(policy('enforce', 'mail.example.test'))
    expect(await send(none, 'you@example.org', none.more)).toMatchObject([{ kind: 'deferred', status: '4.7.0' }])
  })

  it.each(['testing', 'none'])('%s changes nothing', async (mode) => {
    const it = await given(policy(mode, 'mail.example.test'))
    expect(await send(it, 'you@example.org', it.more)).toMatchObject([{ kind: 'delivered' }])
  })

  it('is fetched once, and stands when record and web server are gone', async () => {
    const it = await given(policy('enforce', 'mail.example.test'))
    let now = Date.now()
    const transport = direct(it, { ...it.more, clock: () => now })
    const sends = () => transport.send(parcelTo(['you@example.org']), { signal: never() })
    expect(await sends()).toMatchObject([{ kind: 'deferred', status: '4.7.0' }])
    expect(await sends()).toMatchObject([{ kind: 'deferred', status: '4.7.0' }])
    expect(it.state.fetched).toBe(1)
    it.state.isDown = true
    it.names.zone.delete('TXT _mta-sts.example.org')
    now += 3_600_000
    expect(await sends()).toMatchObject([{ kind: 'deferred', status: '4.7.0' }])
    now += 86_400_000
    expect(await sends()).toMatchObject([{ kind: 'delivered' }])
  })

  it('stands when the transport that fetched it was closed for want of work', async () => {
    const it = await given(policy('enforce', 'mail.example.test'))
    const more = { ...it.more, policies: new KeptPolicies() }
    expect(await send(it, 'you@example.org', more)).toMatchObject([{ kind: 'deferred', status: '4.7.0' }])
    it.names.zone.delete('TXT _mta-sts.example.org')
    expect(await send(it, 'you@example.org', more)).toMatchObject([{ kind: 'deferred', status: '4.7.0' }])
  })

  it('with a new id is fetched again', async () => {
    const it = await given(policy('enforce', 'mail.example.test'))
    let now = Date.now()
    const transport = direct(it, { ...it.more, clock: () => now })
    await transport.send(parcelTo(['you@example.org']), { signal: never() })
    it.state.policy = policy('none')
    it.names.zone.set('TXT _mta-sts.example.org', ['v=STSv1; id=2'])
    now += 120_000
    expect(await transport.send(parcelTo(['you@example.org']), { signal: never() })).toMatchObject([
      { kind: 'delivered' },
    ])
    expect(it.state.fetched).toBe(2)
  })

  it('from a web server without a good certificate is none', async () => {
    const it = await given(policy('enforce', 'mail.example.test'))
    const sent = await send(it, 'you@example.org', { ...it.more, authorities: [certificate.ca] })
    expect(sent).toMatchObject([{ kind: 'delivered' }])
  })
})

describe('DANE', () => {
  const own = (of: Certificate, selector = 1) => {
    const x509 = new X509Certificate(of.cert)
    const shown = selector === 1 ? x509.publicKey.export({ type: 'spki', format: 'der' }) : x509.raw
    return createHash('sha256').update(shown).digest('hex')
  }
  const authority = (of: Certificate) => createHash('sha256').update(new X509Certificate(of.ca).raw).digest('hex')

  async function given(
    records: readonly string[],
    options: { shows?: Certificate | undefined; isGenuine?: boolean } = {},
  ) {
    const shows = 'shows' in options ? options.shows : certificate
    const made = await givenHosts({ first: shows ? { certificate: shows } : {}, second: 'gone' })
    made.names.zone.set(`TLSA _${made.port}._tcp.mx1.example.test`, records)
    if (options.isGenuine ?? true)
      for (const name of ['example.org', 'mx1.example.test', `_${made.port}._tcp.mx1.example.test`])
        made.names.genuine.add(name)
    return { ...made, more: { authorities: [] } }
  }

  it.each([
    ['its key', () => `3 1 1 ${own(certificate)}`],
    ['its certificate', () => `3 0 1 ${own(certificate, 0)}`],
  ])('goes to a host whose record names %s', async (_, record) => {
    const it = await given([record()])
    expect(await send(it, 'you@example.org', it.more)).toMatchObject([{ kind: 'delivered' }])
    expect(it.first.messages[0]?.isSecure).toBe(true)
  })

  it('goes to a host whose authority is named, and that shows it', async () => {
    const chain = { ...certificate, cert: certificate.cert + certificate.ca }
    const it = await given([`2 0 1 ${authority(certificate)}`], { shows: chain })
    expect(await send(it, 'you@example.org', it.more)).toMatchObject([{ kind: 'delivered' }])
  })

  it.each([
    ['another key', () => [`3 1 1 ${own(other)}`], () => certificate],
    [
      'an authority that only stands beside it',
      () => [`2 0 1 ${authority(certificate)}`],
      () => ({ ...other, cert: other.cert + certificate.ca }),
    ],
    ['a certificate, and there is no TLS', () => [`3 1 1 ${own(certificate)}`], () => undefined],
    ['nothing that can be used, and there is no TLS', () => ['1 1 1 00'], () => undefined],
  ])('waits where the record names %s', async (_, records, shows) => {
    const it = await given(records(), { shows: shows() })
    expect(await send(it, 'you@example.org', it.more)).toMatchObject([{ kind: 'deferred' }])
    expect(it.first.messages).toEqual([])
  })

  it('TLS-Required: No takes the TLS that there is, whatever its certificate', async () => {
    const it = await given([`3 1 1 ${own(other)}`])
    const parcel = parcelTo(['you@example.org'], { tlsOptional: true })
    expect(await direct(it, it.more).send(parcel, { signal: never() })).toMatchObject([{ kind: 'delivered' }])
    expect(it.first.messages.map(({ isSecure }) => isSecure)).toEqual([true])
  })

  it('does not count where DNSSEC does not vouch for it', async () => {
    const it = await given([`3 1 1 ${own(other)}`], { isGenuine: false })
    expect(await send(it, 'you@example.org', it.more)).toMatchObject([{ kind: 'delivered' }])
    expect(it.names.questions.filter((question) => question.startsWith('TLSA'))).toEqual([])
  })

  it('waits where the records cannot be had', async () => {
    const it = await given([])
    it.names.trouble.set(`TLSA _${it.port}._tcp.mx1.example.test`, 'SERVFAIL')
    it.names.zone.set('MX example.org', ['10 mx1.example.test'])
    expect(await send(it, 'you@example.org', it.more)).toMatchObject([{ kind: 'deferred', status: '4.4.3' }])
  })

  it('carries REQUIRETLS, and nothing else but MTA-STS does', async () => {
    const dane = await given([`3 1 1 ${own(certificate)}`])
    const sends = (more: Partial<TransportDeps>) =>
      direct(dane, more).send(parcelTo(['you@example.org'], { requireTls: true }), { signal: never() })
    expect(await sends(dane.more)).toMatchObject([
      { kind: 'failed', status: '5.7.30', text: expect.stringContaining('not offer it') },
    ])
    const loose = await given([], { isGenuine: false })
    const parcel = parcelTo(['you@example.org'], { requireTls: true })
    expect(await direct(loose).send(parcel, { signal: never() })).toMatchObject([{ kind: 'failed', status: '5.7.30' }])
    expect(loose.first.connections).toBe(0)
  })

  it('with a host that offers REQUIRETLS gets it', async () => {
    const names = await givenNames(zone)
    const remote = await givenRemote({ certificate, extensions: [...extensions, 'REQUIRETLS'] })
    names.zone.set(`TLSA _${remote.port}._tcp.mx1.example.test`, [`3 1 1 ${own(certificate)}`])
    names.zone.set('MX example.org', ['1 mx1.example.test'])
    for (const name of ['example.org', 'mx1.example.test', `_${remote.port}._tcp.mx1.example.test`])
      names.genuine.add(name)
    const parcel = parcelTo(['you@example.org'], { requireTls: true })
    expect(await direct({ names, port: remote.port }).send(parcel, { signal: never() })).toMatchObject([
      { kind: 'delivered' },
    ])
    expect(remote.lines.find((line) => line.startsWith('MAIL'))).toMatch(/REQUIRETLS$/)
  })
})
