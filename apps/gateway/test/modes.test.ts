// Domains that keep their mail encrypted, or not at all, through the whole gateway: furnished by its commands, brought by SMTP, read by IMAP
// and GnuPG, or taken by a sink. Contract F2.

import { execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createTransport } from 'nodemailer'
import { expect, onTestFinished, test, vi } from 'vitest'
import { commandLine } from './command-line.js'
import { newFolder, stop } from './gateway-process.js'
import { again, mailer, type Running, reader, run, running } from './mail-gateway.js'

vi.setConfig({ testTimeout: 60_000 })
const patience = { timeout: 10_000 }

const secret = { from: 'carol@example.org', subject: 'Merger with Globex', text: 'The price is 9 million.' }

async function ask(it: Running, ...words: string[]): Promise<Record<string, string>> {
  const { stdout, stderr } = await commandLine([...words, '--json'], { env: { POSTERN_DATA_DIR: it.dataDir } })
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

function send(it: Running, to: string): Promise<unknown> {
  const transport = createTransport({ host: 'localhost', port: it.said.mx?.port as number, ignoreTLS: true })
  onTestFinished(() => transport.close())
  return transport.sendMail({ ...secret, to })
}

/** GnuPG with a new key, and the file that has its public part. */
function keyRing(user: string) {
  const home = newFolder()
  const gpg = (words: readonly string[], input = ''): string =>
    execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', ...words], {
      ...{ input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] },
    })
  onTestFinished(() => void execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']))
  gpg(['--pinentry-mode', 'loopback', '--passphrase', '', '--quick-gen-key', user, 'future-default'])
  const key = join(home, 'key.asc')
  writeFileSync(key, gpg(['--armor', '--export']))
  return { gpg, key }
}

/** What Python's imaplib finds in a mailbox, text by text. */
async function fetched(it: Running, mailbox: string): Promise<string[]> {
  const script = `
import imaplib, json, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
client = imaplib.IMAP4_SSL('localhost', int(sys.argv[2]), ssl_context=context)
client.login(sys.argv[3], sys.stdin.read())
client.select(sys.argv[4], readonly=True)
_, (found,) = client.search(None, 'ALL')
print(json.dumps([client.fetch(n, '(BODY[])')[1][0][1].decode('latin-1') for n in found.split()]))
client.logout()
`
  const words = ['-c', script, it.said.caFile as string, String(it.said.imap?.port), it.user, mailbox]
  const { code, stdout, stderr } = await run('python3', words, { input: it.secret })
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout)
}

test('what nodemailer and smtplib submit is encrypted for its inbox and for Sent: imaplib fetches what gpg alone can read', async () => {
  const first = await running()
  const { gpg, key } = keyRing(first.user)
  await ask(first, 'domain', 'update', 'example.test', '--mode', 'encrypted', '--public-key', key)
  expect(await stop(first.gateway)).toBe(0)
  const it = await again(first)
  const letter = (n: number): string =>
    `From: ${it.user}\r\nTo: me+friend@example.test\r\nSubject: Merger ${n}\r\nMessage-ID: <${n}@example.test>\r\n` +
    `Date: Fri, 20 Nov 2026 12:00:00 +0000\r\n\r\nThe price is ${n} million.\r\n`
  const envelope = { from: it.user, to: ['me+friend@example.test', 'me+hidden@example.test'] }
  await mailer(it, { secure: true }).sendMail({ envelope, raw: letter(9) })
  const client = await reader(it)
  // The client's own, plain copy, as mail programs file it; the other one's comes first, as mutt's does.
  const own = (n: number) => client.append('Sent', `Bcc: me+hidden@example.test\r\n${letter(n)}`, ['\\Seen'])
  await own(9)
  await own(7)
  const script = `
import smtplib, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
with smtplib.SMTP_SSL('localhost', int(sys.argv[2]), context=context) as server:
    server.login(sys.argv[3], sys.argv[4])
    server.sendmail(sys.argv[3], ['me+friend@example.test'], sys.stdin.read())
`
  const words = ['-c', script, it.said.caFile as string, String(it.said.smtp?.port), it.user, it.secret]
  expect(await run('python3', words, { input: letter(7) })).toMatchObject({ code: 0, stderr: '' })

  const [inbox, sent] = [await fetched(it, 'INBOX'), await fetched(it, 'Sent')]
  for (const texts of [inbox, sent]) {
    expect(texts).toHaveLength(2)
    for (const [i, text] of texts.entries()) {
      expect(text).toMatch(/^Subject: \[\.\.\.\]\r$/m)
      expect(text).not.toMatch(/Merger|million|hidden/)
      const inside = gpg(['--decrypt'], text.slice(text.indexOf('-----BEGIN PGP'), text.lastIndexOf('\r\n--')))
      expect(inside).toContain(`\r\nSubject: Merger ${[9, 7][i]}\r\n`)
      expect(inside).toContain(`The price is ${[9, 7][i]} million.\r\n`)
    }
  }
  await client.mailboxOpen('Sent')
  expect(await client.search({ body: 'million' })).toEqual([])

  // The relay delivers this one, and tells the sender of it.
  const dsn = { id: 'one', notify: 'success' as const, return: 'headers' as const, recipient: it.user }
  const to = ['me+friend@example.test']
  await mailer(it, { secure: true }).sendMail({ envelope: { from: it.user, to }, dsn, raw: letter(5) })
  await expect.poll(async () => (await client.status('INBOX', { messages: true })).messages, patience).toBe(4)
  const insides = (await fetched(it, 'INBOX')).slice(2).map((text) => {
    expect(text).not.toMatch(/Merger|million|Action:/)
    return gpg(['--decrypt'], text.slice(text.indexOf('-----BEGIN PGP'), text.lastIndexOf('\r\n--')))
  })
  expect(insides.filter((inside) => inside.includes('The price is 5 million.'))).toHaveLength(1)
  expect(insides.filter((inside) => inside.includes('Action: delivered\r\n'))).toHaveLength(1)
  expect(await stop(it.gateway)).toBe(0)
})

