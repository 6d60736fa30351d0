// The way out through Amazon SES, beside a server that checks the signature for itself.

import type { SesRoute } from '@postern/routing'
import { createLogger } from '@postern/telemetry'
import { describe, expect, it, vi } from 'vitest'
import { createTransport, type TransportDeps } from '../src/index.js'
import { sesBase64BytesMax } from '../src/ses/ses.js'
import { type Answering, type Asked, givenApi } from './api-server.js'
import { closing, deps, letter, messageOf, never, parcelTo } from './parcel.js'
import { signatureTrouble } from './signature-v4.js'

const keys = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  region: 'eu-central-1',
}

/** As SES does: no signature, no mail. */
const checking: Answering = (asked) => {
  const trouble = signatureTrouble(asked, { ...keys, service: 'ses' })
  if (trouble === undefined) return { status: 200, body: { MessageId: '0107-1' } }
  const headers = { 'x-amzn-errortype': 'SignatureDoesNotMatchException:http://internal.example/' }
  return { status: 403, headers, body: { message: trouble } }
}

function ses(endpoint: string, given: Partial<SesRoute> = {}, more: Partial<TransportDeps> = {}) {
  const route: SesRoute = { kind: 'ses', ...keys, endpoint, ...given }
  return closing(createTransport(route, { ...deps, ...more }))
}

const contentOf = ({ body }: Asked) =>
  JSON.parse(body.toString()) as { Destination: { ToAddresses: string[] }; Content: { Raw: { Data: string } } }

describe('a message', () => {
  it('goes as it is, signed, to the recipients of the envelope', async () => {
    const api = await givenApi(checking)
    const parcel = parcelTo(['you@example.org', 'me@münchen.example'])
    expect(await ses(api.endpoint).send(parcel, { signal: never() })).toEqual(
      parcel.recipients.map(({ id }) => ({
        id,
        kind: 'delivered',
        remote: new URL(api.endpoint).host,
        status: '2.0.0',
        text: 'Accepted as 0107-1',
        relaysDsn: false,
      })),
    )
    expect(api.asked[0]).toMatchObject({ method: 'POST', path: '/v2/email/outbound-emails' })
    const { Destination, Content } = contentOf(api.asked[0]!)
    expect(Destination.ToAddresses).toEqual(['you@example.org', 'me@xn--mnchen-3ya.example'])
    expect(Buffer.from(Content.Raw.Data, 'base64').toString()).toBe(letter)
  })

  it('is whole whatever pieces it comes in', async () => {
    const api = await givenApi(checking)
    const bytes = Buffer.from(Array.from({ length: 1_000 }, (_, at) => at & 255))
    for (const pieceBytes of [1, 2, 5, 64, 999]) {
      const message = {
        size: bytes.length,
        async *read() {
          for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
        },
      }
      const sent = await ses(api.endpoint).send(parcelTo(['you@example.org'], { message }), { signal: never() })
      expect(sent).toMatchObject([{ kind: 'delivered' }])
      expect(Buffer.from(contentOf(api.asked.at(-1)!).Content.Raw.Data, 'base64').equals(bytes)).toBe(true)
    }
  })

  it('to many goes in requests of fifty, on one connection', async () => {
    const api = await givenApi(checking)
    const parcel = parcelTo(Array.from({ length: 120 }, (_, at) => `u${at}@example.org`))
    const sent = await ses(api.endpoint).send(parcel, { signal: never() })
    expect(sent.map(({ kind }) => kind)).toEqual(Array(120).fill('delivered'))
    expect(api.asked.map((one) => contentOf(one).Destination.ToAddresses.length)).toEqual([50, 50, 20])
    expect(api.sockets.size).toBe(1)
  })

  it.each([
    ['is too large', { message: { ...messageOf(letter), size: (sesBase64BytesMax / 4) * 3 + 1 } }, '5.3.4'],
    ['asks for REQUIRETLS', { requireTls: true }, '5.7.30'],
  ] as const)('that %s fails before it is sent', async (_, given, status) => {
    const api = await givenApi(checking)
    const sent = await ses(api.endpoint).send(parcelTo(['you@example.org'], given), { signal: never() })
    expect(sent).toMatchObject([{ kind: 'failed', status }])
    expect(api.asked).toEqual([])
  })

  it('to an address beyond ASCII fails for that one alone', async () => {
    const api = await givenApi(checking)
    const sent = await ses(api.endpoint).send(parcelTo(['jürgen@example.org', 'you@example.org']), { signal: never() })
    expect(sent).toMatchObject([{ kind: 'failed', status: '5.6.7' }, { kind: 'delivered' }])
  })
})

