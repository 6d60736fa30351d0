// The commands of the directory, run in the test's own process and without a gateway: every refusal by its name, lists of any length, DNS verification
// against a name server of the test's own, and the audit log.

import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from '@postern/mailbox-store'
import { expect, test, vi } from 'vitest'
import { runningFile } from '../src/running.js'
import { commandLine as run } from './command-line.js'
import { folder } from './commands-folder.js'
import { nameServer } from './dns-server.js'
import { credentialOf, newFolder, postern, run as runProcess, started, stop } from './gateway-process.js'

// A command opens the store and closes it again; some tests give fifty of them.
vi.setConfig({ testTimeout: 90_000 })

const addressOf = (store: Store) => (domain: never, address: string) =>
  store.directory.createInbox({ domain, address, by: { name: 'test' } })

test('what is asked wrongly, is there already, or is not there, is refused by name and with what to do', async () => {
  const { ask } = await folder((store, domain) => addressOf(store)(domain, 'ada@example.test'))
  await ask('credential', 'create', '--label', 'twice', '--scopes', 'api', '--grant', '*')
  await ask('credential', 'create', '--label', 'twice', '--scopes', 'api', '--grant', '*')
  await ask('tenant', 'create', 'acme')
  await ask('domain', 'create', 'acme.test', '--environment', 'acme/production')
  await ask('inbox', 'alias', 'ada@example.test', 'countess@example.test')
  const credential = (...words: string[]) => ['credential', 'create', '--label', 'x', ...words]
  const key = ['--scopes', 'imap', '--grant']
  const rows: [string[], string, RegExp][] = [
    [['domain', 'create', 'EXAMPLE.test.'], 'exists', /in use/],
    [['domain', 'create', 'a b.test'], 'invalid', /letters, digits/],
    [['domain', 'create', '192.0.2.1'], 'invalid', /IP address/],
    [['domain', 'create', 'x.test', '--environment', 'nowhere'], 'not_found', /no environment nowhere/],
    [['domain', 'create', 'x.test', '--mode', 'lost'], 'usage', /--mode is one of retained/],
    [['domain', 'show', 'nowhere.test'], 'not_found', /no domain nowhere\.test/],
    [['domain', 'show', 'dom_0000'], 'not_found', /no such domain/],
    [['domain', 'update', 'example.test'], 'usage', /Nothing is to be changed/],
    [['domain', 'update', 'example.test', '--catch-all', 'yes'], 'usage', /--catch-all is one of on, off/],
    [['domain', 'alias', 'example.test', 'acme.test'], 'exists', /in use/],
    [['domain', 'unalias', 'example.test', 'acme.test'], 'not_found', /does not have/],
    [['domain', 'delete', 'example.test', '--yes'], 'usage', /1 inboxes.*destroys/],
    [['domain', 'delete', 'acme.test'], 'usage', /for good/],
    [['inbox', 'create', 'bob@nowhere.test'], 'not_found', /no domain nowhere\.test/],
    [['inbox', 'create', 'ada@example.test'], 'exists', /in use/],
    [['inbox', 'create', 'countess@example.test'], 'exists', /in use/],
    [['inbox', 'create', 'bob'], 'usage', /no address/],
    [['inbox', 'create', '@example.test'], 'usage', /no address/],
    [['inbox', 'create', '*@example.test'], 'invalid', /\*/],
    [['inbox', 'create', 'a b@example.test'], 'invalid', /before the @/],
    [['inbox', 'create', 'bob@example.test', '--quota', 'much'], 'usage', /--quota is a size/],
    [['inbox', 'show', 'bob@example.test'], 'not_found', /no inbox bob@example\.test/],
    [['inbox', 'delete', 'countess@example.test', '--yes'], 'not_found', /goes to ada@example\.test/],
    [['inbox', 'password', 'bob'], 'usage', /no address/],
    [['inbox', 'alias', 'ada@example.test', 'x@acme.test'], 'invalid', /environment/],
    [['inbox', 'list', '--limit', '0'], 'usage', /--limit is a whole number/],
    [credential(...key, '*@nowhere.test'), 'not_found', /no domain nowhere\.test/],
    [credential(...key, '*@*'), 'not_found', /no domain \*/],
    [credential(...key, 'a*b*@example.test'), 'invalid', /one \*/],
    [credential(...key, '*@example.test', '--grant', '*@acme.test'), 'usage', /another environment/],
    [credential(...key, '*@acme.test', '--environment', 'production'), 'usage', /another environment/],
    [credential('--scopes', 'root', '--grant', '*'), 'usage', /--scopes is one of imap/],
    [credential('--scopes', 'api', '--inbox', 'ada@example.test'), 'invalid', /mail scopes only/],
    [credential('--scopes', 'imap'), 'usage', /some addresses/],
    [credential('--grant', '*'), 'usage', /scopes/],
    [['credential', 'create', ...key, '*'], 'usage', /label/],
    [credential(...key, '*', '--network', '192.0.2.0/33'), 'invalid', /network/],
    [credential(...key, '*', '--expires', '2020-01-01'), 'usage', /--expires is in the future/],
    [credential(...key, '*', '--expires', 'soon'), 'usage', /--expires is a span/],
    [credential(...key, '*', '--any-username', 'on'), 'invalid', /one inbox/],
    [['credential', 'revoke', 'nobody'], 'not_found', /no credential nobody/],
    [['credential', 'revoke', 'twice'], 'usage', /2 credentials/],
    [['credential', 'rotate', 'twice', '--overlap', 'long'], 'usage', /--overlap is a span/],
    [['credential', 'show', 'cred_0000'], 'not_found', /no such credential/],
    [['tenant', 'create', 'acme'], 'exists', /tenant of that name/],
    [['tenant', 'delete', 'acme'], 'usage', /for good/],
    [['tenant', 'delete', 'acme', '--yes'], 'invalid', /has domains/],
    [['tenant', 'delete', 'default', '--yes'], 'invalid', /first environment/],
    [['tenant', 'show', 'nobody'], 'not_found', /no tenant nobody/],
    [['audit', 'list', '--since', 'once'], 'usage', /--since is a span/],
    [['domain', 'nonsense'], 'usage', /no command `postern domain nonsense`/],
  ]
  for (const [words, name, message] of rows) {
    const { code, error, said } = await ask(...words)
    expect([words.join(' '), name, code, said]).toEqual([words.join(' '), error.name, name === 'usage' ? 2 : 1, {}])
    expect(error.message).toMatch(message)
    expect(error.fix).not.toBe('')
  }
})

