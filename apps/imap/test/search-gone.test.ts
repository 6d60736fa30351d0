// A search that takes long: the client is told that it goes on, and when the client has gone it doesn't.

import type { MailboxListing } from '@postern/mailbox-store'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Caller } from './caller.js'
import { password, TestServer } from './server.js'

const numbers = Array.from({ length: 250 }, (_, n) => n)
/** Every message is read for each of many keys. */
const long = `SEARCH ${numbers.map((n) => `NOT BODY "account ${n}"`).join(' ')}`
/** What the index knows of the keys is in each message, so that it helps no search. */
const nearly = numbers.map((n) => `ant ${n}\r\n`).join('')

let server: TestServer
beforeAll(async () => {
  server = await TestServer.start({ progressMs: 30 })
  const town = await server.settle()
  await town.given('logged in')
  const { id } = (await town.ada.mailbox('INBOX')) as MailboxListing
  const message = Buffer.from(`Subject: s\r\n\r\n${nearly}${'some words of no account\r\n'.repeat(400)}`)
  await town.ada.append(
    id,
    Array.from({ length: 400 }, () => ({ message })),
  )
})
afterAll(() => server.close())

async function selected(): Promise<Caller> {
  const caller = Caller.byTls(server.server.port)
  caller.say(`l LOGIN ada ${password}\r\ns SELECT INBOX\r\n`)
  await caller.heard('s OK')
  return caller
}

test('who waits is told so, and a search ends when nobody waits for it any more', async () => {
  const patient = await selected()
  const beganMs = performance.now()
  patient.say(`a ${long}\r\n`)
  const answer = await patient.heard('a OK')
  const wholeMs = performance.now() - beganMs
  expect(answer).toMatch(/^\* OK Still searching\r\n/)
  expect(answer).toMatch(/\* SEARCH 1 2 3 [\d ]* 400\r\na OK Searched/)
  patient.say('o LOGOUT\r\n')
  await patient.closed
  await expect.poll(() => server.server.sessions).toBe(0)

  const leaving = await selected()
  leaving.say(`a ${long}\r\n`)
  await leaving.heard('Still searching')
  const leftMs = performance.now()
  leaving.socket.destroy()
  await expect.poll(() => server.server.sessions, { timeout: 20_000, interval: 5 }).toBe(0)
  const endMs = performance.now() - leftMs
  expect(endMs).toBeLessThan(wholeMs / 2)
  expect(server.errors).toEqual([])
})
