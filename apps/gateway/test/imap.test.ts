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
  await said(gateway, '(POSTERN_ROUTE)')
  expect(gateway.stdout()).toMatch(/ {2}IMAP +localhost port \d+, SSL\/TLS {2}.*\n +localhost port \d+, STARTTLS\n/)
  expect(await stop(gateway)).toBe(0)
})

test('the settings of IMAP reach its sessions', async () => {
  const it = await running(undefined, {
    POSTERN_IMAP_SESSIONS_PER_INBOX_MAX: '1',
    POSTERN_IMAP_LOGIN_TIMEOUT_MS: '1000',
    POSTERN_MESSAGE_BYTES_MAX: '70000',
  })
  const login = `a LOGIN me@example.test ${it.said.firstStart!.password}`
  const person = typed(it)
  expect(await person.say(login, 'a OK')).toContain(' APPENDLIMIT=70000 ')
  expect(await person.say('b APPEND INBOX {70001}', 'b ')).toMatch(/b NO \[TOOBIG\] /)
  const other = typed(it)
  expect(await other.say(login, 'a ')).toMatch(/a NO \[LIMIT\] Too many sessions for this inbox/)
  await other.closed
  expect(other.text()).toMatch(/\* BYE Too long without a login\r\n$/)
  expect(await person.say('c NOOP', 'c ')).toMatch(/^c OK /)
  expect(await stop(it.gateway)).toBe(0)
})

test('SIGTERM: a message that is on its way is taken, confirmed and kept; nobody new comes in', async () => {
  const dataDir = join(newFolder(), 'data')
  const before = await running(dataDir)
  const { password } = before.said.firstStart!
  const person = typed(before)
  await person.say(`a LOGIN me@example.test ${password}`, 'a OK')
  await person.say('b APPEND INBOX {28}', '+ ')
  const code = stop(before.gateway)
  await said(before.gateway, 'shutting down')
  // The line is written a moment before the doors are shut.
  const comesIn = () =>
    new Promise<boolean>((resolve) => {
      const socket = connectPlain({ host: '127.0.0.1', port: before.said.imap!.port })
      socket.once('connect', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', ({ message }) => resolve(!message.includes('ECONNREFUSED')))
    })
  while (await comesIn()) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(await person.say('Subject: last\r\n\r\nOn its way', '* BYE')).toMatch(
    /^b OK \[APPENDUID \d+ 1\] [^\r]*\r\n\* BYE The server is going down\r\n/,
  )
  expect(await code).toBe(0)

  const after = await running(dataDir)
  const reader = typed(after)
  await reader.say(`a LOGIN me@example.test ${password}`, 'a OK')
  await reader.say('b SELECT INBOX', 'b OK')
  expect(await reader.say('c FETCH 1 BODY[]', 'c OK')).toContain('Subject: last\r\n\r\nOn its way')
  expect(await stop(after.gateway)).toBe(0)
})

test('who does not finish a message holds a stopping server up until its time is over, or a second signal comes', async () => {
  const stuck = async (env: Record<string, string>) => {
    const it = await running(undefined, env)
    const person = typed(it)
    await person.say(`a LOGIN me@example.test ${it.said.firstStart!.password}`, 'a OK')
    await person.say('b APPEND INBOX {28}', '+ ')
    it.gateway.child.kill('SIGTERM')
    await said(it.gateway, 'shutting down')
    return { it, person }
  }
  const patient = await stuck({ POSTERN_DRAIN_MS: '1000' })
  expect(await patient.it.gateway.ended).toBe(0)
  expect(patient.it.gateway.stdout()).toMatch(/"part":"imap","msg":"part not drained in time"/)
  await patient.person.closed

  const impatient = await stuck({ POSTERN_DRAIN_MS: '60000' })
  impatient.it.gateway.child.kill('SIGINT')
  expect(await impatient.it.gateway.ended).toBe(1)
})

test('the log tells when a session ends and why; the metrics count it; neither has the password', async () => {
  const it = await running(undefined, { POSTERN_LOG_LEVEL: 'trace' })
  const { password } = it.said.firstStart!
  const person = typed(it)
  await person.say(`a LOGIN me@example.test ${password} more`, 'a BAD')
  await person.say(`b AUTHENTICATE PLAIN ${btoa(`\0me@example.test\0${password}`)}`, 'b OK')
  await person.say('c SELECT INBOX', 'c OK')
  const metrics = await (await fetch(new URL('/metrics', it.said.health))).text()
  expect(metrics).toContain('postern_imap_commands_total{command="SELECT",outcome="ok"} 1')
  expect(metrics).toContain('postern_logins_total{protocol="imap",outcome="ok"} 1')
  expect(metrics).toContain('postern_imap_sessions_open 1')
  const stranger = typed(it)
  await stranger.say('a LOGIN me@example.test ps_app_wrong_wrong', 'a NO')
  const refused = await (await fetch(new URL('/metrics', it.said.health))).text()
  expect(refused).toMatch(/^postern_logins_refused_total\{protocol="imap",cause="[a-z -]+"\} 1$/m)
  await person.say('d LOGOUT', 'd OK')
  await said(it.gateway, '"msg":"session ended"')
  expect(it.gateway.stdout()).toMatch(
    /"address":"me@example\.test".*"commands":\{"bad":1,"ok":3\}.*"msg":"session ended"/,
  )
  expect(await stop(it.gateway)).toBe(0)
  expect(it.gateway.stdout().split(password!), 'printed once, at the start').toHaveLength(2)
})
