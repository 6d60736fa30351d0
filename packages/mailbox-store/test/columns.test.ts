// What is packed into a message's row comes out as it went in: envelopes and structures, sort keys, uid sets.

import { parseMessage } from '@postern/message'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ListingCursor, packListing, structureOf } from '../src/messages/listing-column.js'
import { packSort, unpackIsReply, unpackSortDate, unpackSortText } from '../src/messages/sort-column.js'
import { formatUidSet, parseUidSet, UidCursor, uidSet, uidSetOf, uidSetSize, uidsIn } from '../src/messages/uid-set.js'

/** What FETCH would copy out of the packed column. */
function unpacked(listing: Uint8Array, { utf8 }: { utf8: boolean }): { envelope: string; bodyStructure: string } {
  // With other bytes before, as where many are read at once.
  const cursor = new ListingCursor(Buffer.concat([Buffer.from('xyz'), listing]))
  expect(cursor.seek(3)).toBe(3 + listing.length)
  const texts = [Buffer.alloc(0), Buffer.alloc(0)]
  const into = (i: 0 | 1) => ({
    part: (bytes: Uint8Array, start: number, end: number) => {
      texts[i] = Buffer.concat([texts[i] as Buffer, bytes.subarray(start, end)])
    },
  })
  cursor.envelope(into(0), { utf8 })
  cursor.structure(into(1), { utf8 })
  return { envelope: String(texts[0]), bodyStructure: String(texts[1]) }
}

function expectUnpacked(message: string): Uint8Array {
  const forms = parseMessage(new TextEncoder().encode(message))
  const { envelope, bodyStructure, envelopeUtf8 = envelope, bodyStructureUtf8 = bodyStructure } = forms
  const listing = packListing(forms)
  expect(unpacked(listing, { utf8: false })).toEqual({ envelope, bodyStructure })
  expect(unpacked(listing, { utf8: true })).toEqual({ envelope: envelopeUtf8, bodyStructure: bodyStructureUtf8 })
  expect(structureOf(listing)).toBe(bodyStructure)
  return listing
}

describe('listing column', () => {
  test.each([
    ['From: A B <a@example.net>\r\nSubject: x\r\n\r\n', true],
    ['From: "A \\"q\\" (b) ) \\\\" <a@example.net>, c@example.net\r\nSubject: "x" ((\r\nDate: no (date)\r\n\r\n', true],
    ['From: a@example.net\r\nReply-To: b@example.net\r\n\r\n', false],
    ['From: a@example.net\r\nSender: b@example.net\r\n\r\n', false],
    ['From: a@example.net\r\nSender: a@example.net\r\nReply-To: a@example.net\r\n\r\n', true],
    ['Subject: nobody\r\n\r\n', false],
    ['From: friends: a@example.net, b@example.net;\r\n\r\n', true],
    [`From: a@example.net\r\nTo: ${'b@example.net, '.repeat(2_000)}c@example.net\r\n\r\n`, true],
    ['\r\n', false],
  ])('%#: From is said once where it can be', (message, once) => {
    const { envelope } = parseMessage(new TextEncoder().encode(message))
    const alone = packListing({ envelope, bodyStructure: '' })
    expect(alone.length < envelope.length).toBe(once)
    expectUnpacked(message)
  })

  test.each([
    ['Content-Type: text/plain; charset=utf-8\r\n\r\nx\r\n', 30],
    ['Content-Type: text/html; charset="UTF-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nx\r\n', 40],
    [
      'Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nx\r\n--b--\r\n',
      120,
    ],
    ['Content-Type: text/plain; charset=koi8-r\r\n\r\nx\r\n', 80],
  ])('%#: a structure that is common is short', (message, bytesMax) => {
    const envelope = '()'
    const { bodyStructure } = parseMessage(new TextEncoder().encode(message))
    expect(packListing({ envelope, bodyStructure }).length).toBeLessThan(bytesMax)
    expectUnpacked(message)
  })

  test('UTF-8 where it differs, in either or both', () => {
    expectUnpacked('From: \u00fc <a@example.net>\r\nSubject: \u00e4 \u{1f600}\r\n\r\n')
    expectUnpacked('From: a@example.net\r\nContent-Type: text/plain; name="\u00fc"\r\n\r\n')
    expectUnpacked('From: \u00fc <a@example.net>\r\nContent-Type: text/plain; name="\u00fc"\r\n\r\n')
  })

  test('any header at all', () => {
    const line = fc.tuple(
      fc.constantFrom('From', 'Sender', 'Reply-To', 'Subject', 'Date', 'To', 'Content-Type'),
      fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom('text/plain; charset=utf-8', 'text/html')),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        expectUnpacked(`${lines.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n`)
      }),
    )
  })
})

test('sort column', () => {
  const sort = {
    date: 1_772_366_400_000,
    subject: 'über',
    isReplyOrForward: false,
    from: 'a',
    to: '',
    cc: 'c',
    displayFrom: 'A B',
    displayTo: '',
  }
  const column = packSort(sort)
  for (const by of ['subject', 'from', 'to', 'cc', 'displayFrom', 'displayTo'] as const)
    expect(unpackSortText(column, by)).toBe(sort[by])
  expect(unpackSortDate(column)).toBe(1_772_366_400)
  expect(unpackIsReply(column)).toBe(false)
  const reply = packSort({ ...sort, displayTo: 'D', isReplyOrForward: true })
  expect([unpackIsReply(reply), unpackSortText(reply, 'displayTo')]).toEqual([true, 'D'])
  expect(unpackIsReply(packSort({ ...sort, displayTo: '1' }))).toBe(false)
  expect(unpackSortDate(packSort({ ...sort, date: undefined }))).toBeUndefined()
  expect(unpackSortDate(packSort({ ...sort, date: -86_400_000 }))).toBe(-86_400)
  expect(unpackSortText(packSort({ ...sort, subject: 'a\u001fb' }), 'subject')).toBe('a b')
  // Of a message that is gone there's no column.
  expect([unpackSortText('', 'cc'), unpackSortDate(''), unpackIsReply('')]).toEqual(['', undefined, false])
})

describe('uid sets', () => {
  const ranges = fc.array(fc.tuple(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 80 })), { maxLength: 12 })

  test('mean the same numbers in every form', () => {
    fc.assert(
      fc.property(ranges, (pairs) => {
        const numbers = new Set(
          pairs.flatMap(([a, b]) => Array.from({ length: Math.abs(a - b) + 1 }, (_, i) => Math.min(a, b) + i)),
        )
        const sorted = [...numbers].sort((a, b) => a - b)
        const set = uidSet(pairs)
        expect([...uidsIn(set)]).toEqual(sorted)
        expect(uidSetSize(set)).toBe(sorted.length)
        expect(uidSetOf(sorted)).toEqual(set)
        expect(parseUidSet(formatUidSet(set))).toEqual(set)
        const cursor = new UidCursor(set)
        for (let uid = 1; uid <= 81; uid++) expect(cursor.has(uid)).toBe(numbers.has(uid))
      }),
    )
  })

  test.each([
    [[[5, 3]], '3:5'],
    [
      [
        [1, 2],
        [3, 4],
      ],
      '1:4',
    ],
    [[[0, 2]], '1:2'],
    [[[7, 9_999_999_999]], '7:4294967295'],
    [[], ''],
  ] as [[number, number][], string][])('%j is %s', (pairs, text) => {
    expect(formatUidSet(uidSet(pairs))).toBe(text)
  })
})
