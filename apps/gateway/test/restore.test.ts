// Backups and restores of a whole gateway, from outside: what mail clients (imapflow with QRESYNC, mbsync) find afterwards, a
// backup while mail comes in, and kill -9 of both at random moments. `npm run chaos:backup` kills a hundred times.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '@postern/mailbox-store'
import { ImapFlow } from 'imapflow'
import { expect, onTestFinished, test } from 'vitest'
import { commandLine } from './command-line.js'
import { newFolder, postern, run, stop } from './gateway-process.js'
import { again, ca, type Running, reader, running, run as runProgram } from './mail-gateway.js'

const kills = Number(process.env.POSTERN_BACKUP_KILLS ?? 2)

const mail = (name: string, bytes = 100): string =>
  `From: me@example.test\r\nSubject: ${name}\r\nMessage-ID: <${name}@example.test>\r\n\r\n${'x'.repeat(bytes)}\r\n`

/** One command on a data folder: its exit code, and its object or the error's. */
async function ask(dataDir: string, ...words: string[]) {
  const { code, stdout, stderr } = await commandLine([...words, '--json'], { env: { POSTERN_DATA_DIR: dataDir } })
  return { code, said: stdout === '' ? undefined : JSON.parse(stdout), error: stderr === '' ? '' : nameIn(stderr) }
}

const nameIn = (stderr: string): string => JSON.parse(stderr.trim().split('\n').at(-1) as string).error.name

async function withQresync(it: Running): Promise<ImapFlow> {
  const client = new ImapFlow({
    ...{ host: 'localhost', port: it.said.imap?.port as number, secure: true, logger: false, qresync: true },
    ...{ auth: { user: it.user, pass: it.secret }, tls: { ca: ca(it) } },
  })
  await client.connect()
  onTestFinished(() => client.close())
  return client
}

async function subjectsIn(client: ImapFlow, mailbox: string): Promise<string[]> {
  const { exists } = await client.mailboxOpen(mailbox)
  const all = exists === 0 ? [] : await client.fetchAll('1:*', { envelope: true })
  return all.map(({ envelope }) => envelope?.subject as string)
}

/** mbsync with a Maildir that follows the server. */
function maildir(it: Running) {
  const folder = newFolder()
  const [near, config] = [join(folder, 'near'), join(folder, 'mbsyncrc')]
  mkdirSync(near)
  return {
    async sync(of: Running = it): Promise<{ code: number | null; said: string }> {
      const account = `Host localhost\nPort ${of.said.imap?.port}\nUser ${of.user}\nPass "${of.secret}"\nSSLType IMAPS
CertificateFile ${of.said.caFile}\nSystemCertificates no\n`
      const channel =
        'Far :far:\nNear :near:\nPatterns *\nSync Pull\nCreate Near\nRemove Near\nExpunge Near\nSyncState *\n'
      const store = `MaildirStore near\nPath ${near}/\nInbox ${near}/INBOX\nSubFolders Verbatim\n`
      const text = `FSync no\n\nIMAPAccount it\n${account}\nIMAPStore far\nAccount it\n\n${store}\nChannel all\n${channel}`
      writeFileSync(config, text)
      const { code, stdout, stderr } = await runProgram('mbsync', ['-c', config, '-V', 'all'])
      return { code, said: stdout + stderr }
    },
    forget: (mailbox: string): void => rmSync(join(near, mailbox), { recursive: true }),
    files: (mailbox: string): string[] =>
      ['cur', 'new'].flatMap((part) =>
        readdirSync(join(near, mailbox, part)).map((name) => join(near, mailbox, part, name)),
      ),
    subjects(mailbox: string): string[] {
      return this.files(mailbox)
        .map((file) => /Subject: (.*)/.exec(readFileSync(file, 'utf8'))?.[1] as string)
        .sort()
    },
  }
}

