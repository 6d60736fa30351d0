// SORT (RFC 5256, RFC 5957): each key, ties, reverse, several keys, and what is kept between two sorts.

import { parseMessage } from '@postern/message'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { collationKey } from '../src/search/collation.js'
import type { SortBy, SortKey } from '../src/search/query.js'
import { SearchFixture } from './search-fixture.js'

interface Row {
  readonly from: string
  readonly to: string
  readonly cc: string
  readonly subject: string
  readonly date: string | undefined
  readonly arrival: number
  readonly filling: number
}

const mail = ({ from, to, cc, subject, date, filling }: Row): string =>
  [
    `From: ${from}`,
    `To: ${to}`,
    ...(cc === '' ? [] : [`Cc: ${cc}`]),
    `Subject: ${subject}`,
    ...(date === undefined ? [] : [`Date: ${date}`]),
    '',
    'x'.repeat(filling),
  ].join('\r\n')

const rows: Row[] = [
  {
    from: 'Zed <beta@example.com>',
    to: 'm@example.com',
    cc: '',
    subject: 'Re: banana',
    date: 'Thu, 03 Apr 2025 10:00:00 +0000',
    arrival: 300,
    filling: 900,
  },
  {
    from: 'ALPHA@example.com',
    to: 'k@example.com',
    cc: 'c@example.com',
    subject: 'Äpfel',
    date: 'Thu, 03 Apr 2025 01:00:00 -1200',
    arrival: 100,
    filling: 10,
  },
  {
    from: 'amy <gamma@example.com>',
    to: 'Bea <z@example.com>',
    cc: 'b@example.com',
    subject: 'apple',
    date: undefined,
    arrival: 1_743_660_000,
    filling: 500,
  },
  {
    from: 'Bob <alpha@example.com>',
    to: 'l@example.com',
    cc: '',
    subject: 'Banana',
    date: 'Wed, 02 Apr 2025 23:00:00 +0000',
    arrival: 100,
    filling: 900,
  },
]

const sorted: [SortKey[], number[]][] = [
  [[{ by: 'arrival' }], [2, 4, 1, 3]],
  [[{ by: 'arrival', reverse: true }], [3, 1, 2, 4]],
  [[{ by: 'size' }], [2, 3, 4, 1]],
  [[{ by: 'subject' }], [3, 2, 1, 4]],
  [[{ by: 'subject', reverse: true }], [1, 4, 2, 3]],
  [[{ by: 'from' }], [2, 4, 1, 3]],
  [[{ by: 'to' }], [2, 4, 1, 3]],
  [[{ by: 'cc' }], [1, 4, 3, 2]],
  [[{ by: 'displayFrom' }], [2, 3, 4, 1]],
  [[{ by: 'displayTo' }], [3, 2, 4, 1]],
  // The third has no Date and takes the internal date, 2025-04-03 06:00 UTC.
  [[{ by: 'date' }], [4, 3, 1, 2]],
  [
    [{ by: 'from' }, { by: 'size', reverse: true }],
    [4, 2, 1, 3],
  ],
  [
    [{ by: 'arrival' }, { by: 'date', reverse: true }],
    [2, 4, 1, 3],
  ],
  [
    [{ by: 'arrival' }, { by: 'date' }],
    [4, 2, 1, 3],
  ],
  [[], [1, 2, 3, 4]],
]

describe('each key', () => {
  const fixture = new SearchFixture()
  beforeAll(async () => {
    for (const row of rows) await fixture.deliver(mail(row), { internalDate: row.arrival })
  })
  afterAll(() => fixture.close())

  test.each(sorted)('%j', async (sort, uids) => {
    const index = fixture.open()
    expect(await fixture.search({ kind: 'all' }, { sort, index })).toEqual(uids)
    // Again, from what is kept.
    expect(await fixture.search({ kind: 'all' }, { sort, index })).toEqual(uids)
  })

  test('only what was found is sorted', async () => {
    expect(await fixture.search({ kind: 'size', above: 300 }, { sort: [{ by: 'subject' }] })).toEqual([3, 1, 4])
    expect(await fixture.search({ kind: 'size', above: 99_999 }, { sort: [{ by: 'subject' }] })).toEqual([])
  })
})

