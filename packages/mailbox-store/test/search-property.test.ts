// Whatever the mail and whatever the question: the answer is what a plain comparison of the decoded texts gives, before
// the index has anything, in the middle, and when it has everything.

import { parseMessage, searchHeaders, searchPartHeaders, searchText } from '@postern/message'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fold } from '../src/search/fold.js'
import type { SearchQuery } from '../src/search/query.js'
import { addFiller, SearchFixture } from './search-fixture.js'

/** Pieces that make trouble when they meet: marks, pairs, quotes, what the index reserves. */
const piece = fc.constantFrom(
  ...['a', 'b', 'A', 'ab', 'the', ' ', '  ', '\r\n', '"', "'", '*', '%', '-', ':', '\ue000', '\uf8ff', '\ufffd'],
  ...[
    'ß',
    'ẞ',
    'SS',
    'İ',
    'ı',
    'i',
    'é',
    'e',
    '\u0301',
    '\u0323',
    'Σ',
    'ς',
    'ﬁ',
    '猫',
    '東',
    '京',
    '한',
    '하',
    '😀',
    '👩‍👧',
    '\0',
  ],
)
const someText = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''))
const plainText = fc
  .array(fc.constantFrom('a', 'b', 'A', 'ab', 'the', ' ', '\r\n', '"', '-', 'SS', 'i', 'e', '\0'), { maxLength: 14 })
  .map((pieces) => pieces.join(''))
const needleText = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''))

interface Mail {
  readonly subject: string
  readonly from: string
  readonly note: string | undefined
  readonly body: string
  readonly second: string | undefined
  readonly encoding: 'base64' | 'quoted-printable' | '8bit'
}
const mail: fc.Arbitrary<Mail> = fc.record({
  subject: someText,
  from: someText,
  note: fc.option(someText, { nil: undefined }),
  body: fc.oneof(someText, plainText),
  second: fc.option(someText, { nil: undefined }),
  encoding: fc.constantFrom('base64', 'quoted-printable', '8bit'),
})

const word = (text: string): string => `=?utf-8?b?${Buffer.from(text).toString('base64')}?=`
// The prefix keeps the charset guess of a text with U+FFFD at UTF-8.
const encoded = (text: string, encoding: Mail['encoding']): string => {
  const bytes = Buffer.from(text.includes('\ufffd') ? `äöüÄÖÜ${text}` : text)
  if (encoding === '8bit') return bytes.toString()
  if (encoding === 'base64') return bytes.toString('base64').replace(/.{8}/g, '$&\r\n')
  return Array.from(
    bytes,
    (byte, i) => `${i % 5 === 4 ? '=\r\n' : ''}=${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('')
}

function compose({ subject, from, note, body, second, encoding }: Mail): string {
  const head = [`Subject: ${word(subject)}`, `From: ${word(from)} <x@example.com>`]
  if (note !== undefined) head.push(`X-Note: ${word(note)}`)
  const part = (text: string): string =>
    `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${encoded(text, encoding)}`
  if (second === undefined) return `${head.join('\r\n')}\r\n${part(body)}`
  return `${head.join('\r\n')}\r\nContent-Type: multipart/mixed; boundary=cut\r\n\r\n--cut\r\n${part(body)}\r\n--cut\r\n${part(second)}\r\n--cut--\r\n`
}

const leaf: fc.Arbitrary<SearchQuery> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('body' as const, 'text' as const, 'subject' as const, 'from' as const),
    text: needleText,
  }),
  fc.record({
    kind: fc.constant('header' as const),
    name: fc.constantFrom('x-note', 'Subject', 'X'),
    text: fc.oneof(needleText, fc.constant('')),
  }),
)
const query: fc.Arbitrary<SearchQuery> = fc.oneof(
  { weight: 4, arbitrary: leaf },
  { weight: 1, arbitrary: leaf.map((of): SearchQuery => ({ kind: 'not', of })) },
  { weight: 1, arbitrary: fc.tuple(leaf, leaf).map((of): SearchQuery => ({ kind: 'or', of })) },
  { weight: 1, arbitrary: fc.tuple(leaf, leaf).map((of): SearchQuery => ({ kind: 'and', of })) },
)

function matches(message: Buffer, asked: SearchQuery): boolean {
  const parsed = parseMessage(message)
  const headers = searchHeaders(message, parsed).map(({ name, value }) => ({
    name: fold(name),
    value: value.replaceAll('\n', ' '),
  }))
  const inField = (name: string, text: string): boolean =>
    headers.some((field) => field.name === fold(name) && fold(field.value).includes(fold(text)))
  const inBody = (text: string): boolean => searchText(message, parsed).some((part) => fold(part).includes(fold(text)))
  switch (asked.kind) {
    case 'not':
      return !matches(message, asked.of)
    case 'or':
      return asked.of.some((one) => matches(message, one))
    case 'and':
      return asked.of.every((one) => matches(message, one))
    case 'header':
      return inField(asked.name, asked.text)
    case 'subject':
    case 'from':
      return inField(asked.kind, asked.text)
    case 'body':
      return inBody(asked.text)
    case 'text':
      return (
        inBody(asked.text) ||
        headers.some(({ name, value }) => fold(`${name}: ${value}`).includes(fold(asked.text))) ||
        searchPartHeaders(message, parsed)
          .flat()
          .some(({ name, value }) => fold(`${name}: ${value}`).includes(fold(asked.text)))
      )
    default:
      throw new Error(`not asked here: ${asked.kind}`)
  }
}

test('answers are those of a plain comparison, whatever is indexed', { timeout: 120_000 }, async () => {
  let found = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(mail, { minLength: 4, maxLength: 12 }),
      fc.array(query, { minLength: 30, maxLength: 30 }),
      fc.nat(12),
      async (some, queries, indexedFrom) => {
        const fixture = new SearchFixture()
        // Enough of other mail that the index is asked at all.
        await addFiller(fixture, 66)
        const messages = some.map((one) => Buffer.from(compose(one)))
        const filler = 66
        const check = async (count: number): Promise<void> => {
          const index = fixture.open()
          for (const asked of queries) {
            const uids = (await fixture.search(asked, { index })).filter((uid) => uid > filler)
            const expected = messages
              .slice(0, count)
              .flatMap((message, i) => (matches(message, asked) ? [filler + 1 + i] : []))
            found += expected.length
            expect({ asked, uids }).toEqual({ asked, uids: expected })
          }
        }
        for (const [i, message] of messages.entries()) {
          if (i === indexedFrom) fixture.index()
          await fixture.deliver(message, { inFile: i % 3 === 2 })
        }
        await check(messages.length)
        fixture.index()
        await check(messages.length)
        fixture.reader.close()
        fixture.reader = fixture.newReader()
        await check(messages.length)
        await fixture.close()
      },
    ),
    { numRuns: 30 },
  )
  expect(found).toBeGreaterThan(1_000)
})
