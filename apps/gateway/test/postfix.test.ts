// From a submission to a Postfix from Debian and back, through the whole gateway: it arrives once, over TLS, signed so that a verifier
// of another make says so; what is put off, refused or cut off ends as it should, and the queue's commands tell of it meanwhile.
// Contract E2, E4, E5.

import { fileURLToPath } from 'node:url'
import type { QueueRecipient, RecipientState } from '@postern/mailbox-store'
import { expect, test, vi } from 'vitest'
import { run as command, stop } from './gateway-process.js'
import { mailer, type Running, reader, run, running } from './mail-gateway.js'
import { certificateForTests, startPostfix, wireCutOnce } from './postfix-process.js'
import { SecondHand } from './second-hand.js'

vi.setConfig({ testTimeout: 90_000 })

const soon = { timeout: 20_000, interval: 50 }
const login = { user: 'ada', secret: 'correct horse' }

async function json(it: Running, ...words: string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await command([...words, '--json'], { env: { POSTERN_DATA_DIR: it.dataDir } })
  expect(stderr, words.join(' ')).toBe('')
  return JSON.parse(stdout)
}

async function send(it: Running, subject: string, to: readonly string[]): Promise<string> {
  const mail = { from: it.user, to: [...to], subject, text: 'How are you?\n.\n' }
  const { response } = await mailer(it, { secure: true }).sendMail(mail)
  return /queued as (\S+)/.exec(response)?.[1] as string
}

/** As the queue has them now. */
async function recipientsOf(it: Running, queueId: string): Promise<readonly QueueRecipient[]> {
  const { store } = await SecondHand.on(it.dataDir)
  return (await store.outbox.get(queueId)).recipients
}

const untilStates = (it: Running, queueId: string, states: readonly RecipientState[]): Promise<void> =>
  expect.poll(async () => (await recipientsOf(it, queueId)).map(({ state }) => state), soon).toEqual(states)

const untilAnswered = (it: Running, queueId: string): Promise<void> =>
  expect.poll(async () => (await recipientsOf(it, queueId))[0]?.lastText, soon).toBeDefined()

test('as smart host with TLS and a password: once, signed; who is not there is told in the INBOX', async () => {
  const certificate = await certificateForTests()
  const postfix = await startPostfix({ certificate, login, domains: ['example.org'], users: ['you', 'me'] })
  const route = (port: number, scheme: string) => `${scheme}://ada:correct%20horse@localhost:${port}`
  const it = await running({
    NODE_EXTRA_CA_CERTS: certificate.caFile,
    POSTERN_ROUTE: route(postfix.ports.submission, 'smtp'),
  })
  const { keys } = (await json(it, 'domain', 'dkim', 'example.test')) as {
    keys: { record: { name: string; value: string } }[]
  }
  const queueId = await send(it, 'Hello', ['you@example.org', 'me@example.org', 'nobody@example.org'])
  await expect
    .poll(async () => (await recipientsOf(it, queueId)).map(({ state }) => state), soon)
    .toEqual([...['delivered', 'delivered', 'failed']])
  for (const address of ['you@example.org', 'me@example.org'])
    await expect.poll(() => postfix.messages(address).length, soon).toBe(1)
  const [received] = postfix.messages('you@example.org') as [string]
  expect(received).toMatch(/ with ESMTPSA id /)
  expect(received).toContain('\nHow are you?\n.\n')
  const records = keys.map(({ record }) => `${record.name}=${record.value}`)
  const script = fileURLToPath(new URL('verify-dkim.py', import.meta.url))
  // Debian's python3-dkim is found by Debian's Python.
  const verified = await run('/usr/bin/python3', [script, ...records], { input: received })
  expect(verified.stderr).toBe('')
  expect(verified.stdout.trim().split('\n').sort()).toEqual(['ed25519-sha256 True', 'rsa-sha256 True'])

  const client = await reader(it)
  await client.mailboxOpen('INBOX')
  const notice = (await client.fetchOne('1', { bodyStructure: true, envelope: true, source: true })) || undefined
  expect(notice?.bodyStructure).toMatchObject({
    ...{ type: 'multipart/report', parameters: { 'report-type': 'delivery-status' } },
    childNodes: [{ type: 'text/plain' }, { type: 'message/delivery-status' }, {}],
  })
  expect(notice?.source?.toString()).toMatch(/^Final-Recipient: rfc822; ?nobody@example\.org\r\nAction: failed\r\n/m)
  expect(notice?.source?.toString()).toMatch(/^Status: 5\.1\.1\r$/m)
  expect(notice?.source?.toString()).toMatch(/^Return-Path: <>\r$/m)
  await client.logout()

  await json(it, 'inbox', 'route', it.user, route(postfix.ports.submissions, 'smtps'))
  await send(it, 'By the other port', ['you@example.org'])
  await expect.poll(() => postfix.messages('you@example.org').length, soon).toBe(2)
  expect(postfix.log()).not.toMatch(/fatal|panic/)
  expect(await stop(it.gateway)).toBe(0)
})

