// Mail from another IMAP server: from Postern over TLS as an operator brings it, and from Dovecot. Each message comes once, whatever
// is cut, killed or begun anew, and nothing changes where it comes from.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Account, openStore } from '@postern/mailbox-store'
import type { ImapFlow } from 'imapflow'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ImapLogin } from '../src/transfer/imap-connection.js'
import { nameOf } from '../src/transfer/imap-mailboxes.js'
import { readImap } from '../src/transfer/read-imap.js'
import { commandLine } from './command-line.js'
import { folder } from './commands-folder.js'
import { cutWire } from './cut-wire.js'
import { dovecotOn } from './dovecot-sessions.js'
import { newFolder, postern, run } from './gateway-process.js'
import { type Running, reader, running } from './mail-gateway.js'
import { oddImapServer } from './odd-imap-server.js'
import { contentsOf, exportFrom, importInto, put, type Shown, transferStore } from './transfer-folder.js'

const date = (day: number): Date => new Date(Date.UTC(2020, 0, day, 10))
const mail = (subject: string, size = 10): string => `Subject: ${subject}\r\n\r\n${'0123456\r\n'.repeat(size)}`

const login = (port: number, more: Partial<ImapLogin> = {}): ImapLogin => ({
  ...{ host: '127.0.0.1', port, tls: 'none', isVerified: true, user: 'ada', secret: { password: 'x' } },
  ...{ retryMs: { min: 5, max: 20 } },
  ...more,
})
const everything = { only: undefined, except: undefined }

/** `Subject flags…` of each message by mailbox. */
const show = (contents: Record<string, Shown[]>): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(contents)
      .filter(([, messages]) => messages.length > 0)
      .map(([name, messages]) => [
        name,
        messages.map(({ text, flags }) => [/Subject: (\S+)/.exec(text)?.[1], ...flags].join(' ')),
      ]),
  )

