// Receiving through the whole gateway, with programs that know nothing of it: what they hand over by SMTP and by LMTP is in the recipients'
// INBOXes, and a client in IDLE hears of it. Contract A4, F1.

import { chmodSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import { expect, onTestFinished, test } from 'vitest'
import { newFolder, stop } from './gateway-process.js'
import { type Running, reader, run, running, subjects } from './mail-gateway.js'

interface Postfix {
  readonly ports: { readonly mx: number }
  log(): string
  stop(): Promise<void>
}

/** A Postfix in front, whose only transport for the domain is this one. */
async function frontWith(transport: string): Promise<Postfix> {
  const { startPostfix } = await import(new URL('../../../scripts/postfix.mjs', import.meta.url).href)
  const settings = { relay_domains: 'example.test', relay_transport: transport }
  const postfix: Postfix = await startPostfix({ domains: [], keeps: 'maildir', settings })
  onTestFinished(() => postfix.stop())
  return postfix
}

const mx = ({ said }: Running): number => said.mx?.port as number
const lmtp = ({ said }: Running): number => said.lmtp?.port as number

test('nodemailer by SMTP with STARTTLS and in clear, and by LMTP: IDLE hears each', async () => {
  const it = await running()
  const idle = await reader(it)
  await idle.mailboxOpen('INBOX')
  const heard: number[] = []
  idle.on('exists', ({ count }) => void heard.push(count))
  void idle.idle()
  const ways = [
    { port: mx(it), requireTLS: true, tls: { rejectUnauthorized: false } },
    { port: mx(it), ignoreTLS: true },
    { port: lmtp(it), lmtp: true },
  ]
  for (const [i, way] of ways.entries()) {
    const transport = createTransport({ host: 'localhost', name: 'mail.example.org', ...way } as never)
    onTestFinished(() => transport.close())
    const { accepted } = await transport.sendMail({
      from: 'carol@example.org',
      to: it.user,
      subject: `${i}`,
      text: 'x',
    })
    expect(accepted).toEqual([it.user])
    await expect.poll(() => heard.at(-1)).toBe(i + 1)
  }
  const sources = await idle.fetchAll('1:*', { source: true })
  const texts = sources.map(({ source }) => source?.toString() ?? '')
  for (const text of texts) {
    expect(text).toMatch(/^Return-Path: <carol@example\.org>\r\nDelivered-To: me@example\.test\r\nReceived: from /)
  }
  expect(texts.map((text) => / by localhost with (\w+) id q_\w+\r\n for <me@example\.test>;/.exec(text)?.[1])).toEqual([
    ...['ESMTPS', 'ESMTP', 'LMTP'],
  ])
  expect(texts[0]).toMatch(/^Received: from mail\.example\.org \(\[127\.0\.0\.1\]\)\r\n/m)
  expect(await stop(it.gateway)).toBe(0)
})

test('Python’s smtplib: SMTP and LMTP, refusals among them', async () => {
  const it = await running()
  const script = `
import smtplib, sys
mx, lmtp, user = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
text = 'From: <carol@example.org>\\r\\nSubject: smtplib %s\\r\\n\\r\\nhello\\r\\n'
with smtplib.SMTP('localhost', mx) as door:
    door.starttls()
    print(sorted(door.sendmail('carol@example.org', [user, 'nobody@example.test'], text % 'SMTP').items()))
    try:
        door.sendmail('carol@example.org', ['somebody@example.net'], text % 'elsewhere')
    except smtplib.SMTPRecipientsRefused as refused:
        print(refused.recipients['somebody@example.net'][0])
    print('auth' in door.esmtp_features)
with smtplib.LMTP('localhost', lmtp) as door:
    print(door.sendmail('', [user], text % 'LMTP'))
`
  const { code, stdout, stderr } = await run('python3', ['-c', script, `${mx(it)}`, `${lmtp(it)}`, it.user])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout.trim().split('\n')).toEqual([
    "[('nobody@example.test', (550, b'5.1.1 There is no inbox nobody@example.test'))]",
    '550',
    'False',
    '{}',
  ])
  expect(await subjects(it, 'INBOX')).toEqual(['smtplib SMTP', 'smtplib LMTP'])
  expect(await stop(it.gateway)).toBe(0)
})

test('curl and swaks', async () => {
  const it = await running()
  const message = join(it.dataDir, '..', 'message.eml')
  writeFileSync(message, 'From: <carol@example.org>\r\nSubject: curl\r\n\r\nhello\r\n')
  const envelope = ['--mail-from', 'carol@example.org', '--mail-rcpt', it.user, '--upload-file', message]
  const curl = await run('curl', ['-sS', '--ssl-reqd', '-k', `smtp://localhost:${mx(it)}`, ...envelope])
  expect(curl).toEqual({ code: 0, stdout: '', stderr: '' })
  const to = ['--server', 'localhost', '--from', 'carol@example.org', '--to', it.user]
  const swaks = await run('swaks', [...to, '--port', `${mx(it)}`, '--tls', '--header', 'Subject: swaks'])
  expect(swaks.stdout + swaks.stderr).toMatch(/250 2\.0\.0 Ok: received as q_\w+/)
  const byLmtp = await run('swaks', [...to, '--port', `${lmtp(it)}`, '--protocol', 'LMTP', '--header', 'Subject: LMTP'])
  expect(byLmtp.code).toBe(0)
  expect(await subjects(it, 'INBOX')).toEqual(['curl', 'swaks', 'LMTP'])
  expect(await stop(it.gateway)).toBe(0)
})

test('a Postfix in front hands over by SMTP, by LMTP, and by LMTP on a socket', async () => {
  const folder = newFolder()
  // Postfix opens it as a user of its own.
  chmodSync(folder, 0o755)
  const it = await running({ POSTERN_LMTP_SOCKET: join(folder, 'lmtp') })
  chmodSync(join(folder, 'lmtp'), 0o777)
  for (const [subject, transport] of [
    ['by SMTP', `smtp:[127.0.0.1]:${mx(it)}`],
    ['by LMTP', `lmtp:inet:127.0.0.1:${lmtp(it)}`],
    ['by socket', `lmtp:unix:${join(folder, 'lmtp')}`],
  ] as const) {
    const postfix = await frontWith(transport)
    const front = createTransport({ host: '127.0.0.1', port: postfix.ports.mx, ignoreTLS: true })
    const to = [it.user, 'nobody@example.test']
    await front.sendMail({ from: 'carol@example.org', to, subject, text: 'x' })
    front.close()
    await expect
      .poll(() => postfix.log(), { timeout: 15_000 })
      .toMatch(/to=<me@example\.test>, .* status=sent \(250 2\.[01]\.[05] Ok: received as q_\w+\)/)
    expect(postfix.log()).toMatch(/to=<nobody@example\.test>, .* dsn=5\.1\.1, status=bounced/)
  }
  expect(await subjects(it, 'INBOX')).toEqual(['by SMTP', 'by LMTP', 'by socket'])
  expect(await stop(it.gateway)).toBe(0)
}, 60_000)

test('the gateway says where mail comes in, and answers those who wait when it stops', async () => {
  const it = await running()
  expect(it.said).toMatchObject({ mx: { host: 'localhost' }, lmtp: { host: 'localhost' } })
  const socket = connect(mx(it), '127.0.0.1')
  let heard = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    heard += text
  })
  await expect.poll(() => heard).toContain('220 localhost ESMTP')
  expect(await stop(it.gateway)).toBe(0)
  expect(heard).toContain('421 4.3.2 The server is going down')
})
