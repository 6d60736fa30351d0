// Roles in processes of their own on one data folder: what is submitted in one shows in the IDLE of another, and a client's own
// copy for Sent meets the one that its submission files, whichever process it goes to.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { createTransport } from 'nodemailer'
import { SMTPServer } from 'smtp-server'
import { expect, onTestFinished, test } from 'vitest'
import { newFolder, run, stop } from './gateway-process.js'
import { startRedis } from './redis-process.js'
import { append, client, type Running, running } from './sharing-gateways.js'

async function apart() {
  const redis = await startRedis()
  const dataDir = join(newFolder(), 'data')
  const env = { POSTERN_REDIS_URL: `redis://127.0.0.1:${redis.port}` }
  const imap = await running(dataDir, { ...env, POSTERN_ROLES: 'imap' })
  const submission = await running(dataDir, { ...env, POSTERN_ROLES: 'submission,relay' })
  expect([imap.said.smtp, submission.said.imap]).toEqual([undefined, undefined])
  return { redis, dataDir, imap, submission, password: imap.said.firstStart!.password! }
}

function mailer({ said }: Running, pass: string) {
  const transport = createTransport({
    ...{ host: '127.0.0.1', port: said.smtp!.port, secure: true, pool: true, maxConnections: 1 },
    auth: { user: 'me@example.test', pass },
    tls: { ca: readFileSync(said.caFile!), servername: 'localhost' },
  })
  onTestFinished(() => transport.close())
  return transport
}

const mail = (subject: string) => ({
  ...{
    from: 'me@example.test',
    to: 'alice@example.test',
    subject,
    text: 'Hello.',
    messageId: `<${subject}@example.test>`,
  },
  date: new Date(1_800_000_000_000),
})

