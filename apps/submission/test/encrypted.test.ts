// Submissions to and from domains that keep their mail encrypted: what each gets is decrypted with GnuPG, and where nobody gets it in clear
// nothing of the clear text is to be found in the folder.

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Domain, DomainChanges } from '@postern/mailbox-store'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { Caller } from './caller.js'
import { Gpg } from './gpg.js'
import { adasPlain, TestServer, type Town } from './server.js'

vi.setConfig({ testTimeout: 60_000 })

const clock = { aheadMs: 0 }
let server: TestServer
let town: Town
beforeEach(async () => {
  clock.aheadMs = 0
  server = await TestServer.start({ messageBytesMax: 50_000_000 }, {}, { clock: () => Date.now() + clock.aheadMs })
  town = await server.settle()
  await town.given('route direct')
})
afterEach(async () => {
  expect(await server.store.maintenance.verify()).toEqual([])
  expect(server.errors).toEqual([])
  await server.close()
})

const update = (changes: DomainChanges): Promise<Domain> => server.store.directory.updateDomain(town.domain.id, changes)

/** Another domain, which keeps its mail as it's said. */
async function otherDomain(changes: DomainChanges): Promise<Domain> {
  const { directory } = server.store
  const { environment } = await directory.getDomain(town.domain.id)
  const { id } = await directory.createDomain({ environment, name: `other-${town.name}` })
  await directory.markDomainVerified(id, { how: 'operator' })
  return directory.updateDomain(id, changes)
}

const encryptedTo = (publicKey: string): DomainChanges => ({ mode: 'encrypted', settings: { publicKey } })

async function loggedIn(): Promise<Caller> {
  const here = Caller.byTls(server.server.tlsPort)
  here.say(`EHLO client.example.test\r\nAUTH PLAIN ${adasPlain}\r\n`)
  await here.heard('235 ')
  return here
}

const letter = (body: string, more = ''): string =>
  `From: ada@${town.name}\r\nTo: bob@${town.name}\r\nSubject: Merger with Globex\r\nX-Case: 4711\r\n` +
  `Message-ID: <one@${town.name}>\r\nDate: Fri, 20 Nov 2026 09:30:00 +0000\r\n${more}\r\n${body}`

async function begun(recipients: readonly string[]): Promise<Caller> {
  const here = await loggedIn()
  here.say(`MAIL FROM:<ada@${town.name}>\r\n${recipients.map((to) => `RCPT TO:<${to}>\r\n`).join('')}DATA\r\n`)
  await here.heard('354 ')
  return here
}

async function send(recipients: readonly string[], text = letter('The price is 9 million.\r\n')): Promise<string> {
  const here = await begun(recipients)
  here.say(`${text}.\r\n`)
  return here.heard('\r\n')
}

const bob = (): string => `bob@${town.name}`
const eve = 'eve@elsewhere.example'
const armoured = (text: string): string =>
  /-----BEGIN PGP MESSAGE-----.*-----END PGP MESSAGE-----/s.exec(text)?.[0] ?? ''
const isSealed = (text = ''): boolean =>
  text.includes('\r\nContent-Type: multipart/encrypted;') && !/Globex|4711|million/.test(text)

async function clearTextOnDisk(words: string): Promise<boolean> {
  const found = await readdir(server.folder, { recursive: true, withFileTypes: true })
  const files = found
    .filter((each) => each.isFile())
    .map((each) => readFile(join(each.parentPath, each.name)).catch(() => Buffer.alloc(0)))
  return Buffer.concat(await Promise.all(files)).includes(words)
}

async function queuedTexts(): Promise<Record<string, string>> {
  const claimed = await server.store.outbox.claim({ owner: 'test', limit: 10, leaseMs: 60_000 })
  const texts = claimed.map(async ({ recipient, message }) => {
    const content = await server.store.outbox.content(message)
    return [recipient, Buffer.from((await content?.bytes()) ?? []).toString('latin1')]
  })
  return Object.fromEntries(await Promise.all(texts))
}

test('who lives in such a domain gets it encrypted, and Sent has it so with its Bcc; nothing of it is on the disk', async () => {
  const gpg = new Gpg()
  await update(encryptedTo(gpg.makeKey('domain@example.test')))
  expect(await send([bob()], letter('The price is 9 million.\r\n', 'Bcc: carol@example.org\r\n'))).toMatch(
    /^250 2\.0\.0 /,
  )
  const [[received = ''], [kept = '']] = [await town.mails('bob', 'INBOX'), await town.mails('ada', 'Sent')]
  expect([isSealed(received), isSealed(kept)]).toEqual([true, true])
  expect(received).toMatch(/^Received: .*Subject: \[\.\.\.\]\r\n/s)
  const [toBob, ofAda] = [received, kept].map((each) => gpg.decrypt(armoured(each)).toString())
  for (const inside of [toBob, ofAda])
    expect(inside).toMatch(
      /\r\nSubject: Merger with Globex\r\nX-Case: 4711\r\n.*\r\n\r\nThe price is 9 million\.\r\n$/s,
    )
  expect(toBob).not.toContain('carol@')
  expect(ofAda).toContain('\r\nBcc: carol@example.org\r\n')
  expect(kept).not.toContain('carol@')
  await server.store.maintenance.indexed()
  for (const words of ['Globex', '4711', '9 million', 'carol@']) expect(await clearTextOnDisk(words)).toBe(false)
  expect(server.lines.join('')).not.toMatch(/Globex|million/)
})

