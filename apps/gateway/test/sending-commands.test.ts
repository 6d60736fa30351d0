// The commands that say how mail leaves, for whom, and signed by what, in the test's own process: every form and every mistake, and
// that no secret comes back out.

import { createPublicKey, sign, verify } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '@postern/mailbox-store'
import { expect, test, vi } from 'vitest'
import { newKeys, publishedKey, recordStrings, recordValue } from '../src/sending/dkim-keys.js'
import { sealedRecords } from '../src/sending/sealed-records.js'
import { commandLine } from './command-line.js'
import { type Folder, folder } from './commands-folder.js'
import { nameServer } from './dns-server.js'
import { newFolder, postern, run as runProcess } from './gateway-process.js'

vi.setConfig({ testTimeout: 90_000 })

const inbox = async (): Promise<Folder> => {
  const made = await folder((store, domain) =>
    store.directory.createInbox({ domain, address: 'ada@example.test', by: { name: 'test' } }),
  )
  writeFileSync(join(made.env.POSTERN_DATA_DIR as string, 'secret.key'), '1'.repeat(64), { mode: 0o600 })
  return made
}

test('a route is set for a domain or an inbox, shown without its password, and taken away', async () => {
  const { ask, env, text } = await inbox()
  expect((await ask('domain', 'route', 'example.test')).said).toMatchObject({ route: null, because: 'unset' })
  expect(await text('domain', 'route', 'example.test')).toContain('mail to other servers is refused')
  const set = await ask('domain', 'route', 'example.test', 'smtp://me:hunter22@relay.example.net')
  const shown = 'smtp://me:***@relay.example.net:587'
  expect(set.said).toMatchObject({ of: 'example.test', route: shown, effective_route: shown, because: 'domain' })
  expect((await ask('inbox', 'route', 'ada@example.test')).said).toMatchObject({
    ...{ of: 'ada@example.test', route: null, effective_route: shown, because: 'domain' },
  })
  expect((await ask('inbox', 'route', 'ada@example.test', 'none')).said).toMatchObject({
    ...{ route: 'none', effective_route: 'none', because: 'inbox' },
  })
  expect((await ask('domain', 'show', 'example.test')).said).toMatchObject({ own_route: true })
  expect(await text('domain', 'show', 'example.test')).toContain('see `postern domain route example.test`')
  expect((await ask('inbox', 'show', 'ada@example.test')).said).toMatchObject({ own_route: true })
  await ask('inbox', 'route', 'ada@example.test', 'default')
  await ask('domain', 'route', 'example.test', 'default')
  env.POSTERN_ROUTE = 'direct'
  const back = (await ask('inbox', 'route', 'ada@example.test')).said
  expect(back).toMatchObject({ route: null, effective_route: 'direct', because: 'setting', beware: null })
  const log = (await ask('audit', 'list')).said as unknown as {
    data: { action: string; detail?: { route?: string } }[]
  }
  const changes = log.data
    .map(({ action, detail }) => [action, detail?.route])
    .filter(([, route]) => route !== undefined)
  expect(changes).toEqual([
    ['domain.update', 'removed'],
    ['inbox.update', 'removed'],
    ['inbox.update', 'set'],
    ['domain.update', 'set'],
  ])
})

test('a route with a password is read from a file or through standard input, and is sealed in the store', async () => {
  const { env } = await inbox()
  const file = join(newFolder(), 'route')
  writeFileSync(file, 'smtps://me:from-a-file@relay.example.net\n')
  const set = async (words: string[], input = '') => {
    const { stdout, stderr } = await commandLine(['domain', 'route', 'example.test', ...words, '--json'], {
      env,
      input,
    })
    expect(stdout + stderr).not.toMatch(/from-a-file|from-a-pipe/)
    return JSON.parse(stdout || stderr)
  }
  expect(await set(['--route-file', file])).toMatchObject({ route: 'smtps://me:***@relay.example.net:465' })
  expect(await set(['-'], ' resend://from-a-pipe \n')).toMatchObject({ route: 'resend://***' })
  expect(await set(['direct', '--route-file', file])).toMatchObject({ error: { name: 'usage' } })
  expect(await set(['-'], '')).toMatchObject({ error: { name: 'usage' } })
  const dataDir = env.POSTERN_DATA_DIR as string
  const files = readdirSync(dataDir, { withFileTypes: true }).filter((entry) => entry.isFile())
  for (const { name } of files)
    expect(readFileSync(join(dataDir, name), 'latin1'), name).not.toMatch(/from-a-file|from-a-pipe/)
})

