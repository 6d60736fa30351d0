// Notifications as mail programs read them: taken apart by mailparser, and by the parser behind IMAP.

import { parseMessage } from '@postern/message'
import { simpleParser } from 'mailparser'
import { expect, test } from 'vitest'
import { inOneStream, notification } from '../src/dsn/notification.js'
import type { Occasion, Told } from '../src/dsn/told.js'
import { explain } from '../src/dsn/words.js'
import { readHeader } from '../src/outgoing-header.js'
import { message } from './bench.js'

const now = Date.UTC(2026, 0, 5, 12)
const told = (more: Partial<Told> & { recipient?: string; originalRecipient?: string } = {}): Told => ({
  row: { recipient: more.recipient ?? 'bob@remote.test', originalRecipient: more.originalRecipient },
  ...{ action: 'failed', status: '5.1.1', code: '550', text: 'No such user', remote: 'mx.remote.test [192.0.2.1]' },
  retryUntil: undefined,
  ...more,
})

interface Given {
  readonly told?: readonly Told[]
  readonly text?: string
  readonly submission?: Partial<Occasion['submission']>
}

async function made({ told: all = [told()], text = message, submission }: Given = {}): Promise<Buffer> {
  const bytes = Buffer.from(text)
  const content = {
    size: bytes.length,
    bytes: async ({ start, end } = { start: 0, end: bytes.length }) => bytes.subarray(start, end),
    async *stream() {
      yield bytes
    },
  }
  const occasion: Occasion = {
    ...{ told: all, hostname: 'mail.example.test', now },
    submission: {
      ...{ queueId: 'q1', sender: 'ada@example.test', envelopeId: undefined, ret: undefined, body: '7bit' },
      createdAt: now - 3_600_000,
      ...submission,
    },
  }
  const pieces: Uint8Array[] = []
  const header = await readHeader(content)
  for await (const piece of inOneStream(notification(occasion, { returned: { content, header }, id: 'unique' })))
    pieces.push(piece)
  return Buffer.concat(pieces)
}

const structure = (bytes: Buffer): string[] => {
  const { root } = parseMessage(bytes)
  return root.children.map(({ type, subtype }) => `${type}/${subtype}`.toLowerCase())
}
/** Groups of fields, unfolded. */
const status = (bytes: Buffer): string[][] => {
  const text = bytes.toString()
  const start = text.search(/Content-Type: message\/(global-)?delivery-status/)
  const body = text.slice(text.indexOf('\r\n\r\n', start) + 4)
  const groups = body.slice(0, body.indexOf('\r\n--')).replace(/\r\n(?=[ \t])/g, '')
  return groups
    .trim()
    .split('\r\n\r\n')
    .map((group) => group.split('\r\n'))
}

test('three parts, in the words of RFC 3464, from nobody and by a machine', async () => {
  const bytes = await made({
    told: [told({ originalRecipient: 'rfc822;Bob+2BX@remote.test' })],
    submission: { envelopeId: 'e+3D1' },
  })
  expect(structure(bytes)).toEqual(['text/plain', 'message/delivery-status', 'message/rfc822'])
  const mail = await simpleParser(bytes)
  expect(mail.headers.get('content-type')).toMatchObject({
    value: 'multipart/report',
    params: { 'report-type': 'delivery-status' },
  })
  expect(mail.headers.get('auto-submitted')).toBe('auto-replied')
  expect(mail.headers.get('return-path')).toBeDefined()
  expect([mail.inReplyTo, mail.references, mail.subject]).toEqual([
    '<1@example.test>',
    '<1@example.test>',
    'Your message could not be delivered',
  ])
  expect(mail.to).toMatchObject({ text: 'ada@example.test' })
  expect(status(bytes)).toEqual([
    [
      'Original-Envelope-Id: e=1',
      'Reporting-MTA: dns; mail.example.test',
      'Arrival-Date: Mon, 05 Jan 2026 11:00:00 +0000',
    ],
    [
      'Original-Recipient: rfc822; Bob+X@remote.test',
      'Final-Recipient: rfc822; bob@remote.test',
      'Action: failed',
      'Status: 5.1.1',
      'Remote-MTA: dns; mx.remote.test',
      'Diagnostic-Code: smtp; 550 No such user',
      'Last-Attempt-Date: Mon, 05 Jan 2026 12:00:00 +0000',
    ],
  ])
})

test('the text says what happened and what to do, about this very message', async () => {
  const { text } = await simpleParser(await made())
  for (const words of [
    'This is the mail system at mail.example.test.',
    'Your message could not be delivered to this recipient:',
    'bob@remote.test',
    'There is no such address. (5.1.1)',
    'What you can do: look for a typing mistake',
    'mx.remote.test [192.0.2.1] said: No such user',
    'Subject: Grüße from home',
    'Queue id: q1',
  ])
    expect(text).toContain(words)
})

