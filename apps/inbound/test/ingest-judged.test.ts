// Who mail by HTTP is from: SPF of the server that brought it, where whoever posts it says under their signature which one that was, or what
// SPF said there. What nobody vouches for isn't believed. RFC 7208, RFC 7489, contract F1, F3.

import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Arrival } from '../src/arrival.js'
import type { IngestSecret } from '../src/index.js'
import { senderPath } from '../src/judge/sender-path.js'
import { type Answered, addKey, type Door, judgedBy, openDoor, post, signedHeaders } from './ingest-door.js'
import { type NameServer, nameServer } from './judge/name-server.js'

let door: Door
let names: NameServer
let ada: Awaited<ReturnType<Door['inbox']>>
beforeEach(async () => {
  door = await openDoor()
  names = await nameServer()
  names.zone.set('TXT example.org', ['v=spf1 ip4:192.0.2.7 ip6:2001:db8::/32 -all'])
  names.zone.set('TXT mail.example.org', ['v=spf1 ip4:192.0.2.7 -all'])
  names.zone.set('TXT _dmarc.example.org', ['v=DMARC1; p=reject'])
  judgedBy(door, names.server)
  ada = await door.inbox('ada')
})
afterEach(async () => {
  names.close()
  await door.close()
})

const mail = 'From: Carol <carol@example.org>\r\nSubject: Tea\r\n\r\nAt four?\r\n'

/** Where each message is, and what stands on top of it. */
async function told(): Promise<{ inbox: string[]; spam: string[] }> {
  const account = door.store.account(ada.id)
  const found = { inbox: [] as string[], spam: [] as string[] }
  for (const { name, id } of await account.mailboxes()) {
    if (name !== 'INBOX' && name !== 'Spam') continue
    const open = await account.open(id)
    await open.refresh()
    for (const message of open.index.entries.messages.subarray(0, open.index.length)) {
      const text = Buffer.from((await (await open.content(message))?.bytes()) ?? []).toString('latin1')
      const [, results = ''] = /^Authentication-Results: mx\.example\.test;\r\n (.*(?:\r\n .*)*)/m.exec(text) ?? []
      found[name === 'INBOX' ? 'inbox' : 'spam'].push(results.replaceAll('\r\n', ''))
    }
    open.close()
  }
  return found
}

describe('a post of one’s own', () => {
  interface Given {
    readonly client?: string
    readonly version?: string
    readonly signedClient?: string
    readonly sender?: string
  }
  let key: IngestSecret
  beforeEach(() => {
    key = addKey(door, 'http')
  })

  function send({ client, version = 'v2', signedClient = client, sender = 'carol@example.org' }: Given) {
    const headers: Record<string, string> = signedHeaders(door, { key, body: mail, sender })
    const { 'Postern-Timestamp': time, 'Postern-Id': id, 'Postern-Recipients': to } = headers
    if (client !== undefined) headers['Postern-Client'] = client
    const text = `${version}:${time}:${id}:${sender}:${to}:${signedClient}\n${mail}`
    if (client !== undefined && version === 'v2')
      headers['Postern-Signature'] = `v2=${createHmac('sha256', key.secret).update(text).digest('hex')}`
    return post(`${door.url}/v1/ingest`, { headers, body: mail })
  }

  test('says from where the message came: SPF passes, and DMARC with it', async () => {
    expect((await send({ client: '192.0.2.7 mail.example.org' })).status).toBe(200)
    expect(await told()).toEqual({
      inbox: ['spf=pass smtp.mailfrom=carol@example.org; dkim=none; dmarc=pass (p=reject) header.from=example.org'],
      spam: [],
    })
  })

  test('by IPv6 too, and without the name', async () => {
    expect((await send({ client: '2001:db8::25' })).status).toBe(200)
    expect((await told()).inbox[0]).toContain('spf=pass')
  })

  test('of a message without a sender the name counts', async () => {
    expect((await send({ client: '192.0.2.7 mail.example.org', sender: '' })).status).toBe(200)
    expect((await told()).inbox[0]).toContain('spf=pass smtp.helo=mail.example.org;')
  })

  test('fails SPF and DMARC: whoever posts hears it, since the sender can be told', async () => {
    const answer = await send({ client: '198.51.100.9 mail.example.org' })
    expect([answer.status, answer.body.results?.[0]?.reply]).toEqual([
      422,
      expect.stringMatching(/^550 5\.7\.1 .*DMARC/),
    ])
    expect(await told()).toEqual({ inbox: [], spam: [] })
  })

  test('says nothing: taken, and nothing is told of SPF', async () => {
    expect((await send({})).status).toBe(200)
    expect(await told()).toEqual({ inbox: ['dkim=none'], spam: [] })
    expect(door.lines.join()).toMatch(/"verdict":"accept","spf":"unknown"/)
  })

  test.each<[string, Given, number, RegExp]>([
    ['a client that nobody has signed', { client: '192.0.2.7', version: 'v1' }, 400, /has to be signed/],
    ['another client than was signed', { client: '192.0.2.7', signedClient: '192.0.2.8' }, 401, /signature/],
    ['no address', { client: 'mail.example.org' }, 400, /is an address/],
    ['more than a name', { client: '192.0.2.7 mail.example.org 1' }, 400, /is an address/],
    ['a name that is none', { client: '192.0.2.7 (x)' }, 400, /is an address/],
  ])('%s', async (_, given, status, message) => {
    const answer = await send(given)
    expect([answer.status, answer.body.error?.message]).toEqual([status, expect.stringMatching(message)])
    expect(await told()).toEqual({ inbox: [], spam: [] })
  })
})

