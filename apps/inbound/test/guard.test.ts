// How strangers are kept from doing harm, by what they hear; and that nobody else is kept from anything. Contract F1, B10.

import { Resolver } from 'node:dns/promises'
import { createLogger } from '@postern/telemetry'
import { afterEach, describe, expect, test } from 'vitest'
import { reversed } from '../src/guard/blocklists.js'
import { createBlocklists } from '../src/index.js'
import { Caller } from './caller.js'
import { startDns } from './dns-server.js'
import { type ServerOptions, TestServer, type Town } from './server.js'

let server: TestServer
let town: Town
let now = 1_800_000_000_000

async function strangers(options: ServerOptions = {}): Promise<void> {
  server = await TestServer.start({ trusted: [], ...options })
  town = await server.settle()
}
afterEach(async () => {
  await server.close()
  expect(server.parts.errors).toEqual([])
})

const comes = (): Caller => Caller.inClear(server.mxPort)

async function says(here: Caller, ...lines: string[]): Promise<string> {
  let heard = ''
  for (const line of lines) {
    here.say(`${line}\r\n`)
    heard = await here.heard('\r\n')
  }
  return heard
}

async function begun(): Promise<Caller> {
  const here = comes()
  await here.heard('220 ')
  here.say('EHLO client.example.org\r\n')
  await here.heard('250 LIMITS')
  return here
}

const from = 'MAIL FROM:<carol@example.org>'
const to = (local: string): string => `RCPT TO:<${local}@${town.name}>`

describe('how much of one network', () => {
  test('connections', async () => {
    await strangers({ guardLimits: { connectionsPerMinute: 2 } })
    await begun()
    await begun()
    const third = comes()
    expect(await third.closed).toBe('421 4.7.0 Too many connections from your network, try again later\r\n')
  })

  test('messages', async () => {
    await strangers({ guardLimits: { messagesPerMinute: 2 } })
    const here = await begun()
    expect(await says(here, from, 'RSET', from)).toMatch(/^250 /)
    expect(await says(here, 'RSET', from)).toBe('450 4.7.1 Too many messages from your network, try again later\r\n')
  })

  test('a minute later it may again', async () => {
    await strangers({ guardLimits: { messagesPerMinute: 1 }, clock: () => now })
    const here = await begun()
    expect(await says(here, from, 'RSET', from)).toMatch(/^450 /)
    now += 70_000
    expect(await says(here, from)).toMatch(/^250 /)
  })
})

describe('who guesses names', () => {
  test('waits longer and longer, and then has to go; who comes again is told at once', async () => {
    await strangers({ guardLimits: { unknownPerSession: 6, unknownPerHour: 7 } })
    const here = await begun()
    await says(here, from)
    const began = performance.now()
    for (let i = 0; i < 6; i++) expect(await says(here, to(`nobody${i}`))).toMatch(/^550 5\.1\.1 /)
    expect(performance.now() - began, 'twenty milliseconds, then forty twice').toBeGreaterThan(95)
    here.say(`${to('nobody6')}\r\n`)
    expect(await here.closed).toMatch(/421 4\.7\.0 Too many recipients who are not here, try again later\r\n$/)
    const next = await begun()
    await says(next, from)
    next.say(`${to('nobody7')}\r\n`)
    expect(await next.closed).toMatch(/421 4\.7\.0 Too many recipients who are not here/)
    expect(await comes().closed).toMatch(/^421 4\.7\.0 Too many recipients who are not here/)
  })

  test('a storm of RCPT in one packet ends the same way, and whoever leaves isn’t waited for', async () => {
    await strangers({ guardLimits: { unknownPerSession: 20, tarpitStepMs: 5, tarpitMsMax: 10 } })
    const here = await begun()
    here.say(`${from}\r\n${Array.from({ length: 500 }, (_, i) => `${to(`x${i}`)}\r\n`).join('')}`)
    const heard = await here.closed
    expect(heard.match(/^550 5\.1\.1 /gm)).toHaveLength(20)
    expect(heard).toMatch(/421 4\.7\.0 [^\r]*\r\n$/)
  })

  test('relaying counts too', async () => {
    await strangers({ guardLimits: { unknownPerSession: 1 } })
    const here = await begun()
    await says(here, from)
    expect(await says(here, 'RCPT TO:<a@example.net>')).toMatch(/^550 5\.7\.1 /)
    here.say('RCPT TO:<b@example.net>\r\n')
    expect(await here.closed).toMatch(/421 /)
  })
})

