// Next servers that hang, drip, talk nonsense, never end a line or go in the middle, and name servers that are dead, all at once: their
// mail waits, others' mail leaves as if nothing was, and the memory of the gateway stays as it is. Contract E4.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { run as command, stop } from './gateway-process.js'
import { loggedIn, type Running, residentBytes, running } from './mail-gateway.js'
import { startRemote } from './remote.js'
import { SecondHand } from './second-hand.js'

const lineBytes = 10_000_000

/** What each does with a connection. */
const hosts: Readonly<Record<string, (socket: Socket) => void>> = {
  hangs: () => undefined,
  drips(socket) {
    const timer = setInterval(() => socket.write('220-'), 50)
    socket.once('close', () => clearInterval(timer))
  },
  babbles: (socket) => void socket.write(Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 7919) % 256))),
  'never-ends': (socket) => void socket.write(`220 ${'x'.repeat(lineBytes)}`),
  'never-ends-behind-data': (socket) => talk(socket, () => void socket.write(`250 ${'x'.repeat(lineBytes)}`)),
  'goes-in-data': (socket) => talk(socket, () => socket.destroy()),
  'says-421': (socket) => void socket.end('421 4.3.2 Not now\r\n'),
}

/** Well until the message has begun. */
function talk(socket: Socket, onMessage: () => void): void {
  let isData = false
  socket.write('220 here\r\n')
  socket.on('data', (bytes) => {
    if (isData) return onMessage()
    for (const line of bytes.toString('latin1').split('\r\n').slice(0, -1)) {
      isData = /^DATA/i.test(line)
      socket.write(isData ? '354 go\r\n' : '250 ok\r\n')
    }
  })
}

async function listening(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    onSocket(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const messagesEach = 10

test('servers of every bad kind at once: their mail waits, others’ leaves, in flat memory', {
  timeout: 90_000,
}, async () => {
  const good = await startRemote()
  const it = await running({
    POSTERN_ROUTE: `smtp://127.0.0.1:${good.port}?tls=none`,
    // Nobody listens there.
    POSTERN_DNS_SERVERS: '127.0.0.1:1',
  })
  const hand = await SecondHand.on(it.dataDir)
  const { secret } = await hand.credential({ kind: 'key', grants: ['*@example.test'], scopes: ['smtp'] })
  const env = { POSTERN_DATA_DIR: it.dataDir }
  const senders = [...Object.keys(hosts), 'dead-names']
  for (const name of senders) {
    await hand.inbox(`${name}@example.test`)
    const onSocket = hosts[name]
    const route = onSocket ? `smtp://127.0.0.1:${await listening(onSocket)}?tls=none` : 'direct'
    expect((await command(['inbox', 'route', `${name}@example.test`, route], { env })).code).toBe(0)
  }
  const pid = it.gateway.child.pid as number
  await sendAs(it, { secret, from: 'me', count: messagesEach })
  await expect.poll(() => good.mails.length, { timeout: 20_000 }).toBe(messagesEach)
  const before = residentBytes(pid)
  for (const from of senders) await sendAs(it, { secret, from, count: messagesEach })

  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, residentBytes(pid))
  }, 50)
  onTestFinished(() => clearInterval(watch))
  for (let n = 2; n <= 6; n++) {
    const begunMs = performance.now()
    await sendAs(it, { secret, from: 'me', count: messagesEach })
    await expect.poll(() => good.mails.length, { timeout: 20_000, interval: 20 }).toBe(n * messagesEach)
    expect(performance.now() - begunMs).toBeLessThan(10_000)
  }
  const answersFast = senders.filter((name) => name !== 'hangs' && name !== 'drips')
  await expect
    .poll(async () => (await tried(hand)).sort(), { timeout: 40_000, interval: 500 })
    .toEqual(expect.arrayContaining(answersFast))
  clearInterval(watch)
  const states = await statesOf(hand)
  for (const name of senders) {
    expect(states.get(name)?.length, name).toBe(messagesEach)
    for (const state of states.get(name) as string[]) expect(['waiting', 'leased'], name).toContain(state)
  }
  // The lines without an end would have been 200 MB.
  expect(most - before).toBeLessThan(80_000_000)
  const errors = it.gateway
    .stdout()
    .split('\n')
    .filter((line) => /"level":"(?:error|fatal)"/.test(line))
  expect(errors).toEqual([])
  expect(await stop(it.gateway)).toBe(0)
})

interface Sending {
  readonly secret: string
  readonly from: string
  readonly count: number
}

async function sendAs(it: Running, { secret, from, count }: Sending): Promise<void> {
  const here = await loggedIn(it, { user: '*@example.test', secret })
  const address = `${from}@example.test`
  for (let n = 0; n < count; n++) {
    here.say(`MAIL FROM:<${address}>\r\nRCPT TO:<${from}@remote.test>\r\nDATA\r\n`)
    await here.heard('354 ')
    here.say(`From: <${address}>\r\nSubject: ${n}\r\n\r\n${Math.random()}\r\n.\r\n`)
    await here.heard('250 2.0.0 Ok: queued')
  }
  here.say('QUIT\r\n')
  await here.closed
}

async function open(hand: SecondHand) {
  const { items } = await hand.store.outbox.list({ open: true, limit: 500 })
  return items.flatMap(({ sender, recipients }) =>
    recipients.map((one) => ({ ...one, name: sender.split('@')[0] as string })),
  )
}

async function statesOf(hand: SecondHand): Promise<Map<string, string[]>> {
  const states = new Map<string, string[]>()
  for (const { name, state } of await open(hand)) states.set(name, [...(states.get(name) ?? []), state])
  return states
}

/** Whose mail has had an answer. */
async function tried(hand: SecondHand): Promise<string[]> {
  const all = await open(hand)
  return [...new Set(all.filter(({ lastText }) => lastText !== undefined).map(({ name }) => name))]
}
