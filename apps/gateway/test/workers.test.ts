// Several workers on the same ports of one machine, without Redis: what happens in one is heard in another, limits hold over all
// of them, and none of them may die, go or be replaced to the loss of anything.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { connect, type SecureVersion, type TLSSocket } from 'node:tls'
import { ImapFlow } from 'imapflow'
import { createTransport } from 'nodemailer'
import { expect, onTestFinished, test } from 'vitest'
import type { Announcement } from '../src/announcement.js'
import { newFolder, type Process, postern, run, said, started, stop } from './gateway-process.js'
import { append, type Client, client } from './sharing-gateways.js'
import { holderOf, isAlive, soon, workersOf, workersUp } from './worker-processes.js'

interface Workers {
  readonly gateway: Process
  readonly said: Announcement
  readonly dataDir: string
  readonly pids: number[]
  readonly password: string
}

async function workers(env: Record<string, string> = {}, count = 2): Promise<Workers> {
  const dataDir = join(newFolder(), 'data')
  const own = { POSTERN_DATA_DIR: dataDir, POSTERN_DRAIN_MS: '5000' }
  const gateway = postern(['start', '--json', '--workers', String(count)], { env: { ...own, ...env } })
  const announced = await started(gateway)
  const pids = await workersUp(dataDir, count)
  return { gateway, said: announced, dataDir, pids, password: announced.firstStart!.password! }
}

/** Clients until each worker has one, in the order of the workers. */
async function oneEach(it: Workers): Promise<Client[]> {
  const clients = new Map<number, Client>()
  while (clients.size < it.pids.length) {
    const next = await client(it, it)
    const pid = holderOf(next.port, it.pids)
    if (pid !== undefined && !clients.has(pid)) clients.set(pid, next)
    else next.leave()
  }
  return it.pids.map((pid) => clients.get(pid)!)
}

function imapflow(it: Workers): ImapFlow {
  const flow = new ImapFlow({
    ...{ host: '127.0.0.1', port: it.said.imap!.port, secure: true, logger: false },
    auth: { user: 'me@example.test', pass: it.password },
    tls: { ca: readFileSync(it.said.caFile!), servername: 'localhost' },
  })
  onTestFinished(() => flow.close())
  return flow
}

async function submit(it: Workers, subject: string): Promise<void> {
  const transport = createTransport({
    ...{ host: '127.0.0.1', port: it.said.smtp!.port, secure: true },
    auth: { user: 'me@example.test', pass: it.password },
    tls: { ca: readFileSync(it.said.caFile!), servername: 'localhost' },
  })
  await transport.sendMail({ from: 'me@example.test', to: 'me@example.test', subject, text: 'Hello.' })
  transport.close()
}

/** One session on whichever worker, begun with the ticket of another one where there is one. */
async function greeted(it: Workers, maxVersion: SecureVersion, session?: Buffer) {
  const ca = readFileSync(it.said.caFile!)
  const { port } = it.said.imap!
  const socket: TLSSocket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost', maxVersion, session })
  let ticket: Buffer | undefined
  socket.on('session', (given) => {
    ticket = given
  })
  await once(socket, 'data')
  const answer = { pid: holderOf(socket.localPort!, it.pids), isReused: socket.isSessionReused() }
  // A session that goes on may bring no ticket of its own.
  if (session === undefined) await expect.poll(() => ticket, soon).toBeDefined()
  socket.destroy()
  return { ...answer, ticket }
}

const metricsOf = async ({ said }: Workers): Promise<string> =>
  (await fetch(said.health.replace('/readyz', '/metrics'))).text()

const metric = (text: string, name: string): number =>
  text
    .split('\n')
    .filter((line) => line.startsWith(name))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)

/** Says what LMTP's unix socket said first. */
async function lmtpGreeting(path: string): Promise<string> {
  const socket = createConnection(path)
  const [chunk] = await once(socket, 'data')
  socket.destroy()
  return String(chunk)
}

/** Workers start one behind the other, also on a machine that is busy with other tests. */
const slow = { timeout: 120_000 }

test(
  'what one worker takes another one tells in IDLE; sessions of TLS and metrics are those of all',
  slow,
  async () => {
    const socket = join(newFolder(), 'lmtp')
    const it = await workers({ POSTERN_LMTP_SOCKET: socket })
    const [one, two] = (await oneEach(it)) as [Client, Client]
    const flow = imapflow(it)
    await flow.connect()
    await flow.mailboxOpen('INBOX')
    let exists = 0
    flow.on('exists', ({ count }) => {
      exists = count
    })
    const idle = flow.idle()
    await one.say('i IDLE', '+ ')
    await append(two, 'first')
    await one.hears(0, '* 1 EXISTS')
    await one.say('DONE', 'i OK')
    await two.say('i IDLE', '+ ')
    await append(one, 'second')
    await two.hears(0, '* 2 EXISTS')
    for (const subject of ['third', 'fourth']) await submit(it, subject)
    await two.hears(0, '* 4 EXISTS')
    await expect.poll(() => exists, soon).toBe(4)
    await flow.noop()
    await idle

    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const first = await greeted(it, version)
      const elsewhere = async () => {
        const again = await greeted(it, version, first.ticket)
        expect(again.isReused).toBe(true)
        return again.pid !== first.pid
      }
      await expect.poll(elsewhere, soon).toBe(true)
    }
    const texts = [await metricsOf(it), await metricsOf(it)]
    expect(texts.map((text) => metric(text, 'postern_imap_sessions_open'))).toEqual([3, 3])
    expect(metric(texts[0]!, 'postern_imap_commands_total{command="APPEND",outcome="ok"}')).toBe(2)
    expect(metric(texts[0]!, 'postern_certificate_expiry_timestamp_seconds')).toBeLessThan(4e9)
    expect(await Promise.all([1, 2, 3].map(() => lmtpGreeting(socket)))).toEqual(
      Array(3).fill(expect.stringMatching(/^220 /)),
    )
    expect(it.gateway.stdout()).not.toContain('other gateways run')
    const listed = await run(['session', 'list', '--json'], { env: { POSTERN_DATA_DIR: it.dataDir } })
    const sessions: { process: { pid: number } }[] = JSON.parse(listed.stdout).data
    expect(sessions).toHaveLength(3)
    expect(new Set(sessions.map(({ process }) => process.pid))).toEqual(new Set(it.pids))
    expect(await stop(it.gateway)).toBe(0)
    expect(it.pids.filter(isAlive)).toEqual([])
  },
)

