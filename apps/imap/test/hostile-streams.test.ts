// Bytes of every kind from clients that mean no good, in any pieces and broken off anywhere, on both doors: each connection ends in
// an answer or a close, nothing is left of it, and a session beside them is answered as ever.

import { readdirSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parseScripts } from '@postern/dialogue'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Caller } from './caller.js'
import { password, TestServer } from './server.js'

const folder = new URL('dialogues/', import.meta.url)
const lines = readdirSync(folder)
  .flatMap((name) => parseScripts(readFileSync(new URL(name, folder), 'utf8')))
  .flatMap(({ steps }) => steps)
  .flatMap((step) => (step.kind === 'say' ? [Buffer.from(step.bytes)] : []))

type Random = (below: number) => number
function randomOf(seed: number): Random {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 0x1_0000_0000) * below)
  }
}
const noise = (random: Random, length: number): Buffer => Buffer.from(Array.from({ length }, () => random(256)))
const anyLine = (random: Random): Buffer => lines[random(lines.length)] as Buffer
const text = (words: string): Buffer => Buffer.from(words, 'latin1')
const sizes = ['0', '1', '7', '70000', '2000000', '4294967296', '99999999999999999999999', '-1', '1.5', '00000000005']

/** One way each to go wrong. */
const kinds: Readonly<Record<string, (random: Random) => Buffer>> = {
  noise: (random) => noise(random, 1 + random(3_000)),
  'noise in lines': (random) =>
    Buffer.concat(Array.from({ length: 20 }, () => [noise(random, random(60)), text('\r\n')]).flat()),
  'commands with other bytes in them': (random) =>
    Buffer.concat(
      Array.from({ length: 10 }, () => {
        const line = Buffer.from(anyLine(random))
        for (let n = 1 + random(4); n > 0; n--) line[random(line.length)] = random(256)
        return line
      }),
    ),
  'commands cut anywhere': (random) => {
    const all = Buffer.concat(Array.from({ length: 5 }, () => anyLine(random)))
    return all.subarray(0, random(all.length))
  },
  literals: (random) =>
    Buffer.concat(
      Array.from({ length: 5 }, () => {
        const mark = `${random(2) === 0 ? '~' : ''}{${sizes[random(sizes.length)]}${random(3) === 0 ? '' : '+'}}`
        const head = ['a LOGIN', 'a APPEND INBOX', 'a SEARCH SUBJECT', '', 'a'][random(5)]
        return Buffer.concat([text(`${head} ${mark}\r\n`), noise(random, random(200)), text('\r\n')])
      }),
    ),
  'what opens and never closes': (random) =>
    text(
      `a ${['SEARCH', 'FETCH 1', 'STORE 1 FLAGS', 'LIST'][random(4)]} ${['(', '"', '[', 'BODY[', '(("'][random(5)]?.repeat(1 + random(500))}\r\n`,
    ),
  'numbers without end': (random) =>
    text(`a UID FETCH ${'9'.repeat(1 + random(40))}:${'1,'.repeat(random(3_000))}* ALL\r\n`),
  'very many commands at once': (random) =>
    text(`${random(2)} ${['NOOP', 'CAPABILITY', 'SELECT INBOX'][random(3)]}\r\n`.repeat(1_000)),
  'a line without an end': (random) => text('x'.repeat(random(200_000))),
  'TLS inside': (random) => Buffer.concat([Buffer.from('1603010200010001fc0303', 'hex'), noise(random, 500)]),
}

let server: TestServer
beforeAll(async () => {
  server = await TestServer.start({ lingerMs: 50, idleTimeoutMs: 5_000, handshakeTimeoutMs: 500 }, {}, { clearPort: 0 })
})
afterAll(() => server.close())

function dial(random: Random): Socket {
  const host = '127.0.0.1'
  const way = random(10)
  // Without a handshake on the TLS port, one time in ten.
  if (way === 0) return connect({ host, port: server.server.port })
  if (way < 4) return connect({ host, port: server.server.clearPort as number })
  return connectTls({ host, port: server.server.port, rejectUnauthorized: false })
}

async function attack(random: Random, make: (random: Random) => Buffer): Promise<void> {
  const socket = dial(random)
  socket.on('error', () => {})
  if (random(4) > 0) socket.resume()
  if (random(3) > 0) socket.write(`0 LOGIN ada ${password}\r\n${random(2) === 0 ? '1 SELECT INBOX\r\n' : ''}`)
  const bytes = make(random)
  const pieces = 1 + random(4)
  for (let n = 0; n < pieces && !socket.destroyed; n++) {
    const from = Math.floor((bytes.length * n) / pieces)
    socket.write(bytes.subarray(from, Math.floor((bytes.length * (n + 1)) / pieces)))
    await new Promise((resolve) => setTimeout(resolve, random(5)))
  }
  const end = random(3)
  if (end === 0) socket.destroy()
  else if (end === 1) socket.end()
  else socket.end('\r\nDONE\r\n*\r\nz LOGOUT\r\n')
  await new Promise((resolve) => setTimeout(resolve, 10 + random(20)))
  socket.destroy()
}

function collected(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  return process.memoryUsage().heapUsed
}
const handles = (): number => process.getActiveResourcesInfo().filter((name) => /TCP|TLS/.test(name)).length

async function round(seed: number, calm: Caller): Promise<void> {
  const random = randomOf(seed)
  for (const make of Object.values(kinds)) {
    const attacks = Array.from({ length: 6 }, () => attack(random, make))
    const beganMs = performance.now()
    calm.say('a NOOP\r\n')
    await calm.heard('a OK')
    expect(performance.now() - beganMs, 'the calm session waited').toBeLessThan(2_000)
    await Promise.all(attacks)
  }
}

test('whatever is sent, nothing is left of it, and a session beside it is answered', async () => {
  const town = await server.settle()
  await town.given('mailbox INBOX: a b nested.eml')
  const calm = Caller.byTls(server.server.port)
  await calm.heard('* OK')
  calm.say(`a LOGIN ada ${password}\r\nb SELECT INBOX\r\n`)
  await calm.heard('b OK')
  // The first round makes what is made once: indexes, compiled code, caches.
  await round(1, calm)
  await vi.waitFor(() => expect(server.server.sessions).toBe(1), { timeout: 10_000 })
  server.lines.length = 0
  const before = { heap: collected(), handles: handles() }
  for (let seed = 2; seed <= 6; seed++) await round(seed, calm)
  await vi.waitFor(() => expect(server.server.sessions).toBe(1), { timeout: 10_000 })
  await vi.waitFor(() => expect(handles()).toBeLessThanOrEqual(before.handles), { timeout: 10_000 })
  expect(server.errors).toEqual([])
  const ends = server.lines.filter((line) => line.includes('"msg":"session ended"')).length
  expect(ends, 'most of them came as far as a session').toBeGreaterThan(150)
  server.lines.length = 0
  expect(collected() - before.heap).toBeLessThan(10_000_000)
  calm.say('c IDLE\r\n')
  await calm.heard('+ idling')
  await town.given('mailbox INBOX: z')
  await calm.heard('EXISTS')
})