describe('a refusal', () => {
  it.each([
    [400, 'MessageRejected', 'Address is blacklisted', { kind: 'failed', status: '5.6.0' }],
    [400, 'BadRequestException', 'Missing final @domain', { kind: 'failed' }],
    [413, 'PayloadTooLargeException', '', { kind: 'failed', status: '5.3.4' }],
    [429, 'TooManyRequestsException', 'Maximum sending rate exceeded', { kind: 'deferred', retryAfterMs: 7_000 }],
    [400, 'LimitExceededException', 'Daily quota', { kind: 'deferred' }],
    [400, 'ThrottlingException', 'Rate exceeded', { kind: 'deferred' }],
    [500, 'InternalFailure', '', { kind: 'deferred' }],
    [503, 'ServiceUnavailable', '', { kind: 'deferred' }],
    [403, 'InvalidClientTokenId', 'The security token is invalid', { kind: 'deferred', status: '4.7.0' }],
    [400, 'AccountSuspendedException', '', { kind: 'deferred', status: '4.7.0' }],
    [400, 'MailFromDomainNotVerifiedException', '', { kind: 'deferred', status: '4.7.0' }],
  ])('%s %s', async (status, name, message, expected) => {
    const headers = {
      'x-amzn-errortype': `${name}:http://internal.example/coral/`,
      ...(status === 429 ? { 'retry-after': '7' } : {}),
    }
    const api = await givenApi(() => ({ status, headers, body: { message } }))
    const sent = await ses(api.endpoint).send(parcelTo(['you@example.org']), { signal: never() })
    expect(sent).toMatchObject([expected])
    expect(sent[0]?.text).toContain(`SES ${name}: ${message}`)
  })

  it('of a wrong key makes the mail wait and the log loud, without the key', async () => {
    const lines: string[] = []
    const logger = createLogger({ level: 'warn', destination: { write: (line) => void lines.push(line) } })
    const api = await givenApi(checking)
    const host = ses(api.endpoint, { secretAccessKey: 'another secret' }, { logger })
    const sent = await host.send(parcelTo(['you@example.org']), { signal: never() })
    expect(sent).toMatchObject([{ kind: 'deferred', text: expect.stringContaining('does not match') }])
    expect(lines.join('')).toContain('SES lets no mail through')
    expect(lines.join('')).not.toContain('another secret')
  })
})

describe('no answer', () => {
  it('behind the request says that the message may have been sent', async () => {
    const api = await givenApi(() => (response) => void response.destroy())
    const sent = await ses(api.endpoint).send(parcelTo(['you@example.org']), { signal: never() })
    expect(sent).toMatchObject([{ kind: 'deferred', text: expect.stringContaining('may have been sent') }])
  })

  it('at all says nothing like that', async () => {
    const sent = await ses('http://127.0.0.1:1').send(parcelTo(['you@example.org']), { signal: never() })
    expect(sent).toMatchObject([{ kind: 'deferred', text: expect.stringContaining('ECONNREFUSED') }])
  })

  it.each([
    ['in time', (): void => undefined, { transactionTimeoutMs: 100 }],
    [
      'that ever ends',
      (response: { write(text: string): void }) => response.write('x'.repeat(100_000)),
      { replyBytesMax: 1_000 },
    ],
  ])('%s', async (_, act, limits) => {
    const api = await givenApi(() => (response) => void act(response))
    const sent = await ses(api.endpoint, {}, { limits }).send(parcelTo(['you@example.org']), { signal: never() })
    expect(sent).toMatchObject([{ kind: 'deferred' }])
    await vi.waitFor(() => expect(api.sockets.size).toBe(0))
  })

  it('is not waited for when the relay stops', async () => {
    const stop = new AbortController()
    const api = await givenApi(() => () => void stop.abort(new Error('The relay is stopping')))
    const sent = await ses(api.endpoint).send(parcelTo(['you@example.org']), { signal: stop.signal })
    expect(sent).toMatchObject([{ kind: 'deferred' }])
    await vi.waitFor(() => expect(api.sockets.size).toBe(0))
  })
})

it('a message that cannot be read is an error', async () => {
  const api = await givenApi(checking)
  let reads = 0
  const message = {
    size: 10,
    async *read() {
      yield Buffer.from('12345')
      if (++reads === 2) throw new Error('the file is gone')
      yield Buffer.from('67890')
    },
  }
  const sending = ses(api.endpoint).send(parcelTo(['you@example.org'], { message }), { signal: never() })
  await expect(sending).rejects.toThrow('the file is gone')
})
