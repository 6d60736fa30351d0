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

test('a message with a Bcc: the recipients have it without, Sent has it with', async () => {
  const town = await server.settle()
  const here = await sender('bob')
  here.say(
    `From: ada@${town.name}\r\nBcc: bob@${town.name}\r\nSubject: blind\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(6_000)}.\r\n`,
  )
  await here.heard('250 2.0.0 Ok: queued as ')
  const [[received = ''], [kept = '']] = [await town.mails('bob', 'INBOX'), await town.mails('ada', 'Sent')]
  expect(received).not.toMatch(/^Bcc:/m)
  expect(kept).toMatch(/^Bcc: bob@/m)
  expect(kept.replace(/^Bcc:.*\r\n/m, '')).toBe(received)
})

test('a domain that keeps no mail files none of what it sends', async () => {
  const town = await server.settle()
  await town.given('route direct')
  town.domain = await server.store.directory.updateDomain(town.domain.id, { mode: 'zero-retention' })
  const here = await loggedIn()
  here.say(`MAIL FROM:<ada@${town.name}>\r\nRCPT TO:<eve@elsewhere.example>\r\nDATA\r\n`)
  await here.heard('354 ')
  here.say(`From: ada@${town.name}\r\n\r\nhello\r\n.\r\n`)
  await here.heard('250 2.0.0 Ok: queued as ')
  expect(await town.mails('ada', 'Sent')).toEqual([])
})

test('the envelope’s parameters are in the queue, as they were given', async () => {
  const town = await server.settle()
  await town.given('route direct')
  const here = await loggedIn()
  here.say(`MAIL FROM:<ada@${town.name}> RET=HDRS ENVID=Q+2B1 BODY=8BITMIME REQUIRETLS\r\n`)
  here.say('RCPT TO:<Eve@Elsewhere.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;eve+2Bx@old.example\r\nDATA\r\n')
  await here.heard('354 ')
  here.say(`From: ada@${town.name}\r\n\r\nGr\xfc\xdfe\r\n.\r\n`)
  await here.heard('250 2.0.0 Ok: queued as ')
  const [claimed] = await server.store.outbox.claim({ owner: 'test', limit: 10, leaseMs: 60_000 })
  expect(claimed).toMatchObject({
    ...{ sender: `ada@${town.name}`, recipient: 'Eve@Elsewhere.example', domain: 'elsewhere.example' },
    ...{ ret: 'hdrs', envelopeId: 'Q+2B1', notify: 'SUCCESS,DELAY', originalRecipient: 'rfc822;eve+2Bx@old.example' },
    ...{ requireTls: true, body: '8bitmime', account: town.inboxes.get('ada')?.id },
  })
})

test('limits of the hour and the day: 450 with the time, at MAIL and at RCPT', async () => {
  const town = await server.settle()
  await town.given('rule recipientsPerHour 2')
  const here = await sender('bob')
  here.say(`From: ada@${town.name}\r\n\r\nhello\r\n.\r\n`)
  await here.heard('250 2.0.0 ')
  here.say(`MAIL FROM:<ada@${town.name}>\r\nRCPT TO:<bob@${town.name}>\r\nRCPT TO:<ada@${town.name}>\r\nDATA\r\n`)
  expect(await here.heard('354 ')).toMatch(
    /^250 [^\r]*\r\n250 [^\r]*\r\n450 4\.7\.1 [^\r]* \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\r\n354 /,
  )
  here.say(`From: ada@${town.name}\r\n\r\nagain\r\n.\r\n`)
  await here.heard('250 2.0.0 ')
  here.say(`MAIL FROM:<ada@${town.name}>\r\n`)
  await here.heard('450 4.7.1 ')
})
