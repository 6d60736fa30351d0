// The `postern` command line: help, every command with and without --json, and errors in both forms; as a process, but for what is
// asked of every command.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { openStore } from '@postern/mailbox-store'
import { beforeAll, describe, expect, test } from 'vitest'
import { commands, groups } from '../src/cli/commands.js'
import { flagOf } from '../src/cli/options.js'
import { commandLine } from './command-line.js'
import { bin, credentialOf, newFolder, postern, run, started, stop } from './gateway-process.js'

const root = join(import.meta.dirname, '..', '..', '..')

/** A data folder with one message in it, and the secrets of its first start. */
async function newGateway() {
  const dataDir = join(newFolder(), 'data')
  const env = { POSTERN_DATA_DIR: dataDir }
  const gateway = postern(['start', '--json'], { env })
  const { firstStart } = await started(gateway)
  await stop(gateway)
  await addMessages(dataDir, 1)
  return { dataDir, env, firstStart: firstStart! }
}

async function addMessages(dataDir: string, count: number): Promise<void> {
  const store = await openStore({ folder: dataDir })
  const [inbox] = (await store.directory.listInboxes()).items
  const account = store.account(inbox!.id)
  const mailbox = await account.mailbox('INBOX')
  for (let i = 0; i < count; i++) {
    const small = Buffer.from(`Subject: number ${i}\r\n\r\nhello\r\n`)
    const large = Buffer.from(`Subject: large ${i}\r\n\r\n${'0123456789\r\n'.repeat(20_000)}`)
    await account.append(mailbox!.id, [{ message: small }, { message: large }])
  }
  await store.close()
}