test(
  'a worker that is killed loses its clients and nothing else; limits hold over all; a rolling restart turns nobody away',
  slow,
  async () => {
    const it = await workers({
      POSTERN_CONNECTIONS_PER_ADDRESS_MAX: '7',
      POSTERN_IMAP_SESSIONS_PER_INBOX_MAX: '3',
    })
    const [one, two] = (await oneEach(it)) as [Client, Client]
    const third = await client(it, it)
    await expect(client(it, it)).rejects.toThrow('[LIMIT]')
    const waiting = await Promise.all([1, 2, 3].map(() => greetedOnly(it)))
    expect(waiting).toEqual(Array(3).fill(expect.stringMatching(/^\* OK /)))
    expect(await greetedOnly(it)).toMatch(/^\* BYE \[LIMIT\]/)
    third.leave()
    for (const socket of open.splice(0)) socket.destroy()

    await append(one, 'before')
    await one.say('i IDLE', '+ ')
    await two.say('i IDLE', '+ ')
    const before = metric(await metricsOf(it), 'postern_imap_commands_total')
    process.kill(it.pids[0]!, 'SIGKILL')
    await one.closed
    // Its place among the inbox's sessions is free at once, and what it counted stays.
    const again = await client(it, it)
    const another = await client(it, it)
    await append(again, 'after')
    await two.hears(0, '* 2 EXISTS')
    expect(metric(await metricsOf(it), 'postern_imap_commands_total')).toBeGreaterThan(before)
    await said(it.gateway, 'a worker has ended')
    const pids = await workersUp(it.dataDir, 2, [it.pids[0]!])
    expect(pids[0]).toBe(it.pids[1])
    for (const each of [again, another]) each.leave()

    it.gateway.child.kill('SIGHUP')
    const visits: Visit[] = []
    while (!it.gateway.stdout().includes('all workers are replaced')) {
      visits.push(await visit(it))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(visits.filter((one) => one === 'served').length).toBeGreaterThan(2)
    // Who comes to a worker in the very moment of its end is told so, and comes in at the next one.
    expect(visits.filter((one) => one === 'turned away')).toEqual([])
    await two.closed
    expect(two.text()).toContain('* BYE')
    const fresh = await workersUp(it.dataDir, 2)
    expect(fresh.filter((pid) => pids.includes(pid))).toEqual([])
    expect(await (await client(it, it)).say('n STATUS INBOX (MESSAGES)', 'n OK')).toContain('MESSAGES 2')

    process.kill(it.gateway.child.pid!, 'SIGKILL')
    await expect.poll(() => fresh.filter(isAlive), soon).toEqual([])
    await expect.poll(() => it.gateway.stdout().match(/the supervisor is gone/g), soon).toHaveLength(2)
    expect(await workersOf(it.dataDir)).toEqual([])
  },
)

type Visit = 'served' | 'told goodbye' | 'turned away'

/** A client that comes, is served and goes. */
async function visit(it: Workers): Promise<Visit> {
  const ca = readFileSync(it.said.caFile!)
  const socket = connect({ host: '127.0.0.1', port: it.said.imap!.port, ca, servername: 'localhost' })
  socket.on('error', () => undefined)
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    if (text === '') socket.write(`l LOGIN me@example.test ${it.password}\r\nn NOOP\r\no LOGOUT\r\n`)
    text += chunk
  })
  await once(socket, 'close')
  if (text.includes('n OK')) return 'served'
  return text.includes('* BYE') ? 'told goodbye' : 'turned away'
}

const open: TLSSocket[] = []

async function greetedOnly(it: Workers): Promise<string> {
  const ca = readFileSync(it.said.caFile!)
  const socket = connect({ host: '127.0.0.1', port: it.said.imap!.port, ca, servername: 'localhost' })
  onTestFinished(() => void socket.destroy())
  open.push(socket)
  const [chunk] = await once(socket, 'data')
  return String(chunk)
}

test('what keeps a first worker from its start is told once, and ends the whole', slow, async () => {
  const env = { POSTERN_DATA_DIR: join(newFolder(), 'data'), POSTERN_TLS_CERT: '/nowhere', POSTERN_TLS_KEY: '/nowhere' }
  const gateway = postern(['start', '--workers', '2', '--roles', 'imap'], { env })
  expect(await gateway.ended).toBe(1)
  expect(gateway.stderr().match(/can't be read/g)).toHaveLength(1)
  for (const [flag, value] of [
    ['--workers', '0'],
    ['--workers', 'many'],
    ['--roles', 'imap,pop3'],
  ] as const) {
    const refused = postern(['start', flag, value], { env })
    expect(await refused.ended).toBe(2)
    expect(refused.stderr()).toContain(flag === '--roles' ? 'POSTERN_ROLES' : 'POSTERN_WORKERS')
  }
})
