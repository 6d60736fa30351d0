// `postern doctor`: what is well is said to be, what is broken is found and told with what to do, and the password it logs in
// with is gone afterwards.

import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '@postern/mailbox-store'
import { expect, test } from 'vitest'
import { Conversation, imapLogin } from '../src/doctor/conversation.js'
import type { Finding } from '../src/doctor/finding.js'
import { diskFinding } from '../src/doctor/machine.js'
import { reachSecurely } from '../src/doctor/reach.js'
import { runningFile } from '../src/running.js'
import { commandLine } from './command-line.js'
import { nameServer } from './dns-server.js'
import { newFolder, type Process, postern, started, stop } from './gateway-process.js'
import { selfSigned, tlsServer } from './tls-server.js'

type Env = Readonly<Record<string, string>>

async function doctor(env: Env, ...words: string[]) {
  const { code, stdout, stderr } = await commandLine(['doctor', '--json', ...words], { env })
  expect(stderr).toBe('')
  const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] }
  const of = (check: string) => findings.filter((each) => each.check === check)
  return { code, ok, findings, of }
}

async function gateway(env: Env = {}): Promise<{ process: Process; env: Env; dataDir: string }> {
  const dataDir = join(newFolder(), 'data')
  const all = { POSTERN_DATA_DIR: dataDir, ...env }
  const process = postern(['start', '--json'], { env: all })
  await started(process)
  return { process, env: all, dataDir }
}

/** A data folder without a gateway. */
async function folder(now: () => number = Date.now): Promise<{ dataDir: string; env: Env }> {
  const dataDir = join(newFolder(), 'data')
  const store = await openStore({ folder: dataDir, now })
  await store.directory.ensureDefault({ tenant: 'default', environment: 'production' })
  await store.close()
  return { dataDir, env: { POSTERN_DATA_DIR: dataDir } }
}

test('beside a running gateway everything is well, and the password of the login is gone', async () => {
  const { process, env } = await gateway()
  const { code, ok, findings, of } = await doctor(env)
  expect(findings.filter(({ state }) => state === 'broken' || state === 'warning')).toEqual([])
  expect([code, ok]).toEqual([0, true])
  const well = ['data folder', 'disk', 'clock', 'gateway', 'IMAP', 'HTTP', 'certificate', 'IMAP login']
  well.push('SMTP submission', 'SMTP submission with STARTTLS', 'SMTP login', 'SMTP from other servers', 'LMTP')
  for (const check of well) expect(of(check), check).toMatchObject([{ state: 'ok' }])
  expect(of('IMAP login')[0]?.says).toMatch(/^me@example\.test came in, in \d+ ms\.$/)
  expect(of('certificate')[0]?.says).toMatch(/^For localhost, .* a chain of 2, 39\d days left\.$/)

  const plain = await commandLine(['doctor'], { env })
  expect(plain.code).toBe(0)
  expect(plain.stdout).toMatch(/^ok {7}IMAP login: me@example\.test came in/m)
  expect(plain.stdout).toMatch(/\nNothing is broken\.\n$/)
  const { data } = JSON.parse((await commandLine(['credential', 'list', '--json'], { env })).stdout)
  expect(data.map(({ label }: { label: string }) => label)).toEqual(['First app password', 'First admin key'])
  expect(await stop(process)).toBe(0)
})

test('a login that is refused is broken, says where its cause is, and leaves no password', async () => {
  const { process, env } = await gateway()
  await commandLine(['inbox', 'disable', 'me@example.test'], { env })
  const { code, of } = await doctor(env, '--inbox', 'me@example.test')
  expect(code).toBe(1)
  expect(of('IMAP login')).toMatchObject([
    {
      state: 'broken',
      says: expect.stringContaining('NO [AUTHENTICATIONFAILED] Authentication failed'),
      fix: 'Enable it: `postern inbox enable me@example.test`.',
    },
  ])
  expect((await doctor(env)).of('IMAP login')).toMatchObject([
    { state: 'skipped', fix: expect.stringContaining('postern inbox create') },
  ])
  const { data } = JSON.parse((await commandLine(['credential', 'list', '--json'], { env })).stdout)
  expect(data).toHaveLength(2)
  expect(await stop(process)).toBe(0)
})

