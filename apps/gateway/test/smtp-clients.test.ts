// Mail programs against the whole gateway, in the ways that people call them: swaks, msmtp, and nodemailer with attachments and wishes
// for notifications. What they don't find on the machine fails with its name.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { simpleParser } from 'mailparser'
import { expect, test } from 'vitest'
import { stop } from './gateway-process.js'
import { mailer, type Running, reader, run, running, subjects } from './mail-gateway.js'

interface Door {
  readonly port: number
  readonly words: readonly string[]
}

const doors = ({ said }: Running): Readonly<Record<'tls' | 'startTls', Door>> => ({
  tls: { port: said.smtp?.port as number, words: ['--tls-on-connect'] },
  startTls: { port: said.smtpStartTls?.port as number, words: ['--tls'] },
})

function swaks(it: Running, { port, words }: Door, ...more: string[]) {
  const server = ['--server', 'localhost', '--port', String(port), '--tls-verify', '--tls-ca-path', it.said.caFile]
  const login = ['--auth-user', it.user, '--auth-password', it.secret, '--helo', 'laptop.example.test']
  const envelope = ['--from', it.user, '--to', it.user]
  return run('swaks', [...server, ...words, ...login, ...envelope, ...more] as string[])
}

/** As swaks says by its exit code. */
const wantsLogin = 28

test('swaks: every login on both doors, also pipelined, by HELO, and with an attachment', async () => {
  const it = await running()
  const { tls, startTls } = doors(it)
  const sent: string[] = []
  const sends = async (door: Door, subject: string, ...words: string[]) => {
    const { code, stdout } = await swaks(it, door, '--header', `Subject: ${subject}`, ...words)
    expect(code, `${subject}:\n${stdout}`).toBe(0)
    expect(stdout).toMatch(/250 2\.0\.0 Ok: queued as q_\w+/)
    sent.push(subject)
  }
  for (const [name, door] of Object.entries({ tls, startTls })) {
    await sends(door, `${name} any login`, '--auth')
    for (const mechanism of ['PLAIN', 'LOGIN']) await sends(door, `${name} ${mechanism}`, '--auth', mechanism)
    await sends(door, `${name} pipelined`, '--auth', 'PLAIN', '--pipeline')
  }
  await sends(tls, 'LOGIN by HELO', '--protocol', 'SSMTPA', '--auth', 'LOGIN')
  await sends(tls, 'attached', '--auth', '--attach-type', 'text/plain', '--attach', 'Attached.')
  await sends(tls, 'a line of dots', '--auth', '--body', '.\\n..\\n...')
  expect(await subjects(it, 'INBOX')).toEqual(sent)
  expect(await subjects(it, 'Sent')).toEqual(sent.map((subject) => `${subject} (seen)`))
  const client = await reader(it)
  await client.mailboxOpen('INBOX')
  const last = await client.fetchOne('*', { bodyParts: ['text'] })
  expect((last || undefined)?.bodyParts?.get('text')?.toString().trimEnd()).toBe('.\r\n..\r\n...')
  expect(await stop(it.gateway)).toBe(0)
})

test('swaks: what does not go is refused in words, and nothing is filed', async () => {
  const it = await running()
  const { tls, startTls } = doors(it)
  const fails = async (door: Door, code: number, words: readonly string[]) => {
    const ended = await swaks(it, door, ...words)
    expect(ended.code, ended.stdout).toBe(code)
    return ended.stdout
  }
  expect(await fails({ ...startTls, words: [] }, wantsLogin, ['--auth', 'PLAIN'])).not.toContain('AUTH PLAIN')
  await fails(tls, wantsLogin, ['--auth', 'CRAM-MD5'])
  const wrong = ['--auth', 'LOGIN', '--auth-password', 'wrong']
  expect(await fails(tls, wantsLogin, wrong)).toContain('535 5.7.8 Authentication failed')
  expect(await fails(startTls, 23, ['--auth', '--from', 'eve@elsewhere.test'])).toContain('553 5.7.1 ')
  expect(await fails(startTls, 24, ['--auth', '--to', 'nobody@example.test'])).toContain('550 5.1.1 ')
  expect(await fails(tls, 26, ['--auth', '--header', 'From: eve@elsewhere.test'])).toContain('553 5.7.1 ')
  expect(await subjects(it, 'Sent')).toEqual([])
  expect(await stop(it.gateway)).toBe(0)
})

