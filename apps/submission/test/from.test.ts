// Nobody is taken for somebody else (contract D3), and nobody who is themselves is refused.
import { expect, test } from 'vitest'
import { received, refused, take } from './facts.js'
import { fromTricks, headerTricks, internationalTricks } from './from-tricks.js'

test.each(fromTricks)('From: %s', async (_, value) => {
  expect(await refused(`From: ${value}\r\n\r\nHello\r\n`)).toMatch(/^55[34] 5\.(?:7\.1 Sender not authorized|6\.0)/)
})

test.each(internationalTricks)('From in UTF-8: %s', async (_, value) => {
  const message = Buffer.from(`From: ${value}\r\n\r\nHello\r\n`)
  expect(await refused(message, { smtpUtf8: true })).toMatch(/^553 5\.7\.1 Sender not authorized/)
})

test.each(headerTricks)('%s', async (_, header) => {
  expect(await refused(`${header}\r\nHello\r\n`)).toMatch(/^55[34] 5\.(?:7\.1 Sender not authorized|6\.0)/)
})

test.each([
  'ada@example.org',
  'ADA@Example.ORG',
  '<ada@example.org>',
  'Ada <ada@example.org>',
  'Ada Q. Lovelace <ada@example.org>',
  '"Lovelace, Ada" <ada@example.org>',
  '"Ada \\"Q\\" Lovelace" <ada@example.org>',
  '"ceo@bank.test" <ada@example.org>',
  "Ada O'Neil <ada@example.org>",
  '"ada@example.org" <ada@example.org>',
  '"\'ada@example.org\'" <ada@example.org>',
  '"Ada <ada@example.org>" <ada@example.org>',
  '"Lovelace, Ada <Ada@Example.org>" <ada@example.org>',
  '=?utf-8?Q?ada=40example=2Eorg?= <ada@example.org>',
  '=?utf-8?Q?Ad=C3=A4_=40_home?= <ada@example.org>',
  'Ada (at home) <ada@example.org>',
  'ada@example.org (Ada Lovelace)',
  'ada@example.org (Lovelace, Ada (at home))',
  '=?utf-8?Q?Ad=C3=A4?= <ada@example.org>',
  '=?utf-8?Q?Ad=C3=A4?=\r\n =?utf-8?B?TG92ZWxhY2U=?= <ada@example.org>',
  '"=?utf-8?Q?Ad=C3=A4?=" <ada@example.org>',
  '=?utf-8?Q?Ad=C3=A4_(home)?= <ada@example.org>',
  '\r\n ada@example.org',
  '"A rather long name"\r\n\t<ada@example.org>',
  '"ada"@example.org',
  'ada@example.org, support@team.example.org',
  'Team: ada@example.org, Support <support@team.example.org>;',
  'Support+news@team.example.org',
  "o'neil!#$%&*=?^_`{|}~@team.example.org",
])('From: %s', async (value) => {
  expect(await refused(`From: ${value}\r\n\r\nHello\r\n`)).toBe('accepted')
})

test.each([
  'Ädä <ada@example.org>',
  '"Lovelace, Ädä" <ada@example.org>',
  'ädä@team.example.org',
  'שלום\u200f <ada@example.org>',
])('From in UTF-8: %s', async (value) => {
  expect(await refused(Buffer.from(`From: ${value}\r\n\r\nHello\r\n`), { smtpUtf8: true })).toBe('accepted')
})

test('Sender and Resent fields of covered addresses stand', async () => {
  const resent =
    'Resent-From: support@team.example.org\r\nResent-Sender: ada@example.org\r\nResent-From: ada@example.org\r\n'
  const header = `From: ada@example.org\r\nSender: Ada <ada@example.org>\r\n${resent}`
  expect(await refused(`${header}\r\n`)).toBe('accepted')
})

test('more addresses than are looked up, and more fields than are read', async () => {
  const many = Array.from({ length: 51 }, (_, i) => `a${i}@team.example.org`).join(',\r\n ')
  expect(await refused(`From: ${many}\r\n\r\n`)).toContain('more than 50 addresses say who it is from')
  const resent = (fields: number): string =>
    Array.from({ length: fields }, (_, i) => `Resent-From: a${i}@team.example.org\r\n`).join('')
  const two = 'Resent-From: b@team.example.org, c@team.example.org\r\n'
  let asked = 0
  const maySend = async (): Promise<boolean> => ++asked > 0
  const from = 'From: ada@example.org\r\n\r\n'
  expect(await refused(`${resent(48)}${two}${from}`, { maySend })).toContain('more than 50 addresses')
  expect(asked).toBe(50)
  expect(await refused(`${resent(50)}${from}`, { maySend })).toContain('more than 50 fields say who it is from')
})

