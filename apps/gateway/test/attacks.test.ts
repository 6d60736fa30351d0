// What somebody with bad intentions tries at the submission doors of a whole gateway, without a password and with a good one: no mail
// comes of it that shouldn't, others are served meanwhile, memory stays as it is, and no secret gets into the log. Contract A2, B4, D2, D3, D5, D6.

import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { Caller } from './caller.js'
import { run as command, stop } from './gateway-process.js'
import { again, loggedIn, plain, type Running, residentBytes, running, subjects } from './mail-gateway.js'
import { SecondHand } from './second-hand.js'

const fuzzMs = Number(process.env.POSTERN_FUZZ_MS ?? 3_000)

async function openData(it: Running): Promise<Caller> {
  const here = await loggedIn(it)
  here.say(`MAIL FROM:<${it.user}>\r\nRCPT TO:<${it.user}>\r\nDATA\r\n`)
  await here.heard('354 ')
  return here
}

const endsOfData = ['\n.\n', '\r\n.\n', '\n.\r\n', '\r.\r', '\r\n.\r', '\r.\r\n', '\r\n\x00.\r\n', '\n\n.\r\n']

test('what could be an end of the data elsewhere smuggles nothing: one refusal, and the session goes on', async () => {
  const it = await running()
  const smuggled = `MAIL FROM:<${it.user}>\r\nRCPT TO:<${it.user}>\r\nDATA\r\nSubject: smuggled\r\n\r\nx`
  for (const end of endsOfData) {
    const here = await openData(it)
    here.say(`From: <${it.user}>\r\nSubject: carrier\r\n\r\nHello${end}${smuggled}\r\n.\r\nNOOP\r\nQUIT\r\n`)
    const heard = await here.closed
    const answers = heard.slice(heard.indexOf('354 ')).match(/^\d{3} /gm)
    expect(answers, JSON.stringify(end)).toEqual(['354 ', '554 ', '250 ', '221 '])
  }
  expect(await subjects(it, 'INBOX')).toEqual([])
  expect(await subjects(it, 'Sent')).toEqual([])
  expect(await stop(it.gateway)).toBe(0)
})

test('commands that are pushed in behind STARTTLS are not obeyed, whoever sends them', async () => {
  const it = await running()
  const inClear = Caller.inClear(it.said.smtpStartTls?.port as number)
  await inClear.heard('220 ')
  const login = `AUTH PLAIN ${plain(it.user, it.secret)}\r\n`
  inClear.say(`EHLO c\r\nSTARTTLS\r\nEHLO evil\r\n${login}MAIL FROM:<${it.user}>\r\n`)
  await inClear.heard('220 2.0.0')
  const here = inClear.startTls()
  here.say('NOOP\r\nMAIL FROM:<me@example.test>\r\nQUIT\r\n')
  expect(await here.closed).toMatch(/^250 2\.0\.0 Ok\r\n530 5\.7\.0 [^\r]*\r\n221 [^\r]*\r\n$/)
  expect(it.gateway.stdout()).not.toContain('"msg":"logged in"')
  expect(await stop(it.gateway)).toBe(0)
})

/** As a header that would be read as from somebody else by some reader. */
const spoofs: readonly string[] = [
  'From: <boss@example.test>',
  'From: <boss@bank.test>',
  'From: <me@example.test>, <boss@bank.test>',
  'From: <me@example.test>\r\nFrom: <boss@bank.test>',
  'From: "me@example.test" <boss@bank.test>',
  'From: me@example.test <boss@bank.test>',
  'From: =?utf-8?q?=3Cme=40example.test=3E?= <boss@bank.test>',
  'From: Friends: <me@example.test>, <boss@bank.test>;',
  'From: (<me@example.test>) <boss@bank.test>',
  'From: <me@example.test>\r\nSender: <boss@bank.test>',
  'From: <me@example.test>\r\nResent-From: <boss@bank.test>',
  'From : <boss@bank.test>\r\nFrom: <me@example.test>',
  'From:\r\n <boss@bank.test>',
  'From: <me@example.test\\>,<boss@bank.test>',
  'From: <@boss@bank.test:me@example.test>',
  'From: undisclosed:;',
  ' From: <boss@bank.test>\r\nFrom: <me@example.test>',
  'X-A: a\r\n\tb\r\nFROM:boss@bank.test',
]

