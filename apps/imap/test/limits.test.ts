// One row for each limit: what a client says that goes beyond it, what it's answered, and whether its session lives on. What
// is long in earnest is short here; that the numbers are those of the contract stands at the end.

import { defaultFramerLimits, defaultParserLimits } from '@postern/imap-wire'
import { defaultLimits as defaultStoreLimits, type MailboxListing, type StoreLimits } from '@postern/mailbox-store'
import { networks } from '@postern/service'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { defaultImapLimits, type ImapLimits } from '../src/limits.js'
import { Caller } from './caller.js'
import { type Doors, password, TestServer } from './server.js'

interface Setting {
  readonly limits?: Partial<ImapLimits>
  readonly store?: Partial<StoreLimits>
  readonly doors?: Doors
  readonly given?: readonly string[]
}

interface Row extends Setting {
  /** Said before: `LOGIN` and `SELECT INBOX` unless something else stands here. */
  readonly first?: string
  readonly say: string
  readonly answer: RegExp
  readonly ends?: true
}

let server: TestServer
afterEach(async () => {
  await server.close()
  expect(server.errors).toEqual([])
})

async function start({ limits, store, doors, given = [] }: Setting) {
  server = await TestServer.start({ lingerMs: 200, ...limits }, store, doors)
  const town = await server.settle()
  for (const one of given) await town.given(one)
  return town
}
const call = () => Caller.byTls(server.server.port)
const begin = `begin0 LOGIN ada ${password}\r\nbegin SELECT INBOX\r\n`

async function caller(first = begin) {
  const here = call()
  await here.heard('\r\n')
  here.say(first)
  if (first !== '') await here.heard('begin OK')
  return here
}

const x = (length: number) => 'x'.repeat(length)
const fewBytes = { ...defaultFramerLimits, literalBytesMax: 1_000, skipBytesMax: 5_000 }
const early = defaultImapLimits.inputBeforeLogin