test('greylisted: it waits, is explained, tried again when asked, or never', async () => {
  const postfix = await startPostfix({ greylists: true, domains: ['example.org'] })
  const it = await running({ POSTERN_ROUTE: `smtp://127.0.0.1:${postfix.ports.mx}?tls=none` })
  const first = await send(it, 'Patience', ['you@example.org'])
  await untilAnswered(it, first)
  expect(await json(it, 'queue', 'show', first)).toMatchObject({
    recipients: [{ state: 'waiting', last_answer: { code: '450 4.2.0', text: expect.stringContaining('Greylisted') } }],
  })
  const { data } = (await json(it, 'queue', 'list', '--state', 'waiting')) as { data: { id: string }[] }
  expect(data.map(({ id }) => id)).toEqual([first])
  await json(it, 'domain', 'route', 'example.test', `smtp://127.0.0.1:${postfix.ports.mx}?tls=none`)
  expect(await json(it, 'queue', 'explain', first)).toMatchObject({
    recipients: [{ because: 'domain', next_hops: [`127.0.0.1 port ${postfix.ports.mx}`] }],
  })
  expect(await json(it, 'queue', 'retry', first)).toMatchObject({ recipients: 1 })
  await expect.poll(() => postfix.messages('you@example.org').length, soon).toBe(1)
  const second = await send(it, 'Never mind', ['me@example.org'])
  await untilAnswered(it, second)
  expect(await json(it, 'queue', 'cancel', second)).toMatchObject({ cancelled: 1 })
  await json(it, 'queue', 'retry', '--all-of', 'example.org')
  await untilStates(it, second, ['cancelled'])
  await send(it, 'Later', ['you@example.org'])
  await expect.poll(() => postfix.messages('you@example.org').length, soon).toBe(2)
  expect(postfix.messages('me@example.org')).toEqual([])
  expect(await stop(it.gateway)).toBe(0)
})

test('a connection that is cut behind the message: it waits, says that it may have arrived, and comes a second time', async () => {
  const postfix = await startPostfix({ domains: ['example.org'] })
  const wire = await wireCutOnce(postfix.ports.mx)
  const it = await running({ POSTERN_ROUTE: `smtp://127.0.0.1:${wire.port}?tls=none` })
  const queueId = await send(it, 'Cut', ['you@example.org'])
  await untilAnswered(it, queueId)
  expect((await recipientsOf(it, queueId))[0]?.lastText).toContain('may have arrived')
  expect(postfix.messages('you@example.org').length).toBeLessThanOrEqual(1)
  await json(it, 'queue', 'retry', queueId)
  await expect.poll(() => postfix.messages('you@example.org').length, soon).toBe(2)
  const ids = postfix.messages('you@example.org').map((text) => /^Message-ID: (.*)$/im.exec(text)?.[1])
  expect(new Set(ids).size).toBe(1)
  expect(wire.cuts()).toBe(1)
  expect(await stop(it.gateway)).toBe(0)
})