test('without a Bcc who has the same key shares one text', async () => {
  const gpg = new Gpg()
  await update(encryptedTo(gpg.makeKey('domain@example.test')))
  await send([bob(), `ada@${town.name}`])
  const texts = [await town.mails('bob', 'INBOX'), await town.mails('ada', 'INBOX'), await town.mails('ada', 'Sent')]
  expect(new Set(texts.flat()).size).toBe(1)
})

test('one submission gives each what its domain keeps: in clear, to the key of an inbox, to that of a domain, and to the queue', async () => {
  const [ofDomain, ofCarol] = [new Gpg(), new Gpg()]
  const { directory } = server.store
  const other = await otherDomain(encryptedTo(ofDomain.makeKey('domain@example.test')))
  const [carol, dan] = [await town.inbox('carol', { domain: other }), await town.inbox('dan', { domain: other })]
  await directory.updateInbox(carol.id, { publicKey: ofCarol.makeKey('carol@example.test') })
  expect(await send([bob(), carol.address, dan.address, eve])).toMatch(/^250 /)
  const [[toBob], [toCarol = ''], [toDan = ''], [kept]] = await Promise.all([
    ...[
      town.mails('bob', 'INBOX'),
      town.mails('carol', 'INBOX'),
      town.mails('dan', 'INBOX'),
      town.mails('ada', 'Sent'),
    ],
  ])
  expect(toBob).toContain('million')
  expect(kept).toBe(toBob)
  expect([isSealed(toCarol), isSealed(toDan)]).toEqual([true, true])
  expect(ofCarol.decrypt(armoured(toCarol)).toString()).toContain('9 million')
  expect(ofDomain.decrypt(armoured(toDan)).toString()).toContain('9 million')
  expect(() => ofDomain.decrypt(armoured(toCarol))).toThrow()
  expect(await queuedTexts()).toEqual({ [eve]: toBob })
  expect((await server.store.outbox.list()).items).toHaveLength(1)
})

test('a sender there who writes elsewhere: the queue has it in clear until it has left, Sent never', async () => {
  const gpg = new Gpg()
  await update(encryptedTo(gpg.makeKey('domain@example.test')))
  expect(await send([eve])).toMatch(/^250 /)
  expect((await queuedTexts())[eve]).toContain('9 million')
  const [kept = ''] = await town.mails('ada', 'Sent')
  expect(isSealed(kept)).toBe(true)
  expect(gpg.decrypt(armoured(kept)).toString()).toContain('9 million')
})

test.each([
  ['has no room', async () => void (await town.given('full bob')), ''],
  ['wants to be told of the delivery', async () => undefined, ' NOTIFY=SUCCESS'],
])('for one there who %s the queue has the encrypted text, and no other', async (_, given, parameters) => {
  const gpg = new Gpg()
  await update(encryptedTo(gpg.makeKey('domain@example.test')))
  await given()
  const here = await loggedIn()
  here.say(`MAIL FROM:<ada@${town.name}>\r\nRCPT TO:<${bob()}>${parameters}\r\nDATA\r\n`)
  await here.heard('354 ')
  here.say(`${letter('The price is 9 million.\r\n')}.\r\n`)
  await here.heard('250 ')
  const { [bob()]: waiting = '' } = await queuedTexts()
  expect(isSealed(waiting)).toBe(true)
  expect(gpg.decrypt(armoured(waiting)).toString()).toContain('9 million')
  expect(await clearTextOnDisk('9 million')).toBe(false)
})

test('what the client has encrypted is kept as it is, also with a key that has expired', async () => {
  const gpg = new Gpg()
  await update(encryptedTo(gpg.makeKey('ada@example.test', { expires: '2d' })))
  const body = gpg.say(['--armor', '--trust-model', 'always', '-r', 'ada@example.test', '--encrypt'], 'Hi').toString()
  const own =
    'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=x\r\n\r\n--x\r\n' +
    'Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--x\r\nContent-Type: application/octet-stream\r\n\r\n' +
    `${body.replaceAll('\n', '\r\n')}\r\n--x--\r\n`
  clock.aheadMs = 3 * 86_400_000
  expect(await send([bob()], `From: ada@${town.name}\r\nSubject: Tea\r\n${own}`)).toMatch(/^250 /)
  const [[received = ''], [kept = '']] = [await town.mails('bob', 'INBOX'), await town.mails('ada', 'Sent')]
  expect(received.endsWith(own)).toBe(true)
  expect(kept).toBe(received)
})

