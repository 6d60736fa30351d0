// The way out through Resend: what a message becomes in its API, what can't be carried, and what its answers mean.

import { describe, expect, it } from 'vitest'
import { createTransport, type Parcel, type TransportDeps } from '../src/index.js'
import { resendBytesMax } from '../src/resend/resend.js'
import { takeApart } from '../src/resend/take-apart.js'
import { type Answering, givenApi } from './api-server.js'
import { closing, deps, letter, messageOf, never, parcelTo } from './parcel.js'

const accept: Answering = () => ({ status: 200, body: { id: '49a3999c' } })

function resend(endpoint: string, more: Partial<TransportDeps> = {}) {
  return closing(createTransport({ kind: 'resend', apiKey: 're_secret', endpoint }, { ...deps, ...more }))
}

const message = (...lines: string[]) => messageOf(lines.join('\r\n'))
const header = [
  'From: "Ada, L." <ada@example.test>',
  'To: You <you@example.org>',
  'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=',
  'MIME-Version: 1.0',
]
const given = (text: string) => ({ message: messageOf(text) })

async function emails(parcel: Parcel) {
  const api = await givenApi(accept)
  const sent = await resend(api.endpoint).send(parcel, { signal: never() })
  return { api, sent, bodies: api.asked.map(({ body }) => JSON.parse(body.toString()) as Record<string, unknown>) }
}

describe('a message', () => {
  it('of one text keeps its fields', async () => {
    const text = message(
      'DKIM-Signature: v=1; d=example.test',
      'Received: from x by y; Mon, 02 Mar 2026 10:00:00 +0000',
      ...header,
      'Message-ID: <1@example.test>',
      'In-Reply-To: <0@example.test>',
      'Reply-To: a@example.test, Support <b@example.test>',
      'X-Campaign: =?utf-8?q?M=C3=A4rz?=',
      'Date: Mon, 02 Mar 2026 10:00:00 +0000',
      'Content-Type: text/plain; charset=iso-8859-1',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      'Gr=FC=DFe',
      '',
    )
    const { api, sent, bodies } = await emails(parcelTo(['you@example.org'], { message: text }))
    expect(bodies).toEqual([
      {
        from: '"Ada, L." <ada@example.test>',
        to: ['"You" <you@example.org>'],
        subject: 'Grüße',
        reply_to: ['a@example.test', '"Support" <b@example.test>'],
        headers: { 'Message-ID': '<1@example.test>', 'In-Reply-To': '<0@example.test>', 'X-Campaign': 'März' },
        text: 'Grüße\r\n',
      },
    ])
    expect(api.asked[0]).toMatchObject({
      method: 'POST',
      path: '/emails',
      headers: { authorization: 'Bearer re_secret' },
    })
    expect(sent).toMatchObject([{ kind: 'delivered', text: 'Accepted as 49a3999c', relaysDsn: false }])
  })

  it('with HTML, inline pictures and attachments is carried whole', async () => {
    const text = message(
      ...header,
      'Content-Type: multipart/mixed; boundary=m',
      '',
      '--m',
      'Content-Type: multipart/related; boundary=r',
      '',
      '--r',
      'Content-Type: multipart/alternative; boundary=a',
      '',
      '--a',
      '',
      'Hello',
      '--a',
      'Content-Type: text/html; charset=utf-8',
      '',
      '<p>Hello <img src="cid:p1@x"></p>',
      '--a--',
      '--r',
      'Content-Type: image/png; name=p.png',
      'Content-ID: <p1@x>',
      'Content-Disposition: inline',
      'Content-Transfer-Encoding: base64',
      '',
      'iVBORw==',
      '--r--',
      '--m',
      'Content-Type: text/plain; charset=utf-8',
      "Content-Disposition: attachment; filename*=utf-8''M%C3%A4rz.txt",
      '',
      'März',
      '--m--',
      '',
    )
    const { bodies } = await emails(parcelTo(['you@example.org'], { message: text }))
    expect(bodies).toMatchObject([
      {
        text: 'Hello',
        html: '<p>Hello <img src="cid:p1@x"></p>',
        attachments: [
          { filename: 'p.png', content: 'iVBORw==', content_type: 'image/png', content_id: 'p1@x' },
          {
            filename: 'März.txt',
            content: Buffer.from('März').toString('base64'),
            content_type: 'text/plain; charset="utf-8"',
          },
        ],
      },
    ])
  })

  it('is sent to the recipients of the envelope and nobody else', async () => {
    const text = letter.replace(
      'To: you@example.org',
      'To: You <you@example.org>, gone@example.org\r\nCc: Them <them@example.org>',
    )
    const parcel = parcelTo(['YOU@example.org', 'them@example.org', 'hidden@example.org'], given(text))
    const { bodies } = await emails(parcel)
    expect(bodies).toMatchObject([
      { to: ['"You" <you@example.org>'], cc: ['"Them" <them@example.org>'], bcc: ['hidden@example.org'] },
    ])
  })

  it('that names none of them shows none to another', async () => {
    const { bodies, sent } = await emails(parcelTo(['a@example.org', 'b@example.org']))
    expect(bodies.map(({ to, cc, bcc }) => [to, cc, bcc])).toEqual([
      [['a@example.org'], undefined, undefined],
      [['b@example.org'], undefined, undefined],
    ])
    expect(sent.map(({ kind }) => kind)).toEqual(['delivered', 'delivered'])
  })

  it('has the same key at each try, and another one for others', async () => {
    const api = await givenApi(accept)
    const host = resend(api.endpoint)
    const parcel = parcelTo(['you@example.org'])
    await host.send(parcel, { signal: never() })
    await host.send({ ...parcel, message: messageOf(`DKIM-Signature: v=1; t=2\r\n${letter}`) }, { signal: never() })
    await host.send(parcelTo(['you@example.org']), { signal: never() })
    const keys = api.asked.map(({ headers }) => String(headers['idempotency-key']))
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/)
    expect(keys[1]).toBe(keys[0])
    expect(keys[2]).not.toBe(keys[0])
    expect(api.asked[1]?.body.equals(api.asked[0]!.body)).toBe(true)
  })
})

