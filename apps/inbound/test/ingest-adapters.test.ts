// The posts of mail providers as they document them, signed here by code of the test's own: taken once, and from nobody else.

import { execFile, execFileSync } from 'node:child_process'
import { createHmac, createSign, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Inbox } from '@postern/mailbox-store'
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { IngestSecret } from '../src/index.js'
import { type Answered, addKey, type Door, judgedBy, openDoor, plain, post } from './ingest-door.js'
import { nameServer } from './judge/name-server.js'

let door: Door
let ada: Inbox

beforeEach(async () => {
  door = await openDoor()
  ada = await door.inbox('ada')
})
afterEach(() => door.close())

const seconds = (offset = 0): string => String(Math.floor(door.clock.now / 1_000) + offset)

async function expectNothing(): Promise<void> {
  expect(await door.mails(ada)).toEqual([])
  expect(await readdir(join(door.folder, 'incoming')).catch(() => [])).toEqual([])
}

/** Bytes that are no UTF-8 have to come through. */
const eightBit = Buffer.from('From: carol@example.org\r\nSubject: Caf\xe9\r\n\r\nTh\xe9 \xff\x80\r\n', 'latin1')

/** As a provider's HTTP client writes it. */
function multipart(fields: Readonly<Record<string, string | Buffer>>): { body: Buffer; type: string } {
  const boundary = 'xYzZY'
  const parts = Object.entries(fields).flatMap(([name, value]) => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n`),
    Buffer.from(value),
    Buffer.from('\r\n'),
  ])
  const body = Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)])
  return { body, type: `multipart/form-data; boundary="${boundary}"` }
}

function urlEncoded(fields: Readonly<Record<string, string | Buffer>>): { body: Buffer; type: string } {
  const encode = (value: string | Buffer): string =>
    Array.from(Buffer.from(value), (byte) =>
      byte === 0x20
        ? '+'
        : /\w/.test(String.fromCharCode(byte))
          ? String.fromCharCode(byte)
          : `%${byte.toString(16).padStart(2, '0')}`,
    ).join('')
  const body = Buffer.from(
    Object.entries(fields)
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .join('&'),
  )
  return { body, type: 'application/x-www-form-urlencoded' }
}

describe('Mailgun', () => {
  const signingKey = 'key-3ax6xnjp29jd6fds4gc373sgvjxteol0'
  let key: IngestSecret
  beforeEach(() => {
    key = addKey(door, 'mailgun', { secret: signingKey })
  })

  type Fields = Record<string, string | Buffer>

  function fields(more: Fields = {}): Fields {
    const timestamp = (more.timestamp as string) ?? seconds()
    const token = (more.token as string) ?? randomUUID()
    const signature = createHmac('sha256', signingKey).update(timestamp).update(token).digest('hex')
    return {
      ...{ recipient: 'ada@example.test', sender: 'carol@example.org', subject: 'Tea', 'body-mime': plain },
      ...{ timestamp, token, signature, ...more },
    }
  }
  const send = (given: Fields, encode = multipart, of = key): Promise<Answered> => {
    const { body, type } = encode(given)
    const url = `${door.url}/v1/ingest/mailgun/${of.publicId}/mime`
    return post(url, { body: new Uint8Array(body), headers: { 'Content-Type': type } })
  }

  test.each([
    ['multipart/form-data', multipart],
    ['application/x-www-form-urlencoded', urlEncoded],
  ])('%s, byte for byte', async (_, encode) => {
    const { status, body } = await send(fields({ 'body-mime': eightBit }), encode)
    expect([status, body.results?.[0]?.status]).toEqual([200, 'delivered'])
    const [mail = ''] = await door.mails(ada)
    expect(mail.endsWith(eightBit.toString('latin1'))).toBe(true)
    expect(mail).toContain('Return-Path: <carol@example.org>')
  })

  test.each([
    ['multipart/form-data', multipart],
    ['application/x-www-form-urlencoded', urlEncoded],
  ])('%s with a message that goes by a file, its signature behind it', async (_, encode) => {
    const large = `${plain}${`${'y=&+%\r\n-'.repeat(100)}\r\n`.repeat(600)}`
    const { signature, token, timestamp, ...rest } = fields({ 'body-mime': large })
    const given = { ...rest, token, timestamp, signature } as Fields
    expect((await send(given, encode)).status).toBe(200)
    expect((await door.mails(ada))[0]?.endsWith(large)).toBe(true)
    expect(await readdir(join(door.folder, 'incoming'))).toEqual([])
  })

  test('the same again is delivered once, with the same token or another', async () => {
    const given = fields()
    expect((await send(given)).body.repeated).toBe(false)
    expect((await send(given)).body.repeated).toBe(true)
    expect((await send(fields())).body.repeated).toBe(true)
    expect(await door.mails(ada)).toHaveLength(1)
  })

  test('a token of one message brings no other one', async () => {
    const given = fields()
    await send(given)
    expect(await send({ ...given, 'body-mime': `${plain}More.\r\n` })).toMatchObject({ status: 409 })
    expect(await send({ ...given, recipient: 'bob@example.test' })).toMatchObject({ status: 409 })
    expect(await door.mails(ada)).toHaveLength(1)
  })

  test.each<[string, () => Promise<Answered>]>([
    ['a wrong signature', () => send(fields({ signature: '0'.repeat(64) }))],
    ['no signature', () => send(fields({ signature: '' }))],
    ['an old time', () => send(fields({ timestamp: seconds(-301) }))],
    ['a time to come', () => send(fields({ timestamp: seconds(301) }))],
    ['an unknown key', () => send(fields(), multipart, { ...key, publicId: 'ing_unknown' })],
    ['the key of another provider', () => send(fields(), multipart, addKey(door, 'postmark', { secret: signingKey }))],
  ])('%s is 401', async (_, sent) => {
    expect(await sent()).toMatchObject({ status: 401, body: { error: { name: 'ingest_unauthorized' } } })
    await expectNothing()
  })

  test('nobody there is 406, so that Mailgun does not come again', async () => {
    expect((await send(fields({ recipient: 'nobody@example.test' }))).status).toBe(406)
  })

  test('a parsed message is said to be none', async () => {
    const { 'body-mime': _, ...parsed } = fields()
    expect(await send({ ...parsed, 'body-plain': 'At four?' })).toMatchObject({
      status: 400,
      body: { error: { name: 'ingest_no_message', message: expect.stringContaining('/mime') } },
    })
  })

  test.each<[string, string, string, RegExp]>([
    ['no form', 'text/plain', 'hello', /no form/],
    ['no boundary', 'multipart/form-data', 'hello', /no boundary/],
    ['no part', 'multipart/form-data; boundary=b', 'hello', /cut off/],
    [
      'no end',
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx',
      /cut off/,
    ],
    ['no name', 'multipart/form-data; boundary=b', '--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--', /no name/],
    ['bytes behind a boundary', 'multipart/form-data; boundary=b', '--bad\r\n\r\nx\r\n--b--', /behind a boundary/],
    ['a header without an end', 'multipart/form-data; boundary=b', `--b\r\n${'A: b\r\n'.repeat(4_000)}`, /too long/],
    ['a long field', 'application/x-www-form-urlencoded', `sender=${'x'.repeat(70_000)}`, /longer than/],
    ['a long name', 'application/x-www-form-urlencoded', 'x'.repeat(20_000), /name of a field/],
    ['many fields', 'application/x-www-form-urlencoded', 'a=1&'.repeat(201), /200 fields/],
    ['a field that comes twice', 'application/x-www-form-urlencoded', 'body-mime=a&body-mime=b', /twice/],
  ])('%s is 400', async (_, type, body, message) => {
    const url = `${door.url}/v1/ingest/mailgun/${key.publicId}/mime`
    const answer = await post(url, { body, headers: { 'Content-Type': type } })
    expect([answer.status, answer.body.error?.name]).toEqual([400, 'ingest_malformed'])
    expect(answer.body.error?.message).toMatch(message)
    await expectNothing()
  })
})

describe('SendGrid', () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const publicKey = pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
  let key: IngestSecret
  beforeEach(() => {
    key = addKey(door, 'sendgrid', { secret: publicKey })
  })

  const envelope = JSON.stringify({ to: ['ada@example.test'], from: 'carol@example.org' })
  const fields = { headers: 'x', email: eightBit, to: 'Ada <ada@example.test>', envelope, charsets: '{}' }

  interface Given {
    readonly fields?: Record<string, string | Buffer>
    readonly at?: string
    readonly by?: KeyObject
    readonly of?: IngestSecret
    readonly headers?: Record<string, string>
  }

  function send(given: Given = {}): Promise<Answered> {
    const { body, type } = multipart(given.fields ?? fields)
    const at = given.at ?? seconds()
    const signature = sign('sha256', Buffer.concat([Buffer.from(at), body]), given.by ?? pair.privateKey)
    const headers = {
      'Content-Type': type,
      'X-Twilio-Email-Event-Webhook-Signature': signature.toString('base64'),
      'X-Twilio-Email-Event-Webhook-Timestamp': at,
      ...given.headers,
    }
    const url = `${door.url}/v1/ingest/sendgrid/${(given.of ?? key).publicId}`
    return post(url, { body: new Uint8Array(body), headers })
  }

  test('the whole message, byte for byte, and once', async () => {
    expect(await send()).toMatchObject({
      status: 200,
      body: { results: [{ address: 'ada@example.test', status: 'delivered' }] },
    })
    expect((await send({ at: seconds(10) })).body.repeated).toBe(true)
    const mails = await door.mails(ada)
    expect(mails).toHaveLength(1)
    expect(mails[0]?.endsWith(eightBit.toString('latin1'))).toBe(true)
  })

  test.each<[string, () => Promise<Answered>]>([
    ['another signer', () => send({ by: generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey })],
    ['no signature', () => send({ headers: { 'X-Twilio-Email-Event-Webhook-Signature': '' } })],
    ['another time than was signed', () => send({ headers: { 'X-Twilio-Email-Event-Webhook-Timestamp': seconds(1) } })],
    ['an old time', () => send({ at: seconds(-301) })],
    ['an unknown key', () => send({ of: { ...key, publicId: 'ing_unknown' } })],
    [
      'a password for a key that signs',
      () => send({ headers: { ...basic(publicKey), 'X-Twilio-Email-Event-Webhook-Signature': '' } }),
    ],
  ])('%s is 401', async (_, sent) => {
    expect((await sent()).status).toBe(401)
    await expectNothing()
  })

  test('by the password in its URL, where nothing is signed', async () => {
    const of = addKey(door, 'sendgrid')
    expect((await send({ of, headers: basic('wrong') })).status).toBe(401)
    expect((await send({ of })).status).toBe(401)
    expect((await send({ of, headers: basic(of.secret) })).status).toBe(200)
  })

  test.each<[string, Record<string, string | Buffer>, RegExp]>([
    ['a parsed message', { envelope, text: 'At four?' }, /full MIME/],
    ['no envelope', { email: plain }, /envelope is no JSON/],
    ['an envelope of another kind', { email: plain, envelope: '[]' }, /no JSON object/],
    ['an envelope without addresses', { email: plain, envelope: '{}' }, /no from and to/],
  ])('%s is 400', async (_, given, message) => {
    const { status, body } = await send({ fields: given })
    expect([status, body.error?.message]).toEqual([400, expect.stringMatching(message)])
  })
})

const basic = (password: string): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`postern:${password}`).toString('base64')}`,
})

