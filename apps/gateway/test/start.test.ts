// The gateway as a process: what it says when it starts, what it answers, how it stops, and why it doesn't start.

import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'
import { load } from '@postern/config'
import { schemaVersion } from '@postern/mailbox-store'
import { expect, test } from 'vitest'
import { stopTimeoutMs } from '../src/limits.js'
import { credentialOf, newFolder, postern, run, said, started, stop } from './gateway-process.js'

const secretForm = /ps_(?:app|key)_[0-9a-z]+_[0-9a-z]+/g

test('the first start shows inbox, password and admin key once; the second shows no secret', async () => {
  const dataDir = join(newFolder(), 'data')
  const env = { POSTERN_DATA_DIR: dataDir, POSTERN_DOMAIN: 'example.org' }
  const first = postern(['start', '--json'], { env })
  const { firstStart, caFile, dataFolder } = await started(first)
  expect(await stop(first)).toBe(0)
  expect(dataFolder).toBe(dataDir)
  expect(readFileSync(caFile!, 'utf8')).toContain('BEGIN CERTIFICATE')
  expect(firstStart!.inbox).toBe('me@example.org')
  expect(first.stdout().match(secretForm)).toEqual([firstStart!.password, firstStart!.adminKey])
  expect(first.stderr()).toBe('')
  expect(await credentialOf(firstStart!.password!, dataDir)).toMatchObject({
    kind: 'app',
    label: 'First app password',
    scopes: ['imap', 'smtp'],
    grants: ['me@example.org'],
  })
  expect(await credentialOf(firstStart!.adminKey!, dataDir)).toMatchObject({
    kind: 'key',
    label: 'First admin key',
    scopes: ['api', 'admin'],
    grants: ['*'],
  })
  for (const name of ['', 'secret.key', 'tls'])
    expect(statSync(join(dataDir, name)).mode & 0o077, `mode of ${name}`).toBe(0)

  const second = postern(['start'], { env })
  await said(second, 'is running')
  expect(await stop(second)).toBe(0)
  expect(second.stdout()).toContain('Data folder')
  expect(second.stdout() + second.stderr()).not.toMatch(secretForm)
  expect(second.stdout()).not.toContain('first start')
})

test('people read the same on the first start, and only about doors that are open', async () => {
  const dataDir = newFolder()
  const gateway = postern(['start'], { env: { POSTERN_DATA_DIR: dataDir, POSTERN_LOG_LEVEL: 'silent' } })
  await said(gateway, '(POSTERN_ROUTE)')
  expect(await stop(gateway)).toBe(0)
  const text = gateway
    .stdout()
    .replaceAll(dataDir, '<data>')
    .replace(secretForm, '<secret>')
    .replace(/:\d+\//, ':<port>/')
    .replace(/port \d+/g, 'port <port>')
  expect(text).toMatchInlineSnapshot(`
    "
    Postern 0.1.0 is running.

      IMAP           localhost port <port>, SSL/TLS  (user name: the full address)
      SMTP           localhost port <port>, SSL/TLS  (the same user name and password)
                     localhost port <port>, STARTTLS
      Mail comes in  localhost port <port>, SMTP from other servers
                     localhost port <port>, LMTP from a server in front
      Health         http://127.0.0.1:<port>/readyz
      Data folder    <data>  (all there is to back up: npx postern backup <folder>)
      CA file        <data>/tls/ca.pem  (mail clients that trust it trust this server)

    This is the first start. Secrets are shown this once and stored only as hashes:

      Inbox          me@example.test
      Password       <secret>
      Admin key      <secret>

    Next: put both in your password manager, and see \`npx postern --help\`.
    Any mail client reads and sends with these; mail to other servers needs a route (POSTERN_ROUTE).

    "
  `)
})

test('an admin key that the operator gives is stored, works, and is never printed', async () => {
  const dataDir = newFolder()
  const adminKey = 'a-key-of-my-own-choice'
  const env = { POSTERN_DATA_DIR: dataDir, POSTERN_ADMIN_KEY: adminKey, POSTERN_LOG_LEVEL: 'trace' }
  const first = postern(['start'], { env })
  await said(first, 'the one in POSTERN_ADMIN_KEY')
  await stop(first)
  expect(first.stdout() + first.stderr()).not.toContain(adminKey)

  const same = postern(['start', '--json'], { env })
  await started(same)
  await stop(same)
  expect(same.stdout()).not.toContain('is not a key of this store')

  const other = postern(['start', '--json'], { env: { ...env, POSTERN_ADMIN_KEY: 'another-key-entirely' } })
  await started(other)
  await stop(other)
  expect(other.stdout()).toContain('POSTERN_ADMIN_KEY is not a key of this store')
})

test('health, metrics and the error page answer', async () => {
  const gateway = postern(['start', '--json'], { env: { POSTERN_DATA_DIR: newFolder() } })
  const { health } = await started(gateway)
  const get = async (path: string) => {
    const response = await fetch(new URL(path, health))
    return { status: response.status, text: await response.text() }
  }
  expect(await get('/livez')).toEqual({ status: 200, text: '{"status":"ok"}\n' })
  expect(await get('/readyz')).toEqual({ status: 200, text: '{"status":"ready","checks":{"store":"ok"}}\n' })
  const metrics = await get('/metrics')
  expect(metrics.status).toBe(200)
  expect(metrics.text).toMatch(/^postern_certificate_expiry_timestamp_seconds\{certificate="default"\} \d+/m)
  const nothing = await get('/nothing')
  expect(nothing.status).toBe(404)
  const { docs } = JSON.parse(nothing.text).error
  expect((await get(docs)).text).toContain('### `not_found`')
})

test('by default all is over within the ten seconds that docker gives, whatever hangs', () => {
  const partsMax = 20
  const hangingMs = 50
  expect(load({}).drainMs + stopTimeoutMs + partsMax * hangingMs).toBeLessThan(10_000)
})

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it with 0, well within the time to drain', async (signal) => {
  const gateway = postern(['start', '--json'], { env: { POSTERN_DATA_DIR: newFolder(), POSTERN_DRAIN_MS: '5000' } })
  const { health } = await started(gateway)
  // A connection that's kept alive must not hold it up.
  await (await fetch(health)).text()
  const startMs = performance.now()
  gateway.child.kill(signal)
  expect(await gateway.ended).toBe(0)
  expect(performance.now() - startMs).toBeLessThan(4_000)
  expect(gateway.stdout()).toContain('"msg":"stopped"')
})

