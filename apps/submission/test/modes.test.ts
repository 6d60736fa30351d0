// The sending rules that change a message instead of refusing it, through the door and into the mailboxes (contract D3): the mode
// `rewrite` for who it's from, and `mend` for what an old device sends.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Caller } from './caller.js'
import { adasPlain, TestServer } from './server.js'

let server: TestServer
beforeEach(async () => {
  server = await TestServer.start()
})
afterEach(() => server.close())

async function sending(from: string): Promise<Caller> {
  const here = Caller.byTls(server.server.tlsPort)
  here.say(`EHLO scanner\r\nAUTH PLAIN ${adasPlain}\r\n`)
  await here.heard('235 ')
  here.say(`MAIL FROM:<${from}>\r\nRCPT TO:<bob@${server.town?.name}>\r\nDATA\r\n`)
  await here.heard('354 ')
  return here
}

test('rewritten: the envelope and From are the own address, who wrote is in Reply-To', async () => {
  const town = await server.settle()
  await town.given('rule from rewrite')
  const here = await sending('scanner@printer.local')
  here.say('From: "Scanner, 2nd floor" <scanner@printer.local>\r\nSubject: scan\r\n\r\npage\r\n.\r\n')
  await here.heard('250 2.0.0 Ok: queued as ')
  const [received = ''] = await town.mails('bob', 'INBOX')
  expect(received).toContain(
    `\r\nFrom: "Scanner, 2nd floor" <ada@${town.name}>\r\nReply-To: "Scanner, 2nd floor" <scanner@printer.local>\r\n`,
  )
  expect(received.match(/^From:/gm)).toHaveLength(1)
  expect(await town.mails('ada', 'Sent')).toEqual([received])
  expect((await server.store.outbox.list()).items.map(({ sender }) => sender)).toEqual([`ada@${town.name}`])
})

test('mended: bare line feeds, raw text and an endless line arrive as mail', async () => {
  const town = await server.settle()
  await town.given('rule malformed mend')
  const here = await sending(`ada@${town.name}`)
  here.say(Buffer.from(`From: ada@${town.name}\nSubject : Größe\n\none\n.\ntwo ${'x'.repeat(1500)}\r\n.\r\n`))
  await here.heard('250 2.0.0 Ok: queued as ')
  const [received = ''] = await town.mails('bob', 'INBOX')
  expect(received).toContain('\r\nSubject: =?UTF-8?B?R3LDtsOfZQ==?=\r\n\r\none\r\n.\r\ntwo \r\nxxxx')
  expect(received).not.toMatch(/[^\r]\n|[^\r\n]{999}/)
})

test('neither, where no rule says so', async () => {
  const town = await server.settle()
  const here = await sending(`ada@${town.name}`)
  here.say(`From: ada@${town.name}\n\none\r\n.\r\n`)
  await here.heard('554 5.6.0 Line 1 of the message has a bare LF')
  expect(await town.mails('bob', 'INBOX')).toEqual([])
})
