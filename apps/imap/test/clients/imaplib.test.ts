// Python's imaplib, in the loops that guides to reading mail by program print.

import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { type MailServer, mailServer, message, password, run, user } from './mail-server.js'

const script = fileURLToPath(new URL('read-loops.py', import.meta.url))

async function python(server: MailServer, loop: string) {
  const { code, stdout, stderr } = await run('python3', [
    script,
    loop,
    String(server.port),
    server.caFile,
    user,
    password,
  ])
  expect(stderr).toBe('')
  expect(code).toBe(0)
  expect(server.complaints()).toBe('')
  return JSON.parse(stdout)
}

test('login, select, search, fetch (RFC822), store, copy, expunge: the loop of every guide', async () => {
  const server = await mailServer()
  for (const subject of ['one', 'two', 'Grüße']) await server.deliver('INBOX', message(subject))
  const said = await python(server, 'read')
  expect(said.selected).toBe('3')
  expect(said.recent).toBe('3')
  expect(said.all).toBe('1 2 3')
  expect(said.new).toBe('1 2 3')
  expect(said.subjects).toEqual(['one', 'two', 'Grüße'])
  expect(said.unseenBefore).toBe('1 2 3')
  expect(said.newAfter).toBe('')
  expect(said.recentAfter).toBe('1 2 3')
  expect(said.unseenAfter).toBe('')
  expect(said.fromBob).toBe('1 2 3')
  expect(said.noneFound).toBe('')
  expect(said.uids).toBe('1 2 3')
  expect(said.since).toBe('1 2 3')
  expect(said.flagged).toContain('\\Flagged')
  expect(said.expunged).toEqual(['1'])
  expect(said.left).toBe('1 2')
  expect(said.archived).toBe('1')
})

test('append, create with a quoted name, rename, status, delete, subscribe and list', async () => {
  const said = await python(await mailServer(), 'folders')
  expect(said.appended).toMatch(/^\[APPENDUID \d+ 1] /)
  expect(said.list).toContain('(\\HasNoChildren) "/" "My Folder"')
  expect(said.list).toContain('(\\HasNoChildren) "/" INBOX')
  expect(said.status).toMatch(/^"My Folder" \(MESSAGES 1 UNSEEN 1\)$/)
  expect(said.lsub).toContain('"My Folder"')
  expect(said.renamed).toBe('OK')
  expect(said.roundTrip).toBe(true)
  expect(said.date).toBe('06-Feb-2026 10:11:12 +0000')
  expect(said.deleted).toBe('OK')
  expect(said.missing).toBe('NO')
})

test('the copy that a program files behind its submission is the message that is there, also a second time', async () => {
  const server = await mailServer()
  await server.submit(
    [
      ...[
        'From: "Alice Example" <alice@example.test>',
        'To: bob@example.net',
        'Message-ID: <from-python@example.test>',
      ],
      ...['Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= und eine lange Betreffzeile, die der', ' eine so umbricht'],
      ...['Date: Fri, 20 Nov 2026 12:00:00 +0000', 'Content-Type: text/plain; charset="utf-8"', 'MIME-Version: 1.0'],
      ...['Content-Transfer-Encoding: 7bit', '', 'Hello,', '', 'the report is done.', ''],
    ].join('\r\n'),
  )
  const said = await python(server, 'sent')
  expect([said.appended, said.again]).toEqual([
    expect.stringMatching(/^\[APPENDUID \d+ 1] /),
    expect.stringMatching(/^\[APPENDUID \d+ 1] /),
  ])
  expect(said.count).toBe('1')
  expect(said.flags).toContain('\\Flagged')
})

test('polling with NOOP hears what has come; a wrong password is told as such', async () => {
  const server = await mailServer()
  await server.deliver('INBOX', message('here before'))
  const polling = python(server, 'poll')
  await expect.poll(async () => (await server.account.mailbox('INBOX'))?.status.unseen, { timeout: 10_000 }).toBe(0)
  await server.deliver('INBOX', message('just come'))
  const said = await polling
  expect(said.seen).toEqual(['here before', 'just come'])
  expect(said.wrongPassword).toBe('[AUTHENTICATIONFAILED] Authentication failed')
})

test('a SEARCH of thousands and a big FETCH stay below the lines that imaplib takes', async () => {
  const server = await mailServer()
  const inbox = (await server.account.mailbox('INBOX'))!
  const messages = Array.from({ length: 20_000 }, (_, i) => ({ message: Buffer.from(message(`n${i}`)) }))
  for (let at = 0; at < messages.length; at += 1_000)
    await server.account.append(inbox.id, messages.slice(at, at + 1_000))
  const said = await python(server, 'many')
  expect(said).toEqual({ found: 20_000, headers: 20_000, bigBytes: 3_000_000 })
})
