// `imap` (node-imap): an old client that many programs still read with.

import { readFileSync } from 'node:fs'
import Imap from 'imap'
import { expect, onTestFinished, test } from 'vitest'
import { type MailServer, mailServer, message, password, user } from './mail-server.js'

async function ready(server: MailServer, secret = password): Promise<Imap> {
  const tlsOptions = { ca: [readFileSync(server.caFile)], servername: 'localhost' }
  const imap = new Imap({ user, password: secret, host: 'localhost', port: server.port, tls: true, tlsOptions })
  onTestFinished(() => imap.destroy())
  await new Promise<void>((resolve, reject) => {
    imap.once('ready', resolve).once('error', reject)
    imap.connect()
  })
  return imap
}

/** A call whose last argument is a callback. */
const asked = <Result = void>(call: (done: (error: Error | null | undefined, result?: Result) => void) => void) =>
  new Promise<Result>((resolve, reject) => call((error, result) => (error ? reject(error) : resolve(result as Result))))

function fetched(request: Imap.ImapFetch): Promise<{ body: string; attributes: Imap.ImapMessageAttributes }[]> {
  return new Promise((resolve, reject) => {
    const found: { body: string; attributes: Imap.ImapMessageAttributes }[] = []
    request.on('message', (each) => {
      const one = { body: '', attributes: {} as Imap.ImapMessageAttributes }
      found.push(one)
      each.on('body', (stream) => {
        stream.on('data', (chunk) => {
          one.body += chunk
        })
      })
      each.once('attributes', (attributes) => {
        one.attributes = attributes
      })
    })
    request.once('error', reject).once('end', () => resolve(found))
  })
}

test('open, search, fetch with structure, flags, keywords, copy, move, expunge', async () => {
  const server = await mailServer()
  for (const subject of ['one', 'two', 'three']) await server.deliver('INBOX', message(subject, `Body of ${subject}.`))
  const imap = await ready(server)
  expect(imap.delimiter).toBe('/')
  expect(imap.namespaces?.personal).toEqual([{ prefix: '', delimiter: '/', extensions: undefined }])
  const box = await asked<Imap.Box>((done) => imap.openBox('INBOX', false, done as never))
  expect(box).toMatchObject({ name: 'INBOX', readOnly: false, uidnext: 4, persistentUIDs: true, newKeywords: true })
  expect(box.messages.total).toBe(3)
  const search = (criteria: unknown[]) => asked<number[]>((done) => imap.search(criteria, done as never))
  expect(await search(['UNSEEN', ['SINCE', 'May 20, 2010']])).toEqual([1, 2, 3])
  expect(await search([['HEADER', 'SUBJECT', 'two']])).toEqual([2])
  expect(await search(['!ALL'])).toEqual([])
  const messages = await fetched(
    imap.fetch([1, 2], { bodies: ['HEADER.FIELDS (FROM SUBJECT)'], struct: true, envelope: true }),
  )
  expect(Imap.parseHeader(messages[1]!.body)).toEqual({ from: ['Bob <bob@example.net>'], subject: ['two'] })
  expect(messages[1]!.attributes).toMatchObject({
    uid: 2,
    flags: ['\\Recent'],
    date: expect.any(Date),
    struct: [{ partID: '1', type: 'text', subtype: 'plain', size: 14, lines: 1 }],
    envelope: { subject: 'two', from: [{ name: 'Bob', mailbox: 'bob', host: 'example.net' }] },
  })
  const [whole] = await fetched(imap.seq.fetch('3:*', { bodies: '', markSeen: true }))
  expect(whole!.body).toBe(message('three', 'Body of three.'))
  expect(await search(['SEEN'])).toEqual([3])
  await asked((done) => imap.addFlags(1, ['\\Answered', 'Deleted'], done))
  await asked((done) => imap.addKeywords([1, 2], ['Work'], done))
  expect(await search([['KEYWORD', 'Work']])).toEqual([1, 2])
  await asked((done) => imap.copy(1, 'Archive', done))
  await asked((done) => imap.move(2, 'Archive', done))
  await asked((done) => imap.addFlags(1, '\\Deleted', done))
  await asked((done) => imap.expunge(done))
  expect(await search(['ALL'])).toEqual([3])
  await asked((done) => imap.closeBox(done))
  const status = await asked<Imap.Box>((done) => imap.status('Archive', done as never))
  expect(status.messages).toMatchObject({ total: 2, unseen: 2 })
  expect(server.complaints()).toBe('')
})

test('new mail is told without asking, folders are listed, made and deleted, messages appended', async () => {
  const server = await mailServer()
  const imap = await ready(server)
  await asked<Imap.Box>((done) => imap.openBox('INBOX', true, done as never))
  const told = new Promise<number>((resolve) => imap.once('mail', resolve))
  await new Promise((resolve) => setTimeout(resolve, 50))
  await server.deliver('INBOX', message('new'))
  expect(await told).toBe(1)
  await asked((done) => imap.addBox('Wörk', done))
  const boxes = await asked<Imap.MailBoxes>((done) => imap.getBoxes(done as never))
  expect(Object.keys(boxes)).toEqual(expect.arrayContaining(['INBOX', 'Sent', 'Wörk']))
  expect(boxes.Sent).toMatchObject({ delimiter: '/', attribs: expect.arrayContaining(['\\Sent']) })
  const options = { mailbox: 'Wörk', flags: ['Seen'], date: new Date('2026-02-06T10:11:12Z') }
  await asked((done) => imap.append(message('mine'), options, done as never))
  await asked<Imap.Box>((done) => imap.openBox('Wörk', false, done as never))
  const [mine] = await fetched(imap.seq.fetch(1, { bodies: 'TEXT' }))
  expect(mine).toMatchObject({ body: 'Hello.\r\n', attributes: { flags: ['\\Seen', '\\Recent'], date: options.date } })
  await asked((done) => imap.delBox('Wörk', done))
  await expect(asked((done) => imap.openBox('nowhere', done as never))).rejects.toThrow('There is no such mailbox')
  expect(server.complaints()).toBe('')
})

test('a wrong password is told at once', async () => {
  const server = await mailServer()
  await expect(ready(server, 'wrong')).rejects.toMatchObject({ source: 'authentication' })
})
