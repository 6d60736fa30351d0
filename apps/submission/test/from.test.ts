// Nobody is taken for somebody else (contract D3), and nobody who is themselves is refused.
import { expect, test } from 'vitest'
import { refused } from './facts.js'
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

test('more addresses than are looked up', async () => {
  const many = Array.from({ length: 51 }, (_, i) => `a${i}@team.example.org`).join(',\r\n ')
  expect(await refused(`From: ${many}\r\n\r\n`)).toContain('it has more than 50 addresses')
})