test('a signal in the middle of the start ends it with 0 too', async () => {
  const gateway = postern(['start'], { env: { POSTERN_DATA_DIR: newFolder() } })
  await said(gateway, 'made a certificate')
  gateway.child.kill('SIGTERM')
  expect(await gateway.ended).toBe(0)
})

test('two gateways work on one data folder', async () => {
  const env = { POSTERN_DATA_DIR: newFolder() }
  const one = postern(['start', '--json'], { env })
  await started(one)
  const two = postern(['start', '--json'], { env })
  const { health, firstStart } = await started(two)
  expect(firstStart).toBeUndefined()
  expect((await fetch(health)).status).toBe(200)
  expect([await stop(one), await stop(two)]).toEqual([0, 0])
})

test('of gateways that start at once on an empty folder, one shows secrets, and they work', async () => {
  const dataDir = join(newFolder(), 'data')
  const gateways = [1, 2, 3].map(() => postern(['start', '--json'], { env: { POSTERN_DATA_DIR: dataDir } }))
  const said = await Promise.all(gateways.map(started))
  expect(await Promise.all(gateways.map(stop))).toEqual([0, 0, 0])
  const shown = said.flatMap(({ firstStart }) => firstStart ?? [])
  expect(shown).toHaveLength(1)
  for (const secret of [shown[0]!.password, shown[0]!.adminKey])
    expect(await credentialOf(secret!, dataDir)).toBeDefined()
  expect(existsSync(join(dataDir, 'first-start'))).toBe(false)
})

/** A start that must fail: its exit code, and the two lines it says why in. */
async function refused(env: Record<string, string>, under: readonly string[] = []) {
  const { code, stdout, stderr } = await run(['start'], { env, under })
  expect(stdout, 'an expected refusal needs no stack').not.toMatch(/"stack"|\n {4}at /)
  return { code, lines: stderr.trimEnd().split('\n') }
}

test('all wrong settings are told at once', async () => {
  const { code, lines } = await refused({
    POSTERN_DATA_DIR: newFolder(),
    POSTERN_HTTP_PORT: 'eighty',
    POSTERN_DRAIN_MS: '-1',
    POSTERN_HOSTNAMES: 'x',
  })
  expect(code).toBe(2)
  expect(lines[0]).toBe('postern: 3 settings are wrong:')
  for (const name of ['POSTERN_HTTP_PORT', 'POSTERN_DRAIN_MS', 'POSTERN_HOSTNAMES'])
    expect(lines.filter((line) => line.startsWith(`  ${name} `))).toHaveLength(1)
})

