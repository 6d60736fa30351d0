// Submissions to domains that keep no mail: posted to their sinks while the client waits, and nothing of them on the disk.
// docs/decisions/handed-over-at-once.md

import { createHmac } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Domain } from '@postern/mailbox-store'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Caller } from './caller.js'
import { Gpg } from './gpg.js'
import { adasPlain, TestServer, type Town } from './server.js'

interface Post {
  readonly url: string
  readonly fields: Readonly<Record<string, string>>
  readonly body: string
}

let server: TestServer
let town: Town
let posts: Post[]
/** By the sink's URL; 200 where nothing else is said. */
let statuses: Record<string, number>

beforeEach(async () => {
  server = await TestServer.start()
  town = await server.settle()
  await town.given('route direct')
  posts = []
  statuses = {}
  server.sink = async (url, { fields, sizeBytes, body }) => {
    const pieces: Uint8Array[] = []
    for await (const piece of body()) pieces.push(piece)
    const bytes = Buffer.concat(pieces)
    expect(bytes.length).toBe(sizeBytes)
    const status = statuses[url] ?? 200
    if (status === 0) throw new Error('the sink is not there')
    posts.push({ url, fields, body: bytes.toString('latin1') })
    return status
  }
})
afterEach(async () => {
  expect(await server.store.maintenance.verify()).toEqual([])
  expect(server.errors).toEqual([])
  await server.close()
})

async function keepsNothing(name: string, { sink }: { readonly sink: string | null } = { sink: `https://${name}/` }) {
  const { directory } = server.store
  const { environment } = await directory.getDomain(town.domain.id)
  const { id } = await directory.createDomain({ environment, name: `${name}-${town.name}`, catchAll: true })
  await directory.markDomainVerified(id, { how: 'operator' })
  return directory.updateDomain(id, { mode: 'zero-retention', sink })
}

async function loggedIn(): Promise<Caller> {
  const here = Caller.byTls(server.server.tlsPort)
  here.say(`EHLO client.example.test\r\nAUTH PLAIN ${adasPlain}\r\n`)
  await here.heard('235 ')
  return here
}

const named = 'Message-ID: <one@x.test>\r\n'

async function say(
  here: Caller,
  recipients: readonly string[],
  { more = named, body = 'The price is 9 million.' } = {},
) {
  here.say(`MAIL FROM:<ada@${town.name}>\r\n${recipients.map((to) => `RCPT TO:<${to}>\r\n`).join('')}DATA\r\n`)
  await here.heard('354 ')
  here.say(`From: ada@${town.name}\r\nBcc: hidden@x.test\r\nSubject: Merger\r\n${more}\r\n${body}\r\n.\r\n`)
  return here.heard('\r\n')
}

const send = async (recipients: readonly string[], letter?: Parameters<typeof say>[2]): Promise<string> =>
  say(await loggedIn(), recipients, letter)

const at = (domain: Domain, local = 'x'): string => `${local}@${domain.name}`
const ids = (): (string | undefined)[] => posts.map(({ fields }) => fields['Postern-Id'])
const queued = async () => (await server.store.outbox.list()).items

async function isOnDisk(words: string): Promise<boolean> {
  const found = await readdir(server.folder, { recursive: true, withFileTypes: true })
  const files = found
    .filter((each) => each.isFile())
    .map((each) => readFile(join(each.parentPath, each.name)).catch(() => Buffer.alloc(0)))
  return Buffer.concat(await Promise.all(files)).includes(words)
}

test('the sink gets it, signed, before the client hears 250; nothing of it is on the disk', async () => {
  const domain = await keepsNothing('one')
  town.domain = await server.store.directory.updateDomain(town.domain.id, { mode: 'zero-retention' })
  const reply = await send([at(domain, 'b'), at(domain, 'a')], {
    body: '9 million '.repeat(20_000).replace(/(.{70})/g, '$1\r\n'),
  })
  expect(reply).toMatch(/^250 2\.0\.0 Ok: queued as /)
  const [{ url, fields, body } = {} as Post, ...others] = posts
  expect([url, others]).toEqual(['https://one/', []])
  expect(fields).toMatchObject({
    ...{ 'Postern-Sender': `ada@${town.name}`, 'Postern-Recipients': `${at(domain, 'b')},${at(domain, 'a')}` },
    'Postern-Id': expect.stringMatching(/^m_[0-9a-f]{32}$/),
  })
  const signed = ['Timestamp', 'Id', 'Sender', 'Recipients'].map((name) => `${fields[`Postern-${name}`]}:`).join('')
  const signature = createHmac('sha256', 's3cret').update(`v1:${signed}`).update(body, 'latin1').digest('hex')
  expect(fields['Postern-Signature']).toBe(`v1=${signature}`)
  expect(body).toMatch(/^Received: .*Subject: Merger\r\n.*9 million/s)
  expect(body).not.toContain('hidden@')
  expect(await isOnDisk('9 million')).toBe(false)
  expect(await queued()).toMatchObject([
    { closedAt: expect.any(Number), recipients: [{ state: 'delivered' }, { state: 'delivered' }] },
  ])
  expect(await town.mails('ada', 'Sent')).toEqual([])
})

