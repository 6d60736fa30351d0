// The mode `encrypted`: what is stored is decrypted with GnuPG, and nothing else of the message is to be found in the folder.

import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Inbox, openStore, type Store } from '@postern/mailbox-store'
import { MemoryBudget } from '@postern/smtp'
import { createLogger, createMailLog, createMetrics } from '@postern/telemetry'
import { simpleParser } from 'mailparser'
import { expect, onTestFinished, test } from 'vitest'
import {
  type Arrival,
  type ArrivalRecipient,
  acceptAll,
  deliver,
  encrypted,
  type InboundContext,
  laneOf,
  type Planner,
  plainPlan,
} from '../src/index.js'
import { Gpg } from './gpg.js'

const arrival: Arrival = {
  ...{ id: 'q_1', via: 'smtp', sender: 'carol@example.org', helo: 'mail.example.org', clientAddress: '192.0.2.7' },
  ...{ tls: undefined, smtpUtf8: false, receivedAt: Date.now() },
}

async function town(publicKey: string, planner: Planner = plainPlan) {
  const folder = await mkdtemp(join(tmpdir(), 'postern-encrypted-'))
  const store = await openStore({ folder: join(folder, 'store') })
  onTestFinished(async () => {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  const lines: string[] = []
  const logger = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } })
  const metrics = createMetrics({ processMetrics: false })
  const hostname = 'mx.example.test'
  const clock = { aheadMs: 0 }
  const now = (): number => Date.now() + clock.aheadMs
  const mode = encrypted({ ...{ store, planner, hostname, logger }, clock: now })
  const context: InboundContext = {
    ...{ store, hostname, logger, metrics, planner, judge: acceptAll, clock: now },
    modes: { encrypted: mode },
    recipientFor: async () => ({ kind: 'remote' }),
    holding: { folder: join(folder, 'incoming'), memoryBytesMax: 65_536, budget: new MemoryBudget(0) },
    postmasterDomain: 'example.test',
    mailLog: createMailLog({ logger, metrics }),
  }
  const { environment } = await store.directory.ensureDefault({ tenant: 'default', environment: 'production' })
  const domain = await store.directory.createDomain({
    ...{ environment: environment.id, name: 'example.test', catchAll: true, mode: 'encrypted' },
    settings: { publicKey },
  })
  const ada = await store.directory.createInbox({ domain: domain.id, address: 'ada@example.test' })
  const to = (inbox: Inbox): ArrivalRecipient => ({ address: inbox.address, domain, inbox })
  const send = (text: string | AsyncIterable<Buffer>, recipients: readonly ArrivalRecipient[] = [to(ada)]) =>
    deliver(typeof text === 'string' ? pieces(text) : text, {
      ...{ delivering: { arrival, recipients, bytesMax: 50_000_000, together: true }, context },
    })
  return { folder, store, context, domain, ada, to, send, lines, clock }
}

async function* pieces(text: string): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000)
}

async function stored(store: Store, inbox: Inbox): Promise<string[]> {
  const account = store.account(inbox.id)
  const open = await account.open((await account.mailbox('INBOX'))!.id)
  await open.refresh()
  const { entries, length } = open.index
  const contents = await Promise.all(Array.from(entries.messages.subarray(0, length), (each) => open.content(each)))
  const bytes = await Promise.all(contents.map((content) => content?.bytes()))
  open.close()
  return bytes.map((each) => Buffer.from(each ?? []).toString('latin1'))
}

const armoured = (text: string): string => /-----BEGIN PGP MESSAGE-----.*-----END PGP MESSAGE-----/s.exec(text)![0]

async function files(folder: string): Promise<Buffer> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  const bytes = found.filter((each) => each.isFile()).map((each) => readFile(join(each.parentPath, each.name)))
  return Buffer.concat(await Promise.all(bytes))
}

const secret =
  'From: Carol <carol@example.org>\r\nTo: ada@example.test\r\nSubject: Merger with Globex\r\nX-Case: 4711-alpha\r\n' +
  'Message-ID: <one@example.org>\r\nDate: Fri, 20 Nov 2026 09:30:00 +0000\r\nMIME-Version: 1.0\r\n' +
  'Content-Type: multipart/mixed;\r\n boundary="b"\r\n\r\n' +
  '--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nThe price is 9 million. Grüße\r\n' +
  '--b\r\nContent-Type: application/pdf; name="plan.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--b--\r\n'

