// As many keys, and as deeply nested, as the parser takes: each is answered, and one more is refused.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestServer } from './server.js'

let server: TestServer
beforeAll(async () => {
  server = await TestServer.start()
  const town = await server.settle()
  await town.given('mailbox INBOX: apple pear plum')
  await town.given('selected INBOX')
})
afterAll(() => server.close())

/** What comes up to the tagged line. */
async function answerTo(command: string): Promise<string> {
  const wire = await server.connect()
  try {
    await wire.write(Buffer.from(`tag ${command}\r\n`))
    let text = ''
    while (!/^tag .*\r\n$/m.test(text)) {
      const bytes = await wire.read()
      if (bytes === undefined) throw new Error(`the connection ended after ${text}`)
      text += Buffer.from(bytes).toString('latin1')
    }
    return text
  } finally {
    wire.close()
  }
}

const keys = (count: number, key: string): string => Array.from({ length: count }, () => key).join(' ')
const orOf = (count: number, key: string): string => `${'OR SEEN '.repeat(count)}${key}`

test.each([
  ['numbers', keys(1_000, '1:*')],
  ['uids', keys(1_000, 'UID 1:*')],
  ['flags', keys(1_000, 'UNSEEN')],
  ['texts', keys(1_000, 'BODY is')],
  ['subjects', keys(1_000, 'SUBJECT p')],
  ['NOTs', `${'NOT '.repeat(100)}ALL`],
  ['brackets', `${'('.repeat(100)}TEXT p${')'.repeat(100)}`],
  ['ORs', orOf(100, 'SUBJECT p')],
])('a thousand keys or a hundred levels of %s', async (_, program) => {
  expect(await answerTo(`SEARCH ${program}`)).toMatch(/^\* SEARCH 1 2 3\r\ntag OK /)
})

test.each([
  ['keys', keys(1_001, 'ALL')],
  ['NOTs', `${'NOT '.repeat(101)}ALL`],
  ['brackets', `${'('.repeat(101)}ALL${')'.repeat(101)}`],
  ['ORs', orOf(101, 'ALL')],
])('one more of %s is refused', async (_, program) => {
  expect(await answerTo(`SEARCH ${program}`)).toMatch(/^tag BAD /)
})
