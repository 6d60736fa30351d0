// `POST /v1/ingest` over real HTTP: what is taken, what is answered to whom, and that nothing is delivered twice or by anybody else.

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import { promisify } from 'node:util'
import type { Inbox } from '@postern/mailbox-store'
import { SmtpError } from '@postern/smtp'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { IngestSecret } from '../src/index.js'
import {
  type Answered,
  addKey,
  type Door,
  openDoor,
  plain,
  post,
  type SignedFields,
  signedHeaders,
} from './ingest-door.js'

let door: Door
let key: IngestSecret
let ada: Inbox

beforeEach(async () => {
  door = await openDoor()
  key = addKey(door, 'http')
  ada = await door.inbox('ada')
})
afterEach(() => door.close())

/** Other tests may have the machine. */
const patient = { timeout: 20_000 }

type Given = Partial<SignedFields> & { readonly by?: IngestSecret; readonly headers?: Record<string, string> }

const send = (body: string | Buffer = plain, { by = key, headers = {}, ...fields }: Given = {}): Promise<Answered> =>
  post(`${door.url}/v1/ingest`, { headers: { ...signedHeaders(door, { key: by, body, ...fields }), ...headers }, body })

/** Nothing is stored, and no file is left. */
async function expectNothing(): Promise<void> {
  expect(await door.mails(ada)).toEqual([])
  expect(await readdir(join(door.folder, 'incoming')).catch(() => [])).toEqual([])
}

describe('what is taken', () => {
  test('is delivered as it came, and the answer says to whom', async () => {
    const { status, body } = await send()
    expect([status, body]).toEqual([
      200,
      {
        id: expect.stringMatching(/^q_/),
        results: [{ address: 'ada@example.test', status: 'delivered', reply: '250 2.1.5 Ok' }],
        repeated: false,
      },
    ])
    const [mail = ''] = await door.mails(ada)
    expect(mail.endsWith(plain)).toBe(true)
    expect(mail).toContain('Return-Path: <carol@example.org>\r\nDelivered-To: ada@example.test\r\n')
    expect(mail).toContain(`with HTTP id ${body.id}`)
  })

  test('large ones, by a file of which nothing is left', async () => {
    const large = `${plain}${`${'y'.repeat(998)}\r\n`.repeat(2_500)}`
    expect((await send(large)).status).toBe(200)
    expect((await door.mails(ada))[0]?.endsWith(large)).toBe(true)
    expect(await readdir(join(door.folder, 'incoming'))).toEqual([])
  })

  test('lines that end in LF get their CR, in whatever pieces they come', async () => {
    const body = Buffer.from(plain.replaceAll('\r\n', '\n'))
    const pieces = new ReadableStream({
      start(out) {
        for (const byte of body) out.enqueue(Uint8Array.of(byte))
        out.close()
      },
    })
    const headers = signedHeaders(door, { key, body })
    const { status } = await post(`${door.url}/v1/ingest`, { headers, body: pieces, duplex: 'half' } as RequestInit)
    expect(status).toBe(200)
    expect((await door.mails(ada))[0]?.endsWith(plain)).toBe(true)
  })

  test('a null sender, and several recipients of whom one is written twice', async () => {
    const bob = await door.inbox('bob')
    const recipients = 'ada@example.test, bob@example.test,ada@example.test'
    const { body } = await send(plain, { sender: '<>', recipients })
    expect(body.results?.map(({ status }) => status)).toEqual(['delivered', 'delivered'])
    expect([(await door.mails(ada)).length, (await door.mails(bob)).length]).toEqual([1, 1])
    expect((await door.mails(ada))[0]).toContain('Return-Path: <>')
  })

  test('the key of an environment is for all of its domains', async () => {
    const all = addKey(door, 'http', { domain: undefined })
    expect((await send(plain, { by: all })).status).toBe(200)
  })

  test('what curl posts, as the documentation prints it', async () => {
    const headers = Object.entries(signedHeaders(door, { key, body: plain })).flatMap(([name, value]) => [
      '-H',
      `${name}: ${value}`,
    ])
    const run = promisify(execFile)('curl', ['-sS', ...headers, '--data-binary', '@-', `${door.url}/v1/ingest`])
    run.child.stdin?.end(plain)
    expect(JSON.parse((await run).stdout)).toMatchObject({ repeated: false })
    expect(await door.mails(ada)).toHaveLength(1)
  })
})

