// What an operator sees of a session: one line when it ends, one for each message, counts by command and outcome; and nothing of what
// was said in it. Contract B4, I5.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Caller } from './caller.js'
import { adasPlain, password, TestServer } from './server.js'

let server: TestServer
beforeEach(async () => {
  server = await TestServer.start()
})
afterEach(() => server.close())

const call = () => Caller.byTls(server.server.tlsPort)
const log = (): string => server.lines.join('')
const lines = () => server.lines.map((line) => JSON.parse(line))
const ended = async (count = 1) => {
  const ends = () => lines().filter(({ msg }) => msg === 'session ended')
  await vi.waitFor(() => expect(ends()).toHaveLength(count))
  return ends()
}
const mailLog = () => lines().filter(({ log }) => log === 'mail')

test('one line when a session ends, one for the message that was accepted, one for that which was not', async () => {
  const town = await server.settle()
  const here = call()
  const envelope = `MAIL FROM:<ada@${town.name}>\r\nRCPT TO:<bob@${town.name}>\r\nDATA\r\n`
  here.say(`EHLO my-machine\r\nAUTH PLAIN ${adasPlain}\r\nFROB\r\n${envelope}`)
  await here.heard('354 ')
  here.say(`From: ada@${town.name}\r\nMessage-ID: <1@there.test>\r\n\r\nhello\r\n.\r\n${envelope}`)
  await here.heard('354 ')
  here.say(`From: eve@elsewhere.test\r\nMessage-ID: <2@there.test>\r\n\r\nhello\r\n.\r\nQUIT\r\n`)
  const heard = await here.closed
  const [line] = await ended()
  expect(line).toMatchObject({
    ...{ level: 'info', remote: '127.0.0.1', protocol: 'smtp', address: `ada@${town.name}`, client: 'my-machine' },
    ...{ commands: { ok: 8, refused: 2 }, messages: 1, bytesOut: heard.length, reason: 'QUIT' },
  })
  expect(line.bytesIn).toBeGreaterThan(300)
  const [, queueId] = /queued as (\S+)/.exec(heard) ?? []
  const both = { from: `ada@${town.name}`, to: [`bob@${town.name}`] }
  expect(mailLog()).toMatchObject([
    { ...both, msg: 'accepted', queueId, messageId: '<1@there.test>' },
    { ...both, msg: 'refused', status: expect.stringMatching(/^553 5\.7\.1 /) },
  ])
  const metrics = await server.metrics.registry.metrics()
  expect(metrics).toContain('postern_submission_commands_total{command="DATA",outcome="ok"} 1\n')
  expect(metrics).toContain('postern_submission_commands_total{command="DATA",outcome="refused"} 1\n')
  expect(metrics).toContain('postern_submission_commands_total{command="unknown",outcome="refused"} 1\n')
  expect(metrics).toContain('postern_logins_total{protocol="smtp",outcome="ok"} 1\n')
  expect(metrics).toContain('postern_submission_sessions_open 0\n')
  expect(metrics).toContain(`postern_submission_bytes_total{direction="out"} ${heard.length}\n`)
})

test.each<[string, (here: Caller) => void, string]>([
  ['the client', (here) => here.socket.destroy(), 'The client left'],
  ['bad commands', (here) => here.say('z\r\n'.repeat(10)), 'Too many bad commands'],
  ['the server', () => void server.server.drain(), 'The server is going down'],
])('why it ended: %s', async (_, end, reason) => {
  await server.settle()
  const here = call()
  await here.heard('220 ')
  end(here)
  expect((await ended())[0].reason).toBe(reason)
})

test('what the store can’t do is an error in the log with its stack, and the client gets a word to ask for it by', async () => {
  const town = await server.settle()
  vi.spyOn(server.store.outbox, 'submit').mockRejectedValue(new TypeError('a bug of the test'))
  const here = call()
  here.say(
    `EHLO c\r\nAUTH PLAIN ${adasPlain}\r\nMAIL FROM:<ada@${town.name}>\r\nRCPT TO:<bob@${town.name}>\r\nDATA\r\n`,
  )
  await here.heard('354 ')
  here.say(`From: ada@${town.name}\r\n\r\nhello\r\n.\r\nNOOP\r\n`)
  const [, correlation] = /^451 4\.3\.0 [^(]*\((\w+)\)\r\n250 /.exec(await here.heard('250 ')) ?? []
  expect(server.errors.join('')).toContain(`"correlation":"${correlation}"`)
  expect(server.errors.join('')).toContain('"stack":"TypeError: a bug of the test')
})

/** Not of the form that the scrubbing knows: nothing of what is said may get as far as that. */
const secret = 'Kaninchen7Bau'
const plain = Buffer.from(`\0ada\0${secret}`).toString('base64')
const ada = Buffer.from('ada').toString('base64')
const right = Buffer.from(password).toString('base64')
test.each([
  ['a wrong password', [`AUTH PLAIN ${plain}`]],
  ['too many words', [`AUTH PLAIN ${plain} ${secret}`]],
  ['not base 64', [`AUTH PLAIN ${secret}!`, `AUTH PLAIN ${plain}!`]],
  ['in steps', ['AUTH PLAIN', plain, 'AUTH LOGIN', ada, btoa(secret), `AUTH LOGIN ${ada}`, btoa(secret)]],
  ['given up, and the password all the same', ['AUTH LOGIN', '*', btoa(secret), secret, plain]],
  ['no such mechanism', [`AUTH ${secret} ${plain}`, `AUTH ${plain}`]],
  ['before EHLO, and twice', ['RSET', `AUTH LOGIN ${ada}`, right, `AUTH PLAIN ${plain}`]],
  ['in place of a command', [secret, plain, `${secret} ${plain}`]],
  ['in a sender', [`AUTH LOGIN ${ada}`, right, `MAIL FROM:<${secret}>`, `MAIL FROM:<> AUTH=${secret}!`]],
  ['too long', [`AUTH PLAIN ${plain.repeat(1_000)}`, plain.repeat(1_000)]],
])('no password gets into the log: %s', async (_, said) => {
  await server.settle()
  for (const here of [call(), Caller.inClear(server.server.startTlsPort)]) {
    await here.heard('220 ')
    here.say(`EHLO c\r\n${said.join('\r\n')}\r\nQUIT\r\n`)
    await Promise.race([here.closed, new Promise((resolve) => setTimeout(resolve, 500))])
    here.socket.destroy()
  }
  await ended(2)
  expect(log()).not.toContain(secret)
  expect(log()).not.toContain(secret.toUpperCase())
  for (const form of [plain.slice(4, -4), btoa(secret).slice(0, -2)]) expect(log()).not.toContain(form)
  expect(await server.metrics.registry.metrics()).not.toMatch(new RegExp(secret, 'i'))
})

test('no text of a message gets into the log', async () => {
  const town = await server.settle()
  const here = call()
  const envelope = `MAIL FROM:<ada@${town.name}>\r\nRCPT TO:<bob@${town.name}>\r\nDATA\r\n`
  here.say(`EHLO c\r\nAUTH PLAIN ${adasPlain}\r\n${envelope}`)
  await here.heard('354 ')
  here.say(`From: "Geheimnis" <ada@${town.name}>\r\nSubject: Geheimnis\r\n\r\nGeheimnis\r\n.\r\n${envelope}`)
  await here.heard('354 ')
  here.say(`Geheimnis Geheimnis\r\n\r\nGeheimnis\r\n.\r\nQUIT\r\n`)
  await here.closed
  await ended()
  expect(log()).not.toMatch(/geheimnis/i)
})