test('msmtp on both doors, with the file that its guide prints; what it is refused with it says', async () => {
  const it = await running()
  const file = join(it.dataDir, '..', 'msmtprc')
  const { tls, startTls } = doors(it)
  const accounts = [
    'defaults',
    ...['auth on', 'tls on', `tls_trust_file ${it.said.caFile}`, 'host localhost', `from ${it.user}`],
    ...[`user ${it.user}`, `password ${it.secret}`, 'set_from_header auto'],
    ...['account tls', `port ${tls.port}`, 'tls_starttls off'],
    ...['account starttls', `port ${startTls.port}`, 'tls_starttls on'],
    ...['account in-clear : starttls', 'tls off'],
  ]
  writeFileSync(file, `${accounts.join('\n')}\n`, { mode: 0o600 })
  const msmtp = (account: string, ...words: string[]) =>
    run('msmtp', ['-C', file, '-a', account, ...words], {
      input: `From: ${it.user}\nTo: ${it.user}\nBcc: ${it.user}\nSubject: msmtp ${account}\n\nHello.\n.\n`,
    })
  const well = { code: 0, stdout: '', stderr: '' }
  expect(await msmtp('tls', '-t')).toEqual(well)
  expect(await msmtp('starttls', '--dsn-notify=failure,delay', '--dsn-return=headers', it.user)).toEqual(well)
  expect((await msmtp('in-clear', it.user)).code).not.toBe(0)
  const refused = await msmtp('tls', 'nobody@example.test')
  expect(refused.code).not.toBe(0)
  expect(refused.stderr).toContain('550 5.1.1 There is no inbox nobody@example.test')
  const info = await run('msmtp', ['-C', file, '-a', 'tls', '--serverinfo'])
  for (const words of ['SIZE 10485760', 'PIPELINING', 'DSN', 'PLAIN LOGIN']) expect(info.stdout).toContain(words)
  expect(await subjects(it, 'INBOX')).toEqual(['msmtp tls', 'msmtp starttls'])
  expect(await stop(it.gateway)).toBe(0)
})

test('nodemailer: attachments come out as they went in, names in UTF-8, and who asks is told of the delivery', async () => {
  const it = await running()
  const picture = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 256))
  const { envelope } = await mailer(it, { secure: false }).sendMail({
    from: { name: 'Jürgen Müßig', address: it.user },
    to: it.user,
    subject: 'Grüße aus Köln — 日本語',
    text: 'Guten Tag\n.\n..\n',
    html: '<p>Guten <b>Tag</b> <img src="cid:one"></p>',
    attachments: [
      { filename: 'Übersicht.bin', content: picture },
      { filename: 'one.gif', content: picture.subarray(0, 99), cid: 'one' },
    ],
    dsn: { id: 'my-id', return: 'headers', notify: ['success', 'failure'], recipient: it.user },
  })
  expect(envelope).toEqual({ from: it.user, to: [it.user] })
  await expect.poll(() => subjects(it, 'INBOX'), { timeout: 10_000 }).toHaveLength(2)
  const client = await reader(it)
  await client.mailboxOpen('INBOX')
  const all = await client.fetchAll('1:*', { source: true, envelope: true })
  const mail = await simpleParser(all.find((one) => one.envelope?.subject?.startsWith('Grüße'))?.source as Buffer)
  expect(mail.subject).toBe('Grüße aus Köln — 日本語')
  expect(mail.from?.value).toEqual([{ name: 'Jürgen Müßig', address: it.user }])
  expect(mail.text).toBe('Guten Tag\n.\n..\n')
  expect(mail.attachments.map(({ filename }) => filename).sort()).toEqual(['one.gif', 'Übersicht.bin'])
  expect(mail.attachments.find(({ filename }) => filename !== 'one.gif')?.content.equals(picture)).toBe(true)
  const told = all.find((one) => !one.envelope?.subject?.startsWith('Grüße'))?.source?.toString()
  expect(told).toMatch(/^Action: delivered\r$/m)
  expect(told).toMatch(/^Original-Envelope-Id: my-id\r$/m)
  expect(await subjects(it, 'Sent')).toEqual(['Grüße aus Köln — 日本語 (seen)'])
  expect(await stop(it.gateway)).toBe(0)
})