test('a password that a killed doctor left is taken away by the next one, once it has ended', async () => {
  const { process, env } = await gateway()
  const label = 'postern doctor, for this check only'
  const make = ['credential', 'create', '--inbox', 'me@example.test', '--scopes', 'imap', '--label', label]
  await commandLine([...make, '--expires', '1s'], { env })
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  expect((await doctor(env)).ok).toBe(true)
  const { data } = JSON.parse((await commandLine(['credential', 'list', '--json'], { env })).stdout)
  expect(data.map((one: { label: string }) => one.label)).not.toContain(label)
  expect(await stop(process)).toBe(0)
})

test('a certificate for another name, one that nobody trusts, and one that ends soon', async () => {
  const own = await gateway()
  const { of } = await doctor({ ...own.env, POSTERN_HOSTNAME: 'mail.example.org' })
  expect(of('certificate')).toMatchObject([
    {
      state: 'broken',
      says: expect.stringMatching(/^It is for localhost, .* clients connect to mail\.example\.org\.$/),
    },
  ])
  expect(await stop(own.process)).toBe(0)

  const { cert, key } = selfSigned(newFolder(), { name: 'mail.example.org', days: 90 })
  const theirs = { POSTERN_TLS_CERT: cert, POSTERN_TLS_KEY: key, POSTERN_HOSTNAME: 'mail.example.org' }
  const { process, env, dataDir } = await gateway(theirs)
  expect((await doctor(env)).of('certificate')).toMatchObject([
    { state: 'broken', says: expect.stringContaining('SELF_SIGNED'), fix: expect.stringContaining('whole chain') },
  ])
  selfSigned(join(dataDir, 'tls/domains/soon.example.org'), { name: 'soon.example.org', days: 5 })
  selfSigned(join(dataDir, 'tls/domains/other.example.org'), { name: 'www.example.org', days: 90 })
  mkdirSync(join(dataDir, 'tls/domains/none.example.org'))
  const domains = await doctor(env)
  expect(domains.of('certificate of soon.example.org')).toMatchObject([
    { state: 'warning', says: 'It has 4 days left.' },
  ])
  expect(domains.of('certificate of other.example.org')).toMatchObject([
    { state: 'broken', says: 'It is for www.example.org.' },
  ])
  expect(domains.of('certificate of none.example.org')).toMatchObject([{ state: 'broken' }])
  expect(await stop(process)).toBe(0)
})

test('without a gateway, and with one that answers nowhere', async () => {
  const { env, dataDir } = await folder()
  const before = await doctor(env)
  expect([before.code, before.ok]).toEqual([1, false])
  expect(before.of('gateway')).toMatchObject([{ state: 'broken', fix: expect.stringContaining('postern start') }])
  expect(before.of('IMAP login')).toMatchObject([{ state: 'skipped' }])

  mkdirSync(join(dataDir, 'running'))
  const said = {
    pid: process.pid,
    startedAt: 1,
    bind: '127.0.0.1',
    roles: ['submission'],
    ports: { imaps: 1, http: 1 },
  }
  writeFileSync(join(dataDir, 'running', runningFile(process.pid)), JSON.stringify(said))
  const after = await doctor({ ...env, POSTERN_ROLES: 'imap,submission,inbound' })
  expect(after.of('IMAP')).toMatchObject([
    {
      state: 'broken',
      says: expect.stringContaining('ECONNREFUSED'),
      fix: expect.stringContaining('POSTERN_IMAPS_PORT'),
    },
  ])
  expect(after.of('HTTP')).toMatchObject([{ state: 'broken' }])
  expect(after.of('SMTP submission')).toMatchObject([{ state: 'warning' }])
  expect(after.of('LMTP')).toMatchObject([{ state: 'warning', fix: expect.stringContaining('role inbound') }])
  expect((await doctor({ ...env, POSTERN_ROLES: 'imap' })).of('LMTP')).toMatchObject([{ state: 'skipped' }])
})