test('an engine that is not there yet is refused, not ignored', async () => {
  const dataDir = join(newFolder(), 'data')
  const { code, lines } = await refused({
    POSTERN_DATA_DIR: dataDir,
    POSTERN_DATABASE_URL: 'postgres://user:hunter22@localhost/x',
    POSTERN_BLOB_URL: 's3://bucket',
  })
  expect(code).toBe(2)
  for (const name of ['DATABASE', 'BLOB'])
    expect(lines.join('\n')).toMatch(new RegExp(`POSTERN_${name}_URL is set, but .*\\. Unset POSTERN_${name}_URL\\.`))
  expect(lines.join('\n')).not.toContain('hunter22')
  expect(existsSync(dataDir)).toBe(false)
})

test('a port that is in use is named, with the setting to change', async () => {
  const blocker = createServer()
  await new Promise<void>((resolve) => void blocker.listen(0, '127.0.0.1', resolve))
  const { port } = blocker.address() as { port: number }
  const dataDir = newFolder()
  const { code, lines } = await refused({ POSTERN_DATA_DIR: dataDir, POSTERN_HTTP_PORT: String(port) })
  expect(code).toBe(1)
  expect(lines).toEqual([
    `postern: http can't listen on 127.0.0.1 port ${port}: another program uses it.`,
    'Set POSTERN_HTTP_PORT to another port (0 = any free one), or stop that program.',
  ])
  blocker.close()
  // Nobody has seen the secrets that this start made: the next one shows others.
  const next = postern(['start', '--json'], { env: { POSTERN_DATA_DIR: dataDir } })
  const { firstStart } = await started(next)
  await stop(next)
  expect(await credentialOf(firstStart!.password!, dataDir)).toMatchObject({ label: 'First app password' })
})

test('a data folder that it may not write to is named', async () => {
  const dataDir = newFolder()
  chmodSync(dataDir, 0o500)
  // Root writes anywhere unless that power is taken away.
  const under = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : []
  const { code, lines } = await refused({ POSTERN_DATA_DIR: dataDir }, under)
  expect(code).toBe(1)
  expect(lines).toEqual([
    `postern: Cannot open ${dataDir}.`,
    'Check that POSTERN_DATA_DIR exists, is a folder, and belongs to the user that runs Postern.',
  ])
})

test('a data folder that is a file is named', async () => {
  const dataDir = join(newFolder(), 'data')
  writeFileSync(dataDir, '')
  const { code, lines } = await refused({ POSTERN_DATA_DIR: dataDir })
  expect([code, lines.length]).toEqual([1, 2])
  expect(lines[0]).toContain(dataDir)
})

test('a database of a newer version is left alone', async () => {
  const dataDir = newFolder()
  const make = postern(['start', '--json'], { env: { POSTERN_DATA_DIR: dataDir } })
  await started(make)
  await stop(make)
  setUserVersion(join(dataDir, 'postern.sqlite'), 9_999)
  const before = readFileSync(join(dataDir, 'postern.sqlite'))
  const { code, lines } = await refused({ POSTERN_DATA_DIR: dataDir })
  expect(code).toBe(1)
  expect(lines[0]).toMatch(/^postern: The mailbox database has schema 9999, this program knows up to \d+\.$/)
  expect(lines[1]).toMatch(/^Start the newer Postern that wrote it/)
  expect(readFileSync(join(dataDir, 'postern.sqlite')).equals(before)).toBe(true)
})

test('a database of an older version is left alone by commands, and by a start while somebody runs on it', async () => {
  const dataDir = newFolder()
  const env = { POSTERN_DATA_DIR: dataDir }
  const make = postern(['start', '--json'], { env })
  await started(make)
  await stop(make)
  const database = join(dataDir, 'postern.sqlite')
  setUserVersion(database, schemaVersion - 1)
  const before = readFileSync(database)
  const status = postern(['status'], { env })
  expect(await status.ended).toBe(1)
  // A process that is alive, as an older gateway is.
  writeFileSync(join(dataDir, 'running', `${process.pid}.${hostname()}.json`), '{}')
  for (const said of [status.stderr().split('\n'), (await refused(env)).lines]) {
    expect(said[0]).toMatch(
      /^postern: The mailbox database has schema \d+, of an older Postern; this program's is \d+\.$/,
    )
    expect(said[1]).toMatch(/^Stop every gateway of the older Postern, then start/)
  }
  expect(readFileSync(database).equals(before)).toBe(true)
})

test('a file that is no database is called that', async () => {
  const dataDir = newFolder()
  writeFileSync(join(dataDir, 'postern.sqlite'), 'not a database'.repeat(1_000))
  const { code, lines } = await refused({ POSTERN_DATA_DIR: dataDir })
  expect(code).toBe(1)
  expect(lines[0]).toBe(`postern: ${join(dataDir, 'postern.sqlite')} is damaged or is not a mailbox database.`)
})

