// HEADER.FIELDS by the map is what HEADER.FIELDS by looking is, whatever the header.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FieldPick, headerFields, mapHeader } from '../src/index.js'

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))

/** With bytes before and behind, as maps and headers lie in what the store reads. */
function picked(header: Uint8Array, names: readonly string[], not: boolean): string {
  const map = mapHeader(header)
  const bytes = Buffer.concat([bytesOf('xy'), map, bytesOf('From: z\r\n'), header, bytesOf('\r\nTo: q\r\n\r\n')])
  const start = 2 + map.length + 9
  const pick = new FieldPick(names, not)
  const size = pick.find({
    bytes,
    map: { start: 2, end: 2 + map.length },
    header: { start, end: start + header.length },
  })
  const parts: Buffer[] = []
  pick.write({ part: (from, a, b) => void parts.push(Buffer.from(from.subarray(a, b))) })
  const all = Buffer.concat(parts)
  expect(all.length).toBe(size)
  return all.toString('latin1')
}

const same = (header: Uint8Array, names: readonly string[]): void => {
  for (const not of [false, true])
    expect(picked(header, names, not)).toBe(Buffer.from(headerFields(header, names, not)).toString('latin1'))
}

test.each([
  ['From: a\r\nTo: b\r\nX-Odd: c\r\nSubject: d\r\n\r\n', ['from', 'SUBJECT']],
  ['From: a\r\nTo: b\r\nX-Odd: c\r\nx-odd : d\r\nX-Odder: e\r\n\r\n', ['x-odd']],
  ['Received: a\r\n\tfolded\r\nReceived: b\r\n\r\n', ['Received']],
  ['Subject: \xe4\xf6\r\n\r\n', ['subject']],
  ['no field\r\nFrom: a\r\n : neither\r\nTo: b\r\n\r\n', ['From', 'To', 'no field']],
  ['From: breaks off', ['from']],
  ['To: a\r\nX-Odd: breaks off', ['x-odd', 'to']],
  ['', ['from']],
  ['\r\n', ['from']],
  [`Subject: ${'long '.repeat(5_000)}\r\nFrom: a\r\n\r\n`, ['from', 'subject']],
])('%j %j', (header, names) => same(bytesOf(header), names))

test('any header, any names', () => {
  const name = fc.constantFrom('From', 'to', 'X-Odd', 'x-ODD', 'Received', 'Subject ', 'x', 'no name', '')
  const value = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((n) => String.fromCharCode(n)), maxLength: 300 })
  const end = fc.constantFrom('\r\n', '\n', '\r\n ', '\r', '')
  const line = fc.tuple(name, fc.constantFrom(':', ' :', ''), value, end).map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), fc.array(name, { minLength: 1, maxLength: 4 }), (lines, names) =>
      same(bytesOf(lines.join('')), names),
    ),
    { numRuns: 2_000 },
  )
})