describe('from Postern, on the command line', () => {
  async function accountIn(dataDir: string, address: string) {
    const store = await openStore({ folder: dataDir })
    onTestFinished(() => store.close())
    const found = await store.directory.findAddress(address)
    if (found === undefined || found.via === 'catch-all') throw new Error(`${address} is not there`)
    return store.account(found.inbox.id)
  }

  async function target() {
    const { env } = await folder(async (store, domain) =>
      store.directory.createInbox({ domain, address: 'ada@example.test' }),
    )
    return { env, read: () => accountIn(env.POSTERN_DATA_DIR as string, 'ada@example.test') }
  }

  const words = (port: number, more: readonly string[] = []): string[] => [
    ...[
      'import',
      'ada@example.test',
      'imap',
      'localhost',
      '--port',
      String(port),
      '--user',
      'me@example.test',
      '--json',
    ],
    ...more,
  ]

  async function filled(): Promise<{ it: Running; client: ImapFlow }> {
    const it = await running()
    const client = await reader(it)
    await client.append('INBOX', mail('one'), ['\\Seen', '$Forwarded'], date(1))
    await client.append('INBOX', mail('two', 200_000), ['\\Flagged', 'Work'], date(2))
    await client.append('Sent', mail('sent'), ['\\Seen', '\\Answered'], date(3))
    await client.mailboxCreate('Übersicht/2024')
    await client.append('Übersicht/2024', mail('below'), ['\\Draft', '\\Deleted'], date(4))
    return { it, client }
  }

  test('brings everything once over verified TLS, then what is new and what has changed, and changes nothing there', {
    timeout: 150_000,
  }, async () => {
    const { it, client } = await filled()
    const { env, read } = await target()
    const secrets = { ...env, IMPORT_PASSWORD: it.secret }
    const port = it.said.imap?.port as number

    const stranger = await commandLine(words(port), { env: secrets })
    expect([stranger.code, JSON.parse(stranger.stderr).error.name]).toEqual([1, 'source_unreachable'])
    expect(JSON.parse(stranger.stderr).error.fix).toContain('NODE_EXTRA_CA_CERTS')

    const trusted = { ...secrets, NODE_EXTRA_CA_CERTS: it.said.caFile as string }
    const first = await run(words(port), { env: trusted })
    expect([first.code, first.stderr]).toEqual([0, ''])
    expect(JSON.parse(first.stdout)).toMatchObject({ imported: 4, failed: 0, before: 0, stopped: null })
    const source = await accountIn(it.dataDir, 'me@example.test')
    const came = await contentsOf(await read())
    expect(came).toEqual(await contentsOf(source))
    expect(came.INBOX!.map(({ date: at }) => at)).toEqual([1, 2].map((day) => date(day).getTime() / 1000))

    await client.append('INBOX', mail('three'), [], date(5))
    await client.mailboxOpen('INBOX')
    await client.messageFlagsAdd('1', ['\\Flagged', 'Later'], { uid: true })
    await client.messageFlagsRemove('2', ['Work'], { uid: true })
    const account = await read()
    const inbox = (await account.mailbox('INBOX'))!.id
    await account.setFlags(inbox, [[1, 1]], { how: 'remove', flags: { system: 1, keywords: [] } })
    await account.setFlags(inbox, [[2, 2]], { how: 'add', flags: { system: 2, keywords: ['Mine'] } })
    const second = await commandLine(words(port, ['--insecure']), { env: secrets })
    expect(JSON.parse(second.stdout)).toMatchObject({ imported: 1, before: 4, flags_changed: 2 })
    expect(show(await contentsOf(await read())).INBOX).toEqual([
      'one \\Flagged $Forwarded Later',
      'two \\Answered \\Flagged Mine',
      'three',
    ])
    const third = await commandLine(words(port, ['--insecure']), { env: secrets })
    expect(JSON.parse(third.stdout)).toMatchObject({ imported: 0, before: 5, flags_changed: 0 })
    expect(show(await contentsOf(source)).INBOX).toEqual([
      'one \\Seen \\Flagged $Forwarded Later',
      'two \\Flagged',
      'three',
    ])

    // What is refused, and why; passwords stand in no command's words.
    const none = await commandLine(words(port), { env })
    expect([none.code, JSON.parse(none.stderr).error.name]).toEqual([2, 'usage'])
    const file = join(newFolder(), 'password')
    writeFileSync(file, 'wrong\n')
    const wrong = await commandLine(words(port, ['--insecure', '--password-file', file]), { env })
    expect([wrong.code, JSON.parse(wrong.stderr).error.name]).toEqual([1, 'source_refused'])
    writeFileSync(file, `${it.secret}\n`)
    const missing = await commandLine(words(port, ['--insecure', '--password-file', file, '--mailbox', 'Nothing']), {
      env,
    })
    expect(JSON.parse(missing.stderr).error.message).toContain('no mailbox Nothing')
    const dry = await commandLine(
      words(port, ['--insecure', '--password-file', file, '--mailbox', 'INBOX', '--dry-run']),
      {
        env,
      },
    )
    expect(JSON.parse(dry.stdout)).toMatchObject({
      imported: 0,
      before: 3,
      dry_run: true,
      mailboxes: [{ mailbox: 'INBOX' }],
    })
  })

  test('goes on after kill -9, and has each message once, in order', { timeout: 150_000 }, async () => {
    const it = await running()
    const source = await accountIn(it.dataDir, 'me@example.test')
    await put(
      source,
      'INBOX',
      Array.from({ length: 500 }, (_, i) => ({ message: Buffer.from(mail(`m${i}`, 200)) })),
    )
    const { env, read } = await target()
    const secrets = { ...env, IMPORT_PASSWORD: it.secret }
    const wire = await cutWire(it.said.imap?.port as number, { afterBytes: 1, cutsMax: 0, stallsAfterBytes: 700_000 })
    const account = await read()
    const count = async () => (await account.mailbox('INBOX'))!.status.messages
    const importing = postern(words(wire.port, ['--insecure']), { env: secrets })
    await expect.poll(count, { timeout: 90_000, interval: 20 }).toBeGreaterThan(0)
    importing.child.kill('SIGKILL')
    await importing.ended
    const last = await count()
    expect(last).toBeLessThan(500)
    const end = await commandLine(words(wire.port, ['--insecure']), { env: secrets })
    expect(JSON.parse(end.stdout)).toMatchObject({ imported: 500 - last, before: last })
    expect(await contentsOf(account)).toEqual(await contentsOf(source))
  })

  test('is refused where the domain keeps no mail, or keeps it encrypted', async () => {
    const { env, ask, text } = await folder(async (store, domain) =>
      store.directory.createInbox({ domain, address: 'ada@example.test' }),
    )
    const file = join(newFolder(), 'a.eml')
    writeFileSync(file, mail('a'))
    const store = await openStore({ folder: env.POSTERN_DATA_DIR as string })
    const found = (await store.directory.findDomain('example.test'))!
    const modeIs = (mode: 'encrypted' | 'zero-retention' | 'retained') =>
      store.directory.updateDomain(found.id, { mode })
    await modeIs('zero-retention').catch(() => undefined)
    const words = ['import', 'ada@example.test', 'eml', file]
    if ((await store.directory.getDomain(found.id)).mode === 'zero-retention')
      expect((await ask(...words)).error).toMatchObject({ name: 'mode_keeps_no_mail' })
    await modeIs('encrypted').catch(() => undefined)
    if ((await store.directory.getDomain(found.id)).mode === 'encrypted') {
      expect((await ask(...words)).error).toMatchObject({ name: 'mode_keeps_encrypted' })
      expect((await ask(...words, '--in-clear')).said).toMatchObject({ imported: 1 })
    }
    await modeIs('retained')
    await store.close()
    expect(await text(...words)).toContain('Imported  1 messages')
  })
})

