// What `postern doctor` and `domain verify` say about sending: routes that let mail through or don't, queues that stand still, and
// the records that a domain's mail needs.

import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { openStore } from '@postern/mailbox-store'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Finding } from '../src/doctor/finding.js'
import { checkQueue } from '../src/doctor/queue.js'
import type { RunningGateway } from '../src/running.js'
import { commandLine } from './command-line.js'
import { type Folder, folder } from './commands-folder.js'
import { nameServer } from './dns-server.js'
import { newFolder, run as runProcess } from './gateway-process.js'
import { tlsServer } from './tls-server.js'

vi.setConfig({ testTimeout: 90_000 })

async function town(): Promise<Folder & { readonly dataDir: string }> {
  const made = await folder((store, domain) =>
    store.directory.createInbox({ domain, address: 'ada@example.test', by: { name: 'test' } }),
  )
  const dataDir = made.env.POSTERN_DATA_DIR as string
  writeFileSync(join(dataDir, 'secret.key'), '1'.repeat(64), { mode: 0o600 })
  return { ...made, dataDir }
}

const findingsOf = (stdout: string, check: RegExp): Finding[] =>
  (JSON.parse(stdout) as { findings: Finding[] }).findings.filter((each) => check.test(each.check))

async function doctor(env: Readonly<Record<string, string>>, check: RegExp): Promise<Finding[]> {
  const { stdout } = await commandLine(['doctor', '--json'], { env })
  expect(stdout).not.toContain('hunter22')
  return findingsOf(stdout, check)
}

/** A host that answers each line by its first word, and remembers them. */
function host(answers: Readonly<Record<string, string>>) {
  const heard: string[] = []
  const talk = (line: string): string | undefined => {
    const word = line.split(/\s/)[0] as string
    heard.push(word)
    return word === 'QUIT' ? undefined : `${answers[word] ?? '500 what?'}\r\n`
  }
  return { heard, talk }
}