describe('Postmark', () => {
  let key: IngestSecret
  beforeEach(() => {
    key = addKey(door, 'postmark')
  })

  const told = (more: object = {}): object => ({
    ...{ FromName: 'Carol', MessageStream: 'inbound', From: 'carol@example.org' },
    FromFull: { Email: 'carol@example.org', Name: 'Carol', MailboxHash: '' },
    ...{ To: 'ada@example.test', OriginalRecipient: 'ada@example.test', Subject: 'Tea' },
    ...{ MessageID: '22c74902-a0c1-4511-804f-341342852c90', TextBody: 'At four?', Attachments: [] },
    ...{ RawEmail: plain.replaceAll('\r\n', '\n'), ...more },
  })
  const send = (body: object | string, password = key.secret, of = key): Promise<Answered> =>
    post(`${door.url}/v1/ingest/postmark/${of.publicId}`, {
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', ...basic(password) },
    })

  test('the raw message, once', async () => {
    expect(await send(told())).toMatchObject({ status: 200, body: { repeated: false } })
    expect((await send(told())).body.repeated).toBe(true)
    const mails = await door.mails(ada)
    expect(mails).toHaveLength(1)
    expect(mails[0]?.endsWith(plain)).toBe(true)
  })

  test('another message under its id is refused', async () => {
    await send(told())
    expect((await send(told({ RawEmail: 'From: x@example.org\n\nNo.\n' }))).status).toBe(409)
  })

  test('the URL with its password, as curl takes it', async () => {
    const url = `http://postern:${key.secret}@127.0.0.1:${door.http.port}/v1/ingest/postmark/${key.publicId}`
    const { stdout } = await run('curl', [
      '-sS',
      '-d',
      JSON.stringify(told()),
      '-H',
      'Content-Type: application/json',
      url,
    ])
    expect(JSON.parse(stdout)).toMatchObject({ repeated: false })
  })

  test('a wrong password, none, an unknown key: 401', async () => {
    for (const sent of [
      send(told(), 'wrong'),
      send(told(), ''),
      send(told(), key.secret, { ...key, publicId: 'ing_x' }),
    ])
      expect((await sent).status).toBe(401)
    await expectNothing()
  })

  test('nobody there is 403, so that Postmark does not come again', async () => {
    expect((await send(told({ OriginalRecipient: 'nobody@example.test' }))).status).toBe(403)
  })

  test.each<[string, object | string, string]>([
    ['no raw message', told({ RawEmail: undefined }), 'ingest_no_message'],
    ['no JSON', '{', 'ingest_malformed'],
    ['no object', '[]', 'ingest_malformed'],
    ['no sender', told({ FromFull: null }), 'ingest_malformed'],
    ['a recipient that is a number', told({ OriginalRecipient: 7 }), 'ingest_malformed'],
  ])('%s is 400', async (_, body, name) => {
    expect(await send(body)).toMatchObject({ status: 400, body: { error: { name } } })
  })
})