test('the file of a gateway that was killed is not believed, and the next one takes it away', async () => {
  /** And the socket by which it's asked. */
  const filesOf = ({ child }: Process) => {
    const name = runningFile(child.pid!)
    return [name, name.replace(/json$/, 'sock')]
  }
  const { process, env, dataDir } = await gateway()
  process.child.kill('SIGKILL')
  await process.ended
  expect(readdirSync(join(dataDir, 'running'))).toEqual(filesOf(process))
  expect((await doctor(env)).of('gateway')).toMatchObject([{ state: 'broken' }])
  const next = postern(['start', '--json'], { env })
  await started(next)
  expect(readdirSync(join(dataDir, 'running'))).toEqual(filesOf(next))
  expect(await stop(next)).toBe(0)
  expect(readdirSync(join(dataDir, 'running'))).toEqual([])
})

test('a login by SMTP is tried where a door for it is open', async () => {
  const { env, dataDir } = await folder()
  for (const words of [
    ['domain', 'create', 'example.test', '--verified'],
    ['inbox', 'create', 'ada@example.test'],
  ])
    expect((await commandLine(words, { env })).code).toBe(0)
  let answer = '235 2.7.0 Accepted\r\n'
  const heard: string[] = []
  const port = await tlsServer(
    newFolder(),
    (line) => {
      heard.push(line)
      return line.startsWith('EHLO') ? '250-here\r\n250 AUTH PLAIN\r\n' : line.startsWith('QUIT') ? undefined : answer
    },
    '220 here\r\n',
  )
  mkdirSync(join(dataDir, 'running'))
  const said = {
    pid: process.pid,
    startedAt: 1,
    bind: '127.0.0.1',
    roles: ['submission'],
    ports: { submissions: port },
  }
  writeFileSync(join(dataDir, 'running', runningFile(process.pid)), JSON.stringify(said))
  expect((await doctor(env)).of('SMTP login')).toMatchObject([{ state: 'ok' }])
  const [, user, secret] = Buffer.from(heard[1]!.split(' ')[2]!, 'base64').toString().split('\0')
  expect([user, secret]).toEqual(['ada@example.test', expect.stringMatching(/^ps_app_/)])
  answer = '535 5.7.8 Authentication failed\r\n'
  expect((await doctor(env)).of('SMTP login')).toMatchObject([
    { state: 'broken', says: expect.stringContaining('535 5.7.8'), fix: expect.stringContaining('postern audit list') },
  ])
})

test.each([
  ['closes', () => undefined, /closed the connection/],
  ['never answers', () => '', /No answer in time/],
])('a server that %s ends the wait', async (_, talk, trouble) => {
  const port = await tlsServer(newFolder(), talk, '* OK hello\r\n')
  const place = { host: '127.0.0.1', port }
  const socket = await reachSecurely(place, { name: 'localhost', ca: undefined, timeoutMs: 300 })
  await expect(imapLogin(new Conversation(socket), { user: 'a', secret: 'b' })).rejects.toThrow(trouble)
  socket.destroy()
})

test('a folder that others can read, and a clock that is behind', async () => {
  const { env, dataDir } = await folder(() => Date.now() + 3_600_000)
  writeFileSync(join(dataDir, 'secret.key'), '', { mode: 0o644 })
  chmodSync(dataDir, 0o755)
  const { code, of } = await doctor(env)
  expect(code).toBe(1)
  expect(of('data folder')).toMatchObject([
    { state: 'broken', fix: `chmod 700 ${dataDir}` },
    { state: 'broken', fix: `chmod 600 ${join(dataDir, 'secret.key')}` },
  ])
  expect(of('clock')).toMatchObject([{ state: 'broken', says: expect.stringMatching(/ (59|60) minutes before/) }])
  chmodSync(dataDir, 0o750)
  expect((await doctor(env)).of('data folder')[0]).toMatchObject({ state: 'warning' })
})

test.each([
  [10 * 2 ** 18, 'ok', '10.0 GiB are free (1 %)'],
  [2 ** 18, 'warning', '1.0 GiB are free (0 %)'],
  [2 ** 14, 'broken', '64.0 MiB are free (0 %)'],
])('%i free blocks of a disk of 1 TiB are %s', (bavail, state, says) => {
  const finding = diskFinding('/data', { bavail, blocks: 2 ** 28, bsize: 4_096 })
  expect(finding).toMatchObject({ state, says: expect.stringContaining(says) })
})

