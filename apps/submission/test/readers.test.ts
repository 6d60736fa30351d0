// A From that's taken, read by programs that aren't careful: each finds the addresses that were checked, and no other. Among them are
// nodemailer's reader, the one for stored mail, and the one-liners of scripts, each also behind a decoding of encoded words.
import { addressList, decodeWords } from '@postern/message'
import fc from 'fast-check'
import addressparser from 'nodemailer/lib/addressparser'
import { expect, test } from 'vitest'
import { refused } from './facts.js'

type Reader = (value: string) => readonly string[]

const angles = (text: string): string[] => Array.from(text.matchAll(/<([^>]*)>/g), (found) => found[1] as string)
const readers: Record<string, Reader> = {
  nodemailer: (value) => addressparser(value, { flatten: true }).map(({ address }) => address ?? ''),
  'the reader of stored mail': (value) =>
    addressList(value, 100).map(({ mailbox, host }) => (host ? `${mailbox}@${host}` : '')),
  'the first angle brackets': (value) => angles(value).slice(0, 1),
  'the last angle brackets': (value) => angles(value).slice(-1),
  'angle brackets between commas': (value) => value.split(',').flatMap((part) => angles(part).slice(0, 1)),
  'without comments': (value) => angles(value.replace(/\([^()]*\)/g, '')),
  'without quoted strings': (value) => value.replace(/"[^"]*"/g, '').match(/[\w.]+@[\w.]+/g) ?? [],
}

const pieces = fc.constantFrom(
  ...[
    '<',
    '>',
    '(',
    ')',
    '@',
    ',',
    ';',
    ':',
    '"',
    '\\',
    '[',
    ']',
    '=',
    '?',
    '.',
    ' ',
    '""',
    '"a"',
    '(x)',
    'ceo',
    'Team:',
  ],
  ...['ceo@bank.test', '<ceo@bank.test>', '"ceo@bank.test"', '"ceo@bank.test" <ada@example.org>', '<ada@example.org>'],
  ...[
    '<ada@example.org>,',
    'ada@example.org',
    '=?utf-8?Q?',
    '?=',
    '=?utf-8?Q?=22?=',
    '=?utf-8?Q?=2C?=',
    '=?utf-8?Q?=3C?=',
  ],
  ...[
    '=?utf-8?Q?ceo=40bank.test?=',
    '=?utf-8?Q?=3Cceo=40bank.test=3E?=',
    '=?utf-8?B?Y2VvQGJhbmsudGVzdA==?=',
    '=?utf-8?Q?=28?=',
  ],
)
const name = fc.array(pieces, { maxLength: 4 }).map((list) => list.join(''))
const lists = fc.array(name, { minLength: 1, maxLength: 3 })
const value = lists.map((names) => names.map((each) => `${each} <ada@example.org>`).join(', '))

test('no reader finds anybody who was not checked', async () => {
  let taken = 0
  await fc.assert(
    fc.asyncProperty(value, async (from) => {
      if ((await refused(`From: ${from}\r\n\r\n`)) !== 'accepted') return
      taken++
      for (const [reader, read] of Object.entries(readers))
        for (const text of [from, decodeWords(from)])
          for (const address of read(text)) expect(address, `${reader}: ${text}`).not.toMatch(/@bank\.test/)
    }),
    { numRuns: 20_000 },
  )
  expect(taken).toBeGreaterThan(200)
})
