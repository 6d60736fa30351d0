// One row for each limit that a conversation can't show: clocks, lengths, and the end of the server. What is long in earnest is short
// here; that the numbers are those of the contract stands at the end. Contract B4, D2, RFC 5321 §3.8, §4.5.3.

import { afterEach, describe, expect, test, vi } from 'vitest'
import { defaultSubmissionLimits, type SubmissionLimits } from '../src/index.js'
import { Caller } from './caller.js'
import { adasPlain, TestServer } from './server.js'

let server: TestServer
const start = async (limits: Partial<SubmissionLimits> = {}) => {
  server = await TestServer.start(limits)
  return server.settle()
}
afterEach(async () => {
  await server.close()
  expect(server.errors).toEqual([])
})

const call = () => Caller.byTls(server.server.tlsPort)
const login = `EHLO c\r\nAUTH PLAIN ${adasPlain}\r\n`
const until = (state: 'greeted' | 'logged in' | 'sender' | 'data') => {
  const town = server.town?.name
  const transaction = `MAIL FROM:<ada@${town}>\r\n`
  const lines = {
    greeted: ['', '220 '],
    'logged in': [login, '235 '],
    sender: [login + transaction, '250 2.1.0 '],
    data: [`${login}${transaction}RCPT TO:<bob@${town}>\r\nDATA\r\n`, '354 '],
  } as const
  return lines[state]
}
async function caller(state: Parameters<typeof until>[0]): Promise<Caller> {
  const here = call()
  const [lines, answer] = until(state)
  here.say(lines)
  await here.heard(answer)
  return here
}

describe('clocks', () => {
  test('who doesn’t log in is sent away, whatever is said meanwhile', async () => {
    await start({ loginTimeoutMs: 300 })
    const here = await caller('greeted')
    const talk = setInterval(() => here.say('NOOP\r\n'), 50)
    expect(await here.closed).toMatch(/250 2\.0\.0 Ok\r\n421 4\.4\.2 Too long without a login\r\n$/)
    clearInterval(talk)
  })

  test('who is logged in isn’t', async () => {
    await start({ loginTimeoutMs: 200 })
    const here = await caller('logged in')
    await new Promise((resolve) => setTimeout(resolve, 300))
    here.say('NOOP\r\n')
    await here.heard('250 ')
  })

  test.each(['greeted', 'logged in', 'sender', 'data'] as const)('idle: %s', async (state) => {
    const town = await start({ idleTimeoutMs: 200 })
    const here = await caller(state)
    if (state === 'data') here.say('From: x\r\n')
    expect(await here.closed).toMatch(/421 4\.4\.2 Idle for too long\r\n$/)
    expect(await town.mails('bob', 'INBOX')).toEqual([])
  })

  test.each(['logged in', 'data'] as const)('a session has an end, however busy it is: %s', async (state) => {
    const town = await start({ sessionMsMax: 1_000 })
    const here = await caller(state)
    const talk = setInterval(() => here.say('NOOP\r\n'), 50)
    expect(await here.closed).toMatch(/421 4\.4\.2 The session has lasted too long\r\n$/)
    clearInterval(talk)
    expect(await town.mails('bob', 'INBOX')).toEqual([])
  })

  test('a session as long as the rules of who is logged in say', async () => {
    const town = await start({ sessionMsMax: 60_000 })
    town.rules = { sessionMsMax: 1_000 }
    expect(await (await caller('logged in')).closed).toMatch(/421 4\.4\.2 The session has lasted too long\r\n$/)
  })
})