test('several recipients: one notification, the worst first', async () => {
  const bytes = await made({
    told: [
      told({ recipient: 'a@x.test', action: 'delivered', status: '2.0.0' }),
      told({ recipient: 'b@x.test', action: 'delayed', status: '4.4.1', retryUntil: now + 1_000 }),
      told({ recipient: 'c@x.test' }),
    ],
  })
  const { text = '', subject } = await simpleParser(bytes)
  expect(subject).toBe('Your message could not be delivered')
  expect(
    [...text.slice(0, text.indexOf('The message:')).matchAll(/[abc]@x\.test/g)].map(([address]) => address),
  ).toEqual(['c@x.test', 'b@x.test', 'a@x.test'])
  expect(
    status(bytes)
      .slice(1)
      .map((fields) => fields.find((field) => field.startsWith('Action'))),
  ).toEqual(['Action: delivered', 'Action: delayed', 'Action: failed'])
  expect(bytes.toString()).toContain('Will-Retry-Until: Mon, 05 Jan 2026 12:00:01 +0000')
})

const large = `${message}${'x'.repeat(70)}\r\n`.padEnd(100_000, 'y')
test.each<[string, Given, string]>([
  ['a small one comes back whole', {}, 'message/rfc822'],
  ['a large one as its header', { text: large }, 'text/rfc822-headers'],
  ['a large one whole, if asked', { text: large, submission: { ret: 'full' } }, 'message/rfc822'],
  [
    'one beyond the limit as its header, though asked',
    { text: message.padEnd(10_500_000, 'y'), submission: { ret: 'full' } },
    'text/rfc822-headers',
  ],
  ['a small one as its header, if asked', { submission: { ret: 'hdrs' } }, 'text/rfc822-headers'],
  [
    'of a delay the header',
    { told: [told({ action: 'delayed' })], submission: { ret: 'full' } },
    'text/rfc822-headers',
  ],
])('%s', async (_, given, type) => {
  const bytes = await made(given)
  expect(structure(bytes)[2]).toBe(type)
  expect(bytes.toString()).toContain('Message-ID: <1@example.test>')
  expect(bytes.toString().includes('Hello')).toBe(type === 'message/rfc822')
})

test('addresses with other letters: the forms of RFC 6533', async () => {
  const bytes = await made({
    told: [
      told({ recipient: 'jürgen@remote.test', originalRecipient: 'utf-8;j\\x{FC}rgen@remote.test', text: 'Grüße' }),
    ],
    submission: { body: 'smtputf8', ret: 'hdrs' },
  })
  expect(structure(bytes)).toEqual(['text/plain', 'message/global-delivery-status', 'message/global-headers'])
  expect(bytes.toString()).toContain('report-type=global-delivery-status')
  expect(status(bytes)[1]).toEqual(
    expect.arrayContaining([
      'Original-Recipient: utf-8; jürgen@remote.test',
      'Final-Recipient: utf-8; jürgen@remote.test',
      'Diagnostic-Code: smtp; 550 Grüße',
    ]),
  )
})

test('what another server says can add no field, no part and no long line', async () => {
  const text = `no\r\nAction: delivered\r\n\r\n--=_unique\r\n\x00\x1b[31m ${'ü'.repeat(300)} ${'x'.repeat(3_000)}`
  const bytes = await made({ told: [told({ text, remote: 'mx\r\nX-Evil: 1 [192.0.2.1]' })] })
  expect(structure(bytes)).toHaveLength(3)
  expect(status(bytes)).toHaveLength(2)
  expect(status(bytes)[1]?.filter((field) => /^(Action|X-Evil)/.test(field))).toEqual(['Action: failed'])
  const machine = bytes.toString().slice(bytes.indexOf('message/delivery-status'), bytes.indexOf('message/rfc822'))
  for (const line of machine.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThan(998)
  expect(machine).toMatch(/^[\x09\x0a\x0d\x20-\x7e]*$/)
})

test("our own word is no server's: no Diagnostic-Code, no Remote-MTA", async () => {
  const bytes = await made({ told: [told({ code: undefined, remote: undefined, status: '4.4.7', text: 'refused' })] })
  expect(status(bytes)[1]?.some((field) => /^(Diagnostic|Remote)/.test(field))).toBe(false)
  expect((await simpleParser(bytes)).text).toContain('The last try ended with: refused')
})

test('a message without a usable Message-ID is still returned', async () => {
  const bytes = await made({ text: 'Message-ID: <a b>\r\nSubject: x\r\n\r\nHello\r\n' })
  expect((await simpleParser(bytes)).inReplyTo).toBeUndefined()
  expect(structure(bytes)).toHaveLength(3)
})

test.each([
  ['5.1.1', 'There is no such address.'],
  ['5.1.99', 'The address was not accepted.'],
  ['4.4.7', 'It was tried for days, and the time is over.'],
  ['5.7.26', "The recipient's mail server refused it by its rules."],
  ['5.0.0', 'The message was refused.'],
])('%s: %s', (code, what) => {
  expect(explain(code).what).toBe(what)
})
