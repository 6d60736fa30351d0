// Mail from elsewhere that is judged on its way in, through the whole gateway: what is refused, what goes into \Junk, what a reader finds
// in the header, and what our own signatures are to another gateway. Contract F1.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTransport } from 'nodemailer'
import { expect, onTestFinished, test } from 'vitest'
import { commandLine } from './command-line.js'
import { nameServer } from './dns-server.js'
import { stop } from './gateway-process.js'
import { mailer, type Running, reader, running, subjects } from './mail-gateway.js'

const untrusting = { POSTERN_MX_TRUSTED_NETWORKS: '198.51.100.0/24', POSTERN_HOSTNAME: 'localhost' }

/** Nothing is published but what is said here. */
const published = {
  'TXT _dmarc.strict.example.org': ['v=DMARC1; p=reject'],
  'TXT _dmarc.careful.example.org': ['v=DMARC1; p=quarantine'],
}

const patient = { timeout: 15_000 }

/** What another server hears. */
async function send(it: Running, { from, raw }: { from: string; raw: string }): Promise<string> {
  const way = { host: 'localhost', port: it.said.mx?.port as number, ignoreTLS: true, name: 'mail.example.org' }
  const transport = createTransport(way)
  onTestFinished(() => transport.close())
  try {
    return (await transport.sendMail({ envelope: { from, to: it.user }, raw })).response
  } catch (error) {
    return error instanceof Error && 'response' in error ? String(error.response) : String(error)
  }
}

const written = (author: string, subject: string): string =>
  `From: ${author}\r\nTo: me@example.test\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@example.org>\r\n\r\nhello\r\n`

async function command(it: Running, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await commandLine(words, { env: { POSTERN_DATA_DIR: it.dataDir } })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

async function headersOf(it: Running, mailbox: string): Promise<string[]> {
  const client = await reader(it)
  await client.mailboxOpen(mailbox)
  const all = await client.fetchAll('1:*', { headers: true })
  await client.logout()
  return all.map(({ headers }) => headers?.toString() ?? '')
}

test('what its author’s domain wants refused is refused, what it wants put aside goes into Spam, and a reader sees why', async () => {
  const { server } = await nameServer(published)
  const it = await running({ ...untrusting, POSTERN_DNS_SERVERS: server })
  const from = 'bounces@example.org'
  expect(await send(it, { from, raw: written('boss@strict.example.org', 'refused') })).toBe(
    '550 5.7.1 Neither SPF nor DKIM shows that this message comes from strict.example.org, which asks to refuse such mail (DMARC)',
  )
  expect(await send(it, { from, raw: written('boss@careful.example.org', 'aside') })).toMatch(/^250 2\.0\.0 Ok/)
  const forged = 'Authentication-Results: LOCALHOST (ours); dmarc=pass\r\n'
  const others = 'Authentication-Results: mx.example.net; spf=pass\r\n'
  expect(await send(it, { from, raw: forged + others + written('carol@example.org', 'taken') })).toMatch(/^250 /)
  expect(await subjects(it, 'INBOX')).toEqual(['taken'])
  expect(await subjects(it, 'Spam')).toEqual(['aside'])
  const [taken = ''] = await headersOf(it, 'INBOX')
  expect(taken.match(/^Authentication-Results: .*\r\n(?:[ \t].*\r\n)*/gm)).toEqual([
    'Authentication-Results: localhost;\r\n spf=none smtp.mailfrom=bounces@example.org;\r\n dkim=none;\r\n' +
      ' dmarc=none header.from=example.org\r\n',
    others,
  ])
  expect((await headersOf(it, 'Spam'))[0]).toContain(
    ' dmarc=fail (p=quarantine dis=spam) header.from=careful.example.org\r\n',
  )
  const told = { arc: null, rspamd: null, judged: true, dkim: [] }
  const spam = await command(it, 'inbox', 'verdicts', it.user, '--mailbox', 'Spam', '--json')
  expect(JSON.parse(spam).data).toMatchObject([
    { ...told, uid: 1, spf: 'none', dmarc: 'fail', author: 'careful.example.org' },
  ])
  expect(await command(it, 'inbox', 'verdicts', it.user)).toMatch(/^UID .*\n1 .* none +none +example\.org\s*$/)
  const lines = it.gateway
    .stdout()
    .split('\n')
    .flatMap((line) => (line.includes('"judged"') ? [JSON.parse(line)] : []))
  expect(lines).toMatchObject([
    { log: 'mail', messageId: '<refused@example.org>', verdict: 'refuse', dmarc: 'fail', author: 'strict.example.org' },
    { log: 'mail', messageId: '<aside@example.org>', verdict: 'spam', dmarc: 'fail', author: 'careful.example.org' },
    { log: 'mail', messageId: '<taken@example.org>', verdict: 'accept', dmarc: 'none', author: 'example.org' },
  ])
  expect(await stop(it.gateway)).toBe(0)
})

test('a domain lets DMARC go as far as it wants, from the next message on', async () => {
  const { server } = await nameServer(published)
  const it = await running({ ...untrusting, POSTERN_DNS_SERVERS: server })
  const strict = (subject: string) =>
    send(it, { from: 'bounces@example.org', raw: written('boss@strict.example.org', subject) })
  const update = (dmarc: string) => command(it, 'domain', 'update', 'example.test', '--dmarc', dmarc)
  expect(await update('spam')).toMatch(/^DMARC +what fails it goes into \\Junk at most$/m)
  await expect.poll(() => strict('spam'), patient).toMatch(/^250 /)
  expect(await update('ignore')).toMatch(/^DMARC +what fails it is taken$/m)
  await expect.poll(async () => (await strict('ignored')) && subjects(it, 'INBOX'), patient).toContain('ignored')
  expect(await update('published')).not.toContain('DMARC')
  await expect.poll(() => strict('published'), patient).toMatch(/^550 5\.7\.1 /)
  expect(await subjects(it, 'Spam')).toContain('spam')
  const { code, stderr } = await commandLine(['domain', 'update', 'example.test', '--dmarc', 'loud'], {
    env: { POSTERN_DATA_DIR: it.dataDir },
  })
  expect({ code, stderr }).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('ignore, spam, refuse, published'),
  })
  expect(await stop(it.gateway)).toBe(0)
})

