// Submission through the whole gateway, with the clients that people use: what they send is in Sent and in the recipients' INBOXes, and
// a client in IDLE hears of it. Contract A2, B4, B8, D, E1.

import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTransport } from 'nodemailer'
import { expect, test } from 'vitest'
import { Caller } from './caller.js'
import { postern, stop } from './gateway-process.js'
import { ca, loggedIn, mailer, plain, reader, residentBytes, run, running, subjects } from './mail-gateway.js'
import { nobodys, SecondHand, wrong } from './second-hand.js'

test('nodemailer on both doors: IDLE hears it, Sent has it with \\Seen and its Bcc, the recipient has it without', async () => {
  const it = await running()
  const idle = await reader(it)
  await idle.mailboxOpen('INBOX')
  const heard: number[] = []
  idle.on('exists', ({ count }) => void heard.push(count))
  void idle.idle()
  for (const secure of [true, false]) {
    const envelope = { from: it.user, to: it.user, bcc: it.user }
    const { response } = await mailer(it, { secure }).sendMail({ ...envelope, subject: `secure ${secure}`, text: 'x' })
    expect(response).toMatch(/^250 2\.0\.0 Ok: queued as q_\w+$/)
  }
  await expect.poll(() => heard.at(-1)).toBe(2)
  expect(await subjects(it, 'INBOX')).toEqual(['secure true', 'secure false'])
  expect(await subjects(it, 'Sent')).toEqual(['secure true (seen)', 'secure false (seen)'])
  const received = (await idle.fetchOne('1', { source: true })) || undefined
  expect(received?.source?.toString()).toMatch(/^Received: from [\s\S]* by localhost with ESMTPSA id q_\w+/)
  expect(received?.source?.toString()).not.toMatch(/^Bcc:/im)
  expect(await stop(it.gateway)).toBe(0)
})

test('nodemailer: a pool sends many over one connection, ten megabytes come through, and a wrong password is told', async () => {
  const it = await running()
  const port = it.said.smtp?.port as number
  const auth = { user: it.user, pass: it.secret }
  const pool = createTransport({
    ...{ host: 'localhost', port, secure: true, pool: true, maxConnections: 2, auth, tls: { ca: ca(it) } },
  })
  const send = (subject: string, text = 'x') => pool.sendMail({ from: it.user, to: it.user, subject, text })
  await Promise.all(Array.from({ length: 20 }, (_, i) => send(`${i}`)))
  await send('large', `${'x'.repeat(70)}\r\n`.repeat(140_000))
  await expect(send('too large', `${'x'.repeat(70)}\r\n`.repeat(150_000))).rejects.toMatchObject({ responseCode: 552 })
  pool.close()
  expect(await subjects(it, 'INBOX')).toHaveLength(21)
  const stranger = mailer(it, { secure: true }, { ...auth, pass: wrong(it.secret) })
  await expect(stranger.sendMail({ from: it.user, to: it.user, text: 'x' })).rejects.toMatchObject({
    response: '535 5.7.8 Authentication failed',
  })
  expect(await stop(it.gateway)).toBe(0)
})

test('no door takes what a mailbox would not, and SIZE says so', async () => {
  const it = await running({ POSTERN_MESSAGE_BYTES_MAX: '70000' })
  for (const caller of [Caller.byTls(it.said.smtp?.port as number), Caller.inClear(it.said.mx?.port as number)]) {
    caller.say('EHLO client.example.org\r\n')
    await caller.heard('250-SIZE 70000\r\n')
  }
  const largest = `${'x'.repeat(68)}\r\n`.repeat(990)
  await mailer(it, { secure: true }).sendMail({ from: it.user, to: it.user, subject: 'largest', text: largest })
  expect(await subjects(it, 'INBOX')).toEqual(['largest'])
  expect(await stop(it.gateway)).toBe(0)
})