test('an IDN domain is one, in letters and as A-labels', async () => {
  const { ask, text } = await folder()
  expect((await ask('domain', 'create', 'Bücher.test')).said).toMatchObject({
    name: 'xn--bcher-kva.test',
    unicode_name: 'bücher.test',
  })
  expect((await ask('domain', 'create', 'xn--bcher-kva.test')).error).toMatchObject({ name: 'exists' })
  const { said } = await ask('inbox', 'create', 'Ada@BÜCHER.test')
  expect(said).toMatchObject({ address: 'ada@xn--bcher-kva.test' })
  expect((await ask('inbox', 'show', 'ada@bücher.test')).said).toMatchObject({ id: said.id })
  expect(await text('domain', 'show', 'bücher.test')).toMatch(/^In letters +bücher\.test$/m)
})

test('asked for with --verified, a domain that is there already as asked is the answer; one that differs is refused', async () => {
  const { ask } = await folder()
  const create = (...words: string[]) => ask('domain', 'create', ...words)
  const first = await create('Example.test', '--verified')
  expect(first).toMatchObject({ code: 0, said: { name: 'example.test', verified: true } })
  expect((await create('example.test.', '--verified', '--mode', 'retained')).said).toEqual(first.said)
  await ask('domain', 'alias', 'example.test', 'other.test')
  await ask('tenant', 'create', 'acme')
  for (const words of [
    ['example.test'],
    ['example.test', '--verified', '--catch-all', 'on'],
    ['example.test', '--verified', '--mode', 'zero-retention'],
    ['example.test', '--verified', '--environment', 'acme/production'],
    ['other.test', '--verified'],
  ])
    expect((await create(...words)).error, words.join(' ')).toMatchObject({ name: 'exists' })
})

