// Tokens of an identity provider in place of a password: OAUTHBEARER (RFC 7628) and XOAUTH2, only where issuers are configured
// (contract B11). Who is refused is told so in a challenge first, and answers it.

import { afterEach, expect, test } from 'vitest'
import { Caller } from './caller.js'
import { goodToken, TestServer } from './server.js'

let server: TestServer
afterEach(async () => {
  await server.close()
  expect(server.errors).toEqual([])
})

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const xoauth2 = (token: string) => base64(`user=ada\x01auth=Bearer ${token}\x01\x01`)
const bearer = (token: string) => base64(`n,a=ada,\x01host=localhost\x01port=465\x01auth=Bearer ${token}\x01\x01`)

async function said(lines: string): Promise<string> {
  server = await TestServer.start({}, {}, { tokens: true })
  await server.settle()
  const here = Caller.byTls(server.server.tlsPort)
  here.say(`EHLO c\r\n${lines}QUIT\r\n`)
  return here.closed
}

test('they are offered', async () => {
  expect(await said('')).toContain('250 AUTH PLAIN LOGIN OAUTHBEARER XOAUTH2\r\n')
})

test.each([
  ['XOAUTH2', xoauth2],
  ['OAUTHBEARER', bearer],
] as const)('%s: a token opens its inbox, with an initial response and without', async (name, message) => {
  expect(await said(`AUTH ${name} ${message(goodToken)}\r\n`)).toContain('\r\n235 2.7.0 Authentication succeeded\r\n')
  await server.close()
  expect(await said(`AUTH ${name}\r\n${message(goodToken)}\r\n`)).toMatch(/\r\n334 \r\n235 2\.7\.0 /)
})

test.each([
  ['XOAUTH2', xoauth2],
  ['OAUTHBEARER', bearer],
] as const)('%s: a wrong token', async (name, message) => {
  const heard = await said(`AUTH ${name} ${message('wrong.token')}\r\nAQ==\r\n`)
  expect(heard).toMatch(/\r\n334 [\w=]+\r\n535 5\.7\.8 Authentication failed\r\n221 /)
})