describe('the same id', () => {
  test('with the same body has the same answer, and nothing is delivered again', async () => {
    const first = await send()
    door.clock.now += 60_000
    const again = await send()
    expect(again.status).toBe(200)
    expect(again.body).toEqual({ ...first.body, repeated: true })
    expect(await door.mails(ada)).toHaveLength(1)
  })

  test.each<[string, string, Given]>([
    ['another body', `${plain}More.\r\n`, {}],
    ['another sender', plain, { sender: 'dave@example.org' }],
    ['other recipients', plain, { recipients: 'bob@example.test' }],
  ])('with %s is refused', async (_, body, given) => {
    await door.inbox('bob')
    await send()
    expect(await send(body, given)).toMatchObject({ status: 409, body: { error: { name: 'ingest_conflict' } } })
    expect(await door.mails(ada)).toHaveLength(1)
  })

  test('fifty at once deliver once; another key of the domain is no other sender', async () => {
    const other = addKey(door, 'http')
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => send(plain, { by: i % 2 ? key : other })))
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200))
    expect(answers.filter(({ body }) => body.repeated === false)).toHaveLength(1)
    expect(await door.mails(ada)).toHaveLength(1)
  })

  test('whose answer was not written down any more delivers nothing again', async () => {
    const { context } = door
    const outbox = but(door.store.outbox, { rememberAnswer: () => Promise.reject(new Error('killed')) })
    door.context = { ...context, store: but(door.store, { outbox }) }
    expect((await send()).status).toBe(500)
    expect(await door.mails(ada)).toHaveLength(1)
    door.context = context
    expect((await send()).body).toMatchObject({ repeated: false, results: [{ status: 'delivered' }] })
    expect(await door.mails(ada)).toHaveLength(1)
  })

  test('after a full inbox goes on where it stopped', async () => {
    const bob = await door.inbox('bob')
    await door.store.directory.updateInbox(bob.id, { quotaBytes: 1 })
    const recipients = 'ada@example.test,bob@example.test'
    const full = await send(plain, { recipients })
    expect(full).toMatchObject({ status: 507, body: { error: { name: 'inbox_full' } } })
    expect(full.headers.get('retry-after')).toBe('600')
    expect(full.body.results?.map(({ status }) => status)).toEqual(['delivered', 'deferred'])
    await door.store.directory.updateInbox(bob.id, { quotaBytes: null })
    expect((await send(plain, { recipients })).status).toBe(200)
    expect([(await door.mails(ada)).length, (await door.mails(bob)).length]).toEqual([1, 1])
  })
})