describe('SendGrid', () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const secret = pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')

  function send(more: Record<string, string>): Promise<Answered> {
    const key = addKey(door, 'sendgrid', { secret })
    const envelope = JSON.stringify({ to: ['ada@example.test'], from: 'carol@example.org' })
    const body = new URLSearchParams({ email: mail, envelope, ...more }).toString()
    const at = String(Math.floor(door.clock.now / 1_000))
    const signature = sign('sha256', Buffer.from(at + body), pair.privateKey).toString('base64')
    const headers = {
      'Content-Type': 'application/x-www-form-urlencoded',
      'X-Twilio-Email-Event-Webhook-Signature': signature,
      'X-Twilio-Email-Event-Webhook-Timestamp': at,
    }
    return post(`${door.url}/v1/ingest/sendgrid/${key.publicId}`, { body, headers })
  }

  test('tells the address of who sent it', async () => {
    expect((await send({ sender_ip: '192.0.2.7' })).status).toBe(200)
    expect((await told()).inbox[0]).toMatch(/^spf=pass smtp\.mailfrom=carol@example\.org; .*dmarc=pass/)
  })

  test('what it has taken is put aside and not refused: nobody would hear of it', async () => {
    expect((await send({ sender_ip: '198.51.100.9' })).status).toBe(200)
    expect(await told()).toEqual({
      inbox: [],
      spam: [expect.stringMatching(/^spf=fail .*dmarc=fail \(p=reject dis=spam\) header\.from=example\.org$/)],
    })
  })

  test('and is put aside where a name server is silent', async () => {
    names.trouble.set('TXT example.org', 'SERVFAIL')
    expect((await send({ sender_ip: '192.0.2.7' })).status).toBe(200)
    expect((await told()).spam[0]).toMatch(/^spf=temperror /)
  })

  test.each([{}, { sender_ip: 'somewhere' }])('without an address nothing is told of SPF: %j', async (more) => {
    expect((await send(more)).status).toBe(200)
    expect(await told()).toEqual({ inbox: ['dkim=none'], spam: [] })
  })
})

describe('what somebody else found out', () => {
  const arrival: Arrival = {
    ...{ id: 'q_1', via: 'ingest', sender: 'carol@example.org', helo: undefined, clientAddress: '127.0.0.1' },
    ...{ tls: undefined, smtpUtf8: false, receivedAt: 0 },
  }
  const ask = async (): Promise<never> => {
    throw new Error('nobody is asked')
  }
  const path = (more: Partial<Arrival>) => senderPath({ ...arrival, ...more }, { ask, hostname: 'mx.example.test' })
  const spf = { result: 'pass', toldBy: 'Amazon SES' } as const

  test('is believed of the sender’s domain', async () => {
    expect(await path({ before: { spf, isTaken: true } })).toEqual({
      ...{ result: 'pass', toldBy: 'Amazon SES', domain: 'example.org', property: 'mailfrom' },
      value: 'carol@example.org',
    })
  })

  test('is not, where there is no sender: of whom it was is not told', async () => {
    expect(await path({ sender: '', before: { spf, isTaken: true } })).toBeUndefined()
  })

  test('whoever posts is not the server that sent it', async () => {
    expect(await path({})).toBeUndefined()
    expect(await path({ via: 'lmtp', before: { client: { address: '192.0.2.7' }, isTaken: false } })).toBeUndefined()
  })
})