test('the first domain makes the store in an empty folder, and only there', async () => {
  const env: Record<string, string> = { POSTERN_DATA_DIR: join(newFolder(), 'new') }
  const ask = (...words: string[]) => run([...words, '--json'], { env })
  expect(await ask('inbox', 'create', 'ada@example.test')).toMatchObject({ code: 1, stdout: '' })
  expect(existsSync(env.POSTERN_DATA_DIR!)).toBe(false)
  expect((await ask('domain', 'create', 'example.test', '--verified')).code).toBe(0)
  expect(statSync(env.POSTERN_DATA_DIR!).mode & 0o077).toBe(0)
  const made = JSON.parse((await ask('inbox', 'create', 'ada@example.test')).stdout)
  const gateway = postern(['start', '--json'], { env })
  expect((await started(gateway)).firstStart).toMatchObject({ inbox: 'me@example.test' })
  expect(await stop(gateway)).toBe(0)
  expect(await credentialOf(made.imap_password, env.POSTERN_DATA_DIR!)).toMatchObject({ inboxPassword: true })
  expect(JSON.parse((await ask('tenant', 'list')).stdout).data).toHaveLength(1)

  env.POSTERN_DATA_DIR = newFolder()
  writeFileSync(join(env.POSTERN_DATA_DIR, 'something'), 'else')
  const refused = await ask('domain', 'create', 'example.test')
  expect([refused.code, JSON.parse(refused.stderr).error.name]).toEqual([1, 'no_store'])
})

test('people read of doors that are open, of a secret that is shown once, and of what is still to do', async () => {
  const { text, env } = await folder()
  const unverified = await text('inbox', 'create', 'ada@example.test')
  expect(unverified).toMatch(/^Password {3}ps_app_\w+ {2}\(shown this once\)$/m)
  expect(unverified).toMatch(/^IMAP {7}mail\.example\.org port 1993, SSL\/TLS$/m)
  expect(unverified).toMatch(
    /^SMTP {7}mail\.example\.org port 1465, SSL\/TLS\n {11}mail\.example\.org port 1587, STARTTLS$/m,
  )
  expect(unverified).toMatch(/nobody can sign in before `postern domain verify example\.test`\.\n$/)
  env.POSTERN_IMAPS_PORT = '0'
  expect(await text('inbox', 'password', 'ada@example.test')).toMatch(
    /^IMAP .*a port that isn't known while no gateway runs$/m,
  )

  const running = { pid: process.pid, startedAt: 1, bind: '127.0.0.1', roles: ['imap'], ports: { imaps: 4567 } }
  mkdirSync(join(env.POSTERN_DATA_DIR!, 'running'))
  writeFileSync(join(env.POSTERN_DATA_DIR!, 'running', runningFile(process.pid)), JSON.stringify(running))
  await text('domain', 'verify', 'example.test', '--unchecked')
  const open = await text('inbox', 'create', 'bob@example.test')
  expect(open).toMatch(/^IMAP {7}mail\.example\.org port 4567, SSL\/TLS\n$/m)
  expect(open).not.toMatch(/SMTP|verify/)
  const key = await text('credential', 'create', '--label', 'x', '--scopes', 'api', '--grant', '*')
  expect(key).toMatch(/^Opens {8}api$/m)
  expect(key).toMatch(/\n\nSecret {2}ps_key_\w+ {2}\(shown this once\)\n$/)
  expect(await text('credential', 'show', 'x')).not.toContain('Secret  ')
})