test.each([
  ['RSA', { algorithm: 'rsa2048', encrypts: 'rsa2048' }],
  ['Curve25519', {}],
])('with a key of %s, gpg reads what was sent, attachments and all, and nobody else does', async (_, options) => {
  const gpg = new Gpg()
  const here = await town(gpg.makeKey('ada@example.test', options))
  expect(await here.send(secret)).toMatchObject([{ kind: 'delivered' }])
  const [text = ''] = await stored(here.store, here.ada)
  expect(text).toMatch(/^Return-Path: <carol@example\.org>\r\nDelivered-To: ada@example\.test\r\nReceived: /)
  const outside = await simpleParser(text)
  expect(outside).toMatchObject({ subject: '[...]', messageId: '<one@example.org>' })
  expect(outside.headers.get('content-type')).toMatchObject({
    ...{ value: 'multipart/encrypted', params: { protocol: 'application/pgp-encrypted' } },
  })
  expect(text).not.toMatch(/Globex|4711|million|plan\.pdf|[^\r]\n/)

  const inside = gpg.decrypt(armoured(text)).toString()
  expect(inside.slice(inside.indexOf('\r\n\r\n'))).toBe(secret.slice(secret.indexOf('\r\n\r\n')))
  expect(inside).toContain('Subject: Merger with Globex\r\nX-Case: 4711-alpha\r\n')
  expect(inside).toContain('HP-Outer: Subject: [...]\r\n')
  const parsed = await simpleParser(inside)
  expect(parsed).toMatchObject({ subject: 'Merger with Globex', text: 'The price is 9 million. Grüße' })
  expect(parsed.attachments[0]).toMatchObject({ filename: 'plan.pdf', content: Buffer.from('%PDF-1.4\n') })
  expect(parsed.headers.get('content-type')).toMatchObject({ params: { boundary: 'b', hp: 'cipher' } })
})

test('nothing of the plain text is found in any file, nor by a search', async () => {
  const gpg = new Gpg()
  const here = await town(gpg.makeKey('ada@example.test'))
  const words = 'Zwiebelmarmelade '.repeat(20_000)
  await here.send(`Subject: Zwiebelmarmelade\r\n\r\n${words}\r\n`)
  const account = here.store.account(here.ada.id)
  const open = await account.open((await account.mailbox('INBOX'))!.id)
  await open.refresh()
  const { entries, length } = open.index
  expect(length).toBe(1)
  const rows = await open.rows(entries.messages.subarray(0, length), { preview: true })
  open.close()
  expect(JSON.stringify(rows)).not.toContain('Zwiebel')
  expect((await files(here.folder)).includes('Zwiebelmarmelade')).toBe(false)
  expect(here.lines.join('')).not.toContain('Zwiebel')
  expect(gpg.decrypt(armoured((await stored(here.store, here.ada))[0]!)).toString()).toContain(words)
})

test('an inbox with a key of its own gets what is sent to it with that key, and by itself', async () => {
  const gpg = new Gpg()
  const here = await town(gpg.makeKey('domain@example.test'))
  const own = new Gpg()
  const bob = await here.store.directory.createInbox({ domain: here.domain.id, address: 'bob@example.test' })
  const keyed = await here.store.directory.updateInbox(bob.id, { publicKey: own.makeKey('bob@example.test') })
  expect(laneOf(here.to(keyed), here.context)).not.toBe(laneOf(here.to(here.ada), here.context))
  expect(await here.send(secret, [here.to(keyed), here.to(here.ada)])).toMatchObject([
    { kind: 'delivered' },
    { kind: 'delivered' },
  ])
  const [[toBob = ''], [toAda = '']] = [await stored(here.store, keyed), await stored(here.store, here.ada)]
  expect(own.decrypt(armoured(toBob)).toString()).toContain('million')
  expect(gpg.decrypt(armoured(toAda)).toString()).toContain('million')
  expect(() => gpg.decrypt(armoured(toBob))).toThrow()
})

test('what came encrypted is kept as it is; what only says so is encrypted', async () => {
  const gpg = new Gpg()
  const here = await town(gpg.makeKey('ada@example.test'))
  const body = gpg.say(['--armor', '--trust-model', 'always', '-r', 'ada@example.test', '--encrypt'], 'Hi').toString()
  const sent = (data: string): string =>
    'From: c@example.org\r\nSubject: Tea\r\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=x\r\n\r\n' +
    `--x\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--x\r\nContent-Type: application/octet-stream\r\n\r\n${data}\r\n--x--\r\n`
  const theirs = sent(body.replaceAll('\n', '\r\n'))
  await here.send(theirs)
  await here.send(sent('At four o’clock'))
  const [first = '', second = ''] = await stored(here.store, here.ada)
  expect(first.endsWith(theirs)).toBe(true)
  expect(second).not.toContain('At four')
  expect(gpg.decrypt(armoured(second)).toString()).toContain('At four o’clock')
})