const rows: Record<string, Row> = {
  'a command line, 64 KB': {
    say: `a SEARCH SUBJECT "${x(65_536)}"\r\n`,
    answer: /^a BAD \[LIMIT\] Command line too long\r\n$/,
  },
  'a command line just within it': {
    say: `a SEARCH SUBJECT "${x(65_500)}"\r\n`,
    answer: /^\* SEARCH\r\na OK /,
  },
  'a command line without an end': {
    limits: { idleTimeoutMs: 300 },
    say: x(70_000),
    answer: /^\* BAD \[LIMIT\] Command line too long\r\n\* BYE Idle for too long\r\n$/,
    ends: true,
  },
  'a list of ids, 1 MB': {
    say: `a FETCH ${'1,'.repeat(524_288)}1 FLAGS\r\n`,
    answer: /^a BAD \[LIMIT\] Command line too long\r\n$/,
  },
  'a list of ids just within it': {
    given: ['mailbox INBOX: a'],
    say: `a FETCH ${'1,'.repeat(200_000)}1 FLAGS\r\n`,
    answer: /^\* 1 FETCH \(FLAGS \(\)\)\r\na OK /,
  },
  'ranges of a set': {
    limits: { parser: { ...defaultParserLimits, rangesMax: 10 } },
    say: 'a UID FETCH 1,2,3,4,5,6,7,8,9,10,11 FLAGS\r\n',
    answer: /^a BAD Too many ranges\r\n$/,
  },
  'a literal outside of APPEND, 1 MB, announced': {
    say: 'a SEARCH SUBJECT {1048577}\r\n',
    answer: /^a BAD \[LIMIT\] Literal too large\r\n$/,
  },
  'a literal outside of APPEND, sent without waiting': {
    say: `a SEARCH SUBJECT {1048577+}\r\n${x(1_048_577)} TEXT y\r\n`,
    answer: /^a BAD \[LIMIT\] Literal too large\r\n$/,
  },
  'literals of one command, together': {
    limits: { input: fewBytes },
    say: `a SEARCH SUBJECT {600+}\r\n${x(600)} TEXT {401+}\r\n${x(401)}\r\n`,
    answer: /^a BAD \[LIMIT\] Literal too large\r\n$/,
  },
  'a literal that is too much to be passed over': {
    limits: { input: fewBytes },
    say: `a SEARCH SUBJECT {6000+}\r\n${x(6_000)}\r\n`,
    answer: /^a BAD \[LIMIT\] [^\r]*\r\n\* BYE \[LIMIT\] Too much data outside of a command\r\n$/,
    ends: true,
  },
  'before the login: a line, 16 KB': {
    first: '',
    say: `a NOOP ${x(early.lineBytesMax)}\r\n`,
    answer: /^a BAD \[LIMIT\]/,
  },
  'before the login: a literal, 16 KB': {
    first: '',
    say: `a LOGIN ada {${early.literalBytesMax + 1}}\r\n`,
    answer: /^a BAD \[LIMIT\]/,
  },
  'before the login: what is passed over, 1 MB': {
    first: '',
    say: `a LOGIN ada {${early.skipBytesMax + 1}+}\r\n`,
    answer: /^a BAD \[LIMIT\] [^\r]*\r\n\* BYE \[LIMIT\]/,
    ends: true,
  },
  'a message, announced': {
    limits: { messageBytesMax: 1_000 },
    say: 'a APPEND INBOX {1001}\r\n',
    answer: /^a NO \[TOOBIG\] [^\r]*\r\n$/,
  },
  'a message, sent without waiting': {
    limits: { messageBytesMax: 1_000 },
    say: `a APPEND INBOX (\\Seen) {1001+}\r\n${x(1_001)}\r\n`,
    answer: /^a NO \[TOOBIG\] [^\r]*\r\n$/,
  },
  'a later message of a MULTIAPPEND, announced': {
    limits: { messageBytesMax: 1_000 },
    say: 'a APPEND INBOX {6+}\r\na: b\r\n {1001}\r\n',
    answer: /^a NO \[TOOBIG\] [^\r]*\r\n$/,
  },
  'a later message of a MULTIAPPEND, sent without waiting': {
    limits: { messageBytesMax: 1_000 },
    say: `a APPEND INBOX {6+}\r\na: b\r\n {1001+}\r\n${x(1_001)} {6+}\r\na: b\r\n\r\n`,
    answer: /^a NO \[TOOBIG\] [^\r]*\r\n$/,
  },
  'a message of a size that no number has': {
    say: `a APPEND INBOX {${'9'.repeat(30)}}\r\n`,
    answer: /^a (?:NO \[TOOBIG\]|BAD) /,
  },
  'messages of one APPEND': {
    limits: { messagesPerAppendMax: 2 },
    say: `a APPEND INBOX${' {6+}\r\na: b\r\n'.repeat(3)}\r\n`,
    answer: /^a NO \[LIMIT\] /,
  },
  'a message that the store finds too big': {
    store: { messageBytesMax: 1_000 },
    say: `a APPEND INBOX {1001+}\r\n${x(1_001)}\r\n`,
    answer: /^a NO \[TOOBIG\] /,
  },
  'parentheses, 100': {
    say: `a SEARCH ${'('.repeat(101)}ALL${')'.repeat(101)}\r\n`,
    answer: /^a BAD Too deeply nested\r\n$/,
  },
  'parentheses just within it': {
    say: `a SEARCH ${'('.repeat(100)}ALL${')'.repeat(100)}\r\n`,
    answer: /^\* SEARCH\r\na OK /,
  },
  'NOT inside NOT': {
    say: `a SEARCH ${'NOT '.repeat(101)}ALL\r\n`,
    answer: /^a BAD Too deeply nested\r\n$/,
  },
  'search keys, 1,000': {
    say: `a SEARCH${' ALL'.repeat(1_001)}\r\n`,
    answer: /^a BAD Too many [^\r]*\r\n$/,
  },
  'search keys just within it': {
    say: `a SEARCH${' ALL'.repeat(1_000)}\r\n`,
    answer: /^\* SEARCH\r\na OK /,
  },
  'flags of a list': {
    say: `a STORE 1:* FLAGS (${Array.from({ length: 1_001 }, (_, i) => `k${i}`).join(' ')})\r\n`,
    answer: /^a BAD Too many /,
  },
  'fields of an ID, 30 (RFC 2971)': {
    say: `a ID (${Array.from({ length: 31 }, (_, i) => `"f${i}" "v"`).join(' ')})\r\n`,
    answer: /^a BAD /,
  },
  'keywords of a message': {
    store: { keywordsPerMessageMax: 2 },
    given: ['mailbox INBOX: a'],
    say: 'a STORE 1 FLAGS (one two three)\r\n',
    answer: /^a NO \[LIMIT\] /,
  },
  'mailboxes of an account': {
    store: { mailboxesPerAccountMax: 7 },
    say: 'a CREATE seventh\r\na CREATE eighth\r\n',
    answer: /^a OK [^\r]*\r\na NO \[LIMIT\] /,
  },
  'a mailbox name, 1,000 bytes': {
    say: `a CREATE ${x(1_001)}\r\n`,
    answer: /^a NO \[CANNOT\] /,
  },
  'a mailbox name just within it': {
    say: `a CREATE ${x(1_000)}\r\n`,
    answer: /^a OK /,
  },
  'levels of a mailbox name': {
    say: `a CREATE ${'x/'.repeat(50)}x\r\n`,
    answer: /^a NO \[CANNOT\] /,
  },
  'bad commands in a row, 10': {
    say: 'a X\r\n'.repeat(10),
    answer: /^(?:a BAD [^\r]*\r\n){10}\* BYE Too many bad commands\r\n$/,
    ends: true,
  },
  'nine bad commands, one that is refused, and nine more': {
    say: `${'a X\r\n'.repeat(9)}a STATUS nowhere (MESSAGES)\r\n${'a X\r\n'.repeat(9)}`,
    answer: /^(?:a BAD [^\r]*\r\n){9}a NO \[NONEXISTENT\] [^\r]*\r\n(?:a BAD [^\r]*\r\n){9}$/,
  },
  'the time to log in, whatever is said meanwhile': {
    limits: { loginTimeoutMs: 300 },
    first: '',
    say: '',
    answer: /^(?:a OK [^\r]*\r\n)*\* BYE Too long without a login\r\n$/,
    ends: true,
  },
  'the time to log in, in the middle of AUTHENTICATE': {
    limits: { loginTimeoutMs: 300 },
    first: '',
    say: 'a AUTHENTICATE PLAIN\r\n',
    answer: /^\+ \r\n(?:[^\r]*\r\n)*\* BYE Too long without a login\r\n$/,
    ends: true,
  },
  'the time to be idle': {
    limits: { idleTimeoutMs: 200 },
    say: '',
    answer: /^\* BYE Idle for too long\r\n$/,
    ends: true,
  },
  'the time to be idle, in IDLE': {
    limits: { idleTimeoutMs: 300, heartbeatMs: 100 },
    say: 'a IDLE\r\n',
    answer: /^\+ idling\r\n(?:\* OK Still here\r\n)+\* BYE Idle for too long\r\n$/,
    ends: true,
  },
  'the time to be idle, in the middle of a message': {
    limits: { idleTimeoutMs: 300 },
    say: 'a APPEND INBOX {100+}\r\nhalf',
    answer: /^\* BYE Idle for too long\r\n$/,
    ends: true,
  },
  'the time to be idle, between two messages of an APPEND': {
    limits: { idleTimeoutMs: 300 },
    say: 'a APPEND INBOX {6+}\r\na: b\r\n',
    answer: /^\* BYE Idle for too long\r\n$/,
    ends: true,
  },
  'the time to be idle, in the middle of a message that is refused': {
    limits: { idleTimeoutMs: 300, messageBytesMax: 10 },
    say: 'a APPEND INBOX {100+}\r\nhalf',
    answer: /^a NO \[TOOBIG\] [^\r]*\r\n\* BYE Idle for too long\r\n$/,
    ends: true,
  },
  'the time to be idle, in the middle of a line': {
    limits: { idleTimeoutMs: 200 },
    say: 'a NOO',
    answer: /^\* BYE Idle for too long\r\n$/,
    ends: true,
  },
}