test('with a key that a command has set, IMAP serves what gpg alone can read', async () => {
  const it = await running()
  const { gpg, key } = keyRing(it.user)
  await ask(it, 'domain', 'update', 'example.test', '--mode', 'encrypted', '--public-key', key)

  const client = await reader(it)
  await client.mailboxOpen('INBOX')
  await expect.poll(async () => send(it, it.user).then(() => 'sent', String), patience).toBe('sent')
  await expect.poll(async () => (await client.status('INBOX', { messages: true })).messages, patience).toBe(1)
  const found = await client.fetchOne('1', { source: true, envelope: true, bodyStructure: true })
  if (!found) throw new Error('the message is not there')
  expect(found.envelope).toMatchObject({ subject: '[...]', from: [{ address: 'carol@example.org' }] })
  expect(found.bodyStructure).toMatchObject({ type: 'multipart/encrypted' })
  const source = found.source?.toString() ?? ''
  expect(source).not.toMatch(/Globex|million/)
  expect(await client.search({ body: 'million' })).toEqual([])
  const inside = gpg(['--decrypt'], source.slice(source.indexOf('-----BEGIN PGP'), source.lastIndexOf('\r\n--')))
  expect(inside).toMatch(/^Subject: Merger with Globex\r$/m)
  expect(inside).toContain('The price is 9 million.')
  expect(await stop(it.gateway)).toBe(0)
})

test('a sink gets what comes, signed with the secret that was shown; while it is down, the sender keeps it', async () => {
  const first = await running()
  expect(await stop(first.gateway)).toBe(0)
  const file = (name: string): string => readFileSync(join(first.dataDir, 'tls', name), 'utf8')
  const posts: { readonly signed: string; readonly signature: unknown }[] = []
  let status = 503
  const sink = createServer({ cert: file('cert.pem'), key: file('key.pem') }, async (request, response) => {
    const body = await text(request)
    const [timestamp, id, sender, recipients] = ['timestamp', 'id', 'sender', 'recipients'].map(
      (name) => request.headers[`postern-${name}`],
    )
    const signed = `v1:${timestamp}:${id}:${sender}:${recipients}:${body}`
    if (status < 300) posts.push({ signed, signature: request.headers['postern-signature'] })
    response.writeHead(status).end()
  })
  sink.listen(0, '127.0.0.1')
  await once(sink, 'listening')
  onTestFinished(() => {
    sink.closeAllConnections()
    sink.close()
  })
  const it = await again(first, {
    ...{ NODE_EXTRA_CA_CERTS: first.said.caFile as string, POSTERN_SINK_ALLOW_PRIVATE: '127.0.0.0/8' },
  })
  const refusal = (error: { response?: string }): string => error.response ?? String(error)
  await ask(it, 'domain', 'update', 'example.test', '--mode', 'zero-retention')
  await expect.poll(() => send(it, it.user).catch(refusal), patience).toMatch(/^550 5\.2\.1 .* nowhere to hand it to$/)
  const url = `https://localhost:${(sink.address() as AddressInfo).port}/mail`
  const { secret: shown = '' } = await ask(it, 'domain', 'sink', 'example.test', url)
  await expect.poll(() => send(it, it.user).catch(refusal), patience).toMatch(/^451 4\.4\.1 /)
  expect(posts).toEqual([])
  status = 200
  await send(it, it.user)
  expect(posts).toHaveLength(1)
  expect(posts[0]?.signed).toMatch(/^v1:\d+:\w+:carol@example\.org:me@example\.test:Return-Path: .*9 million\.\r\n$/s)
  await mailer(it, { secure: true }).sendMail({ ...secret, from: it.user, to: it.user, messageId: '<s@example.test>' })
  expect(posts).toHaveLength(2)
  expect(posts[1]?.signed).toMatch(
    /^v1:\d+:m_[0-9a-f]{32}:me@example\.test:me@example\.test:Received: .*9 million\.\r\n$/s,
  )
  expect(posts[0]?.signature).toBe(
    `v1=${createHmac('sha256', shown)
      .update(posts[0]?.signed ?? '')
      .digest('hex')}`,
  )
  expect(await stop(it.gateway)).toBe(0)
})