test('nobody is sent as with a good password but those whom it covers', async () => {
  const it = await running()
  const hand = await SecondHand.on(it.dataDir)
  await hand.inbox('boss@example.test')
  const here = await loggedIn(it)
  for (const header of spoofs) {
    here.say(`MAIL FROM:<${it.user}>\r\nRCPT TO:<${it.user}>\r\nDATA\r\n`)
    await here.heard('354 ')
    here.say(`${header}\r\nSubject: spoof\r\n\r\nx\r\n.\r\n`)
    expect(await here.heard('\r\n'), header).toMatch(/^55[0-9] 5\.\d\.\d /)
  }
  for (const sender of [
    'boss@example.test',
    'boss@bank.test',
    '"me@example.test"@bank.test',
    'me@example.test.bank.test',
  ]) {
    here.say(`MAIL FROM:<${sender}>\r\n`)
    expect(await here.heard('\r\n'), sender).toMatch(/^553 5\.7\.1 Sender not authorized/)
  }
  expect(await subjects(it, 'Sent')).toEqual([])
  expect(await stop(it.gateway)).toBe(0)
})

test('the numbers of the contract: 50 recipients, the session, the hour also behind a kill', async () => {
  const it = await running({ POSTERN_SUBMISSION_SESSION_MS: '4000' })
  const here = await loggedIn(it)
  const to = (n: number) => `RCPT TO:<me+${n}@example.test>\r\n`
  const storm = Array.from({ length: 5_000 }, (_, n) => to(n)).join('')
  here.say(`MAIL FROM:<${it.user}>\r\n${storm}DATA\r\n`)
  const answers = (await here.heard('354 ')).match(/^\d{3} \d\.\d\.\d/gm) as string[]
  const count = (code: string) => answers.filter((each) => each === code).length
  expect([count('250 2.1.0'), count('250 2.1.5'), count('452 4.5.3')]).toEqual([1, 50, 4_950])
  here.say(`From: <${it.user}>\r\nSubject: fifty\r\n\r\nx\r\n.\r\n`)
  await here.heard('250 2.0.0 Ok: queued')
  expect(await subjects(it, 'Sent')).toEqual(['fifty (seen)'])
  const busy = setInterval(() => here.say('NOOP\r\n'), 50)
  onTestFinished(() => clearInterval(busy))
  expect(await here.closed).toMatch(/421 4\.4\.2 The session has lasted too long\r\n$/)

  const env = { POSTERN_DATA_DIR: it.dataDir }
  expect((await command(['inbox', 'update', it.user, '--sends-per-hour', '52'], { env })).code).toBe(0)
  const send = async (now: Running) => {
    const sender = await loggedIn(now)
    sender.say(`MAIL FROM:<${it.user}>\r\n`)
    const said = await sender.heard('\r\n')
    if (said.startsWith('4')) return said
    sender.say(`RCPT TO:<${it.user}>\r\nDATA\r\n`)
    await sender.heard('354 ')
    sender.say(`From: <${it.user}>\r\nSubject: more\r\n\r\n${Math.random()}\r\n.\r\n`)
    return sender.heard('\r\n')
  }
  for (let n = 0; n < 2; n++) expect(await send(it)).toMatch(/^250 /)
  it.gateway.child.kill('SIGKILL')
  await it.gateway.ended
  const later = await again(it)
  expect(await send(later)).toMatch(/^450 4\.7\.1 .*it opens again at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\r\n/)
  expect(await stop(later.gateway)).toBe(0)
})

test('a password that is revoked in the middle of DATA: the session ends within two seconds, and nothing is kept', async () => {
  const it = await running()
  const hand = await SecondHand.on(it.dataDir)
  const { credential, secret, inbox } = await hand.person('someone@example.test', { scopes: ['smtp'] })
  const here = await loggedIn(it, { user: inbox.address, secret })
  here.say(`MAIL FROM:<${inbox.address}>\r\nRCPT TO:<${it.user}>\r\nDATA\r\n`)
  await here.heard('354 ')
  here.say(`From: <${inbox.address}>\r\nSubject: revoked\r\n\r\n`)
  const more = setInterval(() => here.say(`${'x'.repeat(70)}\r\n`.repeat(100)), 20)
  onTestFinished(() => clearInterval(more))
  const begunMs = performance.now()
  await hand.directory.revokeCredential(credential.id)
  expect(await here.closed).toMatch(/421 4\.7\.0 The session has ended\r\n$|354 [^\r]*\r\n$/)
  expect(performance.now() - begunMs).toBeLessThan(2_000)
  expect(await subjects(it, 'INBOX')).toEqual([])
  expect(await stop(it.gateway)).toBe(0)
})