test('a message of 40 MB is encrypted in flat memory, and is whole', { timeout: 60_000 }, async () => {
  const gpg = new Gpg()
  const here = await town(gpg.makeKey('ada@example.test'))
  const line = Buffer.from(`${'0123456789'.repeat(7)}\r\n`)
  const piece = Buffer.concat(Array.from({ length: 1_000 }, () => line))
  const hash = createHash('sha256')
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  const looking = setInterval(() => (most = Math.max(most, process.memoryUsage().arrayBuffers - before)), 2)
  onTestFinished(() => clearInterval(looking))
  await here.send(
    (async function* () {
      yield Buffer.from('From: c@example.org\r\nSubject: Big\r\n\r\n')
      for (let at = 0; at < 40_000_000; at += piece.length) {
        hash.update(piece)
        yield piece
      }
    })(),
    [here.to(here.ada)],
  )
  clearInterval(looking)
  const [text = ''] = await stored(here.store, here.ada)
  const inside = gpg.decrypt(armoured(text))
  const body = inside.subarray(inside.indexOf('\r\n\r\n') + 4)
  expect(createHash('sha256').update(body).digest('hex')).toBe(hash.digest('hex'))
  expect(most).toBeLessThan(60_000_000)
})

test('with a key that has expired mail waits, and the log says why', async () => {
  const gpg = new Gpg()
  const here = await town(gpg.makeKey('ada@example.test', { expires: '2d' }))
  here.clock.aheadMs += 3 * 86_400_000
  expect(await here.send(secret)).toMatchObject([
    { kind: 'deferred', reply: '451 4.7.5 Mail for ada@example.test cannot be encrypted now, try again later' },
  ])
  expect(await stored(here.store, here.ada)).toEqual([])
  expect(here.lines.join('')).toMatch(/mail waits for a key/)
  expect(here.lines.join('')).toMatch(/The key expired on/)
})

test('a sender that breaks off leaves nothing', async () => {
  const gpg = new Gpg()
  const here = await town(gpg.makeKey('ada@example.test'))
  const broken = (async function* () {
    yield Buffer.from(secret)
    throw new Error('gone')
  })()
  await expect(here.send(broken)).rejects.toThrow('gone')
  expect(await stored(here.store, here.ada)).toEqual([])
  expect(await readdir(join(here.folder, 'incoming')).catch(() => [])).toEqual([])
})

test('rules see the plain message, and what they send on is encrypted', async () => {
  const gpg = new Gpg()
  const seen: string[] = []
  const planner: Planner = {
    async plan({ header }, { inbox }) {
      seen.push(/^Subject: (.*)\r$/m.exec(header.toString())?.[1] ?? '')
      const ofAll = { account: inbox.id, sender: inbox.address, keep: true, foreign: true }
      const forward = { ...ofAll, recipients: ['bob@example.org'], notify: 'FAILURE' }
      return { places: [], sendings: [forward, { ...ofAll, recipients: [inbox.address], sink: 'rul_1' }] }
    },
  }
  const here = await town(gpg.makeKey('ada@example.test'), planner)
  expect(await here.send(secret)).toMatchObject([{ kind: 'delivered' }])
  expect(seen).toEqual(['Merger with Globex'])
  const claimed = await here.store.outbox.claim({ owner: 'relay', limit: 10, leaseMs: 60_000 })
  const texts: string[] = []
  for (const { message } of claimed)
    texts.push(Buffer.from((await (await here.store.outbox.content(message))?.bytes()) ?? []).toString())
  expect(claimed.map(({ sink, recipient, keep, foreign }) => ({ sink, recipient, keep, foreign }))).toEqual([
    { sink: undefined, recipient: 'bob@example.org', keep: true, foreign: true },
    { sink: 'rul_1', recipient: 'ada@example.test', keep: true, foreign: true },
  ])
  expect(texts[0]).toMatch(/^Delivered-To: ada@example\.test\r\nReceived: /)
  expect(texts[1]).toMatch(/^Return-Path: <carol@example\.org>\r\n/)
  for (const text of texts) expect(gpg.decrypt(armoured(text)).toString()).toContain('The price is 9 million.')
  expect((await files(here.folder)).toString('latin1')).not.toMatch(/Globex|4711|million/)
})
