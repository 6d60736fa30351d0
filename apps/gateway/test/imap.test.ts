// IMAP through the whole gateway: the printed inbox logs in, what was confirmed survives a kill, and clients are told goodbye.

import { readFileSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { ImapFlow } from 'imapflow'
import { expect, onTestFinished, test } from 'vitest'
import type { Announcement } from '../src/announcement.js'
import { newFolder, type Process, postern, said, started, stop } from './gateway-process.js'

interface Running {
  readonly gateway: Process
  readonly said: Announcement
}

async function running(dataDir = join(newFolder(), 'data'), env: Record<string, string> = {}): Promise<Running> {
  const own = { POSTERN_DATA_DIR: dataDir, POSTERN_BIND: '127.0.0.1' }
  const gateway = postern(['start', '--json'], { env: { ...own, ...env } })
  return { gateway, said: await started(gateway) }
}

const ca = ({ said }: Running): Buffer => readFileSync(said.caFile!)

function imapflow(it: Running, pass: string, user = 'me@example.test'): ImapFlow {
  const client = new ImapFlow({
    ...{ host: '127.0.0.1', port: it.said.imap!.port, secure: true, logger: false },
    auth: { user, pass },
    tls: { ca: ca(it), servername: 'localhost' },
  })
  onTestFinished(() => client.close())
  return client
}

/** A person who types, on a connection that trusts the printed CA. */
function typed(it: Running) {
  const socket = connect({ host: '127.0.0.1', port: it.said.imap!.port, ca: ca(it), servername: 'localhost' })
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  return {
    closed,
    text: () => text,
    async say(line: string, until: string): Promise<string> {
      const from = text.length
      socket.write(`${line}\r\n`)
      await expect.poll(() => text.slice(from), { timeout: 10_000, interval: 5 }).toContain(until)
      return text.slice(from)
    },
  }
}

test('the printed inbox and password log in, with the printed CA', async () => {
  const it = await running()
  const { inbox, password } = it.said.firstStart!
  const client = imapflow(it, password!, inbox)
  await client.connect()
  expect((await client.list()).map(({ path }) => path)).toContain('INBOX')
  expect(await client.mailboxOpen('INBOX')).toMatchObject({ exists: 0 })
  await client.logout()

  const person = typed(it)
  expect(await person.say('a LOGIN me@example.test ps_app_wrong_wrong', 'a ')).toContain(
    'a NO [AUTHENTICATIONFAILED] Authentication failed\r\n',
  )
  expect(await person.say(`b LOGIN nobody@example.test ${password}`, 'b ')).toBe(
    'b NO [AUTHENTICATIONFAILED] Authentication failed\r\n',
  )
  expect(await person.say(`c LOGIN me@example.test ${password}`, 'c OK')).toMatch(/^c OK \[CAPABILITY IMAP4rev1 /)
  expect(await stop(it.gateway)).toBe(0)
  expect(it.gateway.stdout().split(password!).length, 'the password is printed once').toBe(2)
})

test('what APPEND confirmed is there after a kill', async () => {
  const dataDir = join(newFolder(), 'data')
  const before = await running(dataDir)
  const { password } = before.said.firstStart!
  const source = 'From: a@example.net\r\nSubject: confirmed\r\n\r\nKept.\r\n'
  const writer = imapflow(before, password!)
  await writer.connect()
  expect(await writer.append('INBOX', source, ['\\Flagged'])).toMatchObject({ uid: 1 })
  writer.close()
  before.gateway.child.kill('SIGKILL')
  expect(await before.gateway.ended).toBe('SIGKILL')

  const after = await running(dataDir)
  const reader = imapflow(after, password!)
  await reader.connect()
  await reader.mailboxOpen('INBOX')
  const found = (await reader.fetchOne('1', { source: true, flags: true })) || undefined
  expect(found?.source?.toString()).toBe(source)
  expect(found?.flags).toEqual(new Set(['\\Flagged']))
  await reader.logout()
  expect(await stop(after.gateway)).toBe(0)
})

test('plain bytes on the TLS port never get a greeting, and harm nobody', async () => {
  const it = await running()
  const received = await new Promise<string>((resolve) => {
    const socket = connectPlain({ host: '127.0.0.1', port: it.said.imap!.port })
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
    })
    socket.on('error', () => undefined)
    socket.once('close', () => resolve(text))
    socket.write('a LOGIN me@example.test secret\r\n')
  })
  expect(received).not.toMatch(/OK|NO|BAD|CAPABILITY/)
  const client = imapflow(it, it.said.firstStart!.password!)
  await client.connect()
  await client.logout()
  expect(await stop(it.gateway)).toBe(0)
})

test('SIGTERM says BYE to a client in IDLE and exits with 0', async () => {
  const it = await running()
  const person = typed(it)
  await person.say(`a LOGIN me@example.test ${it.said.firstStart!.password}`, 'a OK')
  await person.say('b SELECT INBOX', 'b OK')
  await person.say('c IDLE', '+ ')
  const code = stop(it.gateway)
  await person.closed
  expect(person.text()).toMatch(/\r\n\* BYE .*\r\n$/)
  expect(await code).toBe(0)
})

test('the port in clear opens when it is set, and logs in by STARTTLS', async () => {
  const it = await running(undefined, { POSTERN_IMAP_PORT: '0' })
  const { host, port } = it.said.imapInClear!
  expect(host).toBe('localhost')
  const client = new ImapFlow({
    ...{ host: '127.0.0.1', port, secure: false, doSTARTTLS: true, logger: false },
    auth: { user: 'me@example.test', pass: it.said.firstStart!.password! },
    tls: { ca: ca(it), servername: 'localhost' },
  })
  await client.connect()
  expect(client.secureConnection).toBe(true)
  await client.logout()
  expect(await stop(it.gateway)).toBe(0)
})

test('people read of the port in clear, where there is one', async () => {
  const gateway = postern(['start'], {
    env: { POSTERN_DATA_DIR: newFolder(), POSTERN_LOG_LEVEL: 'silent', POSTERN_IMAP_PORT: '0' },
  })
  await said(gateway, 'come next.')
  expect(gateway.stdout()).toMatch(
    / {2}IMAP {9}localhost port \d+, SSL\/TLS {2}.*\n {15}localhost port \d+, STARTTLS\n/,
  )
  expect(await stop(gateway)).toBe(0)
})