test('what is kept of a mailbox grows with it', async () => {
  const fixture = new SearchFixture()
  const sort: SortKey[] = [{ by: 'subject' }]
  const row = rows[0] as Row
  await fixture.deliver(mail({ ...row, subject: 'm' }))
  await fixture.deliver(mail({ ...row, subject: 'c' }))
  const index = fixture.open()
  expect(await fixture.search({ kind: 'all' }, { sort, index })).toEqual([2, 1])
  await fixture.deliver(mail({ ...row, subject: 'f' }))
  const { entries } = fixture.open()
  index.entries.grow(3)
  index.entries.push(entries.at(2))
  expect(await fixture.search({ kind: 'all' }, { sort, index })).toEqual([2, 3, 1])
  index.entries.removeAt([1])
  expect(await fixture.search({ kind: 'all' }, { sort, index })).toEqual([3, 1])
  await fixture.close()
})

test('a message that was purged meanwhile sorts as one without keys', async () => {
  const fixture = new SearchFixture()
  const ids: number[] = []
  for (const subject of ['b', 'c', 'a']) ids.push(await fixture.deliver(mail({ ...(rows[0] as Row), subject })))
  const index = fixture.open()
  fixture.purge(ids[1] as number)
  expect(await fixture.search({ kind: 'all' }, { sort: [{ by: 'subject' }], index })).toEqual([2, 3, 1])
  await fixture.close()
})

test('any mail in any order is sorted as a plain sort does', async () => {
  const subjects = fc.constantFrom('a', 'A', 'ä', 'b', 'Re: b', '', '\u{1f600}', '\uffe6', '~')
  const row = fc.record({
    from: fc.constantFrom('a@x.example', 'B <b@x.example>', 'c@x.example'),
    to: fc.constantFrom('A <z@x.example>', 'y@x.example'),
    cc: fc.constantFrom('', 'c@x.example'),
    subject: subjects,
    date: fc.constantFrom(
      undefined,
      'Tue, 01 Apr 2025 10:00:00 +0000',
      'Mon, 01 Jan 0001 00:00:00 +0000',
      'Fri, 31 Dec 9999 23:59:59 +0000',
    ),
    arrival: fc.constantFrom(0, 1, 70_000, 2_000_000_000, 1_743_501_600),
    filling: fc.nat(3),
  })
  const by = fc.constantFrom<SortBy>(
    'arrival',
    'date',
    'from',
    'size',
    'subject',
    'to',
    'cc',
    'displayFrom',
    'displayTo',
  )
  const keys = fc.array(fc.record({ by, reverse: fc.boolean() }), { minLength: 1, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 2, maxLength: 12 }), keys, async (some, sort) => {
      const fixture = new SearchFixture()
      for (const one of some) await fixture.deliver(mail(one), { internalDate: one.arrival })
      const found = await fixture.search({ kind: 'all' }, { sort })
      const values = some.map((one) => sort.map(({ by: key }) => keyOf(one, key)))
      const expected = some
        .map((_, i) => i + 1)
        .sort((a, b) => {
          for (const [k, { reverse }] of sort.entries()) {
            const x = values[a - 1]?.[k] as number | string
            const y = values[b - 1]?.[k] as number | string
            if (x !== y) return (x < y ? -1 : 1) * (reverse ? -1 : 1)
          }
          return a - b
        })
      await fixture.close()
      expect(found).toEqual(expected)
    }),
    { numRuns: 25 },
  )
})

function keyOf(row: Row, by: SortBy): number | string {
  const bytes = Buffer.from(mail(row))
  const { sort } = parseMessage(bytes)
  switch (by) {
    case 'arrival':
      return row.arrival
    case 'size':
      return bytes.length
    case 'date':
      return sort.date === undefined ? row.arrival : sort.date / 1000
    default:
      // Code points side by side, as text that compares so.
      return Array.from(collationOracle(sort[by]))
        .map((character) => (character.codePointAt(0) as number).toString(16).padStart(6, '0'))
        .join('')
  }
}

const collationOracle = (text: string): string => text.normalize('NFKD').toLowerCase()

test('characters beyond 16 bits come after all others', () => {
  const texts = ['z', '\ud7ff', '\u{f900}'.normalize('NFKD'), '\uffe6', '\u{10000}', '\u{1f600}', '\u{10ffff}']
  const keys = texts.map(collationKey)
  const points = texts.map((text) => text.normalize('NFKD').toLowerCase().codePointAt(0) as number)
  const byPoint = texts.map((_, i) => i).sort((a, b) => (points[a] as number) - (points[b] as number))
  const byKey = texts.map((_, i) => i).sort((a, b) => ((keys[a] as string) < (keys[b] as string) ? -1 : 1))
  expect(byKey).toEqual(byPoint)
})
