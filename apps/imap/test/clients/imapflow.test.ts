// ImapFlow: what mail programs and assistants in Node.js read with.

import { readFileSync } from 'node:fs'
import { ImapFlow } from 'imapflow'
import { expect, onTestFinished, test } from 'vitest'
import { type MailServer, mailServer, message, password, user } from './mail-server.js'

async function connected({ port, caFile }: MailServer): Promise<ImapFlow> {
  const client = new ImapFlow({
    ...{ host: 'localhost', port, secure: true, logger: false },
    auth: { user, pass: password },
    tls: { ca: readFileSync(caFile) },
    qresync: true,
  })
  onTestFinished(() => client.close())
  await client.connect()
  return client
}

test('folders with their counts, mailbox state, flags, search, copy, move, delete', async () => {
  const server = await mailServer()
  for (const subject of ['one', 'two', 'three']) await server.deliver('INBOX', message(subject))
  const client = await connected(server)
  const folders = await client.list({ statusQuery: { messages: true, unseen: true, uidNext: true } })
  expect(folders.find(({ path }) => path === 'INBOX')?.status).toMatchObject({ messages: 3, unseen: 3, uidNext: 4 })
  expect(folders.find(({ specialUse }) => specialUse === '\\Sent')?.path).toBe('Sent')
  const lock = await client.getMailboxLock('INBOX')
  const { exists, uidNext, highestModseq, permanentFlags } = client.mailbox as Exclude<typeof client.mailbox, false>
  expect({ exists, uidNext }).toEqual({ exists: 3, uidNext: 4 })
  expect(highestModseq).toBeGreaterThan(0n)
  expect(permanentFlags?.has('\\*')).toBe(true)
  expect(await client.search({ subject: 'two' }, { uid: true })).toEqual([2])
  expect(await client.search({ or: [{ seen: true }, { from: 'bob@example.net' }] })).toEqual([1, 2, 3])
  expect(await client.messageFlagsAdd('2', ['\\Seen', '$Label'], { uid: true })).toBe(true)
  expect((await client.fetchOne('2', { flags: true }, { uid: true })) || undefined).toMatchObject({
    flags: new Set(['\\Seen', '$Label']),
  })
  const copied = await client.messageCopy('1', 'Archive', { uid: true })
  expect(copied || undefined).toMatchObject({ uidMap: new Map([[1, 1]]) })
  const moved = await client.messageMove('2:3', 'Archive', { uid: true })
  const both = new Map([2, 3].map((uid) => [uid, uid]))
  expect(moved || undefined).toMatchObject({ uidMap: both })
  expect(await client.messageDelete('1', { uid: true })).toBe(true)
  expect(await client.search({ all: true })).toEqual([])
  lock.release()
  await client.logout()
  expect(server.complaints()).toBe('')
})