test('Python’s smtplib, SMTP_SSL and starttls, as the guides print them', async () => {
  const it = await running()
  const script = fileURLToPath(new URL('send-mail.py', import.meta.url))
  const ports = [it.said.smtp?.port, it.said.smtpStartTls?.port].map(String)
  const { code, stdout, stderr } = await run('python3', [
    script,
    ...ports,
    it.said.caFile as string,
    it.user,
    it.secret,
  ])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout.trim().split('\n')).toEqual([
    'SMTPNotSupportedError',
    expect.stringMatching(/^553 5\.7\.1 Sender not authorized/),
    '550',
  ])
  expect(await subjects(it, 'INBOX')).toEqual(['smtplib SMTP_SSL', 'smtplib starttls'])
  expect(await stop(it.gateway)).toBe(0)
})

test('curl smtps:// and smtp:// --ssl-reqd; openssl s_client -starttls smtp', async () => {
  const it = await running()
  const message = join(it.dataDir, '..', 'message.eml')
  const config = join(it.dataDir, '..', 'curlrc')
  writeFileSync(config, `user = "${it.user}:${it.secret}"\ncacert = "${it.said.caFile}"\nsilent\nshow-error\n`)
  const curl = (url: string, subject: string, ...words: string[]) => {
    writeFileSync(message, `From: <${it.user}>\r\nSubject: ${subject}\r\n\r\nhello\r\n`)
    const envelope = ['--mail-from', it.user, '--mail-rcpt', it.user, '--upload-file', message]
    return run('curl', ['-K', config, url, ...envelope, ...words])
  }
  const well = { code: 0, stdout: '', stderr: '' }
  expect(await curl(`smtps://localhost:${it.said.smtp?.port}`, 'curl smtps')).toEqual(well)
  expect(await curl(`smtp://localhost:${it.said.smtpStartTls?.port}`, 'curl STARTTLS', '--ssl-reqd')).toEqual(well)
  expect((await curl(`smtp://localhost:${it.said.smtpStartTls?.port}`, 'curl in clear')).code).not.toBe(0)
  expect(await subjects(it, 'Sent')).toEqual(['curl smtps (seen)', 'curl STARTTLS (seen)'])
  for (const version of ['-tls1_2', '-tls1_3']) {
    const place = [
      '-connect',
      `localhost:${it.said.smtpStartTls?.port}`,
      '-starttls',
      'smtp',
      '-CAfile',
      it.said.caFile,
    ]
    const child = spawn('openssl', ['s_client', ...(place as string[]), '-verify_return_error', '-quiet', version])
    let shown = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text
    })
    child.stdin.write('EHLO c\r\n')
    await expect.poll(() => shown, { timeout: 10_000 }).toContain('250 AUTH PLAIN LOGIN\r\n')
    child.stdin.write('QUIT\r\n')
    await new Promise((resolve) => child.once('close', resolve))
    expect(shown).toContain('221 2.0.0 Goodbye')
  }
  expect(await stop(it.gateway)).toBe(0)
})

