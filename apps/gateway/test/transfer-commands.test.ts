// `postern import` and `postern export` as commands: what they print, their exit codes and errors, and what the audit log has of them.

import { chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandLine } from './command-line.js'
import { folder } from './commands-folder.js'
import { newFolder } from './gateway-process.js'

const mbox = 'From a@b Wed Jan  1 10:00:00 2020\nStatus: RO\nSubject: old\n\nx\n'

async function withInboxes() {
  return folder(async (store, domain) => {
    for (const name of ['ada', 'bob']) await store.directory.createInbox({ domain, address: `${name}@example.test` })
  })
}

let shared: ReturnType<typeof withInboxes> | undefined

test('an import says what came and what did not, with --json and without, and ends with 1 where something is missing', async () => {
  const { env, ask, text } = await withInboxes()
  const home = newFolder()
  writeFileSync(join(home, 'Inbox'), mbox)
  expect(await ask('import', 'ada@example.test', 'mbox', home)).toMatchObject({
    code: 0,
    said: {
      ...{ inbox: 'ada@example.test', format: 'mbox', dry_run: false, imported: 1, failed: 0, stopped: null },
      mailboxes: [{ mailbox: 'INBOX', imported: 1, duplicates: 0, before: 0, failed: 0, flags_changed: 0 }],
    },
  })
  expect(await text('import', 'ada@example.test', 'mbox', home, '--dry-run', '--skip-duplicates')).toMatch(
    /INBOX +0 +1 /,
  )
  const bad = join(home, 'no\u001b[2Jmail')
  mkdirSync(bad)
  writeFileSync(join(bad, 'x'), 'no mbox')
  writeFileSync(join(home, 'broken'), mbox.replace('\n', '\r\n'))
  const shown = await text('import', 'ada@example.test', 'mbox', home)
  expect(shown).toContain('passed over: ')
  expect(shown).not.toContain('\u001b')
  const single = await commandLine(['import', 'ada@example.test', 'mbox', join(bad, 'x')], { env })
  expect([single.code, single.stdout]).toEqual([1, expect.stringContaining('it does not begin with a From line')])
})

test('what is piped in is an mbox', async () => {
  const { env } = await withInboxes()
  const words = ['import', 'ada@example.test', 'mbox', '-', '--into', 'Piped', '--json']
  const piped = await commandLine(words, { env, input: mbox + mbox.replace('old', 'older') })
  expect(JSON.parse(piped.stdout)).toMatchObject({ imported: 2, mailboxes: [{ mailbox: 'Piped' }] })
})

test('a folder without a message is named before a mailbox is made of it', async () => {
  const { env, ask } = await withInboxes()
  const home = newFolder()
  mkdirSync(join(home, 'photos', '2024'), { recursive: true })
  writeFileSync(join(home, 'photos', 'list.txt'), '')
  const { code, stderr } = await commandLine(['import', 'ada@example.test', 'eml', home], { env })
  expect([code, stderr]).toEqual([1, expect.stringContaining(`There is no message in ${home}`)])
  writeFileSync(join(home, 'photos', '2024', 'x.eml'), 'Subject: x\r\n\r\n')
  expect(await ask('import', 'ada@example.test', 'eml', home)).toMatchObject({ code: 0, said: { imported: 1 } })
})

test.runIf(process.getuid?.() === 0)('root makes no files in the folder of another user', async () => {
  const { env } = await withInboxes()
  const home = newFolder()
  writeFileSync(join(home, 'x.eml'), 'Subject: x\r\n\r\n')
  const nobody = 65_534
  const data = env.POSTERN_DATA_DIR as string
  chownSync(data, nobody, nobody)
  const { code, stderr } = await commandLine(['import', 'ada@example.test', 'eml', home], { env })
  chownSync(data, 0, 0)
  expect([code, stderr]).toEqual([1, expect.stringContaining(`belongs to user ${nobody}`)])
})

test.each([
  [['import', 'ada@example.test', 'tar', '/tmp'], 'usage', 2],
  [['import', 'nobody@example.test', 'mbox', '/tmp'], 'not_found', 1],
  [['import', 'ada@example.test', 'mbox', '/nothing/there'], 'system', 1],
  [['import', 'ada@example.test', 'imap', 'localhost'], 'usage', 2],
  [['import', 'ada@example.test', 'mbox', '-', '--quoting', 'other'], 'usage', 2],
  [['export', 'ada@example.test', 'tar', '/tmp/x'], 'usage', 2],
  [['export', 'ada@example.test', 'mbox', '/tmp'], 'exists', 1],
  [['export', 'ada@example.test', 'mbox', '/nothing-there-yet', '--mailbox', 'None'], 'usage', 2],
  [['export', 'example.org', 'mbox', '/nothing-there-yet', '--domain'], 'not_found', 1],
])('%j is refused as %s', async (words, name, code) => {
  shared ??= withInboxes()
  const { ask } = await shared
  expect(await ask(...words)).toMatchObject({ code, error: { name } })
})

test('an export of a domain has a folder for each inbox, and what is exported comes back', async () => {
  const { ask, text } = await withInboxes()
  const file = join(newFolder(), 'old.mbox')
  writeFileSync(file, mbox)
  for (const name of ['ada', 'bob']) await ask('import', `${name}@example.test`, 'mbox', file)
  const out = join(newFolder(), 'out')
  expect(await ask('export', 'example.test', 'maildir', out, '--domain', '--mailbox', 'INBOX')).toMatchObject({
    code: 0,
    said: {
      format: 'maildir',
      folder: out,
      messages: 2,
      inboxes: [{ inbox: 'ada@example.test' }, { inbox: 'bob@example.test' }],
    },
  })
  expect(readdirSync(out)).toEqual(['ada@example.test', 'bob@example.test'])
  expect(
    await text('import', 'bob@example.test', 'maildir', join(out, 'ada@example.test'), '--into', 'Of Ada'),
  ).toMatch(/Of Ada +1 /)
  expect(await ask('export', 'bob@example.test', 'eml', join(out, 'ada@example.test'))).toMatchObject({
    error: { name: 'exists' },
  })
  expect(existsSync(join(out, 'ada@example.test', 'postern-export.json'))).toBe(true)
  const audit = (await ask('audit', 'list')).said as unknown as {
    data: { action: string; object: string; detail: unknown }[]
  }
  const rows = audit.data.filter(({ action }) => action.startsWith('mail.'))
  expect(rows.map(({ action, object }) => [action, object])).toContainEqual(['mail.export', 'bob@example.test'])
  expect(rows[0]).toMatchObject({
    action: 'mail.import',
    detail: { format: 'maildir', imported: 1, failed: 0, duplicates: 0 },
  })
})
