// Bytes that no client sends: whatever comes, and in whatever pieces, every session ends, nothing is logged as a mistake of the server,
// and the next client is served.

import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Caller } from './caller.js'
import { adasPlain, TestServer } from './server.js'

let server: TestServer
beforeAll(async () => {
  server = await TestServer.start({ idleTimeoutMs: 400, handshakeTimeoutMs: 400, lingerMs: 50 })
  await server.settle()
})
afterAll(() => server.close())

/** The same bytes for the same seed. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const words = [
  ...['EHLO c\r\n', 'HELO\r\n', `AUTH PLAIN ${adasPlain}\r\n`, 'AUTH LOGIN\r\n', '*\r\n', 'STARTTLS\r\n', 'RSET\r\n'],
  ...['MAIL FROM:<ada@town1.example.test>\r\n', 'MAIL FROM:<>\r\n', 'RCPT TO:<bob@town1.example.test>\r\n', 'DATA\r\n'],
  ...[
    'From: ada@town1.example.test\r\n',
    '\r\n',
    '.\r\n',
    '..\r\n',
    '.',
    '\r',
    '\n',
    '\0',
    ' ',
    '\xff\xfe',
    'x'.repeat(300),
  ],
  ...['NOOP\r\n', 'NOOP\n', 'BDAT 5 LAST\r\n', 'VRFY x\r\n', '\x16\x03\x01', 'QUIT', 'DATA', '<', '>', '"', '@', '='],
]

async function babble(seed: number): Promise<string> {
  const next = random(seed + 1)
  const pick = () => words[Math.floor(next() * words.length)] as string
  const text = Array.from({ length: 60 }, pick).join('')
  const start = next() < 0.8 ? `EHLO c\r\nAUTH PLAIN ${adasPlain}\r\n` : ''
  const bytes = Buffer.from(start + text, 'latin1')
  const here = next() < 0.3 ? Caller.inClear(server.server.startTlsPort) : Caller.byTls(server.server.tlsPort)
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + Math.floor(next() * 80)
    here.say(bytes.subarray(at, at + size))
    at += size
    if (next() < 0.3) await new Promise((resolve) => setImmediate(resolve))
  }
  if (next() < 0.5) here.socket.end()
  return here.closed
}

test.each([0, 1, 2, 3])('random words, in random pieces (%i)', async (round) => {
  const all = await Promise.all(Array.from({ length: 25 }, (_, i) => babble(round * 25 + i)))
  for (const [i, heard] of all.entries()) {
    expect(heard, `${round * 25 + i}`).toMatch(/^220 /)
    expect(heard.replace(/\x15\x03.*$/s, ''), `${round * 25 + i}`).toMatch(/^(?:[2345]\d\d[ -][\x20-\x7e]*\r\n)+$/)
  }
  expect(server.errors).toEqual([])
})

test('the next client is served', async () => {
  const here = Caller.byTls(server.server.tlsPort)
  here.say(`EHLO c\r\nAUTH PLAIN ${adasPlain}\r\nQUIT\r\n`)
  expect(await here.closed).toMatch(/235 [^\r]*\r\n221 [^\r]*\r\n$/)
})

test('a client that doesn’t read its answers isn’t read either, and isn’t waited for for ever', async () => {
  const here = Caller.byTls(server.server.tlsPort)
  await here.heard('220 ')
  here.socket.pause()
  for (let i = 0; i < 40; i++) here.say('HELP\r\n'.repeat(20_000))
  await vi.waitFor(() => expect(server.server.sessions).toBe(0), { timeout: 10_000 })
  here.socket.destroy()
  const { values } = await server.metrics.submissionBytes.get()
  const said = values.find(({ labels }) => labels.direction === 'out')?.value
  expect(said, 'of 70 MB').toBeLessThan(40_000_000)
})