describe('what cannot be carried is refused, not mangled', () => {
  const multi = (type: string, ...parts: string[]) =>
    [
      ...header,
      `Content-Type: multipart/${type}; boundary=b`,
      '',
      ...parts.flatMap((part) => ['--b', part]),
      '--b--',
      '',
    ].join('\r\n')
  const text = '\r\nHello'

  it.each([
    [
      'a signature',
      multi('signed; protocol="application/pgp-signature"', text, 'Content-Type: application/pgp-signature\r\n\r\nx'),
      'multipart/signed',
    ],
    [
      'encryption',
      multi('encrypted', 'Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1', text),
      'multipart/encrypted',
    ],
    ['S/MIME', [...header, 'Content-Type: application/pkcs7-mime', '', 'x'].join('\r\n'), 'application/pkcs7-mime'],
    [
      'an attached message',
      multi('mixed', text, 'Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny'),
      'message/rfc822',
    ],
    ['a report', multi('report', text), 'multipart/report'],
    [
      'an invitation',
      multi('alternative', text, 'Content-Type: text/calendar; method=REQUEST\r\n\r\nx'),
      'text/calendar',
    ],
    ['two texts', multi('mixed', text, text), 'several texts'],
    [
      'a charset that nobody knows',
      [...header, 'Content-Type: text/plain; charset=x-klingon', '', 'x'].join('\r\n'),
      'x-klingon',
    ],
    ['an encoding that nobody knows', [...header, 'Content-Transfer-Encoding: x-yenc', '', 'x'].join('\r\n'), 'X-YENC'],
    [
      'two senders',
      ['From: a@example.test, b@example.test', ...header.slice(1), '', 'x'].join('\r\n'),
      'not one sender',
    ],
    ['a field twice', [...header, 'X-One: 1', 'x-one: 2', '', 'x'].join('\r\n'), 'X-One'],
  ])('%s', async (_, text, why) => {
    const { sent, bodies } = await emails(parcelTo(['you@example.org'], given(text)))
    expect(sent).toMatchObject([{ kind: 'failed', status: '5.6.1', text: expect.stringMatching(new RegExp(why, 'i')) }])
    expect(bodies).toEqual([])
  })

  it.each([
    ['too large', { message: { ...messageOf(letter), size: resendBytesMax + 1 } }, '5.3.4'],
    ['REQUIRETLS', { requireTls: true }, '5.7.30'],
  ] as const)('%s', async (_, parcel, status) => {
    const { sent, bodies } = await emails(parcelTo(['you@example.org'], parcel))
    expect(sent).toMatchObject([{ kind: 'failed', status }])
    expect(bodies).toEqual([])
  })

  it('any bytes at all are taken apart or refused', () => {
    for (const bytes of [
      '',
      '\r\n',
      'From: a@example.test',
      'From: a@example.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b',
    ])
      try {
        expect(takeApart(Buffer.from(bytes)).from).toBe('a@example.test')
      } catch (error) {
        expect(error).toMatchObject({ name: 'NotCarried' })
      }
  })
})

describe('an answer', () => {
  it.each([
    [422, 'validation_error', { kind: 'failed', status: '5.6.0' }],
    [400, 'invalid_attachment', { kind: 'failed' }],
    [429, 'rate_limit_exceeded', { kind: 'deferred', retryAfterMs: 2_000 }],
    [429, 'daily_quota_exceeded', { kind: 'deferred' }],
    [409, 'concurrent_idempotent_requests', { kind: 'deferred' }],
    [409, 'invalid_idempotent_request', { kind: 'failed' }],
    [401, 'missing_api_key', { kind: 'deferred', status: '4.7.0' }],
    [403, 'invalid_api_key', { kind: 'deferred', status: '4.7.0' }],
    [500, 'internal_server_error', { kind: 'deferred' }],
  ])('%s %s', async (status, name, expected) => {
    const headers = name === 'rate_limit_exceeded' ? { 'retry-after': '2' } : {}
    const api = await givenApi(() => ({ status, headers, body: { statusCode: status, name, message: 'Because.' } }))
    const sent = await resend(api.endpoint).send(parcelTo(['you@example.org']), { signal: never() })
    expect(sent).toMatchObject([expected])
    expect(sent[0]?.text).toBe(`Resend ${name}: Because. (HTTP ${status})`)
  })

  it('that is no JSON, and none at all, are tried again', async () => {
    const html = await givenApi(() => ({ status: 502, body: '<html>Bad gateway</html>' }))
    expect(await resend(html.endpoint).send(parcelTo(['a@example.org']), { signal: never() })).toMatchObject([
      { kind: 'deferred' },
    ])
    const none = await givenApi(() => (response) => void response.destroy())
    const sent = await resend(none.endpoint).send(parcelTo(['a@example.org']), { signal: never() })
    expect(sent).toMatchObject([{ kind: 'deferred', text: expect.stringContaining('may have been sent') }])
  })
})