describe('greylisting', () => {
  test('who is new comes back later, and is known from then on', async () => {
    await strangers({ guardLimits: { greylistMs: 60_000 }, clock: () => now })
    const here = await begun()
    const newHere = '451 4.7.1 You are new here: try again in 66 seconds\r\n'
    expect(await says(here, from, to('ada'))).toBe(newHere)
    now += 30_000
    expect(await says(here, to('ada'))).toBe(newHere)
    now += 40_000
    expect(await says(here, to('ada'))).toMatch(/^250 /)
    expect(await says(here, to('bob')), 'another recipient').toBe(newHere)
    expect(await says(here, 'RSET', 'MAIL FROM:<dan@example.org>', to('ada')), 'another sender').toBe(newHere)
    now += 86_400_000
    expect(await says(here, 'RSET', from, to('ADA')), 'a day later').toMatch(/^250 /)
  })
})

describe('blocklists', () => {
  const lists = (servers: string, timeoutMs = 1_000) => {
    const resolver = new Resolver({ timeout: 300, tries: 1 })
    resolver.setServers([servers])
    const logger = createLogger({ level: 'silent' })
    const zones = ['quiet.example.org', 'list.example.org']
    return createBlocklists({ zones, resolve4: (name) => resolver.resolve4(name), timeoutMs, logger })
  }

  test('who is listed writes to nobody but postmaster and abuse', async () => {
    await strangers({ blocklists: lists(await startDns({ '1.0.0.127.list.example.org': ['127.0.0.2'] })) })
    const here = await begun()
    expect(await says(here, from, to('ada'))).toBe('550 5.7.1 127.0.0.1 is listed by list.example.org\r\n')
    expect(await says(here, to('postmaster'))).toMatch(/^250 /)
  })

  test.each([
    ['an answer that is no listing', { '1.0.0.127.list.example.org': ['192.0.2.1'] }],
    ['trouble with the question', { '1.0.0.127.list.example.org': ['127.255.255.254'] }],
    ['silence', { '1.0.0.127.list.example.org': [], '1.0.0.127.quiet.example.org': [] }],
  ])('%s lists nobody', async (_, records) => {
    await strangers({ blocklists: lists(await startDns(records), 200) })
    const here = await begun()
    expect(await says(here, from, to('ada'))).toMatch(/^250 /)
  })

  test('a server that is dead lists nobody', async () => {
    await strangers({ blocklists: lists('127.0.0.1:1', 200) })
    const here = await begun()
    expect(await says(here, from, to('ada'))).toMatch(/^250 /)
  })

  test.each([
    ['192.0.2.99', '99.2.0.192'],
    ['2001:db8:1:2:3:4:567:89ab', 'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2'],
    ['2001:db8::1', `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2`],
    ['::1', `1.${'0.'.repeat(30)}0`],
  ])('%s is asked for as %s (RFC 5782 §2.4)', async (address, name) => {
    await strangers()
    expect(reversed(address)).toBe(name)
  })
})

test('whom one trusts is asked for nothing', async () => {
  const guardLimits = { connectionsPerMinute: 1, messagesPerMinute: 1, greylistMs: 60_000, unknownPerSession: 1 }
  await strangers({ trusted: ['127.0.0.1'], guardLimits })
  await begun()
  const here = await begun()
  expect(await says(here, from, 'RSET', from, to('ada'))).toMatch(/^250 /)
  for (let i = 0; i < 5; i++) expect(await says(here, to('nobody'))).toMatch(/^550 /)
})

test('LMTP is for its networks alone', async () => {
  await strangers({ lmtpNetworks: ['192.0.2.0/24'] })
  expect(await Caller.inClear(server.lmtpPort).closed).toBe(
    '421 4.7.1 LMTP is not for you: see POSTERN_LMTP_NETWORKS\r\n',
  )
})