test('every refusal is the same for the client, whatever its cause; a credential without the scope is none', async () => {
  const it = await running()
  const hand = await SecondHand.on(it.dataDir)
  const made = async (name: string, options = {}) => (await hand.person(`${name}@example.test`, options)).secret
  const everything = await hand.credential({ kind: 'key', grants: ['*'], scopes: ['smtp'] })
  const sender = await made('sender', { scopes: ['smtp'] })
  const rows: [cause: string, user: string, secret: string][] = [
    ['no secret of ours', it.user, 'hunter2'],
    ['unknown secret', it.user, nobodys(it.secret)],
    ['wrong secret', it.user, wrong(it.secret)],
    ['scope missing', 'reader@example.test', await made('reader', { scopes: ['imap'] })],
    ['scope missing', it.user, (await hand.credential({ kind: 'key', grants: ['*'], scopes: ['api'] })).secret],
    ['address not granted', it.user, sender],
    ['no such user', 'nobody@example.test', everything.secret],
  ]
  const { port } = it.said.smtp as { port: number }
  for (const [cause, user, secret] of rows) {
    const here = Caller.byTls(port)
    here.say(`EHLO c\r\nAUTH PLAIN ${plain(user, secret)}\r\nQUIT\r\n`)
    expect(await here.closed, cause).toMatch(/\r\n250 AUTH PLAIN LOGIN\r\n535 5\.7\.8 Authentication failed\r\n221 /)
  }
  for (const [user, secret] of [
    ['SENDER@Example.Test', sender],
    ['*@example.test', everything.secret],
  ] as const) {
    const here = Caller.byTls(port)
    here.say(`EHLO c\r\nAUTH PLAIN ${plain(user, secret)}\r\nQUIT\r\n`)
    expect(await here.closed).toContain('235 2.7.0 Authentication succeeded\r\n')
  }
  const log = it.gateway.stdout()
  for (const [cause] of rows) expect(log).toContain(`"cause":"${cause}"`)
  for (const [, user, secret] of rows)
    for (const said of [secret, plain(user, secret)]) expect(log.split(said).length).toBeLessThan(3)
  expect(await stop(it.gateway)).toBe(0)
})

test('a revoked password ends its sessions within two seconds, and its last use has the name in EHLO', async () => {
  const it = await running()
  const hand = await SecondHand.on(it.dataDir)
  const someone = await hand.person('someone@example.test', { scopes: ['smtp'] })
  const here = Caller.byTls(it.said.smtp?.port as number)
  here.say(`EHLO my-laptop\r\nAUTH PLAIN ${plain('someone@example.test', someone.secret)}\r\n`)
  await here.heard('235 ')
  await expect
    .poll(async () => (await hand.directory.getCredential(someone.credential.id)).lastUsed)
    .toMatchObject({ protocol: 'smtp', network: '127.0.0.1', client: 'my-laptop' })
  const at = performance.now()
  await hand.directory.revokeCredential(someone.credential.id)
  expect(await here.closed).toMatch(/421 4\.7\.0 The session has ended\r\n$/)
  expect(performance.now() - at).toBeLessThan(2_000)
  expect(await stop(it.gateway)).toBe(0)
})

test('*@domain: mail is filed in the Sent of the inbox that From names', async () => {
  const it = await running()
  const hand = await SecondHand.on(it.dataDir)
  const carol = await hand.inbox('carol@example.test')
  const { secret } = await hand.credential({ kind: 'key', grants: ['*@example.test'], scopes: ['smtp'] })
  const transport = mailer(it, { secure: true }, { user: '*@example.test', pass: secret })
  await transport.sendMail({ from: 'carol@example.test', to: it.user, subject: 'for carol', text: 'x' })
  const sent = await hand.store.account(carol.id).mailbox('Sent')
  expect(sent?.status.messages).toBe(1)
  expect(await subjects(it, 'INBOX')).toEqual(['for carol'])
  expect(await stop(it.gateway)).toBe(0)
})