test('what only says that it is encrypted is encrypted', async () => {
  const gpg = new Gpg()
  await update(encryptedTo(gpg.makeKey('ada@example.test')))
  const own = 'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=x\r\n\r\n--x\r\n'
  expect(await send([bob()], `From: ada@${town.name}\r\n${own}The price is 9 million.\r\n--x--\r\n`)).toMatch(/^250 /)
  const [received = ''] = await town.mails('bob', 'INBOX')
  expect(isSealed(received)).toBe(true)
  expect(gpg.decrypt(armoured(received)).toString()).toContain('9 million')
})

test.each([
  [
    'of a recipient',
    async (domain: Domain) => [bob(), (await town.inbox('carol', { domain })).address],
    /Mail for carol@other-town/,
  ],
  ['of the sender', async () => [eve], /The copy for Sent/],
])(
  'a key %s that has expired: the client keeps the message, and nothing of it is stored',
  async (whose, recipients, what) => {
    const gpg = new Gpg()
    const changes = encryptedTo(gpg.makeKey('domain@example.test', { expires: '2d' }))
    const domain = whose === 'of a recipient' ? await otherDomain(changes) : await update(changes)
    clock.aheadMs = 3 * 86_400_000
    const reply = await send(await recipients(domain))
    expect(reply).toMatch(/^451 4\.7\.5 .* cannot be encrypted now, try again later\r\n$/)
    expect(reply).toMatch(what)
    expect((await server.store.outbox.list()).items).toEqual([])
    expect(await town.mails('bob', 'INBOX')).toEqual([])
    expect(await clearTextOnDisk('9 million')).toBe(false)
    expect(server.lines.join('')).toMatch(/mail waits for a key.*|The key expired on/)
  },
)

test('a key that was set while the client was logged in holds for its next message', async () => {
  const [first, second] = [new Gpg(), new Gpg()]
  await update(encryptedTo(first.makeKey('one@example.test')))
  const here = await loggedIn()
  await update(encryptedTo(second.makeKey('two@example.test')))
  here.say(`MAIL FROM:<ada@${town.name}>\r\nRCPT TO:<${eve}>\r\nDATA\r\n`)
  await here.heard('354 ')
  here.say(`${letter('The price is 9 million.\r\n')}.\r\n`)
  await here.heard('250 ')
  expect(second.decrypt(armoured((await town.mails('ada', 'Sent'))[0] ?? '')).toString()).toContain('9 million')
})

test('the same bytes again, whose 250 was lost, are the same message', async () => {
  const gpg = new Gpg()
  await update(encryptedTo(gpg.makeKey('domain@example.test')))
  const first = await begun([bob()])
  first.say(`${letter('The price is 9 million.\r\n')}.\r\n`)
  const queued = await first.heard('\r\n')
  first.socket.destroy()
  expect(await send([bob()])).toBe(queued)
  expect(await town.mails('bob', 'INBOX')).toHaveLength(1)
  expect(await town.mails('ada', 'Sent')).toHaveLength(1)
})

test('a client that breaks off, or sends too much, leaves nothing', async () => {
  const gpg = new Gpg()
  await update(encryptedTo(gpg.makeKey('domain@example.test')))
  const here = await begun([bob()])
  here.say(letter('The price is 9 million.\r\n'.repeat(10_000)))
  await expect.poll(() => readdir(join(server.folder, 'incoming')).catch(() => [])).toEqual([])
  here.socket.destroy()
  await here.closed
  await town.given('rule messageBytesMax 1000')
  expect(await send([bob()], letter('x'.repeat(70).concat('\r\n').repeat(40)))).toMatch(/^552 5\.3\.4 /)
  expect((await server.store.outbox.list()).items).toEqual([])
  expect(await clearTextOnDisk('9 million')).toBe(false)
})

test('a message of 20 MB goes through in flat memory, and is whole', async () => {
  const gpg = new Gpg()
  await update(encryptedTo(gpg.makeKey('domain@example.test')))
  const line = Buffer.from(`${'0123456789'.repeat(7)}\r\n`)
  const piece = Buffer.concat(Array.from({ length: 1_000 }, () => line))
  const hash = createHash('sha256')
  const here = await begun([bob()])
  here.say(letter(''))
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  const looking = setInterval(() => (most = Math.max(most, process.memoryUsage().arrayBuffers - before)), 2)
  onTestFinished(() => clearInterval(looking))
  for (let at = 0; at < 20_000_000; at += piece.length) {
    hash.update(piece)
    if (!here.socket.write(piece)) await new Promise((resolve) => here.socket.once('drain', resolve))
  }
  here.say('.\r\n')
  await expect.poll(() => here.heard('250 '), { timeout: 40_000 }).toContain('250 2.0.0')
  clearInterval(looking)
  expect(most).toBeLessThan(60_000_000)
  const inside = gpg.decrypt(armoured((await town.mails('bob', 'INBOX'))[0] ?? ''))
  const body = inside.subarray(inside.indexOf('\r\n\r\n') + 4)
  expect(createHash('sha256').update(body).digest('hex')).toBe(hash.digest('hex'))
})