test('what another gateway signs passes here, by both of its keys', async () => {
  const { server, zone } = await nameServer({ 'TXT _dmarc.example.test': ['v=DMARC1; p=reject; adkim=s'] })
  const here = await running({ ...untrusting, POSTERN_DNS_SERVERS: server, POSTERN_DOMAIN: 'example.net' })
  const route = `smtp://127.0.0.1:${here.said.mx?.port}?tls=none`
  const there = await running({ POSTERN_ROUTE: route, POSTERN_DNS_SERVERS: server })
  const { keys } = JSON.parse(await command(there, 'domain', 'dkim', 'example.test', '--json')) as {
    keys: { record: { name: string; value: string } }[]
  }
  for (const { record } of keys) zone.set(`TXT ${record.name}`, [record.value])
  await mailer(there, { secure: true }).sendMail({
    ...{ from: there.user, to: 'me@example.net', subject: 'signed', text: 'Grüße\n\n.hidden\n'.repeat(300) },
  })
  const other = { ...here, user: 'me@example.net' }
  await expect.poll(() => subjects(other, 'INBOX'), patient).toEqual(['signed'])
  const [header = ''] = await headersOf(other, 'INBOX')
  expect(
    header.match(/ dkim=pass header\.d=example\.test header\.s=\S+ header\.a=(?:rsa|ed25519)-sha256;/g),
  ).toHaveLength(2)
  expect(header).toContain(' dmarc=pass (p=reject) header.from=example.test\r\n')
  expect(await stop(there.gateway)).toBe(0)
  expect(await stop(here.gateway)).toBe(0)
})

test('an rspamd beside it has a say, and is not missed when it has gone', async () => {
  const { server } = await nameServer()
  const rspamd = createServer((request, response) => {
    request.resume().once('end', () => response.end(JSON.stringify({ action: 'reject', score: 20 })))
  })
  rspamd.listen(0, '127.0.0.1')
  await once(rspamd, 'listening')
  const url = `http://127.0.0.1:${(rspamd.address() as AddressInfo).port}`
  const it = await running({ ...untrusting, POSTERN_DNS_SERVERS: server, POSTERN_RSPAMD_URL: url })
  const offer = (subject: string) => send(it, { from: 'a@example.org', raw: written('a@example.org', subject) })
  expect(await offer('bad')).toBe('550 5.7.1 The message looks like spam')
  rspamd.closeAllConnections()
  rspamd.close()
  await once(rspamd, 'close')
  expect(await offer('good')).toMatch(/^250 /)
  expect(await subjects(it, 'INBOX')).toEqual(['good'])
  expect(await stop(it.gateway)).toBe(0)
})
