// A client's own copy of a message that it submits: it waits for a submission that is still open, and meets its copy (contract E3).
// docs/decisions/sent-merge.md

import { localSending, type Sending } from '@postern/events'
import { type Account, messageIdHashIn } from '@postern/mailbox-store'
import { afterEach, expect, test } from 'vitest'
import type { ImapLimits } from '../src/limits.js'
import { Caller } from './caller.js'
import { password, TestServer } from './server.js'

let server: TestServer
let sending: Sending
afterEach(async () => {
  await server.close()
  expect(server.errors).toEqual([])
})

async function start(limits: Partial<ImapLimits> = {}): Promise<Account> {
  sending = localSending({ messagesMax: 100 })
  server = await TestServer.start({ lingerMs: 200, ...limits }, {}, { sending })
  return (await server.settle()).ada
}

async function caller(mailbox = 'INBOX'): Promise<Caller> {
  const here = Caller.byTls(server.server.port)
  await here.heard('\r\n')
  here.say(`begin0 LOGIN ada ${password}\r\nbegin SELECT ${mailbox}\r\n`)
  await here.heard('begin OK')
  return here
}

const mail = (key: string, headers = ''): string =>
  `From: ada@example.test\r\nTo: bob@example.net\r\nMessage-ID: <${key}@example.test>\r\n` +
  `Date: Fri, 20 Nov 2026 12:00:00 +0000\r\n${headers}Subject: ${key}\r\n\r\nThis is ${key}.\r\n`
const copy = (key: string): string => mail(key, 'Bcc: carol@example.org\r\n')
const literal = (text: string): string => `{${text.length}+}\r\n${text}`
const sendingOf = ({ id }: Account, key: string) => sending.begin(id, messageIdHashIn(Buffer.from(mail(key))) as number)

async function submit(account: Account, key: string): Promise<number | undefined> {
  const { sent } = await server.store.outbox.submit({
    ...{ account: account.id, sender: 'ada@example.test', recipients: [{ address: 'bob@example.net' }], body: '7bit' },
    message: await server.store.stage(Buffer.from(mail(key))),
    internalDate: 1_795_176_000,
    sentCopy: { account: account.id },
  })
  return sent?.uid
}

/** What a session is still waiting for has not been said after others have been served. */
async function othersAreServed(): Promise<void> {
  const other = await caller()
  other.say('o1 NOOP\r\no2 STATUS Sent (MESSAGES)\r\n')
  await other.heard('o2 OK')
}

test('an APPEND to Sent waits for the submission; what is behind it waits too, and nobody else', async () => {
  const ada = await start()
  const here = await caller()
  const end = sendingOf(ada, 'a')
  here.say(`a0 NOOP\r\na1 APPEND Sent (\\Flagged) ${literal(copy('a'))}\r\na2 STATUS Sent (MESSAGES)\r\n`)
  expect(await here.heard('a0 OK'), 'what was done before is told').not.toContain('a1 ')
  await othersAreServed()
  await submit(ada, 'a')
  end()
  const said = await here.heard('a2 OK')
  expect(said).toMatch(/^a1 OK \[APPENDUID \d+ 1\] /m)
  expect(said).toContain('* STATUS Sent (MESSAGES 1)')
  here.say('a3 EXAMINE Sent\r\na4 FETCH 1 (UID FLAGS BODY.PEEK[HEADER.FIELDS (Bcc)])\r\n')
  expect(await here.heard('a4 OK')).toContain(
    '* 1 FETCH (UID 1 FLAGS (\\Flagged \\Seen \\Recent) BODY[HEADER.FIELDS (Bcc)] {2}\r\n\r\n)',
  )
})

test('who has Sent open hears the message once, and then its flags', async () => {
  const ada = await start()
  const here = await caller('Sent')
  await submit(ada, 'a')
  here.say('a1 NOOP\r\n')
  expect(await here.heard('a1 OK')).toContain('* 1 EXISTS')
  here.say(`a2 APPEND Sent (\\Seen \\Answered) ${literal(copy('a'))}\r\n`)
  const said = await here.heard('a2 OK')
  expect(said).not.toContain('EXISTS')
  expect(said).toContain('* 1 FETCH (FLAGS (\\Answered \\Seen \\Recent))')
})

test('a refused submission lets the copy in as it is', async () => {
  const ada = await start()
  const here = await caller()
  const end = sendingOf(ada, 'a')
  here.say(`a1 APPEND Sent ${literal(copy('a'))}\r\n`)
  await othersAreServed()
  end()
  expect(await here.heard('a1 ')).toMatch(/a1 OK \[APPENDUID \d+ 1\] /)
})

test('it waits no longer than its limit', async () => {
  const ada = await start({ submissionWaitMs: 100 })
  const here = await caller()
  sendingOf(ada, 'a')
  here.say(`a1 APPEND Sent ${literal(copy('a'))}\r\n`)
  expect(await here.heard('a1 ')).toMatch(/a1 OK \[APPENDUID \d+ 1\] /)
  expect(await submit(ada, 'a'), 'and the submission takes it').toBe(1)
})

test('nothing is waited for elsewhere, nor for another message, nor for somebody else', async () => {
  const ada = await start({ submissionWaitMs: 60_000 })
  const here = await caller()
  sendingOf(ada, 'a')
  here.say(`a1 APPEND Drafts ${literal(copy('a'))}\r\na2 APPEND Sent ${literal(copy('b'))}\r\n`)
  await here.heard('a2 OK')
  here.say(`a3 APPEND Sent ${literal('Subject: no id\r\n\r\nx')}\r\n`)
  await here.heard('a3 OK')
  sending.begin(ada.id + 1, messageIdHashIn(Buffer.from(mail('c'))) as number)
  here.say(`a4 APPEND Sent ${literal(copy('c'))}\r\n`)
  await here.heard('a4 OK')
})

test('MULTIAPPEND waits for each of its messages; the uids are told in their order', async () => {
  const ada = await start()
  const here = await caller()
  const ends = [sendingOf(ada, 'a'), sendingOf(ada, 'b')]
  here.say(`a1 APPEND Sent ${literal(mail('new'))} ${literal(copy('b'))} ${literal(copy('a'))}\r\n`)
  for (const [i, key] of ['a', 'b'].entries()) {
    await othersAreServed()
    await submit(ada, key)
    ends[i]?.()
  }
  expect(await here.heard('a1 ')).toMatch(/a1 OK \[APPENDUID \d+ 3,2,1\] /)
})

test('REPLACE of a draft waits too, and names the submitted message', async () => {
  const ada = await start()
  const here = await caller('Drafts')
  here.say(`a1 APPEND Drafts ${literal(copy('a'))}\r\n`)
  await here.heard('a1 OK')
  const end = sendingOf(ada, 'a')
  here.say(`a2 REPLACE 1 Sent (\\Seen) ${literal(copy('a'))}\r\n`)
  await othersAreServed()
  await submit(ada, 'a')
  end()
  const said = await here.heard('a2 OK')
  expect(said).toMatch(/^\* OK \[APPENDUID \d+ 1\] /m)
  expect(said).toContain('* 1 EXPUNGE')
  here.say('a3 STATUS Sent (MESSAGES)\r\n')
  expect(await here.heard('a3 OK')).toContain('(MESSAGES 1)')
})