describe('lengths', () => {
  test('a command line, and the session goes on', async () => {
    await start()
    const here = await caller('logged in')
    here.say(`NOOP ${'x'.repeat(4_091)}\r\nNOOP ${'x'.repeat(4_092)}\r\nNOOP\r\nQUIT\r\n`)
    expect(await here.closed).toMatch(
      /250 2\.0\.0 Ok\r\n500 5\.5\.2 The line is too long\r\n250 2\.0\.0 Ok\r\n221 [^\r]*\r\n$/,
    )
  })

  test('a line that has no end', async () => {
    await start()
    const here = await caller('greeted')
    here.say('x'.repeat(20_000))
    expect(await here.closed).toMatch(/\r\n500 5\.5\.2 The line is too long\r\n$/)
  })

  test('AUTH may be longer, and has an end too', async () => {
    await start()
    const here = await caller('greeted')
    here.say(`EHLO c\r\nAUTH PLAIN ${'A'.repeat(12_000)}\r\n`)
    await here.heard('501 5.5.2 ')
    here.say(`AUTH PLAIN ${'A'.repeat(12_288)}\r\n`)
    await here.heard('500 5.5.2 ')
    here.say('AUTH PLAIN\r\n')
    await here.heard('334 ')
    here.say(`${'A'.repeat(12_292)}\r\nNOOP\r\n`)
    expect(await here.heard('250 ')).toMatch(/^500 5\.5\.6 [^\r]*\r\n250 /)
  })

  test('a message that is far too large is cut off', async () => {
    const town = await start({ messageBytesMax: 1_024, overrunBytesMax: 100_000 })
    const here = await caller('data')
    const line = `${'x'.repeat(70)}\r\n`
    here.say(`From: ada@${town.name}\r\n\r\n${line.repeat(20_000)}`)
    expect(await here.closed).toMatch(/552 5\.3\.4 [^\r]*\r\n$/)
    expect(await town.mails('bob', 'INBOX')).toEqual([])
  })

  test('many commands at once are all answered, and others in between', async () => {
    await start()
    const [busy, other] = [await caller('greeted'), await caller('greeted')]
    busy.say('NOOP\r\n'.repeat(20_000))
    other.say('NOOP\r\n')
    await other.heard('250 ')
    busy.say('QUIT\r\n')
    expect((await busy.closed).match(/^250 /gm)).toHaveLength(20_000)
  })
})

describe('the end', () => {
  test('a drain says goodbye to everybody; a message on its way is taken', async () => {
    const town = await start()
    const [quiet, loggedIn, sending] = [await caller('greeted'), await caller('logged in'), await caller('data')]
    sending.say(`From: ada@${town.name}\r\n\r\nhel`)
    const drained = server.server.drain()
    expect(await quiet.closed).toMatch(/^220 [^\r]*\r\n421 4\.3\.2 The server is going down, try again later\r\n$/)
    expect(await loggedIn.closed).toMatch(/421 4\.3\.2 [^\r]*\r\n$/)
    sending.say('lo\r\n.\r\n')
    expect(await sending.closed).toMatch(/250 2\.0\.0 Ok: queued as q_\w+\r\n421 4\.3\.2 [^\r]*\r\n$/)
    await drained
    expect(await town.mails('bob', 'INBOX')).toHaveLength(1)
    await expect(call().heard('220 ')).rejects.toThrow('closed')
  })

  test('as long as a balancer needs to notice, who comes is told to go, and who is here stays', async () => {
    await start()
    const here = await caller('greeted')
    const drained = server.server.drain({ noticeMs: 1_000, overMs: 100 })
    here.say('NOOP\r\n')
    await here.heard('250 ')
    expect(await call().closed).toMatch(/^220 [^\r]*\r\n421 4\.3\.2 The server is going down, try again later\r\n$/)
    expect(await here.closed).toMatch(/421 4\.3\.2 [^\r]*\r\n$/)
    await drained
    await expect(call().heard('220 ')).rejects.toThrow('closed')
  })

  test.each(['logged in', 'sender', 'data'] as const)(
    'a login that is taken back ends the session: %s',
    async (state) => {
      const town = await start()
      const here = await caller(state)
      if (state === 'data') here.say(`From: ada@${town.name}\r\n\r\nhel`)
      for (const end of town.endings) end()
      expect(await here.closed).toMatch(/421 4\.7\.0 The session has ended\r\n$/)
      await vi.waitFor(() => expect(server.server.sessions).toBe(0))
      expect(await town.mails('bob', 'INBOX')).toEqual([])
    },
  )
})

test('the numbers are those of the contract (D2)', () => {
  expect(defaultSubmissionLimits).toMatchObject({
    messageBytesMax: 10 * 1024 * 1024,
    recipientsMax: 50,
    sessionMsMax: 30 * 60_000,
  })
})
