// mbsync (isync), two-way between the server and a Maildir: what is new, flagged or deleted on one side gets to the other,
// and a sync with nothing to do changes nothing.

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { allUids } from '@postern/mailbox-store'
import { expect, test } from 'vitest'
import { type MailServer, mailServer, message, password, run, user } from './mail-server.js'

function setUp(server: MailServer) {
  const near = join(server.folder, 'near')
  const config = join(server.folder, 'mbsyncrc')
  mkdirSync(near)
  writeFileSync(
    config,
    `FSync no

IMAPAccount postern
Host localhost
Port ${server.port}
User ${user}
Pass "${password.replaceAll('"', '\\"')}"
SSLType IMAPS
CertificateFile ${server.caFile}
SystemCertificates no

IMAPStore far
Account postern

MaildirStore near
Path ${near}/
Inbox ${near}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Remove Both
Expunge Both
SyncState *
`,
  )
  return {
    near,
    async sync(): Promise<string> {
      const ended = await run('mbsync', ['-c', config, '-V', 'all'])
      expect(ended.code, ended.stdout + ended.stderr).toBe(0)
      expect(server.complaints()).toBe('')
      return ended.stdout + ended.stderr
    },
    files: (mailbox: string) =>
      ['cur', 'new'].flatMap((part) =>
        readdirSync(join(near, mailbox, part)).map((name) => join(near, mailbox, part, name)),
      ),
  }
}

async function flagsOf({ account }: MailServer, name: string): Promise<Record<string, number>> {
  const open = await account.open((await account.mailbox(name))!.id)
  const { uids, flags, length } = open.index.entries
  const found = Array.from({ length }, (_, i) => [uids[i], open.flagsOf(flags[i] as number).system])
  open.close()
  return Object.fromEntries(found)
}

const [seen, flagged, deleted] = [1, 4, 8]

test('two ways: new mail, flags, deletions, folders; a second sync does nothing', async () => {
  const server = await mailServer()
  const inbox = (await server.account.mailbox('INBOX'))!.id
  for (const subject of ['one', 'two', 'three', 'Grüße']) await server.deliver('INBOX', message(subject))
  await server.account.createMailbox('Work/Projekt Ä')
  await server.deliver('Work/Projekt Ä', message('filed'))
  const { near, sync, files } = setUp(server)

  await sync()
  expect(files('INBOX').length).toBe(4)
  expect(files('Work/Projekt &AMQ-').length).toBe(1)
  const before = [
    files('INBOX').sort(),
    await flagsOf(server, 'INBOX'),
    (await server.account.status(inbox)).highestModSeq,
  ]
  await sync()
  expect([
    files('INBOX').sort(),
    await flagsOf(server, 'INBOX'),
    (await server.account.status(inbox)).highestModSeq,
  ]).toEqual(before)

  const near1 = files('INBOX').find((path) => readFileSync(path, 'utf8').includes('Subject: one'))!
  const near2 = files('INBOX').find((path) => readFileSync(path, 'utf8').includes('Subject: two'))!
  renameSync(near1, `${near1.replace('/new/', '/cur/').replace(/:2,.*$/, '')}:2,FS`)
  rmSync(near2)
  await server.account.setFlags(inbox, [[3, 3]], { how: 'add', flags: { system: seen, keywords: [] } })
  await server.account.remove(inbox, [[4, 4]])
  writeFileSync(join(near, 'INBOX/new/1770372672.1_1.here'), message('from here').replaceAll('\r\n', '\n'))
  await sync()
  expect(await flagsOf(server, 'INBOX')).toEqual({ 1: seen | flagged, 3: seen, 5: 0 })
  expect(files('INBOX').length).toBe(3)
  expect(files('INBOX').find((path) => readFileSync(path, 'utf8').includes('Subject: three'))).toMatch(/:2,S$/)
  const settled = await server.account.status(inbox)
  await sync()
  expect(await server.account.status(inbox)).toEqual(settled)
  expect(Object.values(await flagsOf(server, 'INBOX')).some((flags) => (flags & deleted) !== 0)).toBe(false)

  await server.account.remove(inbox, allUids)
  await sync()
  expect(files('INBOX')).toEqual([])
})
