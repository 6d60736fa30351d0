// Rules of inboxes through the whole gateway: set by its commands, asked by all that brings mail in, seen by clients that know nothing of
// them. Python's smtplib and imaplib, a next server, a sink, and kill -9 between.

import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createTransport } from 'nodemailer'
import { expect, onTestFinished, test } from 'vitest'
import { commandLine } from './command-line.js'
import { stop } from './gateway-process.js'
import { again, mailer, type Running, run, running, subjects } from './mail-gateway.js'
import { type Remote, startRemote } from './remote.js'
import { SecondHand } from './second-hand.js'

const routeTo = (remote: Remote): Record<string, string> => ({
  POSTERN_ROUTE: `smtp://127.0.0.1:${remote.port}?tls=none`,
})

async function ask(it: Running, ...words: string[]): Promise<Record<string, never>> {
  const { stdout, stderr } = await commandLine([...words, '--json'], { env: { POSTERN_DATA_DIR: it.dataDir } })
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

const add = (it: Running, inbox: string, rule: object): Promise<Record<string, never>> =>
  ask(it, 'rule', 'add', inbox, '--rule', JSON.stringify({ name: 'r', ...rule }))

async function bring(it: Running, subject: string, more: { to?: string; from?: string } = {}): Promise<void> {
  const transport = createTransport({ host: 'localhost', port: it.said.mx?.port as number, ignoreTLS: true })
  onTestFinished(() => transport.close())
  const mail = { from: 'carol@example.org', to: it.user, ...more, subject, text: `Hello ${subject}.` }
  await transport.sendMail(mail)
}

const until = (holds: () => unknown): Promise<void> =>
  expect.poll(holds, { timeout: 20_000, interval: 20 }).toBeTruthy()

const eventually = (look: () => Promise<string[]>, expected: string[]): Promise<void> =>
  expect.poll(look, { timeout: 20_000, interval: 200 }).toEqual(expected)

const events = (it: Running, event: string): Record<string, unknown>[] =>
  it.gateway
    .stdout()
    .split('\n')
    .filter((line) => line.includes(`"msg":"${event}"`))
    .map((line) => JSON.parse(line))

test('what smtplib brings is filed, flagged, forwarded and discarded, as imaplib and the next server see it', async () => {
  const remote = await startRemote()
  const it = await running(routeTo(remote))
  const subject = (word: string): object => ({ subject: { contains: word } })
  await add(it, it.user, { if: subject('RECHNUNG'), do: [{ file: 'Büro/Invoices' }, { flag: ['\\Flagged', 'todo'] }] })
  await add(it, it.user, { if: subject('away'), do: [{ forward: 'ada@remote.test', copy: false }] })
  await add(it, it.user, { if: subject('both'), do: [{ forward: 'eve@remote.test' }] })
  await add(it, it.user, { if: subject('nothing'), do: [{ discard: true }], stop: true })
  await add(it, it.user, { if: { header: { name: 'List-Id', exists: true } }, do: [{ file: '\\Archive' }] })
  const script = `
import imaplib, smtplib, ssl, sys
mx, imaps, user, secret, ca = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:6]
def text(subject, more=''):
    return 'From: <carol@example.org>\\r\\nTo: <%s>\\r\\nSubject: %s\\r\\n%s\\r\\nhello\\r\\n' % (user, subject, more)
with smtplib.SMTP('localhost', mx) as door:
    for message in [text('=?utf-8?q?Ihre_Rechnung?='), text('away'), text('both'), text('nothing'), text('list', 'List-Id: <a.b>\\r\\n'), text('plain')]:
        door.sendmail('carol@example.org', [user], message)
with imaplib.IMAP4_SSL('localhost', imaps, ssl_context=ssl.create_default_context(cafile=ca)) as client:
    client.login(user, secret)
    for mailbox in ['"B&APw-ro/Invoices"', 'INBOX', 'Archive']:
        client.select(mailbox, readonly=True)
        print(mailbox, [part[0].decode() + part[1].decode().strip() for part in client.fetch('1:*', '(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])')[1] if isinstance(part, tuple)])
`
  const words = [it.said.mx?.port, it.said.imap?.port, it.user, it.secret, it.said.caFile].map(String)
  const { code, stdout, stderr } = await run('python3', ['-c', script, ...words])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const [invoices, inbox, archive] = stdout.trim().split('\n')
  expect(invoices).toMatch(/Invoices" \['1 \(FLAGS \((?=.*\\+Flagged)(?=.*todo).*\) .*Rechnung\?='\]$/)
  expect(inbox).toMatch(/^INBOX \[.*Subject: both', .*Subject: plain'\]$/)
  expect(inbox).not.toMatch(/away|nothing/)
  expect(archive).toMatch(/Subject: list'\]$/)

  await until(() => remote.mails.length === 2)
  const sent = remote.mails.toSorted((a, b) => (a.to[0] as string).localeCompare(b.to[0] as string))
  expect(sent.map(({ to }) => to)).toEqual([['ada@remote.test'], ['eve@remote.test']])
  for (const { text: mail } of sent) {
    expect(mail).toMatch(/^Delivered-To: me@example\.test\r\n/)
    expect(mail).toMatch(
      /\r\nFrom: <carol@example\.org>\r\nTo: <me@example\.test>\r\nSubject: (?:away|both)\r\n\r\nhello\r\n$/,
    )
    expect(mail).not.toMatch(/Return-Path|DKIM-Signature/)
  }
  const ruled = events(it, 'ruled')
  expect(ruled.map(({ to, mailboxes, forwarded }) => ({ to, mailboxes, forwarded }))).toEqual([
    { to: it.user, mailboxes: ['Büro/Invoices'], forwarded: [] },
    { to: it.user, mailboxes: [], forwarded: ['ada@remote.test'] },
    { to: it.user, mailboxes: ['INBOX'], forwarded: ['eve@remote.test'] },
    { to: it.user, mailboxes: [], forwarded: [] },
    { to: it.user, mailboxes: ['\\Archive'], forwarded: [] },
  ])
  expect(await stop(it.gateway)).toBe(0)
})

test('a submission to another inbox obeys its rules, and forwards between inboxes come to an end', async () => {
  const remote = await startRemote()
  const it = await running(routeTo(remote))
  const hand = await SecondHand.on(it.dataDir)
  const alice = { ...it, user: 'alice@example.test', ...(await hand.person('alice@example.test')) }
  await add(it, alice.user, {
    if: { subject: { is: 'filed' } },
    do: [{ file: 'Work' }, { flag: '\\Seen' }],
    stop: true,
  })
  await add(it, alice.user, { if: { subject: { is: 'round' } }, do: [{ forward: it.user, copy: false }] })
  await add(it, it.user, { do: [{ forward: alice.user, copy: false }, { file: 'Copies' }] })
  const transport = mailer(it, { secure: true })
  const send = (subject: string, to: string) => transport.sendMail({ from: it.user, to, subject, text: 'Hello.' })
  await send('filed', alice.user)
  expect(await subjects(alice, 'Work')).toEqual(['filed (seen)'])

  // Each sends on to the other: it ends in the INBOX from which it would go round.
  await bring(it, 'round')
  await eventually(() => subjects(alice, 'INBOX'), ['round'])
  expect(await subjects(it, 'Copies')).toEqual(['round'])
  await send('round', alice.user)
  await eventually(() => subjects(it, 'INBOX'), ['round'])
  expect(await subjects(it, 'Copies')).toEqual(['round', 'round'])

  // Over the limit, and to where there's no way, mail is kept.
  await ask(it, 'inbox', 'update', alice.user, '--sends-per-hour', '0')
  await bring(it, 'round', { to: alice.user })
  await eventually(() => subjects(alice, 'INBOX'), ['round', 'round'])
  expect(await stop(it.gateway)).toBe(0)
})

test('an answer comes once, to a person, and answers no answer', async () => {
  const it = await running()
  const hand = await SecondHand.on(it.dataDir)
  const alice = { ...it, user: 'alice@example.test', ...(await hand.person('alice@example.test')) }
  await add(it, alice.user, { do: [{ reply: "I'm away.\nGrüße", days: 1 }] })
  await add(it, it.user, { do: [{ reply: 'Thank you.' }] })
  const transport = mailer(it, { secure: true })
  for (const subject of ['first', 'second'])
    await transport.sendMail({ from: it.user, to: alice.user, subject, text: 'Hello.' })
  await eventually(() => subjects(alice, 'INBOX'), ['first', 'second'])
  await eventually(() => subjects(it, 'INBOX'), ['Auto: first'])
  await eventually(async () => [`${(await hand.store.outbox.stats()).waiting}`], ['0'])
  expect([await subjects(alice, 'INBOX'), await subjects(it, 'INBOX')]).toEqual([['first', 'second'], ['Auto: first']])
  expect(await stop(it.gateway)).toBe(0)
})

test('what the next server refuses for good comes back, with a word of why', async () => {
  const remote = await startRemote()
  remote.says = () => ({ responseCode: 550, message: '5.1.1 nobody' })
  const it = await running(routeTo(remote))
  await add(it, it.user, { do: [{ forward: 'ada@remote.test', copy: false }] })
  await bring(it, 'Lost?')
  await until(() => events(it, 'bounced').length > 0)
  expect((await subjects(it, 'INBOX')).toSorted()[0]).toBe('Lost?')
  expect(events(it, 'kept')).toMatchObject([{ from: it.user, to: 'ada@remote.test' }])
  expect(await stop(it.gateway)).toBe(0)
})

test('a rule that posts and discards keeps the mail until its sink has taken it, or INBOX has it', async () => {
  const first = await running()
  expect(await stop(first.gateway)).toBe(0)
  const file = (name: string): string => readFileSync(join(first.dataDir, 'tls', name), 'utf8')
  const posts: { readonly id: unknown; readonly signed: string; readonly signature: unknown }[] = []
  let status = 503
  const sink = createServer({ cert: file('cert.pem'), key: file('key.pem') }, async (request, response) => {
    const body = await text(request)
    const [timestamp, id, sender, recipients] = ['timestamp', 'id', 'sender', 'recipients'].map(
      (name) => request.headers[`postern-${name}`],
    )
    const signed = `v1:${timestamp}:${id}:${sender}:${recipients}:${body}`
    posts.push({ id, signed, signature: request.headers['postern-signature'] })
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
  const url = `https://localhost:${(sink.address() as AddressInfo).port}/mail`
  const { secret, id: rule } = await add(it, it.user, { do: [{ sink: url }, { discard: true }] })
  await bring(it, 'posted')
  await until(() => posts.length > 0)
  expect(await subjects(it, 'INBOX')).toEqual([])
  status = 200
  const [{ id: queueId }] = (await ask(it, 'queue', 'list')).data as unknown as [{ id: string }]
  await until(() => events(it, 'deferred').length > 0)
  expect(await ask(it, 'queue', 'explain', queueId)).toMatchObject({
    recipients: [
      { recipient: it.user, goes: 'leaves', route: `the sink of ${rule}`, last_answer: { code: '503 4.0.0' } },
    ],
  })
  await ask(it, 'queue', 'retry', queueId)
  await until(() => events(it, 'delivered').length > 0)
  const [, taken] = posts
  expect(posts.map((post) => post.id)).toEqual([queueId, queueId])
  expect(taken?.signed).toMatch(/^v1:\d+:q_\w+:carol@example\.org:me@example\.test:Return-Path: .*Hello posted\.\r\n$/s)
  const hmac = createHmac('sha256', secret as unknown as string).update(taken?.signed ?? '')
  expect(taken?.signature).toBe(`v1=${hmac.digest('hex')}`)

  status = 503
  await bring(it, 'kept')
  await until(() => posts.length > 2)
  await ask(it, 'rule', 'remove', it.user, rule as unknown as string)
  await until(() => events(it, 'deferred').length > 1)
  const [{ id: second }] = (await ask(it, 'queue', 'list')).data as unknown as [{ id: string }]
  await ask(it, 'queue', 'retry', second)
  await eventually(() => subjects(it, 'INBOX'), ['kept'])
  expect(await stop(it.gateway)).toBe(0)
})

const rounds = Number(process.env.POSTERN_KILLS ?? 1)

test(`killed ${rounds} times: what was confirmed is filed once, and forwarded`, {
  timeout: 30_000 + rounds * 6_000,
}, async () => {
  const remote = await startRemote()
  let it = await running(routeTo(remote))
  await add(it, it.user, { do: [{ file: 'Kept' }, { forward: 'ada@remote.test', copy: false }] })
  const confirmed: string[] = []
  for (let round = 0, n = 0; round < rounds; round++) {
    if (round > 0) it = await again(it, routeTo(remote))
    const enough = confirmed.length + 2 + Math.random() * 8
    const sending = (async () => {
      for (;;) {
        const name = `m${++n}`
        await bring(it, name)
        confirmed.push(name)
      }
    })().catch(() => undefined)
    await until(() => confirmed.length >= enough)
    it.gateway.child.kill('SIGKILL')
    await it.gateway.ended
    await sending
  }
  it = await again(it, routeTo(remote))
  const forwarded = (): Set<string | undefined> =>
    new Set(remote.mails.map(({ text: mail }) => /Subject: (\w+)/.exec(mail)?.[1]))
  await ask(it, 'queue', 'retry', '--all-of', 'remote.test')
  await until(() => confirmed.every((name) => forwarded().has(name)))
  const kept = await subjects(it, 'Kept')
  expect(new Set(kept).size).toBe(kept.length)
  expect(kept).toEqual(expect.arrayContaining(confirmed))
  // In the commit that filed it: what has one has the other.
  await until(() => kept.every((name) => forwarded().has(name)))
  expect([...forwarded()].toSorted()).toEqual(kept.toSorted())
  expect(await stop(it.gateway)).toBe(0)
})
