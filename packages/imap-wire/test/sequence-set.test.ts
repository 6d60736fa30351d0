// RFC 9051 §9 "sequence-set", with its own examples.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  formatSequenceSet,
  formatSet,
  highestNumber,
  type NumberSet,
  resolveSet,
  type SequenceSet,
  Writer,
} from '../src/index.js'
import { parsed, textOf } from './wire-bytes.js'

const setOf = (text: string): SequenceSet => parsed(text, (p) => p.sequenceSet())

test.each<[text: string, last: number, set: string]>([
  ['2,4:7,9,12:*', 15, '2,4:7,9,12:15'],
  ['*:4,5:7', 10, '4:10'],
  ['2:4', 9, '2:4'],
  ['4:2', 9, '2:4'],
  ['3291:*', 100, '100:3291'],
  ['*', 7, '7'],
  ['*:*', 7, '7'],
  ['5,3,1,2', 9, '1:3,5'],
  ['1:10,2:3,4,11', 20, '1:11'],
  ['10:*,1:*', 5, '1:10'],
  ['4294967295', 9, '4294967295'],
  ['1:*', 4294967295, '1:4294967295'],
])('%s where * is %i', (text, last, expected) => {
  expect(formatSet(resolveSet(setOf(text), { last }))).toBe(expected)
})

test.each([
  ['1:4,3:9', '1:9'],
  ['*', '*'],
  ['7:*', '7:*'],
  ['*:7,9:*', '7:*,9:*'],
  ['*,7:*', '7:*'],
  ['$', '$'],
  ['3,$,1', '1,3,$'],
])('%s is written %s', (text, canonical) => {
  expect(formatSequenceSet(setOf(text))).toBe(canonical)
})

test.each(['', '0', '1:0', '1,', ',1', '1::2', 'a', '1;2', '4294967296', '1:', '-1', '1 ,2', '$$', '01'])(
  '%j is refused',
  (text) => {
    expect(() => setOf(text)).toThrow()
  },
)

test('$ is what was saved', () => {
  expect(formatSet(resolveSet(setOf('$'), { last: 9, saved: [[2, 3]] }))).toBe('2:3')
  expect(formatSet(resolveSet(setOf('1,$'), { last: 9, saved: [[2, 3]] }))).toBe('1:3')
  expect(formatSet(resolveSet(setOf('$'), { last: 9 }))).toBe('')
})

test('the highest number that was named', () => {
  expect(highestNumber(setOf('3,9:2,*'))).toBe(9)
  expect(highestNumber(setOf('3:*,12:*'))).toBe(12)
  expect(highestNumber(setOf('*'))).toBe(1)
})

test('the number of ranges is limited', () => {
  const limits = { depthMax: 1, keysMax: 1, rangesMax: 3 }
  expect(parsed('1,3,5', (p) => p.sequenceSet(), { limits }).ranges).toHaveLength(3)
  expect(() => parsed('1,3,5,7', (p) => p.sequenceSet(), { limits })).toThrow('Too many ranges')
})

const end = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constant('*'))
const range = fc.oneof(
  end.map(String),
  fc.tuple(end, end).map(([from, to]) => `${from}:${to}`),
)
const someSet = fc.array(range, { minLength: 1, maxLength: 12 }).map((ranges) => ranges.join(','))

/** By the letter: each range, number by number. */
function naive(text: string, last: number): Set<number> {
  const numbers = new Set<number>()
  for (const piece of text.split(',')) {
    const [a, b = a] = piece.split(':').map((word) => (word === '*' ? last : Number(word)))
    for (let n = Math.min(a!, b!); n <= Math.max(a!, b!); n++) numbers.add(n)
  }
  return numbers
}

function numbersOf(set: NumberSet): number[] {
  return set.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i))
}

test('any set has the numbers that it names, ascending and with gaps between ranges', () => {
  fc.assert(
    fc.property(someSet, fc.integer({ min: 1, max: 40 }), (text, last) => {
      const set = resolveSet(setOf(text), { last })
      expect(numbersOf(set)).toEqual([...naive(text, last)].sort((a, b) => a - b))
      for (let i = 1; i < set.length; i++) expect(set[i]![0]).toBeGreaterThan(set[i - 1]![1] + 1)
    }),
    { numRuns: 1000 },
  )
})

test('what is written is read back', () => {
  fc.assert(
    fc.property(someSet, (text) => {
      expect(setOf(formatSequenceSet(setOf(text)))).toEqual(setOf(text))
    }),
  )
})

test('the writer writes ranges and runs of numbers', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (list) => {
      const ascending = list.toSorted((a, b) => a - b)
      const text = textOf(new Writer().numbers(ascending).take())
      expect(numbersOf(setOf(text).ranges)).toEqual(ascending)
      expect(textOf(new Writer().set(setOf(text).ranges).take())).toBe(text)
    }),
  )
})

test('numbers out of order stay in theirs', () => {
  expect(textOf(new Writer().numbers([304, 319, 320, 5]).take())).toBe('304,319:320,5')
})

test.each([1, 9, 10, 99, 100, 12_345, 99_999, 100_000, 2_147_483_647, 2_147_483_648, 4_294_967_295])(
  'the number %i is written as it is, alone and in a list',
  (number) => {
    expect(textOf(new Writer().spaced([number, 7]).take())).toBe(` ${number} 7`)
    expect(textOf(new Writer().spaced([1, number, 7], { from: 1, to: 2 }).take())).toBe(` ${number}`)
    expect(textOf(new Writer().numbers([number, number + 2]).take())).toBe(`${number},${number + 2}`)
  },
)
