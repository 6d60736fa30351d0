// Address lists with one reading. Spoofs by the dozen are in apps/submission/test; here is what comes out of the grammar, and that no
// value takes it more than linear time.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { plainAddresses } from '../src/index.js'

test.each([
  ['a@b.test', [['', 'a', 'b.test']]],
  [' <a@b.test> ', [['', 'a', 'b.test']]],
  ['A B <a@b.test>', [['A B', 'a', 'b.test']]],
  [
    '"A, B" <a@b.test>, c@d.test',
    [
      ['"A, B"', 'a', 'b.test'],
      ['', 'c', 'd.test'],
    ],
  ],
  ['a@b.test (A B)', [['A B', 'a', 'b.test']]],
  ['a@b.test (A (B), C)', [['"A (B), C"', 'a', 'b.test']]],
  ['a@b.test (=?utf-8?Q?=C3=A4?=)', [['=?utf-8?Q?=C3=A4?=', 'a', 'b.test']]],
  ['a@b.test (=?utf-8?Q?=C3=A4?=, B)', [['', 'a', 'b.test']]],
  ['(x) A (y) B (z) <a@b.test> (w)', [['A (y) B', 'a', 'b.test']]],
  ['"a b"@c.test', [['', '"a b"', 'c.test']]],
  [
    'G: a@b.test, C <c@d.test>; , e@f.test',
    [
      ['', 'a', 'b.test'],
      ['C', 'c', 'd.test'],
      ['', 'e', 'f.test'],
    ],
  ],
  ['G:;', []],
  ['"G, H" : ;', []],
  ['Ä <ä@ö.test>', [['Ä', 'ä', 'ö.test']]],
  ['=?utf-8?Q?A_(b):?= <a@b.test>', [['=?utf-8?Q?A_(b):?=', 'a', 'b.test']]],
])('%s', (value, expected) => {
  const read = plainAddresses(value)
  expect(read.kind === 'plain' && read.mailboxes.map(({ phrase, local, domain }) => [phrase, local, domain])).toEqual(
    expected,
  )
})

test.each([
  ['', 'an address is missing'],
  ['a', '"a" is no address'],
  ['a@', '"" is no domain name'],
  ['a@[192.0.2.1]', '"[" is no domain name'],
  ['a b@c.test', 'an address has words before it and no angle brackets'],
  ['a @c.test', 'an address has a space or a comment before its @'],
  ['a@b.test <c@d.test>', 'an address has another one before it'],
  ['<@a.test:b@c.test>', 'an address has a source route'],
  ['<a@b.test', 'an address in angle brackets has no end'],
  ['<a>', 'an address has no @ where it should be'],
  ['<"a@b"@c.test>', '"\\"a@b\\"" is no plain local part'],
  ['"a', 'a quoted name has no end'],
  ['(a', 'a comment has no end'],
  ['a@b.test (c@d.test)', 'a comment has something like an address inside'],
  ['A: B: c@d.test;;', '"B" is no address'],
  ['A: c@d.test', 'a group has no end'],
  ['"a@b.test": c@d.test;', 'a group is named like an address'],
  ['"a@b, c" <d@e.test>', 'a name has an address inside, with signs that would part it from the name'],
  ['"\u202ea" <d@e.test>', 'a name has control characters'],
  ['=?utf-8?B?AA==?= <d@e.test>', 'a name has control characters'],
  ['=?utf-8?Q?a,b?= <d@e.test>', 'an encoded word has unencoded specials inside'],
  ['a@b.test]', '"]" stands where none can stand'],
])('unclear: %s', (value, why) => {
  expect(plainAddresses(value)).toEqual({ kind: 'unclear', why })
})

const pieces = fc.constantFrom(
  ...'<>()@,;:"\\[]=?_. \tabÄ\0'.split(''),
  '=?utf-8?Q?',
  '?=',
  'a@b.test',
  '<a@b.test>',
  '""',
)

test('any value is read or said to be unclear, and what is read is in it', () => {
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (list) => {
      const value = list.join('')
      const read = plainAddresses(value)
      if (read.kind === 'plain')
        for (const { local, domain } of read.mailboxes) expect(value).toContain(`${local}@${domain}`)
    }),
    { numRuns: 2_000 },
  )
})

test.each([
  '(',
  '"',
  '<',
  'a ',
  'a',
  'a@',
  '@ ',
  'a@b.test,',
  '=?',
  '=?a?b?',
  '=?a?',
  '\\',
  'a.',
  'A:',
  '""',
  '(a)',
  'a(',
  '"\\"',
  ',',
])('linear in %j', (piece) => {
  const time = (count: number): number => {
    const value = piece.repeat(count)
    const began = performance.now()
    plainAddresses(value)
    plainAddresses(`${value} <a@b.test>`)
    plainAddresses(`a@b.test (${value})`)
    plainAddresses(`"${value}" <a@b.test>`)
    plainAddresses(`"${value}@" <a@b.test>`)
    return performance.now() - began
  }
  time(10_000)
  expect(time(80_000)).toBeLessThan(2_000)
})