describe.each(Object.entries(rows))('%s', (_, { first, say, answer, ends, ...setting }) => {
  test('has its answer', async () => {
    const town = await start(setting)
    const here = await caller(first)
    const before = await messages(town)
    here.say(say)
    const answers = ends === true ? afterBegin(await here.closed) : await throughNoop(here)
    expect(answers).toMatch(answer)
    expect(await messages(town), 'nothing was appended').toBe(before)
    // Somebody else comes in and doesn't notice.
    const other = await caller()
    other.say('a NOOP\r\n')
    await other.heard('a OK')
  })
})

const messages = async (town: Awaited<ReturnType<typeof start>>): Promise<number> =>
  ((await town.ada.mailbox('INBOX')) as MailboxListing).status.messages

/** The session lives: what came before the answer to one more command. */
async function throughNoop(here: Caller): Promise<string> {
  here.say('last NOOP\r\n')
  const heard = await here.heard('last OK')
  return heard.slice(0, heard.indexOf('last OK'))
}

const afterBegin = (all: string): string => all.replace(/^\* OK [^\r]*\r\n/, '').replace(/^.*?begin OK [^\r]*\r\n/s, '')

test('the time to log in is not made longer by talking', async () => {
  await start({ limits: { loginTimeoutMs: 400 } })
  const here = await caller('')
  const talk = setInterval(() => here.say('a NOOP\r\n'), 20)
  const beganMs = performance.now()
  expect(await here.closed).toMatch(/(?:a OK [^\r]*\r\n){5,}\* BYE Too long without a login\r\n$/)
  clearInterval(talk)
  expect(performance.now() - beganMs).toBeLessThan(2_000)
})

