// Roles in processes of their own on one data folder: what is submitted in one shows in the IDLE of another.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import { expect, onTestFinished, test } from 'vitest'
import { newFolder, run, stop } from './gateway-process.js'
import { startRedis } from './redis-process.js'
import { client, type Running, running } from './sharing-gateways.js'

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
  expect(sum / count, calls.map(([line]) => line).join(' ')).toBeLessThanOrEqual(3)
  expect([await stop(submission.gateway), await stop(imap.gateway)]).toEqual([0, 0])
})
