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
import { expect, onTestFinished, test } from 'vitest'
import { commandLine } from './command-line.js'
import { newFolder, stop } from './gateway-process.js'
import { again, type Running, reader, running } from './mail-gateway.js'

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

test('with a key that a command has set, IMAP serves what gpg alone can read', async () => {
  const it = await running()
  const home = newFolder()
  const gpg = (words: readonly string[], input = ''): string =>
    execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', ...words], {
      ...{ input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] },
    })
  onTestFinished(() => void execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']))
  gpg(['--pinentry-mode', 'loopback', '--passphrase', '', '--quick-gen-key', it.user, 'future-default'])
  const key = join(home, 'key.asc')
  writeFileSync(key, gpg(['--armor', '--export']))
  await ask(it, 'domain', 'update', 'example.test', '--mode', 'encrypted', '--public-key', key)

  const client = await reader(it)
  await client.mailboxOpen('INBOX')
  await expect.poll(async () => send(it, it.user).then(() => 'sent', String)).toBe('sent')
  await expect.poll(async () => (await client.status('INBOX', { messages: true })).messages).toBe(1)
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
  await expect.poll(() => send(it, it.user).catch(refusal)).toMatch(/^550 5\.2\.1 .* nowhere to hand it to$/)
  const url = `https://localhost:${(sink.address() as AddressInfo).port}/mail`
  const { secret: shown = '' } = await ask(it, 'domain', 'sink', 'example.test', url)
  await expect.poll(() => send(it, it.user).catch(refusal)).toMatch(/^451 4\.4\.1 /)
  expect(posts).toEqual([])
  status = 200
  await send(it, it.user)
  expect(posts).toHaveLength(1)
  expect(posts[0]?.signed).toMatch(/^v1:\d+:\w+:carol@example\.org:me@example\.test:Return-Path: .*9 million\.\r\n$/s)
  expect(posts[0]?.signature).toBe(
    `v1=${createHmac('sha256', shown)
      .update(posts[0]?.signed ?? '')
      .digest('hex')}`,
  )
  expect(await stop(it.gateway)).toBe(0)
})
