// Who may come in, by the command line beside a running gateway: what a command made lets a mail client in at once, and what
// it ended lets nobody in. The client is Python's imaplib.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import { commandLine } from './command-line.js'
import { newFolder, type Process, postern, run, started, stop } from './gateway-process.js'

// Each test starts several processes, one after the other.
vi.setConfig({ testTimeout: 90_000 })

interface Row {
  readonly action: string
  readonly correlation: string
  readonly detail: { readonly cause: string }
}

interface Gateway {
  readonly process: Process
  readonly env: Readonly<Record<string, string>>
  readonly port: number
  readonly ca: string
  readonly submissionPorts: { readonly tls: number; readonly startTls: number }
  /** The object that a command prints with --json. */
  json(...words: string[]): Promise<Record<string, never>>
  /** What `* LIST` of a login shows, or what it was refused with. */
  login(user: string, secret: string): Promise<string>
}

async function gateway(): Promise<Gateway> {
  const env = { POSTERN_DATA_DIR: join(newFolder(), 'data') }
  const process = postern(['start', '--json'], { env })
  const said = await started(process)
  const { port } = said.imap!
  return {
    ...{ process, env, port, ca: said.caFile! },
    submissionPorts: { tls: said.smtp!.port, startTls: said.smtpStartTls!.port },
    async json(...words) {
      const { code, stdout, stderr } = await commandLine([...words, '--json'], { env })
      expect([code, stderr], words.join(' ')).toEqual([0, ''])
      return JSON.parse(stdout)
    },
    login: (user, secret) => imaplib({ port, ca: said.caFile!, user, secret }),
  }
}

const python = `
import imaplib, ssl, sys
port, ca, user, secret = sys.argv[1:]
client = imaplib.IMAP4_SSL('localhost', int(port), ssl_context=ssl.create_default_context(cafile=ca))
try:
    client.login(user, secret)
except imaplib.IMAP4.error as error:
    print(error.args[0] if isinstance(error.args[0], str) else error.args[0].decode())
    sys.exit(0)
print(client.select('INBOX')[0], len(client.list()[1]))
client.logout()
`

async function imaplib({ port, ca, user, secret }: { port: number; ca: string; user: string; secret: string }) {
  const { stdout } = await promisify(execFile)('python3', ['-c', python, String(port), ca, user, secret])
  return stdout.trim()
}

const opened = 'OK 6'
const refused = '[AUTHENTICATIONFAILED] Authentication failed'

test('a domain and an inbox made beside a running gateway can be logged into at once', async () => {
  const it = await gateway()
  expect(await it.json('domain', 'create', 'made.test', '--verified')).toMatchObject({
    id: expect.stringMatching(/^dom_/),
    name: 'made.test',
    verified: true,
    verified_by: 'operator',
  })
  const alice = await it.json('inbox', 'create', 'alice@made.test')
  expect(Object.keys(alice)).toEqual([
    ...['id', 'address', 'imap_host', 'imap_port', 'imap_username', 'imap_password'],
    ...['smtp_host', 'smtp_port', 'smtp_port_tls'],
  ])
  expect(alice).toMatchObject({
    id: expect.stringMatching(/^inb_/),
    address: 'alice@made.test',
    imap_host: 'localhost',
    imap_port: it.port,
    imap_username: 'alice@made.test',
    imap_password: expect.stringMatching(/^ps_app_/),
    smtp_host: 'localhost',
    smtp_port: it.submissionPorts.startTls,
    smtp_port_tls: it.submissionPorts.tls,
  })
  expect(await it.login(alice.imap_username!, alice.imap_password!)).toBe(opened)

  const again = await it.json('inbox', 'password', 'Alice@MADE.test')
  expect({ ...again, imap_password: '' }).toEqual({ ...alice, imap_password: '' })
  expect(await it.login('alice@made.test', again.imap_password!)).toBe(opened)
  expect(await it.login('alice@made.test', alice.imap_password!)).toBe(refused)

  expect(await stop(it.process)).toBe(0)
  for (const secret of [alice.imap_password!, again.imap_password!]) expect(it.process.stdout()).not.toContain(secret)
})