test('the DNS records of each domain are told as wanted and found', async () => {
  const host = 'mail.example.org'
  const dns = await nameServer({
    'MX shop.example.org': [`10 ${host}`],
    'TXT shop.example.org': ['v=spf1 mx -all', 'something-else=1'],
    'TXT _dmarc.shop.example.org': ['v=DMARC1; p=none'],
    'SRV _imaps._tcp.shop.example.org': [`0 1 993 ${host}`],
  })
  const { env: own } = await folder()
  const env = { ...own, POSTERN_DNS_SERVERS: dns.server, POSTERN_HOSTNAME: host }
  const { verification } = JSON.parse(
    (await commandLine(['domain', 'create', 'shop.example.org', '--json'], { env })).stdout,
  )
  const found = async () => (await doctor(env, '--domain', 'shop.example.org')).of('DNS of shop.example.org')[0]
  expect(await found()).toMatchObject({ state: 'broken', fix: expect.stringContaining('postern domain verify') })

  dns.zone.set(`TXT ${verification.name}`, [verification.value])
  expect((await commandLine(['domain', 'verify', 'shop.example.org'], { env })).code).toBe(0)
  expect(await found()).toMatchObject({ state: 'ok', says: 'All 4 records are there.' })

  dns.zone.set('TXT shop.example.org', ['v=spf1 mx -all', 'v=spf1 -all'])
  dns.zone.delete('TXT _dmarc.shop.example.org')
  dns.zone.set('SRV _imaps._tcp.shop.example.org', ['0 1 993 mail.elsewhere.test'])
  expect(await found()).toMatchObject({
    state: 'warning',
    records: [
      { type: 'MX', state: 'right' },
      { type: 'TXT', state: 'different', found: ['v=spf1 -all', 'v=spf1 mx -all'] },
      { type: 'TXT', state: 'missing', wanted: 'v=DMARC1; p=quarantine' },
      { type: 'SRV', state: 'different', found: ['0 1 993 mail.elsewhere.test'], wanted: `0 1 993 ${host}` },
    ],
  })
  const plain = await commandLine(['doctor', '--domain', 'shop.example.org'], { env })
  expect(plain.stdout).toMatch(/^WARNING {2}DNS of shop\.example\.org: Not as wanted: TXT shop/m)
  expect(plain.stdout).toMatch(/wanted +v=DMARC1; p=quarantine .*\n +found +\(nothing\)$/m)

  dns.zone.set('MX shop.example.org', ['10 mx.elsewhere.test'])
  expect(await found()).toMatchObject({ state: 'broken', says: expect.stringContaining('MX shop.example.org') })
  await commandLine(['domain', 'verify', 'shop.example.org', '--unchecked'], { env })
  expect(await found(), 'mail may come another way').toMatchObject({ state: 'warning' })
  dns.isDead = true
  expect(await found()).toMatchObject({ state: 'warning', says: 'No name server answered.' })

  await commandLine(['domain', 'create', 'example.test', '--verified'], { env })
  const reserved = await doctor(env, '--domain', 'example.test')
  expect(reserved.of('DNS of example.test')).toMatchObject([{ state: 'skipped' }])
})

test('of many domains the first fifty are looked at, and that is said', async () => {
  const { env, dataDir } = await folder()
  const store = await openStore({ folder: dataDir })
  const { environment } = await store.directory.ensureDefault({ tenant: 'default', environment: 'production' })
  for (let i = 0; i < 51; i++) {
    const { id } = await store.directory.createDomain({ environment: environment.id, name: `d${i}.test` })
    await store.directory.markDomainVerified(id, { how: 'operator' })
  }
  await store.close()
  const { findings } = await doctor(env)
  expect(findings.filter(({ check }) => check.startsWith('DNS of'))).toHaveLength(50)
  expect(findings.at(-1)).toMatchObject({ check: 'DNS', state: 'skipped', fix: expect.stringContaining('--domain') })
})