test('two thousand clients who speak a letter at a time, and a storm of bytes: others are served, in flat memory', {
  timeout: 60_000 + fuzzMs,
}, async () => {
  const it = await running({
    POSTERN_CONNECTIONS_MAX: '4000',
    POSTERN_CONNECTIONS_PER_ADDRESS_MAX: '4000',
    POSTERN_SUBMISSION_LOGIN_TIMEOUT_MS: '10000',
  })
  const pid = it.gateway.child.pid as number
  await send(it, 'before')
  const before = residentBytes(pid)
  const { port } = it.said.smtpStartTls as { port: number }
  const slow = Array.from({ length: 2_000 }, () => quiet(connect({ host: '127.0.0.1', port })))
  const closed = Promise.all(slow.map((socket) => new Promise((resolve) => socket.once('close', resolve))))
  const drip = setInterval(() => {
    for (const socket of slow) socket.write('E')
  }, 1_000)
  onTestFinished(() => clearInterval(drip))
  await expect.poll(() => slow.filter((socket) => socket.bytesRead > 0).length, { timeout: 15_000 }).toBe(2_000)
  for (let n = 0; n < 5; n++) {
    const begunMs = performance.now()
    await send(it, `beside ${n}`)
    expect(performance.now() - begunMs).toBeLessThan(5_000)
  }
  expect(residentBytes(pid) - before).toBeLessThan(150_000_000)
  await closed
  clearInterval(drip)

  const storming = Promise.all([storm(it, { secure: true }), storm(it, { secure: true }), storm(it, { secure: false })])
  for (let n = 0; n < 5; n++) await send(it, `in the storm ${n}`)
  await storming
  await send(it, 'after')
  expect(residentBytes(pid) - before).toBeLessThan(150_000_000)
  expect(await subjects(it, 'INBOX')).toHaveLength(12)
  const log = it.gateway.stdout()
  // Where it was first shown.
  expect(log.split(it.secret).length).toBeLessThan(3)
  expect(log).not.toContain(plain(it.user, it.secret))
  expect(log.split('\n').filter((line) => /"level":"(?:error|fatal)"/.test(line))).toEqual([])
  expect(await stop(it.gateway)).toBe(0)
})

function quiet(socket: Socket): Socket {
  socket.on('error', () => undefined)
  socket.on('data', () => undefined)
  onTestFinished(() => void socket.destroy())
  return socket
}

async function send(it: Running, subject: string): Promise<void> {
  const here = await openData(it)
  here.say(`From: <${it.user}>\r\nSubject: ${subject}\r\n\r\nx\r\n.\r\nQUIT\r\n`)
  expect(await here.closed).toContain('250 2.0.0 Ok: queued as ')
}

const words = [
  'EHLO a',
  'AUTH LOGIN',
  'AUTH PLAIN ',
  '\r\n',
  '\r',
  '\n',
  '.',
  '\0',
  'MAIL FROM:<',
  'RCPT TO:<',
  '>',
  'DATA',
  'BDAT 9 LAST',
]
const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(Math.random() * items.length)] as Item

/** Connections one after the other, each with some kilobytes of nonsense; half of them have logged in. No mail can come of it. */
async function storm(it: Running, { secure }: { readonly secure: boolean }): Promise<void> {
  const until = performance.now() + fuzzMs
  while (performance.now() < until) {
    const { port } = (secure ? it.said.smtp : it.said.smtpStartTls) as { port: number }
    const here = secure ? Caller.byTls(port) : Caller.inClear(port)
    if (secure && Math.random() < 0.5) here.say(`EHLO c\r\nAUTH PLAIN ${plain(it.user, it.secret)}\r\n`)
    for (let n = 0; n < 20; n++) {
      const isWord = Math.random() < 0.7
      here.say(isWord ? pick(words) : randomBytes(Math.ceil(Math.random() * 400)))
      if (Math.random() < 0.2) await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.race([here.closed, new Promise((resolve) => setTimeout(resolve, 20))])
    here.socket.destroy()
  }
}