describe('from Dovecot on a Maildir', () => {
  async function exported(fill: (account: Account) => Promise<void>) {
    const { store, addInbox } = await transferStore()
    const account = await addInbox()
    await fill(account)
    const home = newFolder()
    await exportFrom(account, 'maildir', join(home, 'mail'))
    return { store, addInbox, account, home, maildir: join(home, 'mail') }
  }

  const messages = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      ...{ message: Buffer.from(mail(`m${i}`, i % 50 === 7 ? 150_000 : 100)), internalDate: 1_600_000_000 + i * 60 },
      flags: { system: i % 4, keywords: i % 5 === 0 ? ['$Forwarded', 'work'] : [] },
    }))

  test('which reads our export with the same uids, flags, keywords, dates and bytes, brings it back whole', async () => {
    const { store, addInbox, account, home, maildir } = await exported(async (from) => {
      await put(from, 'INBOX', messages(5))
      await from.remove((await from.mailbox('INBOX'))!.id, [[2, 2]])
      await put(from, 'Ünï/cöde', [{ message: Buffer.from(mail('below')), internalDate: 1_500_000_000 }])
    })
    const { port, fetch } = await dovecotOn(home, maildir)
    const seen = fetch('mailbox uid flags date.received').split('\n')
    const { uidValidity } = (await account.mailbox('INBOX'))!
    expect(seen).toContain('INBOX\t1\t$Forwarded work\t2020-09-13 12:26:40')
    expect(seen).toContain('INBOX\t4\t\\Answered \\Seen\t2020-09-13 12:29:40')
    expect(seen).toContain('Ünï/cöde\t1\t\t2017-07-14 02:40:00')
    expect(readFileSync(join(maildir, 'dovecot-uidlist'), 'utf8')).toContain(`V${uidValidity} `)
    const to = await addInbox()
    const tally = await importInto(store, to, readImap({ ...login(port), ...everything }))
    expect(tally.failures).toEqual([])
    expect(await contentsOf(to)).toEqual(await contentsOf(account))
  })

  test('with dots for levels, below INBOX., and special uses by their names alone', async () => {
    const { store, addInbox, home, maildir } = await exported(async (from) => {
      await put(from, 'Gesendete Elemente', [{ message: Buffer.from(mail('sent')) }])
      await put(from, 'Work/2024', [{ message: Buffer.from(mail('below')) }])
    })
    const { port } = await dovecotOn(home, maildir, { separator: '.', prefix: 'INBOX.' })
    const to = await addInbox()
    await importInto(
      store,
      to,
      readImap({ ...login(port), only: ['INBOX.Gesendete Elemente', 'INBOX.Work.2024'], except: undefined }),
    )
    expect(show(await contentsOf(to))).toEqual({ Sent: ['sent'], 'Work/2024': ['below'] })
    const rest = await importInto(
      store,
      await addInbox(),
      readImap({ ...login(port), only: undefined, except: ['INBOX.Work.2024'] }),
    )
    expect(rest.imported).toBe(1)
    expect(rest.notes).toContainEqual({ place: 'INBOX.Work.2024', why: 'it is left out by --except' })
  })

  test('through a wire that is cut again and again', async () => {
    const { store, addInbox, account, home, maildir } = await exported((from) => put(from, 'INBOX', messages(100)))
    const { port } = await dovecotOn(home, maildir)
    const wire = await cutWire(port, { afterBytes: 200_000, cutsMax: 6 })
    const to = await addInbox()
    const tally = await importInto(store, to, readImap({ ...login(wire.port), ...everything }))
    expect([tally.stopped, tally.imported]).toEqual([null, 100])
    expect(wire.cuts()).toBeGreaterThan(3)
    expect(await contentsOf(to)).toEqual(await contentsOf(account))
  })

  test('that stays away ends the import with what has come, and what to do', async () => {
    const { store, addInbox, home, maildir } = await exported((from) => put(from, 'INBOX', messages(100)))
    const { port } = await dovecotOn(home, maildir)
    const wire = await cutWire(port, { afterBytes: 4_000, cutsMax: 1_000 })
    const to = await addInbox()
    const tally = await importInto(store, to, readImap({ ...login(wire.port), ...everything }))
    expect(tally.stopped).toMatchObject({ name: 'source_unreachable' })
    const again = await importInto(store, to, readImap({ ...login(port), ...everything }))
    expect(again.stopped).toBe(null)
    expect((await contentsOf(to)).INBOX!.length).toBe(100)
  })

  test('whose UIDVALIDITY is another one brings nothing twice', async () => {
    const { store, addInbox, home, maildir } = await exported((from) => put(from, 'INBOX', messages(30)))
    const { port } = await dovecotOn(home, maildir)
    const to = await addInbox()
    await importInto(store, to, readImap({ ...login(port), ...everything }))
    const list = join(maildir, 'dovecot-uidlist')
    writeFileSync(list, readFileSync(list, 'utf8').replace(/V\d+/, 'V77'))
    for (const name of readdirSync(maildir))
      if (name.startsWith('dovecot.index')) writeFileSync(join(maildir, name), '')
    const again = await importInto(store, to, readImap({ ...login(port), ...everything }))
    expect(again.of('INBOX')).toMatchObject({ imported: 0, duplicates: 30 })
    const third = await importInto(store, to, readImap({ ...login(port), ...everything }))
    expect(third.of('INBOX')).toMatchObject({ imported: 0, before: 30, duplicates: 0 })
  })
})

