// What an operator sees of a session: one line when it ends, counts by command and outcome, and nothing of what was said in it.
// Contract B4, I5.

import type { MailboxListing } from '@postern/mailbox-store'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Caller } from './caller.js'
import { password, TestServer } from './server.js'

let server: TestServer
beforeEach(async () => {
  server = await TestServer.start({ lingerMs: 200 }, {}, { clearPort: 0 })
})
afterEach(() => server.close())

const call = async () => {
  const here = Caller.byTls(server.server.port)
  await here.heard('* OK')
  return here
}
const log = (): string => server.lines.join('')
const ends = () =>
  server.lines.map((line) => JSON.parse(line)).filter(({ msg }: { msg: string }) => msg === 'session ended')
const ended = async (count = 1) => {
  await vi.waitFor(() => expect(ends()).toHaveLength(count))
  return ends()
}

test('one line when a session ends: who, how long, what, how much, and why', async () => {
  const town = await server.settle()
  await town.given('mailbox INBOX: a')
  const here = await call()
  here.say(
    `a LOGIN ada ${password}\r\nb ID ("name" "Test client" "version" "2")\r\nc SELECT INBOX\r\nd STATUS nowhere (MESSAGES)\r\n`,
  )
  here.say('e FETCH 1 BODY[]\r\nf FROB\r\ng LOGOUT\r\n')
  const heard = await here.closed
  const [line] = await ended()
  expect(line).toMatchObject({
    level: 'info',
    remote: '127.0.0.1',
    protocol: 'imap',
    address: 'ada@example.test',
    client: 'Test client 2',
    commands: { ok: 5, no: 1, bad: 1 },
    bytesOut: heard.length,
    reason: 'Logged out',
  })
  expect(line.bytesIn).toBeGreaterThan(100)
  expect(line.durationMs).toBeGreaterThanOrEqual(0)
  expect(log()).toMatch(/"tls":\{"version":"TLSv1\.3".*"msg":"logged in"/)
})

test.each<[string, (here: Caller) => void, string]>([
  ['LOGOUT', (here) => here.say('z LOGOUT\r\n'), 'Logged out'],
  ['the client', (here) => here.socket.destroy(), 'The client left'],
  ['bad commands', (here) => here.say('z\r\n'.repeat(10)), 'Too many bad commands'],
  ['the server', () => void server.server.drain(), 'The server is going down'],
])('why it ended: %s', async (_, end, reason) => {
  await server.settle()
  const here = await call()
  here.say('a CAPABILITY\r\n')
  await here.heard('a OK')
  end(here)
  expect((await ended())[0].reason).toBe(reason)
})

test('counts by command and outcome, sessions, logins and bytes', async () => {
  await server.settle()
  const here = await call()
  here.say(
    `a LOGIN ada wrong\r\nb LOGIN ada ${password}\r\nc UID FETCH 1 FLAGS\r\nd SELECT INBOX\r\ne UID FETCH 1 FLAGS\r\n`,
  )
  here.say('f SELECT nowhere\r\ng FROBNICATE\r\n')
  await here.heard('g BAD')
  const inClear = Caller.inClear(server.server.clearPort as number)
  inClear.say('a LOGIN ada x\r\nb LOGOUT\r\n')
  await inClear.closed
  const count = async (line: string) => {
    const found = (await server.metrics.registry.metrics()).split('\n').find((one) => one.startsWith(`${line} `))
    return found === undefined ? undefined : Number(found.split(' ').at(-1))
  }
  const commands = (command: string, outcome: string) =>
    count(`postern_imap_commands_total{command="${command}",outcome="${outcome}"}`)
  expect(await commands('LOGIN', 'no')).toBe(2)
  expect(await commands('LOGIN', 'ok')).toBe(1)
  expect(await commands('FETCH', 'bad')).toBe(1)
  expect(await commands('FETCH', 'ok')).toBe(1)
  expect(await commands('SELECT', 'no')).toBe(1)
  expect(await commands('unknown', 'bad')).toBe(1)
  expect(await count('postern_imap_command_seconds_count{command="FETCH"}')).toBe(2)
  const logins = (outcome: string) => count(`postern_logins_total{protocol="imap",outcome="${outcome}"}`)
  expect([await logins('ok'), await logins('refused'), await logins('in clear')]).toEqual([1, 1, 1])
  expect(await count('postern_imap_sessions_open')).toBe(1)
  here.say('h LOGOUT\r\n')
  const heard = await here.closed
  await ended(2)
  expect(await count('postern_imap_sessions_open')).toBe(0)
  expect(await count('postern_imap_bytes_total{direction="out"}')).toBe(heard.length + (await inClear.closed).length)
  expect(await count('postern_imap_bytes_total{direction="in"}')).toBeGreaterThan(150)
})

test('what the store can’t do is an error in the log, with its stack, and the client is told NO', async () => {
  const town = await server.settle()
  vi.spyOn(town.ada, 'mailboxes').mockRejectedValue(new TypeError('a bug of the test'))
  const here = await call()
  here.say(`a LOGIN ada ${password}\r\nb LIST "" *\r\nc NOOP\r\n`)
  expect(await here.heard('c OK')).toContain('b NO [SERVERBUG] ')
  expect(server.errors.join('')).toMatch(/"stack":"TypeError: a bug of the test.*"msg":"command failed"/)
})

/** Not of the form that the scrubbing knows: nothing of what is said may get as far as that. */
const secret = 'Kaninchen7Bau'
const inBase64 = Buffer.from(`\0ada\0${secret}`).toString('base64')
test.each([
  ['a wrong password', [`a LOGIN ada ${secret}`]],
  ['too many words', [`a LOGIN ada ${secret} more`]],
  ['too few', [`a LOGIN ${secret}`]],
  ['a quote that is not closed', [`a LOGIN ada "${secret}`]],
  ['a character that may not be there', [`a LOGIN ada ${secret}{`]],
  ['a NUL', [`a LOGIN ada ${secret}\0`]],
  ['no tag', [`LOGIN ada ${secret}`]],
  ['the password for a tag, and for a command', [`${secret} LOGIN`, `a ${secret}`, `a UID ${secret}`]],
  ['a literal', ['a LOGIN ada {13+}', secret]],
  ['a literal of the wrong size', ['a LOGIN ada {5+}', secret, secret]],
  ['a literal that is too large', [`a LOGIN ada {20000+}`, secret.repeat(2_000)]],
  ['a line that is too long', [`a LOGIN ada ${secret.repeat(2_000)}`]],
  ['in the wrong state', [`a LOGIN ada ${password}`, `b LOGIN ada ${secret}`, `c AUTHENTICATE PLAIN ${inBase64}`]],
  ['AUTHENTICATE', [`a AUTHENTICATE PLAIN ${inBase64}`, `a AUTHENTICATE PLAIN ${inBase64}x`]],
  ['AUTHENTICATE in steps', ['a AUTHENTICATE PLAIN', inBase64, 'b AUTHENTICATE LOGIN', 'YWRh', btoa(secret)]],
  ['AUTHENTICATE given up, and the password all the same', ['a AUTHENTICATE LOGIN', '*', btoa(secret), secret]],
  ['AUTHENTICATE with a literal', ['a AUTHENTICATE PLAIN', '{13+}', secret]],
  ['no such mechanism', [`a AUTHENTICATE ${secret} ${inBase64}`]],
  ['what a client says it is', [`a ID ("password" "${secret}")`]],
])('no password gets into the log: %s', async (_, lines) => {
  await server.settle()
  for (const port of [server.server.port, server.server.clearPort as number]) {
    const here = port === server.server.port ? Caller.byTls(port) : Caller.inClear(port)
    await here.heard('* OK')
    here.say(`${lines.join('\r\n')}\r\n\r\nz LOGOUT\r\n`)
    await Promise.race([here.closed, new Promise((resolve) => setTimeout(resolve, 500))])
    here.socket.destroy()
  }
  await ended(2)
  expect(log()).toContain('"msg":"session ended"')
  expect(log()).not.toContain(secret)
  expect(log()).not.toContain(secret.toUpperCase())
  for (const form of [inBase64.slice(4, -4), btoa(secret).slice(0, -2)]) expect(log()).not.toContain(form)
  expect(await server.metrics.registry.metrics()).not.toMatch(new RegExp(secret, 'i'))
})

test('no text of a message, nor of a search, gets into the log', async () => {
  const town = await server.settle()
  const inbox = (await town.ada.mailbox('INBOX')) as MailboxListing
  const text = 'Subject: Geheimnis\r\n\r\nGeheimnis\r\n'
  await town.ada.append(inbox.id, [{ message: Buffer.from(text) }])
  const here = await call()
  here.say(`a LOGIN ada ${password}\r\nb SELECT INBOX\r\nc FETCH 1 BODY[]\r\nd SEARCH TEXT Geheimnis\r\n`)
  here.say(`e SEARCH Geheimnis\r\nf APPEND INBOX {${text.length}+}\r\n${text}\r\ng APPEND INBOX {5+}\r\n${text}\r\n`)
  here.say('h STORE 1 FLAGS (\\Geheimnis)\r\ni SELECT Geheimnis\r\nj LOGOUT\r\n')
  await here.closed
  await ended()
  expect(log()).not.toMatch(/geheimnis/i)
})