describe('sessions of one inbox', () => {
  const login = `a LOGIN ada ${password}\r\n`
  const tryLogin = async () => {
    const here = await caller('')
    here.say(login)
    return { here, answer: await here.heard('\r\n') }
  }

  test('one too many is told so, not that its password is wrong; other inboxes are free', async () => {
    const town = await start({ limits: { sessionsPerInboxMax: 2 } })
    await town.inbox('bob')
    await tryLogin()
    await tryLogin()
    const { here, answer } = await tryLogin()
    expect(answer).toMatch(/^a NO \[LIMIT\] Too many sessions for this inbox/)
    here.say('b AUTHENTICATE PLAIN AGFkYQBzZWNyZXQ=\r\n')
    expect(await here.heard('b ')).toMatch(/^b NO \[LIMIT\]/)
    here.say('c LOGIN ada wrong\r\n')
    expect(await here.heard('c ')).toMatch(/^c NO \[AUTHENTICATIONFAILED\]/)
    here.say(`d LOGIN bob ${password}\r\n`)
    await here.heard('d OK')
    expect(await server.metrics.registry.metrics()).toMatch(/^postern_logins_total\{.*outcome="limit".*\} 2$/m)
  })

  test.each<[string, (here: Caller) => void]>([
    ['LOGOUT', (here) => here.say('z LOGOUT\r\n')],
    ['a connection that ends', (here) => here.socket.end()],
    ['a connection that breaks', (here) => here.socket.destroy()],
    ['bad commands', (here) => here.say('z\r\n'.repeat(10))],
    [
      'a connection that breaks in the middle of a message',
      (here) => {
        here.say('z APPEND INBOX {100000+}\r\nhalf')
        setTimeout(() => here.socket.destroy(), 20)
      },
    ],
    ['being idle', () => {}],
  ])('a place is given back, however the session ends: %s', async (how, end) => {
    await start({ limits: { sessionsPerInboxMax: 1, ...(how === 'being idle' && { idleTimeoutMs: 200 }) } })
    const { here } = await tryLogin()
    expect((await tryLogin()).answer).toMatch(/^a NO \[LIMIT\]/)
    end(here)
    await vi.waitFor(async () => expect((await tryLogin()).answer).toMatch(/^a OK/), { timeout: 5_000, interval: 50 })
  })

  test('a login whose client is gone before the answer keeps no place', async () => {
    await start({ limits: { sessionsPerInboxMax: 1 } })
    const here = await caller('')
    here.say(login)
    here.socket.destroy()
    await vi.waitFor(async () => expect((await tryLogin()).answer).toMatch(/^a OK/), { timeout: 5_000, interval: 50 })
  })
})

