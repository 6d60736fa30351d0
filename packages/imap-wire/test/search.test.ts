// SEARCH, SORT and THREAD: RFC 9051 §6.4.4, RFC 3501 §6.4.4, RFC 5256 §3, RFC 7162 §3.1.5; and keys that extensions bring.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  baseSearchReturns,
  baseSearchRules,
  baseSortKeys,
  displaySortKeys,
  ImapError,
  type SearchKey,
  type SearchRules,
  searchCriteria,
  searchModsequence,
  searchProgram,
  searchReturnOpts,
  sortCriteria,
} from '../src/index.js'
import { Writer } from '../src/writer.js'
import { parsed, textOf } from './wire-bytes.js'

const rules = baseSearchRules()
const program = (text: string) => parsed(text, (p) => searchProgram(p, rules))
const keyOf = (text: string) => program(text).key
const set = (...ranges: [number, number][]) => ({ ranges, toLast: undefined, saved: false })
const flag = (bit: number) => ({ kind: 'flag', flag: bit })
const not = (of: unknown) => ({ kind: 'not', of })
const date = { year: 1994, month: 2, day: 1 }

describe('keys', () => {
  test.each<[text: string, key: unknown]>([
    ['ALL', { kind: 'all' }],
    ['answered', flag(2)],
    ['UNSEEN', not(flag(1))],
    ['UNDRAFT', not(flag(16))],
    ['NEW', { kind: 'new' }],
    ['OLD', { kind: 'old' }],
    ['RECENT', { kind: 'recent' }],
    ['KEYWORD $Junk', { kind: 'keyword', keyword: '$Junk' }],
    ['UNKEYWORD $Junk', not({ kind: 'keyword', keyword: '$Junk' })],
    ['FROM "Smith"', { kind: 'from', text: 'Smith' }],
    ['TEXT {7}\r\nfat man', { kind: 'text', text: 'fat man' }],
    ['HEADER Message-ID <a@b>', { kind: 'header', name: 'Message-ID', text: '<a@b>' }],
    ['HEADER X-Spam ""', { kind: 'header', name: 'X-Spam', text: '' }],
    ['LARGER 9223372036854775807', { kind: 'larger', bytes: Number.MAX_SAFE_INTEGER }],
    ['SMALLER 4096', { kind: 'smaller', bytes: 4096 }],
    ['SINCE 1-Feb-1994', { kind: 'internalDate', when: 'since', date }],
    ['SENTBEFORE "1-Feb-1994"', { kind: 'sentDate', when: 'before', date }],
    ['2,4:7', { kind: 'set', set: set([2, 2], [4, 7]) }],
    ['UID 2', { kind: 'uid', set: set([2, 2]) }],
    ['$', { kind: 'set', set: { ranges: [], toLast: undefined, saved: true } }],
    ['*', { kind: 'set', set: { ranges: [], toLast: [4294967295, 1], saved: false } }],
    ['NOT SEEN', not(flag(1))],
    ['NOT NOT SEEN', not(not(flag(1)))],
    ['OR SEEN NOT DELETED', { kind: 'or', of: [flag(1), not(flag(8))] }],
    ['(SEEN)', flag(1)],
    [
      '(SEEN (DRAFT ALL)) FLAGGED',
      { kind: 'and', of: [{ kind: 'and', of: [flag(1), { kind: 'and', of: [flag(16), { kind: 'all' }] }] }, flag(4)] },
    ],
    [
      'FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"',
      {
        kind: 'and',
        of: [flag(4), { kind: 'internalDate', when: 'since', date }, not({ kind: 'from', text: 'Smith' })],
      },
    ],
    ['ALL ', { kind: 'all' }],
  ])('%s', (text, key) => {
    expect(program(text)).toEqual({ charset: undefined, key })
  })

  test.each([
    '',
    'FOO',
    'SEEN,DRAFT',
    'FROM',
    'FROM ',
    'HEADER X',
    'OR SEEN',
    'NOT',
    '()',
    '(SEEN',
    '(SEEN))',
    'SEEN  DRAFT',
    'SINCE yesterday',
    'LARGER x',
    'UID x',
    '1:',
    'toString',
    'CHARSET',
    'CHARSET UTF-8',
    'KEYWORD \\Seen',
    'SUBJECT "\u00fc"',
  ])('%s is refused', (text) => {
    expect(() => program(text)).toThrow(expect.objectContaining({ kind: 'BAD' }))
  })

  test('depth and number are limited', () => {
    keyOf(`${'NOT '.repeat(100)}ALL`)
    expect(() => keyOf(`${'NOT '.repeat(101)}ALL`)).toThrow('Too deeply nested')
    keyOf(`${'('.repeat(100)}ALL${')'.repeat(100)}`)
    expect(() => keyOf(`${'('.repeat(101)}ALL${')'.repeat(101)}`)).toThrow('Too deeply nested')
    expect(() => keyOf(`${'OR SEEN '.repeat(101)}ALL`)).toThrow('Too deeply nested')
    keyOf(`ALL${' ALL'.repeat(999)}`)
    expect(() => keyOf(`ALL${' ALL'.repeat(1000)}`)).toThrow('Too many search keys')
    expect(() => keyOf(`(ALL${' (ALL ALL)'.repeat(400)})`)).toThrow('Too many search keys')
  })
})