test('append, then everything a client shows of a message, and the download of its parts', async () => {
  const server = await mailServer()
  const client = await connected(server)
  const parts = [
    ...['From: =?utf-8?q?J=C3=BCrgen?= <j@example.net>', 'To: alice@example.test, "B, C" <bc@example.org>'],
    ...['Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=', 'Message-ID: <1@example.net>', 'MIME-Version: 1.0'],
    ...['Content-Type: multipart/mixed; boundary=x', '', '--x', 'Content-Type: text/plain; charset=utf-8'],
    ...['Content-Transfer-Encoding: quoted-printable', '', 'Gr=C3=BC=C3=9Fe', '--x'],
    ...['Content-Type: image/png; name=a.png', 'Content-Disposition: attachment; filename=a.png'],
    ...['Content-Transfer-Encoding: base64', '', 'iVBORw0KGgo=', '--x--', ''],
  ]
  const source = parts.join('\r\n')
  const date = new Date('2026-02-06T10:11:12Z')
  const appended = await client.append('INBOX', source, ['\\Flagged', '$Work'], date)
  expect(appended).toMatchObject({ destination: 'INBOX', uid: 1 })
  await client.mailboxOpen('INBOX')
  const wanted = {
    ...{ uid: true, flags: true, envelope: true, bodyStructure: true, internalDate: true, size: true, source: true },
    ...{ emailId: true, threadId: true, headers: ['subject'] },
  } as const
  const found = (await client.fetchOne('*', wanted)) || undefined
  expect(found).toMatchObject({
    uid: 1,
    size: source.length,
    internalDate: date,
    flags: new Set(['\\Flagged', '$Work']),
    emailId: expect.any(String),
    envelope: {
      subject: 'Grüße',
      messageId: '<1@example.net>',
      from: [{ name: 'Jürgen', address: 'j@example.net' }],
      to: [{ address: 'alice@example.test' }, { name: 'B, C', address: 'bc@example.org' }],
    },
    bodyStructure: {
      type: 'multipart/mixed',
      childNodes: [
        { part: '1', type: 'text/plain' },
        { part: '2', type: 'image/png', disposition: 'attachment' },
      ],
    },
  })
  expect(found?.source?.toString()).toBe(source)
  expect(found?.headers?.toString()).toContain('Subject: =?utf-8?q?')
  const downloaded = async (part: string): Promise<Buffer> => {
    const chunks: Buffer[] = []
    for await (const chunk of (await client.download('1', part)).content) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  expect((await downloaded('1')).toString()).toBe('Grüße')
  expect((await downloaded('2')).toString('latin1')).toBe('\x89PNG\r\n\x1a\n')
  await client.logout()
  expect(server.complaints()).toBe('')
})

test('IDLE hears new mail, flags and expunges of others', async () => {
  const server = await mailServer()
  await server.deliver('INBOX', message('one'))
  const client = await connected(server)
  await client.mailboxOpen('INBOX')
  const heard: unknown[] = []
  client.on('exists', ({ count }) => heard.push(['exists', count]))
  client.on('flags', ({ seq, flags }) => heard.push(['flags', seq, [...(flags ?? [])]]))
  client.on('expunge', (event) => heard.push(['expunge', 'uid' in event ? event.uid : event.seq]))
  const idling = client.idle()
  await expect.poll(() => client.idling).toBe(true)
  await server.deliver('INBOX', message('two'))
  await expect.poll(() => heard).toEqual([['exists', 2]])
  const other = await connected(server)
  await other.mailboxOpen('INBOX')
  await other.messageFlagsAdd('1', ['\\Seen'])
  await expect.poll(() => heard.length).toBe(2)
  await other.messageDelete('1')
  await expect.poll(() => heard.at(-1)).toEqual(['expunge', 1])
  expect(heard[1]).toEqual(['flags', 1, ['\\Seen']])
  await client.noop()
  await idling
  await client.logout()
  expect(server.complaints()).toBe('')
})

test('folders come, are renamed and go, whatever their names', async () => {
  const client = await connected(await mailServer())
  for (const name of ['Tom & Jerry', 'Größe 📬', 'with "quotes"', 'deep/er/still']) {
    expect(await client.mailboxCreate(name)).toMatchObject({ path: name, created: true })
    expect((await client.list()).map(({ path }) => path)).toContain(name)
    expect(await client.mailboxOpen(name)).toMatchObject({ path: name, exists: 0 })
    await client.mailboxClose()
    expect(await client.mailboxRename(name, `${name} 2`)).toMatchObject({ newPath: `${name} 2` })
    expect(await client.mailboxDelete(`${name} 2`)).toMatchObject({ path: `${name} 2` })
  }
  expect((await client.mailboxCreate('INBOX/under')).created).toBe(true)
  expect((await client.mailboxCreate('INBOX/under')).created).toBe(false)
  await expect(client.mailboxOpen('nowhere')).rejects.toMatchObject({ serverResponseCode: 'NONEXISTENT' })
  const quota = await client.getQuota('INBOX')
  expect(quota === false || typeof quota === 'object').toBe(true)
  await client.logout()
})

test('a wrong password is an authentication failure', async () => {
  const { port, caFile } = await mailServer()
  const client = new ImapFlow({
    ...{ host: 'localhost', port, secure: true, logger: false },
    auth: { user, pass: 'wrong' },
    tls: { ca: readFileSync(caFile) },
  })
  await expect(client.connect()).rejects.toMatchObject({
    authenticationFailed: true,
    serverResponseCode: 'AUTHENTICATIONFAILED',
  })
})

const submitted = message('Report', 'Hello Bob,\r\n\r\nthe report is done.\r\n-- \r\nAlice')
/** What mail clients APPEND behind such a submission; more of their habits are in the store's own tests. */
const copies: Readonly<Record<string, { readonly copy: string; readonly same: boolean }>> = {
  Thunderbird: {
    copy: `X-Mozilla-Status: 0001\r\nFCC: imap://x/Sent\r\nBcc: carol@example.org\r\n${submitted.replace('From: Bob ', 'From:\r\n "Bob" ')}`,
    same: true,
  },
  mutt: { copy: `Status: RO\nLines: 5\n${submitted.replaceAll('\r\n', '\n')}\n`, same: true },
  Outlook: { copy: submitted.replace(/Message-ID: .*/, 'Message-ID: <PR3PR04MB@example.net>'), same: false },
}

test.each(Object.entries(copies))(
  'the copy that %s files, behind its submission and before it',
  async (_, { copy, same }) => {
    const server = await mailServer()
    const client = await connected(server)
    const count = async () => (await client.status('Sent', { messages: true })) || undefined
    const file = async () => (await client.append('Sent', copy, ['\\Seen', '\\Flagged'])) || undefined
    await server.submit(submitted)
    expect(await file()).toMatchObject({ uid: same ? 1 : 2 })
    expect(await count()).toMatchObject({ messages: same ? 1 : 2 })
    const lock = await client.getMailboxLock('Sent')
    const { flags } = (await client.fetchOne('1', { flags: true }, { uid: true })) || {}
    expect(flags).toEqual(new Set(same ? ['\\Seen', '\\Flagged'] : ['\\Seen']))
    await client.messageDelete('1:*', { uid: true })
    lock.release()
    expect(await file()).toMatchObject({ uid: same ? 2 : 3 })
    await server.submit(submitted)
    expect(await count()).toMatchObject({ messages: same ? 1 : 2 })
    await client.logout()
    expect(server.complaints()).toBe('')
  },
)
