// Mail from its submission to the next server, through the whole gateway: it arrives signed, what is refused comes back into the
// INBOX where an IDLE session hears it, and a kill or a stop loses nothing.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ImapFlow } from 'imapflow'
import { simpleParser } from 'mailparser'
import nodemailer from 'nodemailer'
import { expect, onTestFinished, test } from 'vitest'
import type { Announcement } from '../src/announcement.js'
import { newFolder, type Process, postern, run, started, stop } from './gateway-process.js'
import { type Remote, startRemote } from './remote.js'

interface Running {
  readonly gateway: Process
  readonly said: Announcement
  readonly env: Record<string, string>
}

async function start(remote: Remote, more: Record<string, string> = {}): Promise<Running> {
  const route = `smtp://127.0.0.1:${remote.port}?tls=none`
  const folder = more.POSTERN_DATA_DIR ?? join(newFolder(), 'data')
  const env = { ...more, POSTERN_DATA_DIR: folder, POSTERN_BIND: '127.0.0.1', POSTERN_ROUTE: route }
  const gateway = postern(['start', '--json'], { env })
  return { gateway, said: await started(gateway), env }
}

const ca = ({ said }: Running): Buffer => readFileSync(said.caFile as string)

async function send(it: Running, password: string, to: string[], dsn?: { notify: string; return: string }) {
  const transport = nodemailer.createTransport({
    ...{ host: '127.0.0.1', port: it.said.smtp?.port, secure: true },
    auth: { user: 'me@example.test', pass: password },
    tls: { ca: ca(it), servername: 'localhost' },
  })
  const mail = { from: 'me@example.test', to, subject: 'Hello', text: 'How are you?', dsn }
  const { response } = await transport.sendMail(mail)
  transport.close()
  return /queued as (\S+)/.exec(response)?.[1] as string
}

async function idling(it: Running, password: string): Promise<{ client: ImapFlow; exists: () => number }> {
  const client = new ImapFlow({
    ...{ host: '127.0.0.1', port: it.said.imap?.port as number, secure: true, logger: false },
    auth: { user: 'me@example.test', pass: password },
    tls: { ca: ca(it), servername: 'localhost' },
  })
  onTestFinished(() => client.close())
  let exists = 0
  client.on('exists', ({ count }) => {
    exists = count
  })
  await client.connect()
  await client.mailboxOpen('INBOX')
  void client.idle()
  return { client, exists: () => exists }
}

const until = (holds: () => boolean | Promise<boolean>): Promise<void> =>
  expect.poll(holds, { timeout: 20_000, interval: 10 }).toBe(true)

const queue = async (it: Running, queueId: string) => {
  const { stdout } = await run(['queue', 'show', queueId, '--json'], { env: it.env })
  return JSON.parse(stdout)
}

test('it leaves signed; what the next server refuses comes back at once, and an IDLE session hears it', async () => {
  const remote = await startRemote()
  remote.says = (address) =>
    address.startsWith('gone') ? { responseCode: 550, message: '5.1.1 No such user' } : undefined
  const it = await start(remote)
  const { password } = it.said.firstStart as { password: string }
  expect((await run(['domain', 'dkim', 'example.test'], { env: it.env })).code).toBe(0)
  const { client, exists } = await idling(it, password)
  const queueId = await send(it, password, ['r@remote.test', 'gone@remote.test'])
  await until(() => remote.mails.length === 1)
  expect(remote.mails[0]?.to).toEqual(['r@remote.test'])
  const signatures = remote.mails[0]?.text.match(/(?<=^DKIM-Signature: v=1; a=)\S+(?=;)/gm)
  expect([...(signatures ?? [])].sort()).toEqual(['ed25519-sha256', 'rsa-sha256'])
  expect(remote.mails[0]?.text).toContain('How are you?')
  await until(() => exists() === 1)
  const { source } = (await client.fetchOne('1', { source: true })) as { source: Buffer }
  const notice = await simpleParser(source)
  expect(notice.subject).toBe('Your message could not be delivered')
  expect(notice.text).toContain(queueId)
  const log = it.gateway.stdout()
  expect(log).toMatch(/"to":"r@remote.test".*"msg":"delivered"/)
  expect(log).toMatch(/"to":"gone@remote.test".*"msg":"failed"/)
  expect(log).toMatch(/"msg":"bounced"/)

  void client.idle()
  await send(it, password, ['me@example.test'], { notify: 'success', return: 'headers' })
  await until(() => exists() === 3)
  const { source: told } = (await client.fetchOne('3', { source: true })) as { source: Buffer }
  expect(told.toString()).toMatch(/^Action: delivered\r$/m)
  await client.logout()
  expect(await stop(it.gateway)).toBe(0)
})

test('a stop waits for what is under way, no longer than it may; what had no answer leaves with the next start', async () => {
  const remote = await startRemote()
  let answer = (): void => {}
  remote.holds = new Promise((resolve) => {
    answer = resolve
  })
  const it = await start(remote, { POSTERN_DRAIN_MS: '400' })
  const { password } = it.said.firstStart as { password: string }
  await send(it, password, ['r@remote.test'])
  await until(() => remote.mails.length === 1)
  const begun = Date.now()
  expect(await stop(it.gateway)).toBe(0)
  expect(Date.now() - begun).toBeLessThan(8_000)

  const again = await start(remote, { ...it.env, POSTERN_DRAIN_MS: '20000' })
  await until(() => remote.mails.length === 2)
  const stopped = stop(again.gateway)
  setTimeout(answer, 200)
  expect(await stopped).toBe(0)
  expect(again.gateway.stdout()).toMatch(/"to":"r@remote.test".*"msg":"delivered"/)
})

test('a gateway that is killed while the remote takes its time goes on when it starts again', async () => {
  const remote = await startRemote()
  remote.says = () => ({ responseCode: 450, message: '4.2.1 Later' })
  const it = await start(remote)
  const { password } = it.said.firstStart as { password: string }
  const queueId = await send(it, password, ['r@remote.test'])
  await until(async () => (await queue(it, queueId)).recipients[0].attempts === 1)
  it.gateway.child.kill('SIGKILL')
  await it.gateway.ended
  remote.says = () => undefined
  const again = await start(remote, it.env)
  expect((await run(['queue', 'retry', queueId], { env: again.env })).code).toBe(0)
  await until(() => remote.mails.length === 1)
  await until(async () => (await queue(again, queueId)).recipients[0].state === 'delivered')
  expect(await stop(again.gateway)).toBe(0)
})