describe('who nobody vouches for', () => {
  const wrong: [string, () => Promise<Answered>][] = [
    ['a wrong signature', () => send(plain, { headers: { 'Postern-Signature': `v1=${'0'.repeat(64)}` } })],
    ['no signature', () => send(plain, { headers: { 'Postern-Signature': '' } })],
    ['another form of signature', () => send(plain, { headers: { 'Postern-Signature': 'v0=1' } })],
    ['an unknown key', () => send(plain, { headers: { 'Postern-Key': 'ing_unknown' } })],
    ['the key of another provider', () => send(plain, { by: addKey(door, 'postmark') })],
    ['another recipient than was signed', () => send(plain, { headers: { 'Postern-Recipients': 'bob@example.test' } })],
    ['another sender than was signed', () => send(plain, { headers: { 'Postern-Sender': '' } })],
    ['another id than was signed', () => send(plain, { headers: { 'Postern-Id': 'm2' } })],
    ['a time that is over', () => send(plain, { at: door.clock.now - 301_000 })],
    ['a time to come', () => send(plain, { at: door.clock.now + 302_000 })],
    ['a message that goes in circles, too', () => send(`Delivered-To: ada@example.test\r\n${plain}`, wrongly)],
    ['nobody there, too', () => send(plain, { ...wrongly, recipients: 'nobody@example.test' })],
  ]
  const wrongly = { headers: { 'Postern-Signature': 'v1=00' } }

  test.each(wrong)('%s: 401, always in the same words', async (_, sent) => {
    const { status, body, headers } = await sent()
    expect([status, body]).toEqual([
      401,
      {
        error: {
          ...{ name: 'ingest_unauthorized', code: 401, docs: '/docs/errors#ingest_unauthorized' },
          message: 'The key or the signature of this post is wrong, or its time is.',
          fix: 'Check the key, the signature and the clock: postern ingest key list.',
        },
      },
    ])
    expect(headers.get('www-authenticate')).toBeTruthy()
    await expectNothing()
  })

  test('the cause is in the log, and no secret and no text is', async () => {
    await send(plain, wrongly)
    await send()
    const log = door.lines.join('')
    expect(log).toContain('"cause":"wrong signature"')
    expect(log).not.toContain(key.secret)
    expect(log).not.toContain('At four?')
    expect(await door.metrics.registry.metrics()).toContain(
      'postern_ingest_posts_total{provider="http",outcome="401"} 1',
    )
  })

  test('a time within five minutes is good', async () => {
    expect((await send(plain, { at: door.clock.now - 299_000 })).status).toBe(200)
  })
})