test('every setting of a domain, an inbox and a credential is made, shown and changed', async () => {
  const { ask } = await folder()
  expect(
    (await ask('domain', 'update', 'example.test', '--mode', 'zero-retention', '--catch-all', 'on')).said,
  ).toMatchObject({
    mode: 'zero-retention',
    catch_all: true,
  })
  expect((await ask('domain', 'alias', 'example.test', 'Other.test')).said).toMatchObject({ aliases: ['other.test'] })
  expect((await ask('domain', 'unalias', 'example.test', 'other.test')).said).toMatchObject({ aliases: [] })

  await ask('inbox', 'create', 'ada@example.test', '--display-name', 'Ada', '--quota', '5M', '--plus-addressing', 'off')
  expect((await ask('inbox', 'show', 'ada@example.test')).said).toMatchObject({
    ...{ display_name: 'Ada', quota_bytes: 5_242_880, quota_messages: null, plus_addressing: false, disabled: false },
    ...{ domain: 'example.test', used_messages: 0, aliases: [] },
  })
  const changed = ['--quota', 'none', '--quota-messages', '9', '--plus-addressing', 'on', '--legal-hold', 'on']
  expect((await ask('inbox', 'update', 'ada@example.test', '--display-name', 'none', ...changed)).said).toMatchObject({
    ...{ display_name: null, quota_bytes: null, quota_messages: 9, plus_addressing: true, legal_hold: true },
  })
  expect((await ask('inbox', 'alias', 'ada@example.test', 'c@example.test', '--receive-only')).said).toMatchObject({
    aliases: [{ address: 'c@example.test', may_send: false }],
  })
  expect((await ask('inbox', 'unalias', 'ada@example.test', 'c@example.test')).said).toMatchObject({ aliases: [] })

  const given = ['--network', '192.0.2.0/24,2001:db8::/32', '--any-username', 'on', '--quiet-read-only', 'on']
  const made = [
    '--label',
    'phone',
    '--scopes',
    'imap:read',
    '--inbox',
    'ada@example.test',
    '--expires',
    '90d',
    ...given,
  ]
  const { said } = await ask('credential', 'create', ...made)
  expect(said).toMatchObject({
    ...{ kind: 'app_password', inbox: 'ada@example.test', grants: ['ada@example.test'], scopes: ['imap:read'] },
    ...{ networks: ['192.0.2.0/24', '2001:db8::/32'], any_username: true, quiet_read_only: true, last_used: null },
    secret: expect.stringMatching(/^ps_app_/),
  })
  expect(Math.abs(Date.parse(said.expires_at!) - Date.now() - 90 * 86_400_000)).toBeLessThan(60_000)
  const more = [
    '--scopes',
    'imap',
    '--scopes',
    'smtp',
    '--expires',
    'never',
    '--any-username',
    'off',
    '--label',
    'tablet',
  ]
  expect((await ask('credential', 'update', 'phone', ...more)).said).toMatchObject({
    ...{ id: said.id, label: 'tablet', scopes: ['imap', 'smtp'], expires_at: null, any_username: false },
    networks: ['192.0.2.0/24', '2001:db8::/32'],
  })
  const shown = (await ask('credential', 'show', 'tablet')).said
  expect([shown.id, 'secret' in shown]).toEqual([said.id, false])
  expect((await ask('credential', 'delete', 'tablet')).said).toEqual({ id: said.id, label: 'tablet', deleted: true })

  expect((await ask('tenant', 'create', 'acme', '--environment', 'live,staging')).said).toMatchObject({
    environments: [{ name: 'live' }, { name: 'staging' }],
  })
  expect((await ask('tenant', 'rename', 'acme', 'Acme')).said).toMatchObject({ name: 'Acme' })
  expect((await ask('tenant', 'add-environment', 'Acme', 'test')).said).toMatchObject({
    environments: [{ name: 'live' }, { name: 'staging' }, { name: 'test' }],
  })
  expect((await ask('tenant', 'delete-environment', 'Acme/test', '--yes')).said).toMatchObject({ deleted: true })
  expect((await ask('tenant', 'delete', 'Acme', '--yes')).said).toMatchObject({ name: 'Acme', deleted: true })
  expect((await ask('tenant', 'list')).said).toMatchObject({ data: [{ name: 'default' }] })

  await ask('inbox', 'update', 'ada@example.test', '--legal-hold', 'off')
  const gone = await ask('domain', 'delete', 'example.test', '--with-inboxes', '--yes')
  expect(gone.said).toMatchObject({ inboxes: 1, deleted: true })
  expect((await ask('domain', 'list')).said).toEqual({ data: [], next_cursor: null })
})