test('*@domain: without a route of the inbox that From names nothing is taken that would wait for ever', async () => {
  const it = await running({ POSTERN_ROUTE: 'smtp://127.0.0.1:9?tls=none' })
  const hand = await SecondHand.on(it.dataDir)
  const { secret } = await hand.credential({ kind: 'key', grants: ['*@example.test'], scopes: ['smtp'] })
  const env = { POSTERN_DATA_DIR: it.dataDir }
  for (const name of ['carol', 'dave']) await hand.inbox(`${name}@example.test`)
  expect(await postern(['inbox', 'route', 'carol@example.test', 'none'], { env }).ended).toBe(0)
  const here = await loggedIn(it, { user: '*@example.test', secret })
  const heard = async (lines: string, answer: string) => {
    here.say(lines)
    return here.heard(answer)
  }
  await expect
    .poll(() => heard('RSET\r\nMAIL FROM:<carol@example.test>\r\nRCPT TO:<eve@remote.test>\r\nNOOP\r\n', 'Ok\r\n'))
    .toContain('550 5.4.4 ')
  await heard('RSET\r\nMAIL FROM:<dave@example.test>\r\nRCPT TO:<eve@remote.test>\r\nDATA\r\n', '354 ')
  const body = `${'x'.repeat(70)}\r\n`.repeat(20_000)
  await heard(`From: <carol@example.test>\r\nSubject: no way\r\n\r\n${body}.\r\n`, '550 5.4.4 ')
  await heard('MAIL FROM:<carol@example.test>\r\nRCPT TO:<dave@example.test>\r\nDATA\r\n', '354 ')
  await heard('From: <carol@example.test>\r\nSubject: at home\r\n\r\nx\r\n.\r\n', '250 2.0.0 Ok: queued as ')
  await heard('MAIL FROM:<dave@example.test>\r\nRCPT TO:<eve@remote.test>\r\nDATA\r\n', '354 ')
  await heard('From: <dave@example.test>\r\nSubject: away\r\n\r\nx\r\n.\r\n', '250 2.0.0 Ok: queued as ')
  const { waiting, leased } = await hand.store.outbox.stats()
  expect(waiting + leased).toBe(1)
  expect(await stop(it.gateway)).toBe(0)
})

test('a message that was sent a second time because its 250 was lost is there once', async () => {
  const it = await running()
  const body = `From: <${it.user}>\r\nSubject: once\r\n\r\nhello\r\n.\r\n`
  const send = async () => {
    const here = Caller.byTls(it.said.smtp?.port as number)
    here.say(`EHLO c\r\nAUTH PLAIN ${plain(it.user, it.secret)}\r\n`)
    here.say(`MAIL FROM:<${it.user}>\r\nRCPT TO:<${it.user}>\r\nDATA\r\n`)
    await here.heard('354 ')
    here.say(body)
    const [, id] = /queued as (\S+)/.exec(await here.heard('250 ')) ?? []
    return id
  }
  const first = await send()
  expect(await send()).toBe(first)
  expect(await subjects(it, 'INBOX')).toEqual(['once'])
  expect(await subjects(it, 'Sent')).toEqual(['once (seen)'])
  expect(await stop(it.gateway)).toBe(0)
})

test('a message that was sent a second time though its 250 was heard is another one, and is there twice', async () => {
  const it = await running()
  const here = await loggedIn(it)
  const body = `From: <${it.user}>\r\nSubject: alarm\r\n\r\nDisk full\r\n.\r\n`
  const send = async (lastWords = '') => {
    here.say(`MAIL FROM:<${it.user}>\r\nRCPT TO:<${it.user}>\r\nDATA\r\n`)
    await here.heard('354 ')
    here.say(`${body}${lastWords}`)
    return /queued as (\S+)/.exec(await here.heard('250 2.0.0 Ok: queued as q_'))?.[1]
  }
  const ids = [await send(), await send(), await send()]
  expect(new Set(ids).size).toBe(3)
  // What is sent behind the message without waiting says nothing of its 250.
  const last = await send('NOOP\r\nQUIT\r\n')
  await here.closed
  const again = await loggedIn(it)
  again.say(`MAIL FROM:<${it.user}>\r\nRCPT TO:<${it.user}>\r\nDATA\r\n`)
  await again.heard('354 ')
  again.say(body)
  expect(await again.heard('\r\n')).toContain(`queued as ${last}`)
  expect(await subjects(it, 'INBOX')).toEqual(['alarm', 'alarm', 'alarm', 'alarm'])
  expect(await stop(it.gateway)).toBe(0)
})