test('a route that can not work is refused with what to write instead', async () => {
  const { ask, env } = await inbox()
  const rows: [string, RegExp][] = [
    ['relay.example.net', /none of the known routes\..*Write none, direct, smtp:/],
    ['smtp://me:hunter22:x@relay.example.net', /has a : in its user name or password\..*%3A/],
    ['smtp://relay.example.net:465', /port 465, where TLS begins at once\..*smtps:/],
    ['ses://AKIAIOSFODNN7EXAMPLE@eu-central-1', /a user without a password/],
    ['resend://', /no API key/],
    ['smtp://localhost:1587', /leads to a listener of this gateway/],
  ]
  for (const [route, wrong] of rows)
    for (const words of [
      ['domain', 'route', 'example.test', route],
      ['inbox', 'route', 'ada@example.test', route],
    ]) {
      const { code, error } = await ask(...words)
      expect([code, error.name]).toEqual([2, 'usage'])
      expect(`${error.message} ${error.fix}`).toMatch(wrong)
      expect(JSON.stringify(error)).not.toContain('hunter22')
    }
  env.POSTERN_SUBMISSION_PORT = '2587'
  expect((await ask('domain', 'route', 'example.test', 'smtp://localhost:1587?tls=none')).said).toMatchObject({
    beware: 'Mail goes in clear.',
  })
  expect(await ask('domain', 'route', 'example.test', 'smtp://me:pw@mx.example.net?tls=offered')).toMatchObject({
    said: { beware: expect.stringMatching(/^Mail and the password go in clear where the host/) },
  })
})

test('with another server key nothing stored opens: the command says so, and a gateway that sends does not start', async () => {
  const { ask, env } = await inbox()
  await ask('domain', 'route', 'example.test', 'smtp://me:hunter22@relay.example.net')
  await ask('domain', 'dkim', 'example.test')
  writeFileSync(join(env.POSTERN_DATA_DIR as string, 'secret.key'), '2'.repeat(64))
  expect((await ask('domain', 'route', 'example.test')).error).toMatchObject({
    name: 'sending_unusable',
    message: "The route of example.test can't be opened with this server key.",
  })
  const { code, stderr } = await runProcess(['start', '--json'], { env })
  const { error } = JSON.parse(stderr.split('\n').find((line) => line.startsWith('{"error"')) as string)
  expect([code, error.name]).toEqual([1, 'sending_unusable'])
  expect(error.message).toMatch(/route of example\.test .* DKIM key p\d{8}r of example\.test .* DKIM key p\d{8}e/)
  expect(error.fix).toContain('secret.key')
  const reader = postern(['start', '--roles', 'imap', '--json'], { env })
  await vi.waitFor(() => expect(reader.stdout()).toContain('"health"'), 20_000)
})

test('a start with a wrong POSTERN_ROUTE tells it beside the other mistakes', async () => {
  const env = { POSTERN_DATA_DIR: newFolder(), POSTERN_ROUTE: 'smtp://me:hunter22@', POSTERN_SENDING_PER_DAY: '0' }
  const { code, stderr } = await runProcess(['start'], { env })
  expect(code).toBe(2)
  expect(stderr).toContain('2 settings are wrong')
  expect(stderr).toContain('POSTERN_ROUTE names no host. Write smtp://user:password@host:587.')
  expect(stderr).toContain('POSTERN_SENDING_PER_DAY')
  expect(stderr).not.toContain('hunter22')
})