describe('charsets', () => {
  test.each([
    ['CHARSET UTF-8 TEXT {5}\r\nm\u00fcll', 'UTF-8', 'm\u00fcll'],
    ['CHARSET utf-8 TEXT "m\u00fcll"', 'UTF-8', 'm\u00fcll'],
    ['CHARSET "US-ASCII" TEXT x', 'US-ASCII', 'x'],
  ])('%s', (text, charset, value) => {
    expect(program(text)).toEqual({ charset, key: { kind: 'text', text: value } })
  })

  test('an unknown one is told with those that are known', () => {
    const error = (() => {
      try {
        return program('CHARSET KOI8-R TEXT x')
      } catch (thrown) {
        return thrown
      }
    })()
    expect(error).toBeInstanceOf(ImapError)
    const w = new Writer().status('B283', error as ImapError)
    expect(textOf(w.take())).toBe('B283 NO [BADCHARSET (US-ASCII UTF-8)] Unknown charset\r\n')
  })
})

describe('extensions bring keys', () => {
  type Extra =
    | { readonly kind: 'modSeq'; readonly min: number }
    | { readonly kind: 'fuzzy'; readonly of: SearchKey<Extra> }
  const extended: SearchRules<Extra> = baseSearchRules<Extra>()
    .set('MODSEQ', (p) => ({ kind: 'modSeq', min: searchModsequence(p) }))
    .set('FUZZY', (p, key) => {
      p.sp()
      return { kind: 'fuzzy', of: key() }
    })
  const extendedKey = (text: string) => parsed(text, (p) => searchProgram(p, extended)).key

  test.each<[text: string, key: unknown]>([
    ['MODSEQ 620162338', { kind: 'modSeq', min: 620162338 }],
    ['MODSEQ "/flags/\\\\draft" all 620162338', { kind: 'modSeq', min: 620162338 }],
    ['MODSEQ 0', { kind: 'modSeq', min: 0 }],
    [
      'NOT FUZZY (SEEN MODSEQ 1)',
      not({ kind: 'fuzzy', of: { kind: 'and', of: [flag(1), { kind: 'modSeq', min: 1 }] } }),
    ],
  ])('%s', (text, key) => {
    expect(extendedKey(text)).toEqual(key)
  })

  test('what is wrong in them is refused', () => {
    for (const text of ['MODSEQ', 'MODSEQ "/flags/x" 1', 'MODSEQ "/x/y" all 1', `${'FUZZY '.repeat(101)}ALL`])
      expect(() => extendedKey(text)).toThrow(ImapError)
  })
})