describe('what is refused', () => {
  test('nobody is there: each recipient with its answer', async () => {
    const recipients = 'nobody@example.test,carol@elsewhere.test'
    const answer = await send(plain, { recipients })
    expect(answer).toMatchObject({
      status: 422,
      body: {
        error: { name: 'message_refused' },
        results: [
          { address: 'nobody@example.test', status: 'refused', reply: expect.stringContaining('550 5.1.1') },
          { address: 'carol@elsewhere.test', status: 'refused', reply: expect.stringContaining('550 5.7.1') },
        ],
      },
    })
  })

  test('some are there: they get it', async () => {
    const answer = await send(plain, { recipients: 'ada@example.test,nobody@example.test' })
    expect(answer.status).toBe(200)
    expect(answer.body.results?.map(({ status }) => status)).toEqual(['delivered', 'refused'])
  })

  test('the key is for another domain', async () => {
    const { environment } = door.domain
    const made = await door.store.directory.createDomain({ environment, name: 'other.test' })
    await door.store.directory.createInbox({ domain: made.id, address: 'x@other.test' })
    const answer = await send(plain, { recipients: 'x@other.test' })
    expect([answer.status, answer.body.results?.[0]?.reply]).toEqual([422, '550 5.7.1 The key is for another domain'])
  })

  test.each<[string, string, number, string]>([
    ['a circle', `Delivered-To: ada@example.test\r\n${plain}`, 422, 'message_refused'],
    ['a bare CR', `${plain}a\rb\r\n`, 422, 'message_refused'],
    ['a NUL', `${plain}a\0b\r\n`, 422, 'message_refused'],
    ['a header without an end', `${'A: b\r\n'.repeat(60_000)}`, 413, 'message_too_big'],
    ['too much', 'y'.repeat(3_000_001), 413, 'message_too_big'],
  ])('%s', async (_, body, status, name) => {
    expect(await send(body)).toMatchObject({ status, body: { error: { name } } })
    await expectNothing()
  })

  test.each<[string, Record<string, string>, RegExp]>([
    ['no id', { 'Postern-Id': '' }, /Postern-Id/],
    ['a strange id', { 'Postern-Id': 'a:b' }, /Postern-Id/],
    ['a long id', { 'Postern-Id': 'a'.repeat(201) }, /Postern-Id/],
    ['a time in words', { 'Postern-Timestamp': 'now' }, /Unix seconds/],
    ['no recipient', { 'Postern-Recipients': ' , ' }, /no recipients/],
    ['a recipient that is none', { 'Postern-Recipients': 'ada' }, /"ada" is no address/],
    ['a sender that is none', { 'Postern-Sender': 'carol' }, /"carol" is no address/],
    ['101 recipients', { 'Postern-Recipients': Array(101).fill('a@b.test').join() }, /100 is the most/],
  ])('%s: 400 that says so', async (_, headers, message) => {
    const { status, body } = await send(plain, { headers })
    expect([status, body.error?.name]).toEqual([400, 'ingest_malformed'])
    expect(body.error?.message).toMatch(message)
  })

  test('a field that comes twice', async () => {
    const fields = { ...signedHeaders(door, { key, body: plain }) }
    const headers = [...Object.entries(fields), ['Postern-Id', 'm2']] as [string, string][]
    const lines = headers.map(([name, value]) => `${name}: ${value}`).join('\r\n')
    const raw = `POST /v1/ingest HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${plain.length}\r\n${lines}\r\n\r\n${plain}`
    expect(await speak(raw)).toMatch(/400 .*Postern-Id comes 2 times/s)
    await expectNothing()
  })

  test('who reads nothing before all is sent hears 413, too', async () => {
    const fields = lines(signedHeaders(door, { key, body: plain }))
    const socket = connect(door.http.port, '127.0.0.1').pause()
    const head = `POST /v1/ingest HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 20000000\r\n${fields}\r\n`
    socket.write(head)
    await new Promise<void>((done, fail) => {
      socket.on('error', fail)
      socket.write(Buffer.alloc(20_000_000, 'y'), () => done())
    })
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 413 .*message_too_big/s)
    await expectNothing()
  })

  test('a Content-Encoding', async () => {
    expect((await send(plain, { headers: { 'Content-Encoding': 'gzip' } })).status).toBe(415)
  })

  test('GET', async () => {
    expect((await fetch(`${door.url}/v1/ingest`)).status).toBe(405)
  })
})