test('SIGTERM: a message that is on its way is taken, confirmed and kept', async () => {
  const it = await running()
  const here = Caller.byTls(it.said.smtp?.port as number)
  here.say(`EHLO c\r\nAUTH PLAIN ${plain(it.user, it.secret)}\r\n`)
  here.say(`MAIL FROM:<${it.user}>\r\nRCPT TO:<${it.user}>\r\nDATA\r\n`)
  await here.heard('354 ')
  const code = stop(it.gateway)
  await expect.poll(() => it.gateway.stdout()).toContain('shutting down')
  here.say(`From: <${it.user}>\r\nSubject: last\r\n\r\nOn its way\r\n.\r\n`)
  expect(await here.closed).toMatch(/250 2\.0\.0 Ok: queued as q_\w+\r\n421 4\.3\.2 [^\r]*\r\n$/)
  expect(await code).toBe(0)
  const hand = await SecondHand.on(it.dataDir)
  const found = await hand.directory.findAddress(it.user)
  const inbox = found?.via === 'address' ? await hand.store.account(found.inbox.id).mailbox('INBOX') : undefined
  expect(inbox?.status.messages).toBe(1)
})

test('the settings of submission reach its sessions', async () => {
  const it = await running({
    POSTERN_SUBMISSION_BYTES_MAX: '2048',
    POSTERN_SUBMISSION_RECIPIENTS_MAX: '2',
    POSTERN_SUBMISSION_LOGIN_TIMEOUT_MS: '1000',
    POSTERN_SUBMISSION_IDLE_TIMEOUT_MS: '1500',
    POSTERN_HOSTNAME: 'mail.example.test',
    POSTERN_ROUTE: 'direct:2525',
  })
  const port = it.said.smtp?.port as number
  const [stranger, here] = [Caller.byTls(port), Caller.byTls(port)]
  here.say(`EHLO c\r\nAUTH PLAIN ${plain(it.user, it.secret)}\r\n`)
  const offered = await here.heard('235 ')
  expect(offered).toMatch(/^220 mail\.example\.test ESMTP Postern\r\n250-mail\.example\.test\r\n/)
  for (const keyword of ['SIZE 2048', 'LIMITS RCPTMAX=2', 'REQUIRETLS']) expect(offered).toContain(keyword)
  here.say(`MAIL FROM:<${it.user}>\r\nRCPT TO:<eve@elsewhere.test>\r\n`)
  expect(await here.heard('250 2.1.5 ')).toMatch(/^250 2\.1\.0 /)
  expect(await stranger.closed).toMatch(/421 4\.4\.2 Too long without a login\r\n$/)
  expect(await here.closed).toMatch(/421 4\.4\.2 Idle for too long\r\n$/)
  expect(await stop(it.gateway)).toBe(0)
})

test.skipIf(process.platform !== 'linux')(
  'sixteen large messages at once, with two texts each, in flat memory',
  async () => {
    const it = await running()
    const pid = it.gateway.child.pid as number
    const before = residentBytes(pid)
    const [piece, pieces] = [`${'x'.repeat(70)}\r\n`.repeat(1_000), 120]
    let most = 0
    const send = async (i: number) => {
      const here = Caller.byTls(it.said.smtp?.port as number)
      here.say(`EHLO c\r\nAUTH PLAIN ${plain(it.user, it.secret)}\r\n`)
      here.say(`MAIL FROM:<${it.user}>\r\nRCPT TO:<${it.user}>\r\nDATA\r\n`)
      await here.heard('354 ')
      here.say(`From: <${it.user}>\r\nBcc: <${it.user}>\r\nSubject: ${i}\r\n\r\n`)
      for (let n = 0; n < pieces; n++) {
        if (!here.socket.write(piece)) await new Promise((resolve) => here.socket.once('drain', resolve))
        most = Math.max(most, residentBytes(pid))
      }
      here.say('.\r\nQUIT\r\n')
      expect(await here.closed).toContain('250 2.0.0 Ok: queued as ')
    }
    await Promise.all(Array.from({ length: 16 }, (_, i) => send(i)))
    expect(most - before, 'of 276 MB').toBeLessThan(128_000_000)
    expect(await subjects(it, 'INBOX')).toHaveLength(16)
    expect(await stop(it.gateway)).toBe(0)
  },
)
