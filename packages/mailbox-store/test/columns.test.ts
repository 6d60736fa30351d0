// What is packed into a message's row comes out as it went in: envelopes, sort keys, uid sets.

import { parseMessage } from '@postern/message'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { packEnvelope, unpackEnvelope } from '../src/messages/envelope-column.js'
import { packSort, unpackSort } from '../src/messages/sort-column.js'
import { formatUidSet, parseUidSet, UidCursor, uidSet, uidSetOf, uidSetSize, uidsIn } from '../src/messages/uid-set.js'

const envelopeOf = (header: string): string => parseMessage(new TextEncoder().encode(header)).envelope

describe('envelope column', () => {
  test.each([
    ['From: A B <a@example.net>\r\nSubject: x\r\n\r\n', true],
    ['From: "A \\"q\\" (b) ) \\\\" <a@example.net>, c@example.net\r\nSubject: "x" ((\r\nDate: no (date)\r\n\r\n', true],
    ['From: a@example.net\r\nReply-To: b@example.net\r\n\r\n', false],
    ['From: a@example.net\r\nSender: b@example.net\r\n\r\n', false],
    ['From: a@example.net\r\nSender: a@example.net\r\nReply-To: a@example.net\r\n\r\n', true],
    ['Subject: nobody\r\n\r\n', false],
    ['From: friends: a@example.net, b@example.net;\r\n\r\n', true],
    ['\r\n', false],
  ])('%j', (header, shorter) => {
    const envelope = envelopeOf(header)
    const packed = packEnvelope(envelope)
    expect(unpackEnvelope(packed)).toBe(envelope)
    expect(packed.length < envelope.length).toBe(shorter)
  })

  test('any header at all', () => {
    const line = fc.tuple(
      fc.constantFrom('From', 'Sender', 'Reply-To', 'Subject', 'Date', 'To'),
      fc.string({ unit: 'binary', maxLength: 40 }),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        const envelope = envelopeOf(`${lines.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n`)
        expect(unpackEnvelope(packEnvelope(envelope))).toBe(envelope)
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
  expect(unpackSort(packSort(sort))).toEqual(sort)
  expect(unpackSort(packSort({ ...sort, isReplyOrForward: true })).isReplyOrForward).toBe(true)
  expect(unpackSort(packSort({ ...sort, date: undefined })).date).toBeUndefined()
  expect(unpackSort(packSort({ ...sort, date: -86_400_000 })).date).toBe(-86_400_000)
  expect(unpackSort(packSort({ ...sort, subject: 'a\u001fb' })).subject).toBe('a b')
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