describe('from servers that are odd', () => {
  const text = (subject: string): string => mail(subject)

  test('as Gmail is: labels are mailboxes, and of All Mail comes what has none', async () => {
    const { port, heard } = await oddImapServer({
      capabilities: 'X-GM-EXT-1 SPECIAL-USE',
      mailboxes: {
        INBOX: { attributes: '', messages: [{ text: text('in') }] },
        '[Gmail]': { attributes: '\\Noselect', messages: [] },
        '[Gmail]/All Mail': {
          attributes: '\\All',
          messages: [
            { text: text('in'), labels: '"\\\\Inbox" "\\\\Important"' },
            { text: text('nowhere'), labels: '"\\\\Important"' },
            { text: text('work'), labels: 'Work' },
          ],
        },
        '[Gmail]/Sent Mail': { attributes: '\\Sent', messages: [{ text: text('sent') }] },
        '[Gmail]/Starred': { attributes: '\\Flagged', messages: [{ text: text('in') }] },
        '[Gmail]/Important': { attributes: '\\Important', messages: [{ text: text('in') }] },
        Work: { attributes: '', messages: [{ text: text('work') }] },
      },
    })
    const { store, addInbox } = await transferStore()
    const to = await addInbox()
    const tally = await importInto(store, to, readImap({ ...login(port), ...everything }))
    expect(tally.failures).toEqual([])
    expect(show(await contentsOf(to))).toEqual({
      ...{ INBOX: ['in \\Seen'], Archive: ['nowhere \\Seen'], Sent: ['sent \\Seen'], Work: ['work \\Seen'] },
    })
    expect(tally.notes.map(({ place }) => place)).toEqual(['[Gmail]/Starred', '[Gmail]/Important'])
    expect(heard.filter((line) => /SELECT|STORE|EXPUNGE|BODY\[/.test(line))).toEqual([])
    const all = await addInbox()
    await importInto(store, all, readImap({ ...login(port), only: ['[Gmail]/All Mail'], except: undefined }))
    expect(show(await contentsOf(all))['[Gmail]/All Mail']).toHaveLength(3)
  })

  test('that want to be asked less are waited for, and a message that they can’t read holds up no other', async () => {
    const messages = [
      { text: text('one') },
      { text: text('two'), refusal: '[SERVERBUG-7] cannot read it' },
      { text: text('three') },
    ]
    const { port } = await oddImapServer({ impatient: 3, mailboxes: { INBOX: { attributes: '', messages } } })
    const { store, addInbox } = await transferStore()
    const to = await addInbox()
    const tally = await importInto(store, to, readImap({ ...login(port), ...everything }))
    expect(show(await contentsOf(to)).INBOX).toEqual(['one \\Seen', 'three \\Seen'])
    expect(tally.failures).toEqual([{ place: 'INBOX, uid 2', why: 'the server said: cannot read it' }])
  })

  test('that take a token alone', async () => {
    const { port } = await oddImapServer({
      token: 'tok3n',
      mailboxes: { INBOX: { attributes: '', messages: [{ text: text('one') }] } },
    })
    const { store, addInbox } = await transferStore()
    const by = (token: string) => readImap({ ...login(port), secret: { token }, ...everything })
    await expect(importInto(store, await addInbox(), by('other'))).rejects.toMatchObject({ failure: 'source_refused' })
    expect((await importInto(store, await addInbox(), by('tok3n'))).imported).toBe(1)
  })
})

test.each([
  ['INBOX', '.', 'INBOX.', 'INBOX'],
  ['inbox', '/', '', 'INBOX'],
  ['INBOX.Sent.2024', '.', 'INBOX.', 'Sent/2024'],
  ['INBOX/below', '/', '', 'INBOX/below'],
  ['Work\\a/b', '\\', '', 'Work/a_b'],
  ['Flat/name', '', '', 'Flat/name'],
])('%s with the delimiter %j and the prefix %j is %s', (path, delimiter, prefix, name) => {
  expect(nameOf(path, { delimiter, prefix })).toBe(name)
})