test('10,000 inboxes are listed whole, page by page, or until the reader has seen enough', async () => {
  const { ask, env, text } = await folder(async (store, domain) => {
    const add = addressOf(store)
    await Promise.all(Array.from({ length: 10_000 }, (_, i) => add(domain, `a${i}@example.test`)))
  })
  const { said: all } = await ask('inbox', 'list')
  const rows = all.data as unknown as { address: string }[]
  expect(rows.map(({ address }) => address)).toEqual(Array.from({ length: 10_000 }, (_, i) => `a${i}@example.test`))
  expect(all.next_cursor).toBeNull()
  const seen: string[] = []
  let cursor: string | null = '0'
  for (let page = 0; cursor !== null && page < 20; page++) {
    const { said } = await ask('inbox', 'list', '--limit', '3333', '--after', cursor)
    seen.push(...(said.data as unknown as { address: string }[]).map(({ address }) => address))
    cursor = said.next_cursor as string | null
  }
  expect(seen).toEqual(rows.map(({ address }) => address))

  const plain = (await text('inbox', 'list')).trimEnd().split('\n')
  expect(plain[0]).toMatch(/^ADDRESS +ID +MESSAGES +SIZE$/)
  expect(plain).toHaveLength(10_001)
  const under = ['bash', '-c', 'set -o pipefail; "$@" | head -1', 'bash']
  const cut = await runProcess(['inbox', 'list'], { env, under })
  expect(cut).toEqual({ code: 0, stdout: expect.stringMatching(/^ADDRESS .*\n$/), stderr: '' })
})

test('a domain is verified when its MX and its token are there, and what is there is shown', async () => {
  const dns = await nameServer()
  const { ask, env, text } = await folder()
  env.POSTERN_DNS_SERVERS = dns.server
  const { said: before } = await ask('domain', 'show', 'example.test')
  const token = before.verification as unknown as { name: string; value: string }
  expect(token.name).toBe('_postern.example.test')

  const missing = await ask('domain', 'verify', 'example.test')
  expect(missing).toMatchObject({ code: 1, said: { verified: false } })
  expect(missing.said.records).toMatchObject([
    { type: 'MX', name: 'example.test', wanted: '10 mail.example.org', found: [], state: 'missing' },
    { type: 'TXT', name: token.name, wanted: token.value, found: [], state: 'missing' },
  ])

  dns.zone.set('MX example.test', ['10 mx.elsewhere.test'])
  dns.zone.set(`TXT ${token.name}`, ['something else', 'postern-verification=of-another-domain'])
  expect((await ask('domain', 'verify', 'example.test')).said).toMatchObject({
    verified: false,
    records: [
      { state: 'different', found: ['10 mx.elsewhere.test'] },
      { state: 'different', found: ['postern-verification=of-another-domain'] },
    ],
  })
  expect(await text('domain', 'verify', 'example.test')).toMatch(/found +10 mx\.elsewhere\.test/)

  dns.zone.set('MX example.test', ['10 mx.elsewhere.test', '20 Mail.Example.ORG'])
  expect((await ask('domain', 'verify', 'example.test')).said).toMatchObject({ verified: false })
  dns.zone.set(`TXT ${token.name}`, ['something else', token.value])
  expect(await ask('domain', 'verify', 'example.test')).toMatchObject({
    code: 0,
    said: { verified: true, verified_by: 'dns', records: [{ state: 'right' }, { state: 'right' }] },
  })

  dns.isDead = true
  expect(await text('domain', 'verify', 'example.test')).toMatch(/stays verified .*no name server answered/)
  expect(await ask('domain', 'verify', 'example.test', '--unchecked')).toMatchObject({
    code: 0,
    said: { verified: true, verified_by: 'operator' },
  })
})