test('mail clients load anew what lost something by a restore, and nothing else', { timeout: 120_000 }, async () => {
  let it = await running()
  const client = await reader(it)
  for (const name of ['Quiet', 'Busy', 'Emptied']) {
    await client.mailboxCreate(name)
    for (const n of [1, 2, 3]) await client.append(name, mail(`${name}-${n}`))
  }
  const box = maildir(it)
  expect((await box.sync()).code).toBe(0)
  const backup = join(newFolder(), 'backup')
  expect(await ask(it.dataDir, 'backup', backup)).toMatchObject({ code: 0, said: { holds: { messages: 9 } } })

  await client.append('Busy', mail('Busy-4'))
  await client.mailboxOpen('Busy')
  await client.messageFlagsAdd('1', ['\\Flagged'])
  await client.mailboxOpen('Emptied')
  await client.messageDelete('1:2')
  expect((await box.sync()).code).toBe(0)
  const before = new Map<string, Awaited<ReturnType<ImapFlow['mailboxOpen']>>>()
  for (const name of ['Quiet', 'Busy', 'Emptied']) before.set(name, await client.mailboxOpen(name))
  const quietFiles = box.files('Quiet')
  await client.logout()

  expect(await ask(it.dataDir, 'restore', backup)).toMatchObject({ code: 1, error: 'gateway_running' })
  expect(await stop(it.gateway)).toBe(0)
  const { code, said } = await ask(it.dataDir, 'restore', backup)
  expect([code, said.comparedWith]).toEqual([0, 'known'])
  expect(said.mailboxes.anew.map(({ mailbox }: { mailbox: string }) => mailbox).sort()).toEqual(['Busy', 'Emptied'])
  expect(existsSync(join(said.aside, 'postern.sqlite'))).toBe(true)
  expect((await ask(it.dataDir, 'verify')).code).toBe(0)

  it = await again(it)
  const later = await withQresync(it)
  for (const name of ['Busy', 'Emptied']) {
    const { uidValidity, mailboxId } = await later.mailboxOpen(name)
    expect(uidValidity, name).toBeGreaterThan(before.get(name)?.uidValidity as bigint)
    expect(mailboxId, name).not.toBe(before.get(name)?.mailboxId)
    expect(await subjectsIn(later, name)).toEqual([1, 2, 3].map((n) => `${name}-${n}`))
  }
  const known = before.get('Quiet')
  const vanished: unknown[] = []
  later.on('expunge', (event) => vanished.push(event))
  const quiet = await later.mailboxOpen('Quiet')
  expect(quiet).toMatchObject({ uidValidity: known?.uidValidity, uidNext: known?.uidNext, mailboxId: known?.mailboxId })
  const changed = await later.fetchAll(
    '1:*',
    { flags: true },
    { uid: true, changedSince: known?.highestModseq as bigint },
  )
  expect([changed, vanished]).toEqual([[], []])

  // mbsync sees that the numbers are new, and loads such a mailbox when what it knew of it is taken away.
  const synced = await box.sync(it)
  expect(synced.said).toMatch(/Busy: Unable to recover from UIDVALIDITY change/)
  expect(synced.said).not.toMatch(/Quiet:/)
  for (const name of ['Busy', 'Emptied']) box.forget(name)
  expect((await box.sync(it)).code).toBe(0)
  for (const name of ['Busy', 'Emptied']) expect(box.subjects(name)).toEqual([1, 2, 3].map((n) => `${name}-${n}`))
  expect(box.files('Quiet')).toEqual(quietFiles)
  await later.logout()
  expect(await stop(it.gateway)).toBe(0)
})

