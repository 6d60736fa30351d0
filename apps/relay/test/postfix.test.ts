// Postfix from Debian as smart host and as mail host of a domain: the same outcomes as beside the server that says what it's told.

import { createHash, X509Certificate } from 'node:crypto'
import type { SmartHost } from '@postern/routing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createTransport, type TransportDeps } from '../src/index.js'
import { type Certificate, makeCertificate } from './certificate.js'
import { givenNames } from './dns-server.js'
import { closing, deps, letter, messageOf, never, parcelTo, to } from './parcel.js'
import { givenCutWire, type Postfix, startPostfix } from './postfix.js'

const login = { user: 'ada', secret: 'correct horse' }
let postfix: Postfix
let greylisting: Postfix
let certificate: Certificate
let authorities: readonly string[]

beforeAll(async () => {
  certificate = await makeCertificate('mx.example.test')
  authorities = [certificate.ca]
  const given = { certificate, login, domains: ['example.org'], users: ['you', 'me'] }
  ;[postfix, greylisting] = await Promise.all([startPostfix(given), startPostfix({ greylists: true })])
})
afterAll(() => Promise.all([postfix, greylisting].map((one) => one?.stop())))

function smartHost(given: Partial<SmartHost>) {
  const route = {
    kind: 'smart-host',
    host: 'localhost',
    port: postfix.ports.submission,
    tls: 'required',
    ...login,
  } as const
  return closing(createTransport({ ...route, ...given }, { ...deps, authorities }))
}

const subject = (text: string) => messageOf(letter.replace('A letter', text))
const arrived = (address: string, text: string) =>
  vi.waitFor(() => expect(postfix.messages(address).join('')).toContain(`Subject: ${text}\n`), { timeout: 10_000 })

describe('as smart host', () => {
  it.each([
    ['STARTTLS and a password', {}],
    ['TLS from the first byte', { tls: 'implicit' }],
  ] as const)('takes mail with %s', async (what, given) => {
    const port = 'tls' in given ? postfix.ports.submissions : postfix.ports.submission
    const parcel = parcelTo(['you@example.org', 'me@example.org'], { message: subject(what) })
    const sent = await smartHost({ ...given, port }).send(parcel, { signal: never() })
    expect(sent).toMatchObject([
      { kind: 'delivered', relaysDsn: true, remote: 'localhost [127.0.0.1]' },
      { kind: 'delivered', relaysDsn: true },
    ])
    await arrived('you@example.org', what)
    await arrived('me@example.org', what)
    expect(postfix.messages('me@example.org').join('')).toContain('\n.a line with a dot\n')
  })

  it('lets mail wait where the password is wrong', async () => {
    const sent = await smartHost({ secret: 'wrong' }).send(parcelTo(['you@example.org']), { signal: never() })
    expect(sent).toMatchObject([
      { kind: 'deferred', code: '535', text: expect.stringContaining('authentication failed') },
    ])
  })

  it('refuses a recipient who is not there, and takes the other', async () => {
    const sent = await smartHost({}).send(parcelTo(['nobody@example.org', 'you@example.org']), { signal: never() })
    expect(sent).toMatchObject([{ kind: 'failed', code: '550', status: '5.1.1' }, { kind: 'delivered' }])
  })

  it('knows the DSN parameters of each recipient, and SMTPUTF8', async () => {
    const recipients = [
      to('you@example.org', { notify: 'SUCCESS', originalRecipient: 'rfc822;you@example.org' }),
      to('me@example.org'),
    ]
    const parcel = parcelTo(recipients, { ret: 'hdrs', envelopeId: 'e1', sender: 'zoë@example.test', body: 'smtputf8' })
    expect(await smartHost({}).send(parcel, { signal: never() })).toMatchObject([
      { kind: 'delivered' },
      { kind: 'delivered' },
    ])
  })

  it('is tried again after a connection that was cut behind the message, which then comes twice', async () => {
    const wire = await givenCutWire(postfix.ports.mx)
    const given = { tls: 'none', user: undefined, secret: undefined } as const
    const message = subject('Cut off')
    const cut = smartHost({ ...given, host: '127.0.0.1', port: wire.port })
    const sent = await cut.send(parcelTo(['you@example.org'], { message }), { signal: never() })
    expect(sent).toMatchObject([{ kind: 'deferred', text: expect.stringContaining('may have arrived') }])
    expect(wire.cuts()).toBe(1)
    const again = smartHost({ ...given, host: '127.0.0.1', port: postfix.ports.mx })
    expect(await again.send(parcelTo(['you@example.org'], { message }), { signal: never() })).toMatchObject([
      { kind: 'delivered' },
    ])
    const copies = () => postfix.messages('you@example.org').filter((text) => text.includes('Subject: Cut off'))
    await vi.waitFor(() => expect(copies()).toHaveLength(2), { timeout: 10_000 })
  })

  it('that greylists gets the mail at the second try', async () => {
    const given = { tls: 'none', port: greylisting.ports.mx, user: undefined, secret: undefined } as const
    const host = smartHost(given)
    const parcel = parcelTo(['you@example.org'])
    expect(await host.send(parcel, { signal: never() })).toMatchObject([
      { kind: 'deferred', code: '450', status: '4.2.0' },
    ])
    expect(await host.send(parcel, { signal: never() })).toMatchObject([{ kind: 'delivered' }])
    await vi.waitFor(() => expect(greylisting.messages('you@example.org')).toHaveLength(1), { timeout: 10_000 })
  })
})