test('mail submitted in one process shows in Sent and in the INBOX of its recipient in another, in at most three commands', async () => {
  const { redis, dataDir, imap, submission, password } = await apart()
  const env = { POSTERN_DATA_DIR: dataDir }
  const status = (await run(['status'], { env })).stdout
  expect(status).toMatch(/^Gateway {6}process \d+ \(submission, relay: submissions \d+, /m)
  expect(status).toMatch(/^ {13}process \d+ \(imap: imaps \d+, /m)
  const made = await run(['inbox', 'create', 'alice@example.test', '--json'], { env })
  const alice = JSON.parse(made.stdout).imap_password ?? JSON.parse(made.stdout).password
  const inbox = await client(imap, { password: alice, user: 'alice@example.test' })
  const sent = await client(imap, { password, mailbox: 'Sent' })
  for (const each of [inbox, sent]) await each.say('i IDLE', '+ ')
  const transport = mailer(submission, password)
  await transport.sendMail(mail('first'))
  await Promise.all([inbox, sent].map((each) => each.hears(0, '* 1 EXISTS')))

  const count = 30
  const times: number[] = []
  await redis.ask('CONFIG', 'RESETSTAT')
  for (let n = 2; n <= count + 1; n++) {
    const beganMs = performance.now()
    const accepted = transport.sendMail(mail(`news-${n}`))
    await Promise.all([inbox, sent].map((each) => each.hears(0, `* ${n} EXISTS`)))
    times.push(performance.now() - beganMs)
    await accepted
  }
  times.sort((a, b) => a - b)
  const [p50, p99] = [times[count / 2 - 1]!, times.at(-1)!]
  console.info(`submission to both EXISTS in the other process: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`)
  const stats = await redis.ask('INFO', 'commandstats')
  const calls = [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].filter(
    ([, name]) => !/^(?:ping|info|config|client|command|select)/.test(name!),
  )
  const sum = calls.reduce((total, [, , each]) => total + Number(each), 0)
  // A submission that takes longer than a moment is told to the others, and taken back, in four. That there's a new inbox each
  // of the two processes tells the other, maybe only now; and some commands go by the clock: each process says that it's alive, and
  // keeps the places of its sessions.
  const slow = times.filter((ms) => ms > 150).length
  expect(sum, calls.map(([line]) => line).join(' ')).toBeLessThanOrEqual(3 * count + 4 * slow + 12)
  expect([await stop(submission.gateway), await stop(imap.gateway)]).toEqual([0, 0])
})

/** SMTP by hand, as far as the header of a message and no further. */
async function halfSent({ said }: Running, password: string, header: string) {
  const ca = readFileSync(said.caFile!)
  const socket = connect({ host: '127.0.0.1', port: said.smtp!.port, ca, servername: 'localhost' })
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  const say = async (line: string, until: RegExp): Promise<void> => {
    const from = text.length
    socket.write(line)
    await expect.poll(() => text.slice(from), { timeout: 20_000, interval: 5 }).toMatch(until)
  }
  await expect.poll(() => text, { timeout: 20_000, interval: 5 }).toMatch(/^220 /)
  await say('EHLO laptop\r\n', /^250 /m)
  await say(`AUTH PLAIN ${btoa(`\0me@example.test\0${password}`)}\r\n`, /^235 /m)
  await say('MAIL FROM:<me@example.test>\r\n', /^250 /m)
  await say('RCPT TO:<me@example.test>\r\n', /^250 /m)
  await say('DATA\r\n', /^354 /m)
  socket.write(header)
  return { say }
}

test("a client's copy for Sent waits in one process while its submission is open in another, and there is one", async () => {
  const { redis, imap, submission, password } = await apart()
  const header =
    'From: me@example.test\r\nTo: me@example.test\r\nSubject: slow\r\nMessage-ID: <slow@example.test>\r\nDate: Wed, 03 Jan 2029 10:00:00 +0000\r\n\r\n'
  const { say } = await halfSent(submission, password, `${header}Line one\r\n`)
  await expect.poll(() => redis.ask('KEYS', 'postern:sending:*'), { timeout: 20_000 }).not.toBe('')
  const filer = await client(imap, { password, mailbox: 'Sent' })
  let isFiled = false
  const source = `${header}Line one\r\nLine two\r\n`
  await filer.say(`a APPEND Sent (\\Seen) {${source.length}}`, '+ ')
  const filed = filer.say(source, 'a OK').then((answer) => {
    isFiled = true
    return answer
  })
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(isFiled).toBe(false)
  await say('Line two\r\n.\r\n', /^250 2\.\d\.\d Ok: queued as/m)
  expect(await filed).toMatch(/a OK \[APPENDUID \d+ 1\]/)
  expect(await filer.say('n STATUS Sent (MESSAGES)', 'n OK')).toContain('MESSAGES 1')
  await append(filer, 'another')
})

/** A smart host that takes everything but what is for nobody. */
async function smartHost() {
  const arrived: string[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onRcptTo({ address }, _, done) {
      done(address.startsWith('nobody@') ? Object.assign(new Error('5.1.1 unknown'), { responseCode: 550 }) : undefined)
    },
    onData(stream, { envelope }, done) {
      stream.resume().on('end', () => {
        arrived.push(...envelope.rcptTo.map(({ address }) => address))
        done()
      })
    },
  })
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const { port } = server.server.address() as AddressInfo
  return { arrived, route: `smtp://127.0.0.1:${port}?tls=none` }
}

test('IMAP, submission and relay each in a process: mail leaves, what bounces is told in IDLE, with Redis and without', async () => {
  const redis = await startRedis()
  const host = await smartHost()
  const env = { POSTERN_REDIS_URL: `redis://127.0.0.1:${redis.port}`, POSTERN_ROUTE: host.route }
  const dataDir = join(newFolder(), 'data')
  const imap = await running(dataDir, { ...env, POSTERN_ROLES: 'imap' })
  const submission = await running(dataDir, { ...env, POSTERN_ROLES: 'submission' })
  const relay = await running(dataDir, { ...env, POSTERN_ROLES: 'relay' })
  const { password } = imap.said.firstStart as { password: string }
  const reader = await client(imap, { password })
  await reader.say('i IDLE', '+ ')
  const transport = mailer(submission, password)
  const send = async (n: number) => {
    const to = [`friend-${n}@example.net`, `nobody@example.net`]
    await transport.sendMail({ ...mail(`away-${n}`), to })
    await expect.poll(() => host.arrived, { timeout: 20_000, interval: 5 }).toContain(to[0])
    await reader.hears(0, `* ${n} EXISTS`)
  }
  await send(1)
  await redis.kill()
  await send(2)
  await redis.start()
  await send(3)
  expect(await Promise.all([relay, submission, imap].map(({ gateway }) => stop(gateway)))).toEqual([0, 0, 0])
})