test('sending rules are set one by one for a tenant, a domain, an inbox and a credential, shown, and taken away', async () => {
  const { ask, text } = await inbox()
  const made = ['--label', 'scanner', '--scopes', 'smtp', '--inbox', 'ada@example.test', '--malformed', 'mend']
  expect((await ask('credential', 'create', ...made)).said).toMatchObject({ sending: { malformed: 'mend' } })
  expect((await ask('inbox', 'create', 'news@example.test', '--sends-per-day', '9')).code).toBe(0)
  expect((await ask('inbox', 'show', 'news@example.test')).said).toMatchObject({ sending: { recipients_per_day: 9 } })
  const all = ['--sends-per-hour', '100', '--sends-per-day', '1000', '--message-bytes-max', '25M']
  const more = ['--recipients-max', '20', '--session-max', '30m', '--from', 'rewrite', '--malformed', 'mend']
  for (const what of [
    ['tenant', 'default'],
    ['domain', 'example.test'],
    ['inbox', 'ada@example.test'],
    ['credential', 'scanner'],
  ] as const) {
    const [kind, word] = what
    const { said } = await ask(kind, 'update', word, ...all, ...more, '--show-client-address', 'off')
    expect(said, kind).toMatchObject({
      sending: {
        ...{ recipients_per_hour: 100, recipients_per_day: 1000, message_bytes_max: 26_214_400, recipients_max: 20 },
        ...{ session_ms_max: 1_800_000, from: 'rewrite', malformed: 'mend', show_client_address: false },
      },
    })
    const shown = await text(kind, 'show', word)
    expect(shown).toMatch(/Sends at most +to 100 an hour and 1000 a day\nLargest message +25\.0 MiB/)
    expect(shown).toMatch(
      /Session at most +30 minutes\nForeign senders +rewrite\nMalformed mail +mend\nClient address +hidden/,
    )
    const gone = await ask(kind, 'update', word, '--from', 'none', '--sends-per-hour', 'none')
    expect(gone.said).toMatchObject({ sending: { from: null, recipients_per_hour: null, recipients_per_day: 1000 } })
    expect((await ask(kind, 'update', word)).error).toMatchObject({
      name: 'usage',
      message: 'Nothing is to be changed.',
    })
  }
  const rows: [string[], string, RegExp][] = [
    [['--sends-per-hour', 'many'], 'usage', /--sends-per-hour is a whole number/],
    [['--from', 'accept'], 'usage', /--from is one of reject, rewrite, none/],
    [['--session-max', '1 hour'], 'usage', /--session-max is a span/],
    [['--message-bytes-max', '1K'], 'ok', /./],
    [['--message-bytes-max', '1'], 'invalid', /messageBytesMax is a whole number from 1024/],
    [['--recipients-max', '0'], 'invalid', /recipientsMax/],
  ]
  for (const [words, name, message] of rows) {
    const { error } = await ask('inbox', 'update', 'ada@example.test', ...words)
    expect(error.name ?? 'ok', words.join(' ')).toBe(name)
    expect(error.message ?? 'ok').toMatch(message)
  }
})

