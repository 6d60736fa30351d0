// Legal hold through the whole gateway: the owner, with a mail client, sees mail go and room come back; who has ordered the hold finds it
// by a command, and writes it out. docs/decisions/legal-hold.md

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { commandLine } from './command-line.js'
import { newFolder, stop } from './gateway-process.js'
import { type Running, reader, running } from './mail-gateway.js'

vi.setConfig({ testTimeout: 60_000 })

async function ask(it: Running, ...words: string[]) {
  const { stdout, stderr } = await commandLine([...words, '--json'], { env: { POSTERN_DATA_DIR: it.dataDir } })
  return { said: stdout === '' ? {} : JSON.parse(stdout), error: stderr === '' ? undefined : JSON.parse(stderr).error }
}

const text = (it: Running, ...words: string[]): Promise<string> =>
  commandLine(words, { env: { POSTERN_DATA_DIR: it.dataDir } }).then(({ stdout }) => stdout)

const mail = (subject: string): string =>
  `From: =?utf-8?Q?Bj=C3=B6rn?= <b@example.org>\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@x.test>\r\n\r\nAbout ${subject}.\r\n`

/** What a client says, and what it's answered, by the machine's own openssl. */
function dialogue(it: Running, lines: readonly string[]): string {
  const port = it.said.imap?.port as number
  return execFileSync('openssl', ['s_client', '-quiet', '-connect', `127.0.0.1:${port}`], {
    ...{ input: lines.map((line) => `${line}\r\n`).join(''), encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] },
  })
}

test('the owner removes mail and hears nothing else than without a hold; the operator has it still', async () => {
  const it = await running()
  await ask(it, 'inbox', 'update', it.user, '--legal-hold', 'on')
  const client = await reader(it)
  for (const subject of ['Deal', 'Lunch', 'Draft\x1b[2J'])
    await client.append('INBOX', mail(subject), ['\\Seen', 'Work'])
  await client.mailboxCreate('Secret')
  await client.append('Secret', mail('Hidden'))
  await client.append('Drafts', mail('First'), ['\\Draft'])

  const said = dialogue(it, [
    ...[`a LOGIN ${it.user} ${it.secret}`, 'b GETQUOTAROOT INBOX', 'c SELECT INBOX'],
    ...['d STORE 1 +FLAGS.SILENT (\\Deleted)', 'e EXPUNGE', 'f UID MOVE 2 Trash', 'g STATUS INBOX (MESSAGES)'],
    ...['h DELETE Secret', 'i LIST "" "Secret"', 'j SELECT Trash', 'k UID STORE 1 +FLAGS (\\Deleted)', 'l CLOSE'],
    ...['m SELECT INBOX', 'n SEARCH SUBJECT Deal', 'o LOGOUT'],
  ])
  expect(said).toMatch(/\* 1 EXPUNGE\r\n(?:\* [^\r]*\r\n)*e OK /)
  expect(said).toMatch(/f OK .*\r\n\* STATUS "?INBOX"? \(MESSAGES 1\)\r\n/s)
  for (const tag of ['h', 'i', 'l', 'n']) expect(said).toMatch(new RegExp(`^${tag} OK `, 'm'))
  expect(said).not.toMatch(/held|legal|Deal|\* LIST [^\r]*Secret/i)
  expect(said).toMatch(/^\* SEARCH\r?$/m)
  const { said: inbox } = await ask(it, 'inbox', 'show', it.user)
  expect(inbox).toMatchObject({ used_messages: 2, legal_hold: true })

  const { said: list } = await ask(it, 'inbox', 'held', it.user)
  expect(list.data).toMatchObject([
    {
      mailbox: 'INBOX',
      uid: 1,
      flags: ['\\Seen', '\\Deleted', 'Work'],
      from: 'Björn <b@example.org>',
      subject: 'Deal',
    },
    { mailbox: 'Secret', uid: 1, subject: 'Hidden', file: null },
    { mailbox: 'Trash', uid: 1, subject: 'Lunch' },
  ])
  expect(await text(it, 'inbox', 'held', it.user)).toMatch(/REMOVED +MAILBOX +UID .*\n.*INBOX +1 .*Deal\n/)

  const folder = join(newFolder(), 'held')
  const { said: written } = await ask(it, 'inbox', 'held', it.user, '--export', folder)
  expect(readdirSync(folder)).toHaveLength(3)
  expect(readFileSync(written.data[0].file, 'latin1')).toBe(mail('Deal'))
  expect(statSync(written.data[0].file).mode & 0o777).toBe(0o600)
  expect((await ask(it, 'inbox', 'held', it.user, '--export', folder)).error).toMatchObject({ name: 'usage' })
  const { said: audit } = await ask(it, 'audit', 'list', '--object', it.user)
  expect(audit.data.filter(({ action }: { action: string }) => action === 'inbox.held.export')).toHaveLength(1)

  expect((await ask(it, 'inbox', 'delete', it.user, '--yes')).error).toMatchObject({ name: 'invalid' })
  await client.mailboxOpen('INBOX')
  await client.messageDelete('1:*')
  expect(await text(it, 'inbox', 'held', it.user)).not.toContain('\x1b')
  await ask(it, 'inbox', 'update', it.user, '--legal-hold', 'off')
  expect((await ask(it, 'inbox', 'held', it.user)).error).toMatchObject({
    message: `${it.user} is not under legal hold: nothing is held of it.`,
  })
  expect(await text(it, 'verify')).not.toMatch(/held|message \d+/)
  expect(await stop(it.gateway)).toBe(0)
})