test('a credential for a whole domain: rotation with an overlap, then without; a revocation leaves the others', async () => {
  const it = await gateway()
  await it.json('domain', 'create', 'made.test', '--verified')
  const alice = await it.json('inbox', 'create', 'alice@made.test')
  const made = await it.json('credential', 'create', '--label', 'x', '--scopes', 'imap,smtp', '--grant', '*@made.test')
  expect(made).toMatchObject({
    id: expect.stringMatching(/^cred_/),
    secret: expect.stringMatching(/^ps_key_/),
    kind: 'api_key',
    label: 'x',
    scopes: ['imap', 'smtp'],
    grants: ['*@made.test'],
  })
  expect(await it.login('alice@made.test', made.secret!)).toBe(opened)
  expect(await it.login('me@example.test', made.secret!)).toBe(refused)

  const second = await it.json('credential', 'rotate', made.id!, '--overlap', '1h')
  expect(second.secret).not.toBe(made.secret)
  expect(await it.login('alice@made.test', made.secret!)).toBe(opened)
  expect(await it.login('alice@made.test', second.secret!)).toBe(opened)
  const third = await it.json('credential', 'rotate', 'x')
  for (const old of [made.secret!, second.secret!]) expect(await it.login('alice@made.test', old)).toBe(refused)
  expect(await it.login('alice@made.test', third.secret!)).toBe(opened)

  await it.json('credential', 'disable', 'x')
  expect(await it.login('alice@made.test', third.secret!)).toBe(refused)
  await it.json('credential', 'enable', 'x')
  expect(await it.login('alice@made.test', third.secret!)).toBe(opened)
  expect(await it.json('credential', 'revoke', 'x')).toMatchObject({ revoked_at: expect.any(String) })
  expect(await it.login('alice@made.test', third.secret!)).toBe(refused)
  expect(await it.login('alice@made.test', alice.imap_password!)).toBe(opened)
  const left = await it.json('credential', 'list', '--inbox', 'alice@made.test')
  expect(left).toMatchObject({ data: [{ inbox_password: true, last_used: { protocol: 'imap' } }], next_cursor: null })
  expect(await stop(it.process)).toBe(0)
})

test('an inbox that is disabled lets nobody in; one that is deleted takes its credentials along', async () => {
  const it = await gateway()
  const bob = await it.json('inbox', 'create', 'bob@example.test', '--quota', '2G', '--display-name', 'Bob')
  expect(await it.json('inbox', 'disable', bob.id!)).toMatchObject({ disabled: true, quota_bytes: 2 ** 31 })
  expect(await it.login('bob@example.test', bob.imap_password!)).toBe(refused)
  await it.json('inbox', 'enable', bob.id!)
  expect(await it.login('bob@example.test', bob.imap_password!)).toBe(opened)

  const unsure = await commandLine(['inbox', 'delete', 'bob@example.test'], { env: it.env })
  expect(unsure).toMatchObject({ code: 2, stdout: '' })
  expect(unsure.stderr).toMatch(/^postern: Deleting bob@example\.test destroys 0 messages .*\n.*--yes/)
  expect(await it.login('bob@example.test', bob.imap_password!)).toBe(opened)
  expect(await it.json('inbox', 'delete', 'bob@example.test', '--yes')).toEqual({
    id: bob.id,
    address: 'bob@example.test',
    messages: 0,
    deleted: true,
  })
  expect(await it.login('bob@example.test', bob.imap_password!)).toBe(refused)
  expect(await stop(it.process)).toBe(0)
})

test('why a login was refused is for the owner to read, under the id that the log line has', async () => {
  const it = await gateway()
  const bob = await it.json('inbox', 'create', 'bob@example.test')
  expect(await it.login('Bob@Example.test', String(bob.imap_password).replace(/.{4}$/, '0000'))).toBe(refused)
  const rows = async () => (await it.json('audit', 'list', '--object', 'bob@example.test')).data as unknown as Row[]
  await expect.poll(async () => (await rows())[0]?.action).toBe('login.refused')
  const [row] = await rows()
  expect(row).toMatchObject({ from: '127.0.0.1', object: 'bob@example.test', detail: { protocol: 'imap' } })
  expect(row?.detail.cause).toMatch(/wrong/)
  expect(row?.correlation).toMatch(/./)
  expect(it.process.stdout()).toContain(row?.correlation)
  expect(await stop(it.process)).toBe(0)
})

test('two commands at the same time both do their work; of two that want the same, one does', async () => {
  const it = await gateway()
  const ask = (address: string) => run(['inbox', 'create', address, '--json'], { env: it.env })
  const [a, b, ...same] = await Promise.all(['a', 'b', 'same', 'same'].map((local) => ask(`${local}@example.test`)))
  for (const { code, stdout } of [a!, b!]) {
    expect(code).toBe(0)
    const made = JSON.parse(stdout)
    expect(await it.login(made.address, made.imap_password)).toBe(opened)
  }
  expect(same.map(({ code }) => code).sort()).toEqual([0, 1])
  const refusal = same.find(({ code }) => code === 1)!
  expect(JSON.parse(refusal.stderr).error).toMatchObject({ name: 'exists' })
  expect(await stop(it.process)).toBe(0)
})

test('secrets are on standard output of the command that makes them, and nowhere in the data folder', async () => {
  const it = await gateway()
  const { secret } = await it.json('credential', 'create', '--label', 'x', '--scopes', 'api', '--grant', '*')
  expect(await stop(it.process)).toBe(0)
  const found = await promisify(execFile)('grep', ['-rlaF', secret!, it.env.POSTERN_DATA_DIR!]).catch(
    ({ code }) => code,
  )
  expect(found, 'grep finds none').toBe(1)
  expect(it.process.stdout() + it.process.stderr()).not.toContain(secret)
})