describe('as the mail host of a domain', () => {
  async function direct(port: number, more: Partial<TransportDeps> = {}) {
    const names = await givenNames({ 'MX example.org': ['10 mx.example.test'], 'A mx.example.test': ['127.0.0.1'] })
    const deliver = (given: Partial<TransportDeps> = {}) =>
      closing(createTransport({ kind: 'direct', port }, { ...deps, dnsServers: [names.server], ...more, ...given }))
    return { names, deliver }
  }

  it('takes mail over TLS that it offers', async () => {
    const { deliver } = await direct(postfix.ports.mx)
    const sent = await deliver().send(parcelTo(['you@example.org'], { message: subject('Straight') }), {
      signal: never(),
    })
    expect(sent).toMatchObject([{ kind: 'delivered', remote: 'mx.example.test [127.0.0.1]' }])
    await arrived('you@example.org', 'Straight')
    const [received] = postfix.messages('you@example.org').filter((text) => text.includes('Subject: Straight'))
    expect(received).toContain(' with ESMTPS ')
  })

  it('shows the certificate that its TLSA record names', async () => {
    const { names, deliver } = await direct(postfix.ports.mx)
    const record = `_${postfix.ports.mx}._tcp.mx.example.test`
    const key = new X509Certificate(certificate.cert).publicKey.export({ type: 'spki', format: 'der' })
    for (const name of ['example.org', 'mx.example.test', record]) names.genuine.add(name)
    names.zone.set(`TLSA ${record}`, [`3 1 1 ${createHash('sha256').update(key).digest('hex')}`])
    expect(await deliver().send(parcelTo(['you@example.org']), { signal: never() })).toMatchObject([
      { kind: 'delivered' },
    ])
    names.zone.set(`TLSA ${record}`, [`3 1 1 ${'00'.repeat(32)}`])
    expect(await deliver().send(parcelTo(['you@example.org']), { signal: never() })).toMatchObject([
      { kind: 'deferred', status: '4.7.5' },
    ])
  })

  it('refuses who is not there, and greylists', async () => {
    const { deliver } = await direct(postfix.ports.mx)
    expect(await deliver().send(parcelTo(['nobody@example.org']), { signal: never() })).toMatchObject([
      { kind: 'failed', code: '550', status: '5.1.1' },
    ])
    const grey = (await direct(greylisting.ports.mx)).deliver()
    const parcel = parcelTo(['grey@example.org'])
    expect(await grey.send(parcel, { signal: never() })).toMatchObject([{ kind: 'deferred', code: '450' }])
    expect(await grey.send(parcel, { signal: never() })).toMatchObject([{ kind: 'delivered' }])
  })
})