test('DKIM keys are made once, a new pair beside the old one, and records are checked where DNS has them', async () => {
  const { ask, text, env } = await inbox()
  const dns = await nameServer()
  env.POSTERN_DNS_SERVERS = dns.server
  const dkim = async (...words: string[]) => {
    const { code, said, error } = await ask('domain', 'dkim', 'example.test', ...words)
    return { code, error, ...(said as unknown as { made: string[]; keys: Key[]; records: { state: string }[] }) }
  }
  expect(await text('domain', 'dkim', 'example.test', '--list')).toContain('has no DKIM keys')
  const first = await dkim()
  expect(first.made).toEqual([expect.stringMatching(/^p\d{8}r$/), expect.stringMatching(/^p\d{8}e$/)])
  expect((await dkim()).made).toEqual([])
  expect(JSON.stringify(first)).not.toMatch(/PRIVATE/)
  expect((await dkim('--check')).records.map(({ state }) => state)).toEqual(['missing', 'missing'])
  for (const { record } of first.keys) dns.zone.set(`TXT ${record.name}`, [record.value])
  expect(await dkim('--check')).toMatchObject({ code: 0, records: [{ state: 'right' }, { state: 'right' }] })
  const second = await dkim('--new')
  expect(second.made).toEqual(first.made.map((selector) => `${selector}2`))
  expect(await dkim('--check')).toMatchObject({ code: 1, records: [{ state: 'right' }, {}, { state: 'missing' }, {}] })
  dns.zone.set(`TXT ${second.keys[2]?.record.name}`, ['v=DKIM1; p='])
  expect((await dkim('--check')).records[2]).toMatchObject({ state: 'different' })
  const [old = ''] = first.made
  expect((await dkim('--remove', old)).error).toMatchObject({ name: 'usage', fix: expect.stringContaining('--retire') })
  expect((await dkim('--retire', old)).keys[0]).toMatchObject({ selector: old, state: 'retired' })
  expect((await dkim('--remove', old)).keys.map(({ selector }) => selector)).not.toContain(old)
  expect((await dkim('--remove', old)).error).toMatchObject({ name: 'not_found' })
  expect((await dkim('--new', '--check')).error).toMatchObject({ name: 'usage' })
  dns.isDead = true
  expect((await dkim('--check')).records[0]).toMatchObject({ state: 'unknown' })
})

interface Key {
  readonly selector: string
  readonly record: { readonly name: string; readonly value: string; readonly strings: readonly string[] }
}

test('what is published opens what the sealed key signed', async () => {
  const { ask, env } = await inbox()
  await ask('domain', 'alias', 'example.test', 'other.test')
  const { said } = await ask('domain', 'dkim', 'example.test')
  const keys = (said as unknown as { keys: Key[] }).keys
  const store = await openStore({ folder: env.POSTERN_DATA_DIR as string })
  const sealed = sealedRecords(Buffer.from('1'.repeat(64), 'hex'))
  const domain = (await store.directory.findDomain('example.test'))!
  for (const key of await store.directory.listDkimKeys(domain.id)) {
    const { record } = keys.find(({ selector }) => selector === key.selector) as Key
    expect(record.strings.join('')).toBe(record.value)
    expect(record.strings.every((each) => each.length <= 255)).toBe(true)
    expect(record).toMatchObject({ also: [`${key.selector}._domainkey.other.test`] })
    const pem = sealed.dkimKeyOf(key, domain)
    const signature = sign(key.algorithm === 'rsa-sha256' ? 'sha256' : null, Buffer.from('mail'), pem)
    const der = Buffer.from(publishedKey(record.value) as string, 'base64')
    // RFC 8463 has the bare key; in front of it stands what makes it a SubjectPublicKeyInfo.
    const spki =
      key.algorithm === 'rsa-sha256' ? der : Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), der])
    const published = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    const hash = key.algorithm === 'rsa-sha256' ? 'sha256' : null
    expect(verify(hash, Buffer.from('mail'), published, signature), key.algorithm).toBe(true)
  }
  await store.close()
})

test('selectors are free, and a record found in another spelling is the same', async () => {
  const now = Date.UTC(2026, 10, 20, 23, 59)
  const [rsa, ed25519] = await newKeys({ now, taken: ['p20261120r', 'p20261120r2'] })
  expect([rsa?.selector, ed25519?.selector]).toEqual(['p20261120r3', 'p20261120e'])
  expect(recordStrings(rsa!)).toHaveLength(2)
  expect(publishedKey(recordValue(rsa!))).toBe(rsa?.publicKey)
  expect(publishedKey(`v=DKIM1;k=rsa; t=s;p = ${rsa?.publicKey.replace(/(.{60})/g, '$1 ')} ;`)).toBe(rsa?.publicKey)
  expect(publishedKey('v=spf1 mx -all')).toBeUndefined()
})