const own = { ownAddress: 'ada@example.org' }

test.each([
  ['Bob <bob@bank.test>', 'Bob <ada@example.org>', 'Bob <bob@bank.test>'],
  ['bob@bank.test', 'ada@example.org', 'bob@bank.test'],
  ['"Bob, Jr." <Bob@bank.test>', '"Bob, Jr." <ada@example.org>', '"Bob, Jr." <Bob@bank.test>'],
  ['bob@bank.test (Bob (Jr.))', '"Bob (Jr.)" <ada@example.org>', '"Bob (Jr.)" <bob@bank.test>'],
  [
    '=?utf-8?Q?B=C3=B6b?=\r\n <bob@bank.test>',
    '=?utf-8?Q?B=C3=B6b?= <ada@example.org>',
    '=?utf-8?Q?B=C3=B6b?= <bob@bank.test>',
  ],
  ['A <ada@example.org>, B <b@bank.test>', 'A <ada@example.org>', 'A <ada@example.org>,\r\n B <b@bank.test>'],
  [`${'n'.repeat(300)} <bob@bank.test>`, 'ada@example.org', 'bob@bank.test'],
  ['bob@bank.test <bob@bank.test>', 'ada@example.org', undefined],
  ['Scanner', 'ada@example.org', undefined],
  ['', 'ada@example.org', undefined],
  ['undisclosed:;', 'ada@example.org', undefined],
])('rewritten: %s', async (value, from, replyTo) => {
  const { wire, message } = await take(`From: ${value}\r\nSubject: x\r\n\r\nHello\r\n`, own)
  const answers = replyTo === undefined ? '' : `Reply-To: ${replyTo}\r\n`
  expect(wire).toMatch(/Message-ID: <\S+@example\.org>\r\n/)
  expect(wire.slice(wire.indexOf('From: '))).toBe(`From: ${from}\r\n${answers}Subject: x\r\n\r\nHello\r\n`)
  expect(message.from.map(({ address }) => address)).toEqual(['ada@example.org'])
})

test.each([
  ['a covered From stands', 'From: A <support@team.example.org>\r\n', 'From: A <support@team.example.org>\r\n'],
  ['without From', 'To: x@y.test\r\n', 'From: ada@example.org\r\nTo: x@y.test\r\n'],
  ['two From', 'From: a@bank.test\r\nX: y\r\nFrom: b@bank.test\r\n', 'From: ada@example.org\r\nX: y\r\n'],
  [
    'a Reply-To stands',
    'From: a@bank.test\r\nReply-To: r@bank.test\r\n',
    'From: ada@example.org\r\nReply-To: r@bank.test\r\n',
  ],
  [
    'an empty Reply-To does not',
    'Reply-To:\r\nFrom: a@bank.test\r\n',
    'From: ada@example.org\r\nReply-To: a@bank.test\r\n',
  ],
  ['a foreign Sender goes', 'From: ada@example.org\r\nSender: s@bank.test\r\n', 'From: ada@example.org\r\n'],
  [
    'an own Sender stays',
    'Sender: ada@example.org\r\nFrom: a@bank.test\r\n',
    'From: ada@example.org\r\nReply-To: a@bank.test\r\nSender: ada@example.org\r\n',
  ],
  [
    'Resent fields',
    'From: ada@example.org\r\nResent-From: Bob <b@bank.test>\r\nResent-Sender: b@bank.test\r\n',
    'From: ada@example.org\r\nResent-From: Bob <ada@example.org>\r\n',
  ],
])('rewritten: %s', async (_, header, expected) => {
  const lacking = 'Date: Fri, 2 Jan 2026 03:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n'
  const { wire } = await take(`${header}${lacking}\r\n`, own)
  expect(wire).toBe(`${received}${expected}${lacking}\r\n`)
})

test.each([...fromTricks.map(([what, value]) => [what, `From: ${value}\r\n`] as const), ...headerTricks])(
  'rewritten, nobody is taken for somebody else: %s',
  async (_, header) => {
    const answer = await take(`${header}\r\nHello\r\n`, own).catch(({ message }: Error) => message)
    if (typeof answer === 'string') expect(answer).toMatch(/^554 5\.6\.0 Line/)
    else {
      const said = answer.wire
        .slice(0, answer.wire.indexOf('\r\n\r\n'))
        .match(/^(?:Resent-)?(?:From|Sender): ?.*(?:\r\n[ \t].*)*/gim)
      for (const field of said ?? []) expect(field).toMatch(/^[^<]*ada@example\.org>?$|^[^<@]*<ada@example\.org>$/)
    }
  },
)
