// What a 250 means (contract D4, E1): the message is in the recipients' INBOXes and, with \Seen, in the sender's Sent, in one commit,
// and sessions in IDLE are told. What is broken off leaves nothing.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Caller } from './caller.js'
import { adasPlain, TestServer } from './server.js'

let server: TestServer
beforeEach(async () => {
  server = await TestServer.start()
})
afterEach(() => server.close())

async function loggedIn(): Promise<Caller> {
  const here = Caller.byTls(server.server.tlsPort)
  here.say(`EHLO c\r\nAUTH PLAIN ${adasPlain}\r\n`)
  await here.heard('235 ')
  return here
}

async function sender(...to: string[]): Promise<Caller> {
  const here = await loggedIn()
  const recipients = to.map((local) => `RCPT TO:<${local}@${server.town?.name}>\r\n`)
  here.say(`MAIL FROM:<ada@${server.town?.name}>\r\n${recipients.join('')}DATA\r\n`)
  await here.heard('354 ')
  return here
}

test('the recipients have it, Sent has it with \\Seen, and the doorbell rings for each mailbox', async () => {
  const town = await server.settle()
  const rung = new Set<string>()
  for (const [local, name] of [
    ['bob', 'INBOX'],
    ['ada', 'Sent'],
  ] as const) {
    const mailbox = await town.account(local).mailbox(name)
    server.doorbell.listen(mailbox?.id as number, () => void rung.add(`${local} ${name}`))
  }
  const here = await sender('bob')
  here.say(`From: <ada@${town.name}>\r\nSubject: hello\r\n\r\n..dot\r\n.\r\n`)
  await here.heard('250 2.0.0 Ok: queued as ')
  const [received] = await town.mails('bob', 'INBOX')
  expect(received).toContain('Subject: hello\r\n\r\n.dot\r\n')
  expect(await town.mails('ada', 'Sent')).toEqual([received])
  expect((await town.account('ada').mailbox('Sent'))?.status).toMatchObject({ messages: 1, unseen: 0 })
  expect((await town.account('bob').mailbox('INBOX'))?.status).toMatchObject({ messages: 1, unseen: 1 })
  await vi.waitFor(() => expect(rung).toEqual(new Set(['bob INBOX', 'ada Sent'])))
})

test('a client that hangs up in the middle leaves nothing behind, and the server goes on', async () => {
  const town = await server.settle()
  const here = await sender('bob')
  here.say(`From: <ada@${town.name}>\r\n\r\n${'x'.repeat(70)}\r\n`.repeat(20_000))
  here.socket.destroy()
  await vi.waitFor(() => expect(server.server.sessions).toBe(0))
  expect(await town.mails('bob', 'INBOX')).toEqual([])
  expect(await town.mails('ada', 'Sent')).toEqual([])
  expect(server.errors).toEqual([])
})

test('a domain that makes inboxes makes one for the first message', async () => {
  const town = await server.settle()
  await town.given('catch-all')
  const here = await sender('anybody', 'anybody+else')
  here.say(`From: <ada@${town.name}>\r\n\r\nhello\r\n.\r\n`)
  await here.heard('250 2.0.0 Ok: queued as ')
  const found = await server.store.directory.findAddress(`anybody@${town.name}`)
  expect(found?.via).toBe('address')
})