test.each<[text: string, found: unknown]>([
  ['RETURN (MIN COUNT) ALL', { MIN: true, COUNT: true }],
  ['RETURN () ALL', {}],
  ['return (save) ALL', { SAVE: true }],
  ['ALL', undefined],
])('%s: return options', (text, found) => {
  const rule = (p: Parameters<typeof searchProgram>[0]) => {
    const opts = searchReturnOpts(p, baseSearchReturns)
    searchProgram(p, rules)
    return opts
  }
  expect(parsed(text, rule)).toEqual(found)
  for (const wrong of ['RETURN ALL', 'RETURN (FOO) ALL', 'RETURN (MIN)', 'RETURN (MIN MIN) ALL'])
    expect(() => parsed(wrong, rule)).toThrow(ImapError)
})

test('a return option with a value', () => {
  const partial = {
    ...baseSearchReturns,
    PARTIAL: (p: Parameters<typeof searchProgram>[0]) => {
      p.sp()
      const from = p.nzNumber()
      p.take(':')
      return [from, p.nzNumber()] as const
    },
  }
  const found = parsed('RETURN (COUNT PARTIAL 500:400) ALL', (p) => {
    const opts = searchReturnOpts(p, partial)
    searchProgram(p, rules)
    return opts
  })
  const range: readonly [number, number] | undefined = found?.PARTIAL
  expect(range).toEqual([500, 400])
})

test.each<[text: string, criteria: unknown, charset: string]>([
  ['(SUBJECT) UTF-8 SINCE 1-Feb-1994', [{ by: 'subject', reverse: false }], 'UTF-8'],
  [
    '(SUBJECT REVERSE DATE) US-ASCII ALL',
    [
      { by: 'subject', reverse: false },
      { by: 'date', reverse: true },
    ],
    'US-ASCII',
  ],
  [
    '(reverse displayfrom arrival) utf-8 TEXT x',
    [
      { by: 'displayFrom', reverse: true },
      { by: 'arrival', reverse: false },
    ],
    'UTF-8',
  ],
])('SORT %s', (text, criteria, charset) => {
  const keys = new Map([...baseSortKeys, ...displaySortKeys])
  const rule = (p: Parameters<typeof searchProgram>[0]) => {
    const order = sortCriteria(p, keys)
    p.sp()
    return { order, charset: searchCriteria(p, rules).charset }
  }
  expect(parsed(text, rule)).toEqual({ order: criteria, charset })
  for (const wrong of ['() UTF-8 ALL', '(REVERSE) UTF-8 ALL', '(FOO) UTF-8 ALL', 'DATE UTF-8 ALL', '(DATE) UTF-8'])
    expect(() => parsed(wrong, rule)).toThrow(ImapError)
})

// Any tree of keys, written down and read back.
const { tree } = fc.letrec<{ tree: SearchKey }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<SearchKey>({ kind: 'all' }, { kind: 'flag', flag: 1 }, { kind: 'flag', flag: 16 }),
    fc
      .string({ unit: 'binary-ascii' })
      .map((text): SearchKey => ({ kind: 'subject', text: text.replaceAll('\0', '') })),
    fc.nat().map((bytes): SearchKey => ({ kind: 'larger', bytes })),
    tie('tree').map((of): SearchKey => ({ kind: 'not', of })),
    fc.tuple(tie('tree'), tie('tree')).map((of): SearchKey => ({ kind: 'or', of })),
    fc.array(tie('tree'), { minLength: 2, maxLength: 4 }).map((of): SearchKey => ({ kind: 'and', of })),
  ),
}))

function written(w: Writer, key: SearchKey): Writer {
  switch (key.kind) {
    case 'all':
      return w.raw('ALL')
    case 'flag':
      return w.raw(key.flag === 1 ? 'SEEN' : 'DRAFT')
    case 'subject':
      return w.raw('SUBJECT ').astring(key.text)
    case 'larger':
      return w.raw('LARGER ').number(key.bytes)
    case 'not':
      return written(w.raw('NOT '), key.of)
    case 'or':
      return written(written(w.raw('OR '), key.of[0]).sp(), key.of[1])
    case 'and':
      return w.list(key.of, (each) => written(w, each))
    default:
      throw new Error(key.kind)
  }
}

test('any tree of keys is read as it was meant', () => {
  fc.assert(
    fc.property(tree, (key) => {
      expect(keyOf(textOf(written(new Writer(), key).take()))).toEqual(key)
    }),
    { numRuns: 500 },
  )
})