/** As it's on the wire. */
function speak(raw: string | Buffer): Promise<string> {
  const socket = connect(door.http.port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(raw)
  return readAll(socket).catch(() => '')
}

const lines = (headers: Record<string, string>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
const head = (more: Record<string, string>): string =>
  `POST /v1/ingest HTTP/1.1\r\nHost: x\r\n${lines({ ...signedHeaders(door, { key, body: plain }), ...more })}\r\n`

describe('a hostile client', () => {
  test('a megabyte of header fields is 431', async () => {
    expect(await speak(head({ 'X-Much': 'y'.repeat(1_000_000) }))).toMatch(/^HTTP\/1\.1 431/)
  })

  test.each<[string, () => string]>([
    ['chunks that are none', () => `${head({ 'Transfer-Encoding': 'chunked' })}zz\r\n${plain}\r\n0\r\n\r\n`],
    ['a length and chunks', () => `${head({ 'Transfer-Encoding': 'chunked', 'Content-Length': '5' })}0\r\n\r\n`],
    ['two lengths', () => `${head({ 'Content-Length': '5, 6' })}hello`],
  ])('%s: 400, and nothing happens', async (_, raw) => {
    expect(await speak(raw())).toMatch(/^HTTP\/1\.1 400/)
    await expectNothing()
  })

  test('a body that breaks off leaves nothing behind, small or large', async () => {
    for (const sent of [plain, `${plain}${'y'.repeat(1_000_000)}`]) {
      const socket = connect(door.http.port, '127.0.0.1')
      await new Promise((resolve) => socket.write(head({ 'Content-Length': '2000000' }) + sent, resolve))
      socket.destroy()
    }
    await expect.poll(() => door.lines.filter((line) => line.includes('"gone"')).length, patient).toBe(2)
    await expectNothing()
  })

  test('a body that does not come: 408 when its time is over, and nothing is left', async () => {
    await door.close()
    door = await openDoor({ requestTimeoutMs: 400 })
    key = addKey(door, 'http')
    ada = await door.inbox('ada')
    expect(await speak(`${head({ 'Content-Length': '2000000' })}${plain}`)).toMatch(/^HTTP\/1\.1 408/)
    await expect.poll(() => door.lines.some((line) => line.includes('"gone"')), patient).toBe(true)
    await expectNothing()
  })

  test('more than was announced is another request, and not ours', async () => {
    const next = 'GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
    const answer = await speak(`${head({ 'Content-Length': `${plain.length}` })}${plain}${next}`)
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404'])
    expect((await door.mails(ada))[0]?.endsWith(plain)).toBe(true)
  })

  test('slow posts: so many from one network, and then 429 with when to come again', async () => {
    const sockets = Array.from({ length: 50 }, () => connect(door.http.port, '127.0.0.1'))
    for (const socket of sockets) socket.write(head({ 'Content-Length': `${plain.length}` }))
    let refused: Answered | undefined
    await expect
      .poll(async () => {
        refused = await send(plain, { id: randomBytes(8).toString('hex') })
        return refused.status
      }, patient)
      .toBe(429)
    expect(refused?.headers.get('retry-after')).toBe('5')
    for (const socket of sockets) socket.destroy()
    await expect.poll(async () => (await send(plain, { id: 'later' })).status, patient).toBe(200)
  })
})

describe('behind a proxy', () => {
  const forwarded = (client: string, id: string) =>
    post(`${door.url}/v1/ingest`, {
      headers: { ...signedHeaders(door, { key, body: plain, id }), 'X-Forwarded-For': `203.0.113.1, ${client}` },
      body: plain,
    })

  test('each of its clients has limits of its own, and stands in the message and in the log', async () => {
    const own = door
    door = await openDoor({ proxies: ['127.0.0.0/8'] })
    await own.close()
    ada = await door.inbox('ada')
    key = addKey(door, 'http')
    const slow = Array.from({ length: 50 }, () => connect(door.http.port, '127.0.0.1'))
    for (const socket of slow)
      socket.write(head({ 'Content-Length': `${plain.length}`, 'X-Forwarded-For': '198.51.100.1' }))
    await expect
      .poll(async () => (await forwarded('198.51.100.1', randomBytes(8).toString('hex'))).status, patient)
      .toBe(429)
    expect((await forwarded('192.0.2.2', 'other')).status).toBe(200)
    for (const socket of slow) socket.destroy()
    expect((await door.mails(ada)).at(-1)).toContain('Received: from [192.0.2.2] ([192.0.2.2])')
    expect(door.lines.join()).toContain('"from":"192.0.2.2"')
  })

  test('that nobody has named, what it says is not believed', async () => {
    expect((await forwarded('198.51.100.2', 'm1')).status).toBe(200)
    expect((await door.mails(ada))[0]).toContain('Received: from [127.0.0.1] ([127.0.0.1])')
  })
})

/** The same object, but for what is named. */
const but = <Of extends object>(of: Of, changes: Partial<Of>): Of =>
  new Proxy(of, {
    get(target, name) {
      const value = Reflect.get(name in changes ? changes : target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })

test('where the server has no room it asks to come again', async () => {
  const { context } = door
  door.context = {
    ...context,
    judge: {
      ...context.judge,
      judge: () => Promise.reject(new SmtpError('452 4.3.1 The server is out of room, try again later')),
    },
  }
  const answer = await send()
  expect(answer).toMatchObject({ status: 503, body: { error: { name: 'ingest_unavailable' } } })
  expect(answer.headers.get('retry-after')).toBe('60')
  door.context = context
  expect((await send()).status).toBe(200)
})