test('the others of the message get it as their domains keep it, and Sent as the sender’s does', async () => {
  const gpg = new Gpg()
  const domain = await keepsNothing('one')
  const changes = { mode: 'encrypted', settings: { publicKey: gpg.makeKey('a@b.test') } } as const
  await server.store.directory.updateDomain(town.domain.id, changes)
  expect(await send([at(domain), `bob@${town.name}`, 'eve@elsewhere.example'])).toMatch(/^250 /)
  expect(posts).toHaveLength(1)
  const [[received = ''], [kept = '']] = [await town.mails('bob', 'INBOX'), await town.mails('ada', 'Sent')]
  for (const text of [received, kept]) expect(text).toContain('multipart/encrypted')
  const waiting = await server.store.outbox.claim({ owner: 'test', limit: 10, leaseMs: 60_000 })
  expect(waiting.map(({ recipient }) => recipient)).toEqual(['eve@elsewhere.example'])
})

test.each([
  ['says 503', 503],
  ['says 400', 400],
  ['is not there', 0],
])('where a sink %s nobody gets it, and the client keeps it', async (_, status) => {
  const [one, two] = [await keepsNothing('one'), await keepsNothing('two')]
  statuses['https://two/'] = status
  const recipients = [`bob@${town.name}`, at(one), at(two)]
  expect(await send(recipients)).toMatch(/^451 4\.4\.1 The place that mail for x@two-.* does not take it now/)
  expect(await queued()).toEqual([])
  expect(await town.mails('bob', 'INBOX')).toEqual([])
  expect(await town.mails('ada', 'Sent')).toEqual([])
  expect(server.lines.join('')).toMatch(/the sink of a domain (?:did not take a message|was not reached)/)

  statuses = {}
  expect(await send(recipients)).toMatch(/^250 /)
  const toOne = posts.filter(({ url }) => url === 'https://one/').map(({ fields }) => fields['Postern-Id'])
  expect(toOne).toHaveLength(2)
  expect(new Set(toOne).size).toBe(1)
  expect(await town.mails('bob', 'INBOX')).toHaveLength(1)
})

test('a commit that fails behind the post: the same id comes again', async () => {
  const domain = await keepsNothing('one')
  server.fault = (point) => {
    if (point === 'commit') throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
  }
  expect(await send([at(domain)])).toMatch(/^452 4\.3\.1 /)
  server.fault = undefined
  expect(await send([at(domain)])).toMatch(/^250 /)
  expect(posts).toHaveLength(2)
  expect(new Set(ids()).size).toBe(1)
})

test('the same bytes whose 250 was lost are not posted again; those whose 250 was heard are another message', async () => {
  const domain = await keepsNothing('one')
  const lost = await loggedIn()
  const first = await say(lost, [at(domain)])
  lost.socket.destroy()
  expect(await send([at(domain)])).toBe(first)
  expect(posts).toHaveLength(1)
  const here = await loggedIn()
  await say(here, [at(domain, 'y')])
  here.say('NOOP\r\n')
  await here.heard('250 ')
  await say(here, [at(domain, 'y')])
  expect(posts).toHaveLength(3)
  expect(new Set(ids()).size).toBe(3)
})

test('without a Message-ID of the client’s each post has an id of its own', async () => {
  const domain = await keepsNothing('one')
  statuses['https://one/'] = 503
  for (let n = 0; n < 2; n++) expect(await send([at(domain)], { more: '' })).toMatch(/^451 /)
  expect(posts).toHaveLength(2)
  expect(new Set(ids()).size).toBe(2)
})

test('it counts against the limits of the hour, like any other', async () => {
  const domain = await keepsNothing('one')
  await town.given('rule recipientsPerHour 1')
  expect(await send([at(domain)])).toMatch(/^250 /)
  const here = await loggedIn()
  here.say(`MAIL FROM:<ada@${town.name}>\r\nRCPT TO:<${at(domain)}>\r\n`)
  expect(await here.heard('4.7.1')).toMatch(/450 4\.7\.1 /)
})

test('a domain without a sink is refused at RCPT', async () => {
  const domain = await keepsNothing('none', { sink: null })
  const here = await loggedIn()
  here.say(`MAIL FROM:<ada@${town.name}>\r\nRCPT TO:<${at(domain)}>\r\n`)
  expect(await here.heard('nowhere')).toMatch(/550 5\.2\.1 The domain of x@none-.* keeps no mail, and has nowhere/)
})

test('memory for such mail is bounded: the client tries again', async () => {
  const small = await TestServer.start({}, {}, { memoryBytes: 10_000 })
  try {
    const [before, theirs] = [server, town]
    server = small
    town = await small.settle()
    await town.given('route direct')
    const domain = await keepsNothing('one')
    expect(await send([at(domain)], { body: `${'x'.repeat(70)}\r\n`.repeat(200) })).toMatch(/^452 4\.3\.1 /)
    expect(await queued()).toEqual([])
    ;[server, town] = [before, theirs]
  } finally {
    await small.close()
  }
})