test('a long user name that somebody tried is shortened for people, and whole for programs', async () => {
  const tried = `${'x'.repeat(150)}@example.test`
  const refused = { cause: 'no such user', protocol: 'imap', address: '192.0.2.1', network: '192.0.2.0/24' }
  const { ask, text } = await folder((store) =>
    store.directory.noteRefusedLogin({ ...refused, user: tried, correlation: 'c1' }),
  )
  const [first] = (await ask('audit', 'list')).said.data as { object: string }[]
  expect(first!.object).toHaveLength(tried.length)
  const lines = (await text('audit', 'list')).split('\n')
  expect(lines.some((line) => line.includes(`${'x'.repeat(63)}…  192.0.2.1`))).toBe(true)
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(240)
})

test('the audit log says who did what to which object, from where, and why a login was refused', async () => {
  const { ask, text } = await folder(async (store, domain) => {
    await addressOf(store)(domain, 'ada@example.test')
    const refused = { cause: 'wrong secret', protocol: 'imap', address: '192.0.2.7', network: '192.0.2.0/24' }
    await store.directory.noteRefusedLogin({ ...refused, user: 'Ada@example.test', correlation: 'c-17' })
    await store.directory.noteRefusedLogin({ ...refused, user: 'bob@example.test', correlation: 'c-18' })
  })
  const { said: alias } = await ask('inbox', 'alias', 'ada@example.test', 'c@example.test')
  const about = await ask('audit', 'list', '--object', 'ada@example.test')
  expect(about.said).toMatchObject({
    data: [
      { action: 'inbox.alias-add', actor: 'operator', from: expect.stringMatching(/^local user ./), object: alias.id },
      {
        ...{ action: 'login.refused', object: 'ada@example.test', from: '192.0.2.7', correlation: 'c-17' },
        detail: { cause: 'wrong secret', protocol: 'imap', network: '192.0.2.0/24' },
      },
      { action: 'inbox.create', actor: 'test' },
    ],
    next_cursor: null,
  })
  const page = await ask('audit', 'list', '--object', alias.id!, '--limit', '1')
  expect(page.said).toMatchObject({ data: [{ action: 'inbox.alias-add' }], next_cursor: expect.any(String) })
  const next = await ask('audit', 'list', '--object', alias.id!, '--limit', '1', '--after', page.said.next_cursor!)
  expect(next.said).toMatchObject({ data: [{ action: 'login.refused' }] })
  expect((await ask('audit', 'list', '--since', '1h')).said.data).not.toHaveLength(0)
  expect((await ask('audit', 'list', '--since', '2100-01-01')).said.data).toHaveLength(0)
  expect((await ask('audit', 'list', '--object', 'example.test')).said).toMatchObject({
    data: [{ action: 'domain.create' }],
  })
  const plain = await text('audit', 'list', '--object', 'ada@example.test')
  expect(plain).toMatch(/^TIME +ACTOR +ACTION +OBJECT +FROM +CORRELATION +DETAIL$/m)
  expect(plain).toMatch(/ login\.refused +ada@example\.test +192\.0\.2\.7 +c-17 +\{"cause":"wrong secret"/)
})
