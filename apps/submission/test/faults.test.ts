// What a client hears when the disk is full, and what is left of its message: nothing, and when there's room again everything goes on.
// Contract D4.

import type { FaultPoint } from '@postern/mailbox-store'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Caller } from './caller.js'
import { adasPlain, TestServer } from './server.js'

let server: TestServer
beforeEach(async () => {
  server = await TestServer.start()
})
afterEach(() => server.close())

const small = 'hello\r\n'
const large = `${'x'.repeat(70)}\r\n`.repeat(20_000)

test.each<[what: string, at: FaultPoint, code: string, body: string]>([
  ['the database', 'write', 'SQLITE_FULL', small],
  ['the database at the commit', 'commit', 'SQLITE_FULL', small],
  ['a large message’s file', 'blob-write', 'ENOSPC', large],
])('the disk is full: %s', async (_, at, code, body) => {
  const town = await server.settle()
  const here = Caller.byTls(server.server.tlsPort)
  const send = async (subject: string) => {
    here.say(`MAIL FROM:<ada@${town.name}>\r\nRCPT TO:<bob@${town.name}>\r\nDATA\r\n`)
    await here.heard('354 ')
    here.say(`From: ada@${town.name}\r\nSubject: ${subject}\r\n\r\n${body}.\r\nNOOP\r\n`)
    return here.heard('250 2.0.0 Ok\r\n')
  }
  here.say(`EHLO c\r\nAUTH PLAIN ${adasPlain}\r\n`)
  await here.heard('235 ')
  server.fault = (point) => {
    if (point === at) throw Object.assign(new Error('no room'), { code })
  }
  expect(await send('lost')).toBe('452 4.3.1 The server is out of room, try again later\r\n250 2.0.0 Ok\r\n')
  server.fault = undefined
  expect(await send('kept')).toMatch(/^250 2\.0\.0 Ok: queued as /)
  for (const mails of [await town.mails('bob', 'INBOX'), await town.mails('ada', 'Sent')])
    expect(mails.map((mail) => /^Subject: (\w+)/m.exec(mail)?.[1])).toEqual(['kept'])
})