async function plainServer(talk: (line: string) => string | undefined, greeting: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.write(greeting)
    socket.on('data', (data) => {
      const answer = talk(data.toString())
      if (answer === undefined) socket.end()
      else socket.write(answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

const greeting = '220 relay.example.net ESMTP\r\n'
const hello = '250-relay.example.net\r\n250 AUTH PLAIN LOGIN'

test('without a route it says that mail to other servers is refused', async () => {
  const { env } = await town()
  const fix = expect.stringContaining('POSTERN_ROUTE')
  expect(await doctor(env, /^route/)).toMatchObject([{ check: 'route', state: 'skipped', fix }])
})

test('a smart host is asked whether it lets mail through, and nothing is sent', async () => {
  const { env, ask } = await town()
  const well = host({ EHLO: hello, AUTH: '235 welcome' })
  const port = await plainServer(well.talk, greeting)
  env.POSTERN_ROUTE = `smtp://me:hunter22@127.0.0.1:${port}?tls=none`
  await ask('domain', 'route', 'example.test', env.POSTERN_ROUTE)
  const [finding, ...more] = await doctor(env, /^route/)
  expect(more).toEqual([])
  expect(finding).toMatchObject({
    check: `route smtp://me:***@127.0.0.1:${port}?tls=none (POSTERN_ROUTE, example.test)`,
    state: 'ok',
    says: expect.stringMatching(/^127\.0\.0\.1 lets mail through: No TLS, login accepted, in \d+ ms\.$/),
  })
  expect(well.heard).toEqual(['EHLO', 'AUTH', 'QUIT'])
})

test('over TLS, with a certificate that the machine trusts, and not with another', async () => {
  const { env } = await town()
  const files = newFolder()
  const { talk } = host({ EHLO: hello, AUTH: '235 welcome' })
  const port = await tlsServer(files, talk, greeting)
  const all = { ...env, POSTERN_ROUTE: `smtps://me:hunter22@localhost:${port}` }
  const trusted = await runProcess(['doctor', '--json'], {
    env: { ...all, NODE_EXTRA_CA_CERTS: join(files, 'cert.pem') },
  })
  expect(findingsOf(trusted.stdout, /^route/)).toMatchObject([
    { state: 'ok', says: expect.stringContaining(': TLS, login') },
  ])
  expect(await doctor(all, /^route/)).toMatchObject([
    { state: 'broken', says: expect.stringContaining('TLS failed'), fix: expect.stringContaining('certificate') },
  ])
})

test.each([
  [
    'refuses the password',
    { EHLO: hello, AUTH: '535 5.7.8 wrong' },
    greeting,
    /5\.7\.8|wrong/,
    /user name and password/,
  ],
  ['has no login', { EHLO: '250 relay.example.net' }, greeting, /no login/, /user name and password/],
  ['does not want to talk', {}, '554 go away\r\n', /go away/, /who runs that server/],
])('a smart host that %s is broken, with what to do', async (_, answers, greets, says, fix) => {
  const { env } = await town()
  const port = await plainServer(host(answers as Record<string, string>).talk, greets)
  const route = `smtp://me:hunter22@127.0.0.1:${port}?tls=none`
  expect(await doctor({ ...env, POSTERN_ROUTE: route }, /^route/)).toMatchObject([
    { state: 'broken', says: expect.stringMatching(says), fix: expect.stringMatching(fix) },
  ])
})

test('a host without STARTTLS gets no password, and one that is not there is said to be', async () => {
  const { env, ask } = await town()
  const bare = host({ EHLO: '250 relay.example.net', STARTTLS: '502 no' })
  const port = await plainServer(bare.talk, greeting)
  env.POSTERN_ROUTE = `smtp://me:hunter22@127.0.0.1:${port}`
  await ask('inbox', 'route', 'ada@example.test', 'smtp://127.0.0.1:9?tls=none')
  const [first, second] = await doctor(env, /^route/)
  expect(first).toMatchObject({ state: 'broken' })
  expect(bare.heard).not.toContain('AUTH')
  expect(second).toMatchObject({
    check: 'route smtp://127.0.0.1:9?tls=none (ada@example.test)',
    ...{ state: 'broken', fix: expect.stringContaining('firewall') },
  })
})

test('of an API the form of the keys is looked at, of the direct way the name server, and a sealed route that does not open is broken', async () => {
  const { env, ask, dataDir } = await town()
  const dns = await nameServer()
  env.POSTERN_DNS_SERVERS = dns.server
  const one = async (route: string) => (await doctor({ ...env, POSTERN_ROUTE: route }, /^route/))[0]
  const secret = 'a'.repeat(40)
  expect(await one(`ses://AKIAIOSFODNN7EXAMPLE:${secret}@eu-central-1`)).toMatchObject({ state: 'ok' })
  expect(await one('ses://AKIAIOSFODNN7EXAMPLE:hunter22@eu-central-1')).toMatchObject({ state: 'warning' })
  expect(await one('resend://re_hunter22')).toMatchObject({ state: 'ok' })
  expect(await one('resend://hunter22')).toMatchObject({
    state: 'warning',
    fix: expect.stringContaining('POSTERN_ROUTE'),
  })
  expect(await one('direct')).toMatchObject({ check: 'route direct (POSTERN_ROUTE)', state: 'ok' })
  dns.isDead = true
  expect(await one('direct')).toMatchObject({ state: 'broken', fix: expect.stringContaining('POSTERN_DNS_SERVERS') })
  dns.isDead = false
  await ask('domain', 'route', 'example.test', 'direct')
  writeFileSync(join(dataDir, 'secret.key'), '2'.repeat(64))
  expect(await one('none')).toMatchObject({ check: 'route of example.test', state: 'broken' })
})

test('a queue that stands still is broken, one that waits for long is a warning', async () => {
  const hour = 3_600_000
  const start = Date.UTC(2026, 10, 20)
  const time = { now: start }
  const store = await openStore({ folder: newFolder(), now: () => time.now })
  onTestFinished(() => store.close())
  const relay = [{ roles: ['relay'] }] as unknown as readonly RunningGateway[]
  const look = (gateways = relay) => checkQueue(store.outbox, { gateways, now: time.now })
  expect(await look()).toMatchObject({ state: 'ok', says: 'Nothing waits to be sent.' })
  const message = await store.stage(Buffer.from('Subject: hello\r\n\r\nhello\r\n'))
  const { environment } = await store.directory.ensureDefault({ tenant: 'default', environment: 'production' })
  const sender = { environment: environment.id, sender: 'ada@example.test' }
  const recipients = [{ address: 'x@one.test' }]
  await store.outbox.submit({ ...sender, recipients, message, internalDate: 0, body: '7bit' })
  expect(await look()).toMatchObject({ state: 'ok', says: '1 recipient waits, the oldest for 0 seconds.' })
  expect(await look([])).toMatchObject({ state: 'broken', fix: expect.stringContaining('POSTERN_ROLES') })
  time.now = start + hour
  expect(await look()).toMatchObject({ state: 'broken', says: expect.stringContaining('due for 60 minutes') })
  const [claimed] = await store.outbox.claim({ owner: 'a relay', limit: 1, leaseMs: 60_000 })
  const outcome = { kind: 'deferred', nextTryAt: start + 10 * hour } as const
  await store.outbox.report({ id: claimed?.id as number, owner: 'a relay', outcome })
  expect(await look()).toMatchObject({ state: 'ok' })
  time.now = start + 5 * hour
  expect(await look()).toMatchObject({ state: 'warning', says: '1 recipient waits, the oldest for 5 hours.' })
})

test('what a domain publishes so that others believe its mail follows its route and its keys', async () => {
  const { env, ask, text } = await town()
  const dns = await nameServer()
  env.POSTERN_DNS_SERVERS = dns.server
  await ask('domain', 'create', 'shop.example.org')
  const wanted = async () => {
    const { said } = await ask('domain', 'verify', 'shop.example.org')
    return (said as unknown as { sending_records: { name: string; wanted: string; state: string }[] }).sending_records
  }
  const dkim = async () => doctor(env, /^DKIM of shop/)
  expect((await wanted()).map((record) => record.wanted)).toEqual(['v=spf1 mx -all', 'v=DMARC1; p=quarantine'])
  expect(await dkim(), 'nothing is sent').toEqual([])
  await ask('domain', 'route', 'shop.example.org', 'smtp://relay.example.net')
  expect((await wanted())[0]).toMatchObject({ wanted: 'v=spf1 mx a:relay.example.net -all' })
  expect(await dkim()).toMatchObject([
    { state: 'warning', fix: expect.stringContaining('postern domain dkim shop.example.org') },
  ])
  await ask('domain', 'dkim', 'shop.example.org')
  expect(await dkim()).toEqual([])
  expect((await wanted()).slice(2)).toMatchObject([{ state: 'missing' }, { state: 'missing' }])
  const [found] = await doctor(env, /^DNS of shop/)
  expect(found?.records?.filter(({ name }) => name.includes('_domainkey'))).toHaveLength(2)
  expect(await text('domain', 'verify', 'shop.example.org')).toMatch(/So that others believe its mail:\nTXT shop.*\n/)
  await ask('domain', 'route', 'shop.example.org', 'resend://re_hunter22')
  expect((await wanted())[0]).toMatchObject({ wanted: 'v=spf1 mx include:amazonses.com -all' })
})
