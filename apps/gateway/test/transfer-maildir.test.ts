// Maildirs as Dovecot, Courier and others leave them, folders of .eml files, and how an import goes about it: duplicates, quota, what
// is too large or can't be read, a dry run.

import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { wordsOfFlags } from '../src/transfer/flag-words.js'
import { folderEntries } from '../src/transfer/folder-entries.js'
import { readMaildirName } from '../src/transfer/maildir-names.js'
import { cleanName } from '../src/transfer/placing.js'
import { specialUseOfName } from '../src/transfer/well-known-names.js'
import { contentsOf, importInto, newTransferFolder, put, sourceOf, transferStore } from './transfer-folder.js'

function fill(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = newTransferFolder()
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

const at = 1_600_000_000
const mail = (subject: string): string => `Subject: ${subject}\n\nx\n`

/** `mailbox: subject flags…`, in order. */
async function imported(format: 'mbox' | 'maildir' | 'eml', folder: string, more = {}) {
  const { store, addInbox } = await transferStore()
  const account = await addInbox()
  const tally = await importInto(store, account, sourceOf(format, folder), more)
  const shown = Object.entries(await contentsOf(account)).flatMap(([name, messages]) =>
    messages.map(({ text, flags }) => [`${name}: ${/Subject: (.*)\r/.exec(text)?.[1]}`, ...flags].join(' ')),
  )
  return { shown, tally, account, store }
}

describe('Maildir', () => {
  test.each([
    ['1.x:2,S', ['\\Seen']],
    ['1.x;2,FR', ['\\Answered', '\\Flagged']],
    ['1.x!2,DT', ['\\Deleted', '\\Draft']],
    ['1.x,S=12,W=13:2,PS', ['\\Seen', '$Forwarded']],
    ['1.x:2,Sac', ['\\Seen', 'one', 'three']],
    ['1.x:2,Sz', ['\\Seen']],
    ['1.x:1,x', []],
    ['1.x', []],
    ['1.x:2,', []],
  ])('the name %s', (name, flags) => {
    expect(wordsOfFlags(readMaildirName(name, ['one', undefined, 'three']).flags)).toEqual(flags)
  })

  test('with Maildir++ folders, keywords, an order of uids, and subscriptions', async () => {
    const folder = fill({
      'cur/1600000003.b:2,S': mail('third'),
      'cur/1600000001.c,S=12:2,ab': mail('first by uid'),
      'new/1600000002.a': mail('second by uid'),
      'tmp/1600000009.t': mail('on its way'),
      'cur/.hidden': mail('no message'),
      'dovecot-keywords': '0 $Label1\n1 work\n',
      'dovecot-uidlist': '3 V1 N9 Gabc\n4 :1600000001.c,S=12\n6 W12 :1600000002.a\n8 :1600000003.b\n',
      subscriptions: 'V\t2\n\nSent\nA&APY-\tb c\n',
      '.Sent/cur/1.x:2,S': mail('sent'),
      '.A&APY-.b c/new/1.x': mail('below'),
      '.A&APY-.other/cur/1.x': mail('not subscribed'),
    })
    const { shown, account, tally } = await imported('maildir', folder)
    expect(shown).toEqual([
      ...[
        'Aö/b c: below',
        'Aö/other: not subscribed',
        'INBOX: first by uid $Label1 work',
        'INBOX: second by uid',
        'INBOX: third \\Seen',
      ],
      'Sent: sent \\Seen',
    ])
    const subscribed = (await account.mailboxes()).filter((one) => one.subscribed).map(({ name }) => name)
    expect(subscribed).toContain('Aö/b c')
    expect(subscribed).not.toContain('Aö/other')
    expect(tally.failed).toBe(0)
  })

  test('with folders in folders', async () => {
    const folder = fill({
      'INBOX/cur/1.a:2,S': mail('in'),
      'Work.x/2024/new/1.b': mail('deep'),
      'Work.x/cur/1.c': mail('work'),
    })
    expect((await imported('maildir', folder)).shown).toEqual(['INBOX: in \\Seen', 'Work.x: work', 'Work.x/2024: deep'])
  })

  test('comes when its file was written, or when its name says', async () => {
    const folder = fill({ 'cur/1500000000.a': mail('a'), 'cur/1500000001.b': mail('b') })
    utimesSync(join(folder, 'cur/1500000000.a'), at, at)
    utimesSync(join(folder, 'cur/1500000001.b'), 0, 0)
    const { account } = await imported('maildir', folder)
    expect((await contentsOf(account)).INBOX!.map(({ date }) => date)).toEqual([at, 1_500_000_001])
  })

  test('is not where there is none', async () => {
    await expect(imported('maildir', fill({ 'x/y': 'z' }))).rejects.toMatchObject({ failure: 'invalid' })
  })
})

describe('.eml files', () => {
  test('in folders, with LF or CR LF, in the order of their names', async () => {
    const folder = fill({
      '9.eml': 'Received: by x; Wed, 1 Jan 2020 10:00:00 +0000\nSubject: nine\n\na\nb\n',
      '10.EML': 'Subject: ten\r\n\r\na\nb\r\n',
      'Gesendet/1.eml': mail('sent'),
      'Projects/a/x.eml': mail('deep'),
      'Projects/notes.txt': 'no mail',
    })
    const { shown, tally, account } = await imported('eml', folder)
    expect(shown).toEqual(['INBOX: nine', 'INBOX: ten', 'Projects/a: deep', 'Sent: sent'])
    const [nine, ten] = (await contentsOf(account)).INBOX!
    expect(nine).toMatchObject({ date: Date.UTC(2020, 0, 1, 10) / 1000 })
    expect([nine!.text.slice(-8), ten!.text]).toEqual(['\r\na\r\nb\r\n', 'Subject: ten\r\n\r\na\nb\r\n'])
    expect(tally.notes.map(({ why }) => why)).toEqual(['its name does not end in .eml'])
  })

  test('or one alone, into a mailbox', async () => {
    const folder = fill({ 'one.eml': mail('one') })
    expect((await imported('eml', join(folder, 'one.eml'), { into: 'Old/Mail' })).shown).toEqual(['Old/Mail: one'])
  })

  test('with notes that lead elsewhere read nothing but the folder', async () => {
    const notes = [
      '{"file":"../../secret.eml","flags":["\\\\Seen"]}',
      'no json',
      '{"file":"a.eml","flags":["\\\\Seen",7],"date":"2020-01-01T00:00:00Z"}',
    ]
    const folder = fill({ 'a.eml': mail('a'), 'b.eml': mail('b'), 'postern-messages.jsonl': `${notes.join('\n')}\n` })
    symlinkSync('/etc/hostname', join(folder, 'c.eml'))
    expect((await imported('eml', folder)).shown).toEqual(['INBOX: a \\Seen', 'INBOX: b'])
    expect((await folderEntries(folder)).files).not.toContain('c.eml')
  })

  test.each(['../x', '/etc', 'a/../../x', 'a\0b', ''])('an index that names the path %j is refused', async (path) => {
    const index = {
      version: 1,
      format: 'eml',
      inbox: 'x',
      subscriptions: [],
      mailboxes: [{ name: 'a', path, messages: 1 }],
    }
    await expect(imported('eml', fill({ 'postern-export.json': JSON.stringify(index) }))).rejects.toMatchObject({
      failure: 'invalid',
    })
  })
})

describe('an import', () => {
  const many = (count: number): string =>
    Array.from({ length: count }, (_, i) => `From a@b Tue Jan  1 10:00:00 2020\nSubject: m${i}\n\nx\n\n`).join('')

  test('goes in the order of the source, over many commits', async () => {
    const { account, tally } = await imported('mbox', fill({ Inbox: many(603) }))
    expect(tally.imported).toBe(603)
    const subjects = (await contentsOf(account)).INBOX!.map(({ text }) => /m(\d+)/.exec(text)?.[1])
    expect(subjects).toEqual(Array.from({ length: 603 }, (_, i) => String(i)))
  })

  test('leaves out what is there, by its bytes, in the file itself too', async () => {
    const folder = fill({ Inbox: many(5) + many(3) })
    const { account, store, tally } = await imported('mbox', folder, { skipDuplicates: true })
    expect(tally.of('INBOX')).toMatchObject({ imported: 5, duplicates: 3 })
    const again = await importInto(store, account, sourceOf('mbox', folder), { skipDuplicates: true })
    expect(again.of('INBOX')).toMatchObject({ imported: 0, duplicates: 8 })
    const without = await importInto(store, account, sourceOf('mbox', folder))
    expect(without.of('INBOX')).toMatchObject({ imported: 8, duplicates: 0 })
  })

  test('fills an inbox to its quota, tears nothing, and says what to do', async () => {
    const { store, addInbox } = await transferStore()
    const account = await addInbox({ quotaMessages: 320 })
    const tally = await importInto(store, account, sourceOf('mbox', fill({ Inbox: many(600) })))
    expect([tally.imported, tally.stopped?.name]).toEqual([320, 'over_quota'])
    expect(tally.stopped?.fix).toContain('--quota')
    expect((await contentsOf(account)).INBOX!.at(-1)!.text).toContain('m319')
  })

  test('reports what is too large or can’t be read, with its place, and brings the rest', async () => {
    const { store, addInbox } = await transferStore({ messageBytesMax: 200_000 })
    const account = await addInbox()
    const folder = fill({ 'a.eml': mail('a'), 'large.eml': Buffer.alloc(200_001, 'x\r\n'), 'z.eml': mail('z') })
    const tally = await importInto(store, account, sourceOf('eml', folder))
    expect(tally).toMatchObject({ imported: 2, failed: 1 })
    expect(tally.failures).toEqual([{ place: join(folder, 'large.eml'), why: 'A message has at most 200000 bytes.' }])
  })

  test('changes nothing when it is dry, and counts as it would', async () => {
    const folder = fill({ Inbox: many(4) + many(1), New: many(1) })
    const { account, tally } = await imported('mbox', folder, { dryRun: true, skipDuplicates: true })
    expect(tally).toMatchObject({ imported: 5, failed: 0 })
    expect(tally.of('INBOX')).toMatchObject({ imported: 4, duplicates: 1 })
    expect((await account.mailboxes()).map(({ name }) => name)).not.toContain('New')
    expect(Object.values(await contentsOf(account)).flat()).toEqual([])
  })

  test('leaves flags out where that is wished', async () => {
    const folder = fill({ 'cur/1.a:2,SF': mail('a') })
    expect((await imported('maildir', folder, { keepFlags: false })).shown).toEqual(['INBOX: a'])
  })

  test('brings a message without its keywords where the inbox has used too many', async () => {
    const { store, addInbox } = await transferStore({ keywordSetsPerAccountMax: 20 })
    const account = await addInbox()
    const mbox = Array.from(
      { length: 30 },
      (_, i) => `From a@b Tue Jan  1 10:00:00 2020\nX-Keywords: k${i}\nSubject: m${i}\n\nx\n\n`,
    )
    const tally = await importInto(store, account, sourceOf('mbox', fill({ Inbox: mbox.join('') })))
    expect(tally.imported).toBe(30)
    expect(tally.withoutKeywords).toBe(10)
  })

  test('goes by special use, and by names in many languages', async () => {
    const uses = [
      'Sent Items',
      'Entwürfe',
      'Corbeille',
      'Courrier indésirable',
      'Архив',
      'INBOX/Papierkorb',
      '[Gmail]/Spam',
      'Sent/2024',
      'sent to Bob',
    ]
    expect(uses.map((name) => specialUseOfName(name))).toEqual([
      '\\Sent',
      '\\Drafts',
      '\\Trash',
      '\\Junk',
      '\\Archive',
      '\\Trash',
      '\\Junk',
      undefined,
      undefined,
    ])
    const { store, addInbox } = await transferStore()
    const account = await addInbox()
    await put(account, 'Sent Items', [])
    await importInto(
      store,
      account,
      sourceOf('eml', fill({ 'Sent Items/1.eml': mail('a'), 'Gesendet/1.eml': mail('b') })),
    )
    const { 'Sent Items': named, Sent: used } = await contentsOf(account)
    expect([named!.length, used!.length]).toEqual([1, 1])
  })

  test.each([
    ['a\0b\u2028c', 'a_b_c'],
    ['/a//b/', 'a/b'],
    ['', 'INBOX'],
    ['x'.repeat(2_000), 'x'.repeat(1_000)],
    [Array(60).fill('a').join('/'), Array(50).fill('a').join('/')],
  ])('makes a name of %j that may be one', (name, expected) => {
    expect(cleanName(name)).toBe(expected)
  })
})