test('a store whose server key is lost does not start with a new one', async () => {
  const dataDir = newFolder()
  const make = postern(['start', '--json'], { env: { POSTERN_DATA_DIR: dataDir } })
  await started(make)
  await stop(make)
  rmSync(join(dataDir, 'secret.key'))
  const { code, lines } = await refused({ POSTERN_DATA_DIR: dataDir })
  expect(code).toBe(1)
  expect(lines[1]).toMatch(/^Restore it from your backup/)
  expect(existsSync(join(dataDir, 'secret.key'))).toBe(false)
})

test('a certificate that is not there, and a domain that is none, are named', async () => {
  const tls = { POSTERN_TLS_CERT: '/nowhere/cert.pem', POSTERN_TLS_KEY: '/nowhere/key.pem' }
  const cert = await refused({ POSTERN_DATA_DIR: newFolder(), ...tls })
  expect(cert).toEqual({
    code: 1,
    lines: [
      "postern: /nowhere/cert.pem can't be read (ENOENT).",
      'Set POSTERN_TLS_CERT and POSTERN_TLS_KEY to the PEM files of one certificate, which Postern may read.',
    ],
  })
  const domain = await refused({ POSTERN_DATA_DIR: newFolder(), POSTERN_DOMAIN: '127.0.0.1' })
  expect(domain.lines).toEqual([
    'postern: POSTERN_DOMAIN is 127.0.0.1: An IP address is not a domain.',
    'Set POSTERN_DOMAIN to a domain such as example.com.',
  ])
})

test('a running gateway goes on with its server key, and makes no new one when the file is gone', async () => {
  const dataDir = newFolder()
  const gateway = postern(['start', '--json'], { env: { POSTERN_DATA_DIR: dataDir } })
  const { firstStart, imap } = await started(gateway)
  rmSync(join(dataDir, 'secret.key'))
  const client = connectTls({ port: imap!.port, host: '127.0.0.1', rejectUnauthorized: false })
  client.write(`a1 LOGIN ${firstStart!.inbox} ${firstStart!.password}\r\n`)
  const answer = await text(client.end('a2 LOGOUT\r\n'))
  expect(answer).toMatch(/^a1 OK /m)
  expect(existsSync(join(dataDir, 'secret.key'))).toBe(false)
  await stop(gateway)
})

test('a start whose secrets nobody can read says so and ends; the next one shows others', async () => {
  const dataDir = newFolder()
  const env = { POSTERN_DATA_DIR: dataDir }
  const deaf = postern(['start'], { env })
  deaf.child.stdout!.destroy()
  expect(await deaf.ended).toBe(1)
  expect(deaf.stderr().split('\n')[0]).toBe("postern: Standard output can't be written (EPIPE).")
  const next = postern(['start', '--json'], { env })
  const { firstStart } = await started(next)
  await stop(next)
  expect(await credentialOf(firstStart!.password!, dataDir)).toBeDefined()
})

test('npm start hands its place to the gateway, so that signals reach it', async () => {
  const root = join(import.meta.dirname, '..', '..', '..')
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const [build, start] = scripts.start.split(' && ')
  expect(build).toBe('node scripts/quiet.mjs turbo run build')
  // Without the build, which would write what other tests read.
  const folder = newFolder()
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ scripts: { start: start.replace('apps', `${root}/apps`) } }),
  )
  const script = `npm start & pid=$!
    for i in $(seq 400); do [ -e "$POSTERN_DATA_DIR/tls/cert.pem" ] && break; sleep 0.05; done
    sleep 0.3; kill -TERM $pid; wait $pid`
  const { status, stdout } = spawnSync('bash', ['-c', script], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, POSTERN_DATA_DIR: join(folder, 'data'), POSTERN_HTTP_PORT: '0' },
  })
  expect(stdout).toContain('"msg":"stopped"')
  expect(status).toBe(0)
})

test.each([
  ['secret.key', /is not a server key/, /^Restore it from your backup/],
  ['tls/ca.key', /has no private key in PEM/, /^Restore tls\/ in the data folder from your backup, or remove it/],
])('a damaged %s is named, with what to do', async (name, wrong, fix) => {
  const dataDir = newFolder()
  mkdirSync(join(dataDir, 'tls'))
  writeFileSync(join(dataDir, name), 'damaged')
  const { code, lines } = await refused({ POSTERN_DATA_DIR: dataDir })
  expect([code, lines.length]).toEqual([1, 2])
  expect(lines[0]).toContain(join(dataDir, name))
  expect(lines[0]).toMatch(wrong)
  expect(lines[1]).toMatch(fix)
})

/** The schema's version is in the database's header: 32 bits at 60. */
function setUserVersion(path: string, version: number): void {
  const bytes = readFileSync(path)
  bytes.writeUInt32BE(version, 60)
  writeFileSync(path, bytes)
}
