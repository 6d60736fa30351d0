/** The ways to Redis: a password, TLS, sentinels that fail over. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type RedisServer, showRedisServer } from '../src/index.js'
import { hearing, member, members, slowWire, soon } from './redis-fixtures.js'
import { freePort, serverAt, startRedis } from './redis-process.js'

const window = () => ({ windowMs: 60_000, nowMs: Date.now() })

test('a password is given; a wrong one is told as that, without the password', async () => {
  const redis = await startRedis('--requirepass', 'hunter22')
  const server = serverAt(redis.port)
  const right = member({ ...server, password: 'hunter22' })
  expect(await right.link.opened(20_000)).toBe(true)
  for (const password of [undefined, 'hunter2-wrong']) {
    const wrong = member({ ...server, password })
    await expect.poll(() => wrong.link.reason, soon).toMatch(/NOAUTH|WRONGPASS/)
    expect(wrong.link.isUp).toBe(false)
    expect(JSON.stringify([wrong.link.reason, wrong.link.server, wrong.states])).not.toContain('hunter2')
  }
})

test('a server is shown without its user and password', () => {
  const access = { tls: true, username: 'hunter1', password: 'hunter2' }
  const at = [
    { host: '2001:db8::7', port: 1 },
    { host: 'b', port: 2 },
  ] as const
  const shown = [
    showRedisServer({ ...access, kind: 'single', at: at[0], db: 3 }),
    showRedisServer({ ...access, kind: 'sentinel', sentinels: at, name: 'mail', sentinelPassword: 'hunter3', db: 0 }),
    showRedisServer({ ...access, kind: 'cluster', nodes: at }),
  ]
  expect(shown).toEqual([
    'rediss://[2001:db8::7]:1/3',
    'rediss+sentinel://[2001:db8::7]:1,b:2/mail/0',
    'rediss+cluster://[2001:db8::7]:1,b:2',
  ])
})

test('TLS: a certificate that nobody vouches for is refused, and so is a server without TLS', async () => {
  const plain = await startRedis()
  const certificate = join(plain.folder, 'cert.pem')
  const key = join(plain.folder, 'key.pem')
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate],
    ],
    { stdio: 'pipe' },
  )
  writeFileSync(join(plain.folder, 'ca.pem'), readFileSync(certificate))
  const tlsPort = await freePort()
  await startRedis(
    ...['--tls-port', String(tlsPort), '--tls-cert-file', certificate, '--tls-key-file', key],
    ...['--tls-ca-cert-file', certificate, '--tls-auth-clients', 'no'],
  )
  const at = (port: number): RedisServer => ({ ...serverAt(port), at: { host: 'localhost', port }, tls: true })
  const stranger = member(at(tlsPort))
  await expect.poll(() => stranger.link.reason, soon).toMatch(/self-signed|certificate/)
  const wrong = member(at(plain.port))
  await expect.poll(() => wrong.link.reason, soon).toMatch(/SSL|TLS|ETIMEDOUT|ECONNRESET/)
  expect([stranger.link.isUp, wrong.link.isUp]).toEqual([false, false])
})

test.each([
  ['at once', 0],
  ['while their answer to who looks for the server is on its way', 400],
] as const)(
  'the server dies, sentinels tell of another %s: it is used, and everyone is rung',
  async (_, delayMs) => {
    const first = await startRedis()
    const second = await startRedis('--replicaof', '127.0.0.1', String(first.port))
    await expect.poll(() => second.ask('INFO', 'replication'), soon).toContain('master_link_status:up')
    const file = join(first.folder, 'sentinel.conf')
    const watched = `mail 127.0.0.1 ${first.port}`
    const times = 'sentinel down-after-milliseconds mail 500\nsentinel failover-timeout mail 3000\n'
    writeFileSync(file, `sentinel monitor ${watched} 1\n${times}`)
    const sentinel = await startRedis(file, '--sentinel', '--port', String(await freePort()))
    const wire = await slowWire(sentinel.port)
    wire.delayMs = delayMs
    const server: RedisServer = {
      ...{ kind: 'sentinel', name: 'mail', sentinelPassword: undefined, db: 0 },
      ...{ tls: false, username: undefined, password: undefined },
      sentinels: [{ host: '127.0.0.1', port: wire.port }],
    }
    const [one, two] = await members(server)
    const there = hearing(two, 7)
    await expect.poll(() => there.all, soon).toEqual([0])
    one.doorbell.ring({ mailbox: 7, modSeq: 1 })
    await expect.poll(() => there.modSeqs(), soon).toEqual([1])
    await first.kill()
    expect(await one.counters.add('x', window())).toBe(1)
    await expect.poll(() => one.link.isUp && two.link.isUp, { ...soon, timeout: 60_000 }).toBe(true)
    expect(await second.ask('ROLE')).toContain('master')
    const rung = () => {
      one.doorbell.ring({ mailbox: 7, modSeq: 2 })
      return there.modSeqs()
    }
    await expect.poll(rung, { ...soon, interval: 50 }).toContain(2)
    const before = one.stoodIn()
    await one.counters.add('y', window())
    expect(one.stoodIn()).toBe(before)
  },
  90_000,
)

test('a sentinel that hangs keeps nobody from the next one', async () => {
  const redis = await startRedis()
  const file = join(redis.folder, 'sentinel.conf')
  writeFileSync(file, `sentinel monitor mail 127.0.0.1 ${redis.port} 1\n`)
  const sentinel = await startRedis(file, '--sentinel', '--port', String(await freePort()))
  const silent = createServer((socket) => void socket.on('error', () => undefined))
  const open = new Set<Socket>()
  silent.on('connection', (socket) => open.add(socket))
  await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of open) socket.destroy()
    silent.close()
  })
  const { port } = silent.address() as AddressInfo
  const one = member({
    ...{ kind: 'sentinel', name: 'mail', sentinelPassword: undefined, db: 0 },
    ...{ tls: false, username: undefined, password: undefined },
    sentinels: [port, sentinel.port].map((each) => ({ host: '127.0.0.1', port: each })),
  })
  expect(await one.link.opened(20_000)).toBe(true)
})
