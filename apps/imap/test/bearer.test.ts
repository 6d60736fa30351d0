// Logins by token, on a server that takes them: conversations as in dialogues/, whole and one byte at a time.

import { readFileSync } from 'node:fs'
import { parseScripts, play } from '@postern/dialogue'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestServer } from './server.js'

const scripts = parseScripts(readFileSync(new URL('bearer.txt', import.meta.url), 'utf8'))

let server: TestServer
beforeAll(async () => {
  server = await TestServer.start({}, {}, { tokens: true })
})
afterAll(() => server.close())

describe.each([
  ['whole', false],
  ['byte by byte', true],
] as const)('%s', (_, byteByByte) => {
  test.each(scripts.map((script) => [script.title, script] as const))('%s', async (_title, script) => {
    await server.settle()
    server.errors.length = 0
    await play(script, { connect: () => server.connect(), byteByByte, patienceMs: 3_000 })
    expect(server.errors).toEqual([])
  })
})

test('a message too long for a login is refused, and the session goes on', async () => {
  const town = await server.settle()
  await town.given('logged in')
  town.beginning = []
  const wire = await server.connect()
  const long = Buffer.from(`user=ada\x01auth=Bearer ${'x'.repeat(11_000)}\x01\x01`).toString('base64')
  let text = ''
  const say = async (line: string, until: RegExp): Promise<void> => {
    text = ''
    wire.write(Buffer.from(`${line}\r\n`))
    while (!until.test(text)) text += Buffer.from((await wire.read()) as Uint8Array).toString('latin1')
  }
  await say(`a AUTHENTICATE XOAUTH2 ${long}`, /\r\n\+ [\w+/=]+\r\n/)
  await say('', /^a NO \[AUTHENTICATIONFAILED] Authentication failed\r\n$/)
  await say('b AUTHENTICATE XOAUTH2', /^\+ \r\n$/)
  await say('A'.repeat(30_000), /^b BAD [^\r]*\r\n$/)
  await say('c AUTHENTICATE XOAUTH2', /^\+ \r\n$/)
  await say('*', /^c BAD [^\r]*\r\n$/)
  await say('d LOGIN ada secret', /^d OK /)
  wire.close()
})
