// What other programs make of our exports, and what we make of theirs: Python's mailbox module and mutt.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { run } from './mail-gateway.js'
import {
  contentsOf,
  exportFrom,
  importInto,
  newTransferFolder,
  put,
  sourceOf,
  transferStore,
} from './transfer-folder.js'

const script = fileURLToPath(new URL('./mailboxes.py', import.meta.url))

async function python(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await run('python3', [script, ...words])
  expect([code, stderr]).toEqual([0, ''])
  return stdout
}

const at = Date.UTC(2020, 0, 1, 10) / 1000
const mail = (subject: string, body: string) => Buffer.from(`Subject: ${subject}\r\n\r\n${body}`)

async function exported(format: 'mbox' | 'maildir') {
  const { addInbox } = await transferStore()
  const account = await addInbox()
  await put(account, 'INBOX', [
    { message: mail('a', 'From here\r\n>From there\r\n'), internalDate: at, flags: { system: 1, keywords: ['work'] } },
    { message: mail('b', 'no end'), internalDate: at + 1, flags: { system: 2 | 4 | 16, keywords: [] } },
  ])
  const folder = join(newTransferFolder(), 'out')
  await exportFrom(account, format, folder)
  return folder
}

test('Python reads our mbox', async () => {
  const found = JSON.parse(await python('read', 'mbox', join(await exported('mbox'), 'INBOX')))
  expect(found).toEqual([
    { subject: 'a', text: '>From here\n>>From there\n', flags: 'OR', from: 'MAILER-DAEMON Wed Jan  1 10:00:00 2020' },
    { subject: 'b', text: 'no end\n', flags: 'AFOT', from: 'MAILER-DAEMON Wed Jan  1 10:00:01 2020' },
  ])
})

test('Python reads our Maildir', async () => {
  const found = JSON.parse(await python('read', 'maildir', await exported('maildir')))
  expect(found).toEqual([
    { subject: 'a', text: 'From here\n>From there\n', flags: 'Sa', from: at },
    { subject: 'b', text: 'no end', flags: 'DFR', from: at + 1 },
  ])
})

test.each(['mbox', 'maildir'] as const)('we read the %s that Python writes', async (format) => {
  const path = join(newTransferFolder(), 'box')
  await python('write', format, path)
  const { store, addInbox } = await transferStore()
  const account = await addInbox()
  const tally = await importInto(store, account, sourceOf(format, path), { into: 'INBOX' })
  expect(tally.failures).toEqual([])
  // Python quotes as mboxo does.
  const quoted = format === 'mbox' ? 'From here\r\nFrom there' : 'From here\r\n>From there'
  expect((await contentsOf(account)).INBOX).toEqual(
    [[], ['\\Seen'], ['\\Seen', '\\Answered', '\\Flagged']].map((flags, i) => ({
      ...{ text: `Subject: p${i}\r\n\r\n${quoted}\r\nend ${i}\r\n`, flags, date: at + i },
    })),
  )
})

test('mutt reads our mbox and our Maildir', async () => {
  for (const format of ['mbox', 'maildir'] as const) {
    const folder = await exported(format)
    const out = join(newTransferFolder(), 'seen')
    const box = format === 'mbox' ? join(folder, 'INBOX') : folder
    const keys = `<tag-pattern>~A<enter><pipe-message>cat >>${out}<enter><exit>`
    const mutt = [
      'mutt',
      '-n',
      '-F',
      '/dev/null',
      '-R',
      '-f',
      box,
      '-e',
      'set auto_tag=yes pipe_decode=no wait_key=no quit=yes',
      '-e',
      `push "${keys}"`,
    ]
    // It wants a terminal.
    const program = `import os, pty, sys; os.environ['TERM'] = 'xterm'; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))`
    const { code } = await run('python3', ['-c', program, ...mutt])
    expect(code).toBe(0)
    const seen = readFileSync(out, 'utf8')
    expect(seen.match(/^Subject: \w$/gm)).toEqual(['Subject: a', 'Subject: b'])
    expect(seen).toContain('no end')
  }
})