describe('help', () => {
  let help: string
  const helpOf = new Map<string, string>()
  beforeAll(async () => {
    help = execFileSync('npx', ['postern', '--help'], { cwd: root, encoding: 'utf8' })
    helpOf.set('', help)
    for (const group of Object.keys(groups)) helpOf.set(group, (await commandLine(group.split(' '))).stdout)
  })

  test.each(commands.map(({ name, about }) => [name, about]))('lists %s', (name, about) => {
    const { page, word } = placeOf(name)
    expect(page.replace(/\s+/g, ' ')).toContain(about)
    expect(page).toMatch(new RegExp(`^ {2}${word}\\b`, 'm'))
  })

  /** Where a command, or what begins one, is listed, and by which word. */
  function placeOf(name: string): { readonly page: string; readonly word: string } {
    const words = name.split(' ')
    const word = words.pop() as string
    return { page: helpOf.get(words.join(' ')) ?? '', word }
  }

  test('names what begins a command of several words, and what can follow it', () => {
    for (const [name, about] of Object.entries(groups)) {
      const { page, word } = placeOf(name)
      expect(page).toMatch(new RegExp(`^ {2}${word}\\b`, 'm'))
      expect(page.replace(/\s+/g, ' ')).toContain(about)
      expect(helpOf.get(name)).toContain(`Usage: postern ${name} <command>`)
    }
  })

  test('comes without a command too, and says the version', async () => {
    expect(await run([])).toMatchObject({ code: 0, stdout: help, stderr: '' })
    const { version } = JSON.parse(readFileSync(join(root, 'apps/gateway/package.json'), 'utf8'))
    expect(await run(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` })
  })

  test.each(commands.map(({ name, parameters, options }) => [name, parameters, options]))(
    'of %s names its parameters and options',
    async (name, parameters, options) => {
      const { code, stdout } = await commandLine([...name.split(' '), '--help'])
      expect(code).toBe(0)
      for (const flag of ['--json', ...Object.keys(options).map(flagOf)]) expect(stdout).toContain(`  ${flag} `)
      for (const [parameter] of parameters) expect(stdout).toContain(parameter)
    },
  )
})

describe('errors', () => {
  test.each([
    [['nonsense'], 'usage', 2],
    [['status', '--nonsense'], 'usage', 2],
    [['backup'], 'usage', 2],
    [['status', 'too', 'much'], 'usage', 2],
    [['domain', 'list', 'too-much'], 'usage', 2],
    [['domain', 'nonsense'], 'usage', 2],
    [['status'], 'no_store', 1],
    [['verify'], 'no_store', 1],
    [['domain', 'list'], 'no_store', 1],
    [['backup', 'somewhere'], 'no_store', 1],
    [['start', '--roles', 'nonsense'], 'wrong_settings', 2],
  ])('%j is told as %s', async (words, name, code) => {
    const env = { POSTERN_DATA_DIR: join(newFolder(), 'nothing') }
    const plain = await run(words, { env })
    expect(plain).toMatchObject({ code, stdout: '' })
    const lines = plain.stderr.trimEnd().split('\n')
    expect(lines[0]).toMatch(/^postern: /)
    expect(lines.length).toBe(name === 'wrong_settings' ? 3 : 2)

    const json = await commandLine([...words, '--json'], { env })
    expect(json).toMatchObject({ code, stdout: '' })
    const { error } = JSON.parse(json.stderr)
    expect(Object.keys(error)).toEqual(['name', 'code', 'message', 'fix', 'docs'])
    expect(error).toMatchObject({ name, code, docs: `docs/errors.md#${name}` })
    expect(existsSync(env.POSTERN_DATA_DIR)).toBe(false)
  })

  test.each([
    [['nonsense', '--json'], 'postern nonsense'],
    [['--nonsense'], 'postern --nonsense'],
    [['domain', 'nonsense', '--json'], 'postern domain nonsense'],
    [['ingest', 'key', 'nonsense'], 'postern ingest key nonsense'],
  ])('%j names the word that is no command', async (words, name) => {
    const { code, stderr } = await commandLine(words)
    expect([code, stderr.includes(`There is no command \`${name}\`.`)]).toEqual([2, true])
  })

  test('name the folder in full, so that a command in the wrong place shows', async () => {
    const { stderr } = await run(['status'], { env: { POSTERN_DATA_DIR: './nothing-here' } })
    expect(stderr).toContain(`There is no store in ${resolve('nothing-here')}.`)
  })

  test('have a place on the error page, each of them', () => {
    const namesIn = (folder: string, form: RegExp): string[] =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .flatMap((name) => [...readFileSync(join(root, folder, name), 'utf8').matchAll(form)])
        .map((match) => match[1]!.replaceAll('-', '_'))
    const names = [
      ...namesIn('apps/gateway/src', /(?:new Failure|said)\(\s*'(\w+)'/g),
      ...namesIn('packages/service/src', /new Failure\(\s*'(\w+)'/g),
      ...namesIn('packages/service/src', /sendError\(\s*\w+,\s*\d+,\s*'(\w+)'/g),
      ...namesIn('packages/mailbox-store/src', /^ {2}\| '([\w-]+)'$/gm),
    ]
    expect(names.length).toBeGreaterThan(20)
    const page = readFileSync(join(root, 'docs/errors.md'), 'utf8')
    const headings = [...page.matchAll(/^### `(\w+)`$/gm)].map((match) => match[1])
    expect([...new Set(names)].filter((name) => !headings.includes(name))).toEqual([])
  })
})

describe('settings', () => {
  test('shows values, where they come from, and no secret', async () => {
    const folder = newFolder()
    writeFileSync(join(folder, 'key'), 'a-key-from-a-file\n')
    const envFile = join(folder, 'env')
    writeFileSync(envFile, 'POSTERN_HOSTNAME=mail.example.org\nPOSTERN_DOMAIN=\nPOSTERN_LOG_LEVEL=debug\n')
    const env = {
      POSTERN_ENV_FILE: envFile,
      POSTERN_LOG_LEVEL: 'warn',
      POSTERN_ADMIN_KEY_FILE: join(folder, 'key'),
      POSTERN_REDIS_URL: 'redis://user:hunter22@localhost',
      POSTERN_ROUTE: 'smtp://me:hunter22@relay.example.net',
    }
    const { code, stdout } = await run(['settings', '--json'], { env })
    expect(code).toBe(0)
    const rows = new Map(JSON.parse(stdout).settings.map((each: { name: string }) => [each.name, each]))
    expect(rows.get('POSTERN_HOSTNAME')).toMatchObject({ value: 'mail.example.org', source: envFile })
    expect(rows.get('POSTERN_LOG_LEVEL')).toMatchObject({ value: 'warn', source: 'environment' })
    expect(rows.get('POSTERN_DOMAIN')).toMatchObject({ value: 'example.test', source: 'default' })
    expect(rows.get('POSTERN_TLS_CERT')).toMatchObject({ value: null, source: 'not set' })
    expect(rows.get('POSTERN_ADMIN_KEY')).toMatchObject({
      value: '********',
      source: 'environment (POSTERN_ADMIN_KEY_FILE)',
    })
    expect(rows.get('POSTERN_ROUTE')).toMatchObject({ value: 'smtp://me:***@relay.example.net:587' })
    const plain = await run(['settings'], { env })
    expect(plain.stdout.trimEnd().split('\n')).toHaveLength(rows.size)
    for (const secret of ['hunter22', 'a-key-from-a-file']) expect(plain.stdout + stdout).not.toContain(secret)
  })
})

describe('on a store', () => {
  test('status counts, beside a running gateway', async () => {
    const { env } = await newGateway()
    const gateway = postern(['start', '--json'], { env })
    const said = await started(gateway)
    const { code, stdout } = await run(['status', '--json'], { env })
    const status = JSON.parse(stdout)
    expect(code).toBe(0)
    expect(status).toMatchObject({ version: '0.1.0', domains: 1, inboxes: 1, messages: 2 })
    const submission = { submissions: said.smtp!.port, submission: said.smtpStartTls!.port }
    const receiving = { mx: said.mx!.port, lmtp: said.lmtp!.port }
    expect(status.gateways).toEqual([
      {
        pid: gateway.child.pid,
        roles: ['imap', 'submission', 'inbound', 'relay', 'api'],
        ports: { imaps: said.imap!.port, ...submission, ...receiving, http: expect.any(Number) },
      },
    ])
    expect(status.files.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(['blobs/', 'postern.sqlite', 'secret.key', 'tls/']),
    )
    const plain = (await run(['status'], { env })).stdout
    expect(plain).toContain(`process ${gateway.child.pid} (imaps ${said.imap!.port}, submissions `)
    expect(plain).toMatch(/^Messages {5}2 \(\d+\.\d KiB\)$/m)
    expect(await stop(gateway)).toBe(0)
  })

  test('verify finds nothing in a sound store, and says so', async () => {
    const { env } = await newGateway()
    expect(await run(['verify'], { env })).toMatchObject({ code: 0, stdout: 'Everything is sound.\n', stderr: '' })
    expect(await run(['verify', '--json'], { env })).toMatchObject({ code: 0, stdout: '{"findings":[]}\n' })
  })

  test('verify finds a message file that is gone', async () => {
    const { env, dataDir } = await newGateway()
    rmSync(join(dataDir, 'blobs'), { recursive: true })
    mkdirSync(join(dataDir, 'blobs'))
    const { code, stdout } = await run(['verify', '--json'], { env })
    expect(code).toBe(1)
    expect(JSON.parse(stdout).findings).toHaveLength(1)
    const plain = await run(['verify'], { env })
    expect([plain.code, plain.stdout.trimEnd().split('\n')]).toEqual([1, JSON.parse(stdout).findings])
  })

  test('backup, taken beside a running gateway, has everything that is needed to restore it', async () => {
    const { env, dataDir, firstStart } = await newGateway()
    // As certbot keeps them: elsewhere, with a link to each.
    const elsewhere = newFolder()
    writeFileSync(join(elsewhere, 'cert.pem'), 'a certificate')
    mkdirSync(join(dataDir, 'tls/domains'))
    symlinkSync(elsewhere, join(dataDir, 'tls/domains/one.test'))
    const gateway = postern(['start', '--json'], { env })
    await started(gateway)
    const copy = join(newFolder(), 'copy')
    const { code, stdout } = await run(['backup', copy, '--json'], { env })
    const holds = { domains: 1, inboxes: 1, mailboxes: 6, messages: 2, credentials: 2, queued: 0 }
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { folder: copy, holds, files: { count: 1, copied: 1 } }])
    expect(await stop(gateway)).toBe(0)

    for (const name of ['secret.key', 'tls/ca.key', 'tls/ca.pem', 'tls/cert.pem', 'tls/key.pem']) {
      expect(readFileSync(join(copy, name)).equals(readFileSync(join(dataDir, name)))).toBe(true)
      expect(statSync(join(copy, name)).mode & 0o777, name).toBe(statSync(join(dataDir, name)).mode & 0o777)
    }
    rmSync(elsewhere, { recursive: true })
    expect(readFileSync(join(copy, 'tls/domains/one.test/cert.pem'), 'utf8')).toBe('a certificate')
    expect(statSync(copy).mode & 0o077).toBe(0)
    expect(await run(['verify', copy])).toMatchObject({ code: 0 })
    const worked = await run(['status', '--json'], { env: { POSTERN_DATA_DIR: copy } })
    expect([worked.code, JSON.parse(worked.stderr).error.name]).toEqual([1, 'is_backup'])

    const there = { POSTERN_DATA_DIR: join(newFolder(), 'elsewhere') }
    expect(await run(['restore', copy], { env: there })).toMatchObject({ code: 0 })
    expect(await run(['verify'], { env: there })).toMatchObject({ code: 0 })
    expect(JSON.parse((await run(['status', '--json'], { env: there })).stdout)).toMatchObject({ messages: 2 })
    expect(await credentialOf(firstStart.password!, there.POSTERN_DATA_DIR)).toBeDefined()
    const restored = postern(['start', '--json'], { env: there })
    expect((await started(restored)).firstStart).toBeUndefined()
    expect(await stop(restored)).toBe(0)

    const again = await run(['backup', copy, '--json'], { env })
    expect([again.code, JSON.parse(again.stdout).files]).toMatchObject([0, { count: 1, copied: 0, kept: 1 }])
    for (const [to, name] of [
      [dirname(bin), 'exists'],
      [join(dataDir, 'backups'), 'backup_place'],
    ] as const) {
      const refused = await run(['backup', to, '--json'], { env })
      expect([refused.code, JSON.parse(refused.stderr).error.name], to).toEqual([1, name])
    }
  })
})