const run = promisify(execFile)

describe('Amazon SES', () => {
  const topic = 'arn:aws:sns:eu-west-1:123456789012:mail'
  const certificateUrl = 'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem'
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  let certificate: string
  let key: IngestSecret

  beforeAll(async () => {
    const probe = await openDoor()
    const file = join(probe.folder, 'sns.pem')
    await writeFile(file, privateKey.export({ format: 'pem', type: 'pkcs8' }))
    certificate = execFileSync(
      'openssl',
      ['req', '-x509', '-key', file, '-subj', '/CN=sns.amazonaws.com', '-days', '36500'],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    ).toString()
    await probe.close()
  })

  beforeEach(() => {
    // The certificate begins now.
    door.clock.now = Date.now() + 60_000
    key = addKey(door, 'ses', { secret: topic })
    door.web.fetch = async (url) =>
      url === certificateUrl || url.startsWith('https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription')
        ? new Response(certificate)
        : new Response('', { status: 404 })
  })

  interface Mail {
    readonly encoding?: string
    readonly content?: string
    readonly action?: object
    readonly recipients?: string[]
  }
  const received = ({
    encoding = 'BASE64',
    content = eightBit.toString('base64'),
    recipients = ['ada@example.test'],
    ...more
  }: Mail = {}) => ({
    notificationType: 'Received',
    receipt: {
      ...{ timestamp: '2026-11-20T09:30:00.000Z', processingTimeMillis: 222, recipients },
      ...{ spamVerdict: { status: 'PASS' }, action: more.action ?? { type: 'SNS', topicArn: topic, encoding } },
    },
    mail: { source: 'carol@example.org', messageId: 'd6iitobk75ur44p8kdnnp7g2n800', destination: recipients },
    content,
  })

  type Sns = Record<string, string | undefined>
  const notification = (told: unknown = received(), more: Sns = {}): Sns => ({
    Type: 'Notification',
    MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
    TopicArn: topic,
    Subject: 'Amazon SES Email Receipt Notification',
    Message: JSON.stringify(told),
    Timestamp: new Date(door.clock.now - 1_000).toISOString(),
    SignatureVersion: '2',
    SigningCertURL: certificateUrl,
    UnsubscribeURL: 'https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe',
    ...more,
  })

  function signed(message: Sns): Sns {
    const names = ['Message', 'MessageId', 'Subject', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']
    let text = ''
    for (const name of names) if (message[name] !== undefined) text += `${name}\n${message[name]}\n`
    const signer = createSign(message.SignatureVersion === '1' ? 'RSA-SHA1' : 'RSA-SHA256')
    return { ...message, Signature: signer.update(text).sign(privateKey, 'base64') }
  }
  const send = (message: Sns, of = key): Promise<Answered> =>
    post(`${door.url}/v1/ingest/ses/${of.publicId}`, {
      body: JSON.stringify(message),
      headers: { 'Content-Type': 'text/plain; charset=UTF-8', 'x-amz-sns-message-type': String(message.Type) },
    })

  test.each(['1', '2'])('signed by version %s: delivered byte for byte, and once', async (SignatureVersion) => {
    const message = signed(notification(received(), { SignatureVersion }))
    expect(await send(message)).toMatchObject({ status: 200, body: { repeated: false } })
    expect((await send(message)).body.repeated).toBe(true)
    const mails = await door.mails(ada)
    expect(mails).toHaveLength(1)
    expect(mails[0]?.endsWith(eightBit.toString('latin1'))).toBe(true)
  })

  test.each([
    ['PASS', 'spf=pass (told by Amazon SES) smtp.mailfrom=carol@example.org'],
    ['FAIL', 'spf=fail (told by Amazon SES) smtp.mailfrom=carol@example.org'],
    ['GRAY', 'spf=none (told by Amazon SES) smtp.mailfrom=carol@example.org'],
    ['PROCESSING_FAILED', 'spf=temperror (told by Amazon SES) smtp.mailfrom=carol@example.org'],
    ['whatever comes next', undefined],
  ])('what Amazon says of SPF: %s', async (status, field) => {
    const names = await nameServer()
    onTestFinished(() => names.close())
    judgedBy(door, names.server)
    const told = received()
    const receipt = { ...told.receipt, spfVerdict: { status } }
    expect((await send(signed(notification({ ...told, receipt })))).status).toBe(200)
    const [mail = ''] = await door.mails(ada)
    expect(/^ (spf=[^;]*);/m.exec(mail)?.[1]).toBe(field)
  })

  test('the certificate is fetched once', async () => {
    await send(signed(notification()))
    await send(signed(notification(received({ recipients: ['bob@example.test'] }))))
    expect(door.web.asked).toEqual([certificateUrl])
  })

  test('content as UTF-8, and without a subject', async () => {
    const told = received({ encoding: 'UTF8', content: plain })
    expect((await send(signed(notification(told, { Subject: undefined })))).status).toBe(200)
    expect((await door.mails(ada))[0]?.endsWith(plain)).toBe(true)
  })

  test('one message that is told of for each of its recipients goes to each', async () => {
    const bob = await door.inbox('bob')
    await send(signed(notification()))
    await send(signed(notification(received({ recipients: ['bob@example.test'] }))))
    expect([(await door.mails(ada)).length, (await door.mails(bob)).length]).toEqual([1, 1])
  })

  const hour = 3_600_000
  test.each<[string, () => Promise<Answered>]>([
    [
      'a changed message',
      () => send({ ...signed(notification()), Message: JSON.stringify(received({ content: '' })) }),
    ],
    ["somebody else's topic", () => send(signed(notification(received(), { TopicArn: `${topic}2` })))],
    [
      'an old time',
      () => send(signed(notification(received(), { Timestamp: new Date(door.clock.now - 1.1 * hour).toISOString() }))),
    ],
    ['no time', () => send(signed(notification(received(), { Timestamp: 'now' })))],
    ['another version', () => send(signed(notification(received(), { SignatureVersion: '3' })))],
    ['another type', () => send(signed(notification(received(), { Type: 'Else' })))],
    ['an unknown key', () => send(signed(notification()), { ...key, publicId: 'ing_x' })],
    ...[
      'http://sns.eu-west-1.amazonaws.com/x.pem',
      'https://sns.eu-west-1.amazonaws.com.evil.test/x.pem',
      'https://evil.test/sns.eu-west-1.amazonaws.com/x.pem',
      'https://x@sns.eu-west-1.amazonaws.com/x.pem',
      'https://sns.eu-west-1.amazonaws.com:8443/x.pem',
      'https://s3.eu-west-1.amazonaws.com/evil/x.pem',
      'https://sns.eu-west-1.amazonaws.com/x',
      'nothing',
    ].map((url): [string, () => Promise<Answered>] => [
      `a certificate at ${url}`,
      () => send(signed(notification(received(), { SigningCertURL: url }))),
    ]),
  ])('%s is 401', async (_, sent) => {
    expect((await sent()).status).toBe(401)
    expect(door.web.asked.filter((url) => url !== certificateUrl)).toEqual([])
    await expectNothing()
  })

  test('a certificate that has ended is none', async () => {
    door.clock.now = Date.UTC(2150, 1, 1)
    expect((await send(signed(notification()))).status).toBe(401)
  })

  test('Amazon does not answer: it has to come again', async () => {
    door.web.fetch = () => Promise.reject(new Error('down'))
    expect((await send(signed(notification()))).status).toBe(503)
    await expectNothing()
  })

  test('a subscription is confirmed, by whoever is signed alone', async () => {
    const SubscribeURL = 'https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336'
    const asks = (more: Sns = {}): Sns =>
      notification('', { Type: 'SubscriptionConfirmation', Token: '2336', Subject: undefined, SubscribeURL, ...more })
    expect((await send({ ...signed(asks()), Token: '9' })).status).toBe(401)
    expect((await send(signed(asks({ SubscribeURL: 'https://evil.test/' })))).status).toBe(401)
    expect(door.web.asked).not.toContain(SubscribeURL)
    expect(await send(signed(asks()))).toMatchObject({ status: 200, body: { subscribed: topic } })
    expect(door.web.asked).toContain(SubscribeURL)
    expect((await send(signed(asks({ Type: 'UnsubscribeConfirmation' })))).status).toBe(200)
  })

  test.each<[string, object, RegExp]>([
    ['a rule that stores it in S3', received({ action: { type: 'S3', bucketName: 'b' } }), /SNS action/],
    ['no content', received(), /no message/],
    ['a bounce', { notificationType: 'Bounce' }, /not of a received/],
  ])('%s is said to be no message', async (_, told, message) => {
    const { status, body } = await send(signed(notification({ ...told, content: undefined })))
    expect([status, body.error?.name]).toEqual([400, 'ingest_no_message'])
    expect(body.error?.message).toMatch(message)
  })
})