test('a backup under load is sound, and has all that was acknowledged before it', { timeout: 120_000 }, async () => {
  const it = await running()
  const acknowledged: { name: string; at: number }[] = []
  let working = true
  const writers = [0, 1, 2].map(async (n) => {
    const client = await reader(it)
    for (let i = 0; working; i++) {
      const name = `w${n}-${i}`
      await client.append('Archive', mail(name, i % 5 === 0 ? 150_000 : 300))
      acknowledged.push({ name, at: Date.now() })
    }
    await client.logout()
  })
  await expect.poll(() => acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(20)
  const backup = join(newFolder(), 'backup')
  const one = await ask(it.dataDir, 'backup', backup)
  const two = await ask(it.dataDir, 'backup', backup)
  const since = await ask(it.dataDir, 'backup', join(newFolder(), 'since'), '--since', backup)
  working = false
  await Promise.all(writers)
  expect(await stop(it.gateway)).toBe(0)
  expect([one.code, two.code, since.code]).toEqual([0, 0, 0])
  expect(two.said.files.kept).toBe(one.said.files.count)
  expect(since.said.files.linked).toBe(two.said.files.count)
  expect((await ask(it.dataDir, 'verify', since.said.folder)).said.findings).toEqual([])
  for (const name of ['postern.sqlite', 'secret.key', 'backup.json'])
    expect(statSync(join(backup, name)).mode & 0o777, name).toBe(0o600)

  const elsewhere = join(newFolder(), 'elsewhere')
  expect((await ask(elsewhere, 'restore', backup)).code).toBe(0)
  const store = await openStore({ folder: elsewhere })
  const [inbox] = (await store.directory.listInboxes({ limit: 1 })).items
  const account = store.account(inbox?.id as never)
  const { messages } = (await account.mailbox('Archive'))?.status ?? { messages: 0 }
  await store.close()
  const startedAt = Date.parse(two.said.startedAt)
  expect(messages).toBeGreaterThanOrEqual(acknowledged.filter(({ at }) => at < startedAt).length)
  expect(two.said.holds.messages).toBe(messages)
})

test(`${kills} kills of a backup, and of a restore`, { timeout: 60_000 + kills * 20_000 }, async () => {
  const it = await running()
  const client = await reader(it)
  for (let i = 0; i < 12; i++) await client.append('Archive', mail(`m${i}`, 200_000))
  await client.logout()
  expect(await stop(it.gateway)).toBe(0)
  const backup = join(newFolder(), 'backup')
  const env = { POSTERN_DATA_DIR: it.dataDir }
  const began = performance.now()
  expect((await run(['backup', backup], { env })).code).toBe(0)
  const takesMs = performance.now() - began
  /** In the second part of its life: the first is node's own start. */
  const killed = async (words: readonly string[]): Promise<number | string> => {
    const child = postern(words, { env })
    const timer = setTimeout(() => child.child.kill('SIGKILL'), takesMs * (0.4 + Math.random() * 0.8))
    return child.ended.finally(() => clearTimeout(timer))
  }
  const fresh = join(newFolder(), 'fresh')
  for (let n = 0; n < kills; n++) {
    await killed(['backup', n % 2 === 0 ? backup : fresh])
    expect(
      (await ask(it.dataDir, 'verify', backup)).said?.findings,
      'an earlier one stays, or the new one is there',
    ).toEqual([])
    const other = await ask(it.dataDir, 'verify', fresh)
    expect(other.said?.findings ?? other.error).toBeOneOf([[], 'backup_unfinished', 'no_backup'])
  }
  expect((await ask(it.dataDir, 'backup', fresh)).code, 'into what was broken off').toBe(0)
  expect((await ask(it.dataDir, 'verify', fresh)).said.findings).toEqual([])

  for (let n = 0; n < kills; n++) {
    await killed(['restore', backup])
    const { said, error } = await ask(it.dataDir, 'status')
    expect(said?.messages ?? error).toBeOneOf([12, 'restore_unfinished'])
    expect(await ask(it.dataDir, 'restore', backup)).toMatchObject({ code: 0, error: '' })
    expect(await ask(it.dataDir, 'verify')).toMatchObject({ code: 0, error: '' })
    expect((await ask(it.dataDir, 'status')).said.messages).toBe(12)
  }
  expect(readdirSync(it.dataDir).filter((name) => /^restor/.test(name))).toEqual([])
})