test.each<[string, Doors, string]>([
  ['in all', { connectionsMax: 2 }, '* BYE [LIMIT] Too many connections, try again later\r\n'],
  ['of one address', { connectionsPerAddressMax: 2 }, '* BYE [LIMIT] Too many connections from your address\r\n'],
])('connections %s: one more is told so, on both doors, and comes in when another has gone', async (_, doors, line) => {
  await start({ doors: { ...doors, clearPort: 0 } })
  const inClear = () => Caller.inClear(server.server.clearPort as number)
  for (const dial of [call, inClear]) {
    const here = [dial(), dial()]
    for (const one of here) await one.heard('* OK')
    expect(await dial().closed).toBe(line)
    here[0]?.say('a LOGOUT\r\n')
    await vi.waitFor(async () => expect(await dial().heard('\r\n')).toMatch(/^\* OK/), { timeout: 5_000 })
  }
})

test('behind a balancer, each client has its own count', async () => {
  await start({ doors: { clearPort: 0, connectionsPerAddressMax: 1, proxyNetworks: networks(['127.0.0.1']) } })
  const from = (address: string) => {
    const here = Caller.inClear(server.server.clearPort as number)
    here.say(`PROXY TCP4 ${address} 198.51.100.1 1 2\r\n`)
    return here.heard('\r\n')
  }
  expect(await from('192.0.2.1')).toMatch(/^\* OK/)
  expect(await from('192.0.2.2')).toMatch(/^\* OK/)
  expect(await from('192.0.2.1')).toMatch(/^\* BYE \[LIMIT\]/)
})

test('the time to send a PROXY header: closed without a byte', async () => {
  await start({ limits: { proxyTimeoutMs: 100 }, doors: { proxyNetworks: networks(['127.0.0.1']) } })
  expect(await Caller.inClear(server.server.port).closed).toBe('')
  expect(server.lines.join('')).toContain('no PROXY header within 100 ms')
})

test('the time to shake hands: closed without a byte', async () => {
  await start({ limits: { handshakeTimeoutMs: 100 } })
  expect(await Caller.inClear(server.server.port).closed).toBe('')
  const half = Caller.inClear(server.server.port)
  half.say(Buffer.from('160301020001000a', 'hex'))
  expect(await half.closed).toBe('')
})

test('a client that takes nothing of its answers is cut off in time, in bounded memory, and nobody else waits', async () => {
  const town = await start({ limits: { writeStallTimeoutMs: 400 } })
  const inbox = (await town.ada.mailbox('INBOX')) as MailboxListing
  await town.ada.append(inbox.id, [{ message: Buffer.from(`A: b\r\n\r\n${x(4_000_000)}`) }])
  const slow = await caller()
  const before = process.memoryUsage().rss
  slow.socket.pause()
  slow.say('a FETCH 1 BODY.PEEK[]\r\n'.repeat(50))
  const other = await caller()
  other.say('a FETCH 1 BODY.PEEK[]\r\n')
  await other.heard('a OK')
  await vi.waitFor(() => expect(server.lines.join('')).toContain('"reason":"write stalled"'), { timeout: 10_000 })
  expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000)
})

test('what is advertised as APPENDLIMIT is what holds (RFC 7889)', async () => {
  await start({ limits: { messageBytesMax: 1_000 } })
  const here = await caller()
  here.say('a CAPABILITY\r\n')
  expect(await here.heard('a OK')).toMatch(/ APPENDLIMIT=1000 /)
  here.say(`b APPEND INBOX {1000+}\r\nA: b\r\n\r\n${x(992)}\r\n`)
  expect(await here.heard('b ')).toMatch(/b OK \[APPENDUID /)
})

test('the numbers are those of the contract', () => {
  expect(defaultImapLimits).toMatchObject({
    loginTimeoutMs: 60_000,
    badCommandsMax: 10,
    sessionsPerInboxMax: 50,
    submissionWaitMs: 10_000,
    input: { lineBytesMax: 65_536, commandBytesMax: 1_048_576, literalBytesMax: 1_048_576 },
    parser: { depthMax: 100, keysMax: 1_000 },
  })
  // RFC 9051 §5.4: never less; a client that looks every half an hour is still in time.
  expect(defaultImapLimits.idleTimeoutMs).toBeGreaterThanOrEqual(1_800_000)
  expect(defaultImapLimits.heartbeatMs).toBeLessThanOrEqual(120_000)
  expect(defaultStoreLimits).toMatchObject({ mailboxesPerAccountMax: 10_000, mailboxNameBytesMax: 1_000 })
  expect(defaultImapLimits.messageBytesMax).toBe(defaultStoreLimits.messageBytesMax)
})
