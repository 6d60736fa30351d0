// FETCH items, sections and modifiers: RFC 9051 §6.4.5, RFC 3516, RFC 7162 §3.1.4; and items that extensions bring.
import { describe, expect, test } from 'vitest'
import {
  baseFetchRules,
  condstoreFetchModifiers,
  type FetchAttribute,
  type FetchRules,
  fetchAtts,
  fetchModifiers,
  type Rule,
  type Section,
  section,
  Writer,
  writeSection,
} from '../src/index.js'
import { parsed, textOf } from './wire-bytes.js'

const fetched = (text: string) => parsed(text, (p) => fetchAtts(p, baseFetchRules))
const whole: Section = { kind: 'whole', part: [] }
const body = (section: Section, more: { peek?: boolean; partial?: { origin: number; bytes: number } } = {}) => ({
  kind: 'section',
  section,
  partial: more.partial,
  peek: more.peek ?? false,
})

test.each<[text: string, items: unknown[]]>([
  ['FLAGS', [{ kind: 'flags' }]],
  ['(UID INTERNALDATE)', [{ kind: 'uid' }, { kind: 'internalDate' }]],
  ['FAST', [{ kind: 'flags' }, { kind: 'internalDate' }, { kind: 'size' }]],
  ['all', [{ kind: 'flags' }, { kind: 'internalDate' }, { kind: 'size' }, { kind: 'envelope' }]],
  ['FULL', [{ kind: 'flags' }, { kind: 'internalDate' }, { kind: 'size' }, { kind: 'envelope' }, { kind: 'body' }]],
  ['(BODY BODYSTRUCTURE)', [{ kind: 'body' }, { kind: 'bodyStructure' }]],
  ['RFC822', [{ kind: 'rfc822' }]],
  ['(RFC822.HEADER RFC822.TEXT RFC822.SIZE)', [{ kind: 'rfc822Header' }, { kind: 'rfc822Text' }, { kind: 'size' }]],
  ['BODY[]', [body(whole)]],
  ['BODY.PEEK[]<0.1024>', [body(whole, { peek: true, partial: { origin: 0, bytes: 1024 } })]],
  [
    '(FLAGS BODY[HEADER.FIELDS (DATE FROM)])',
    [{ kind: 'flags' }, body({ kind: 'fields', part: [], names: ['DATE', 'FROM'] })],
  ],
  [
    'BODY.PEEK[4.2.HEADER.FIELDS.NOT ("X-A" {3}\r\nX-B)]<5.7>',
    [
      body(
        { kind: 'fieldsNot', part: [4, 2], names: ['X-A', 'X-B'] },
        { peek: true, partial: { origin: 5, bytes: 7 } },
      ),
    ],
  ],
  ['body.peek[1.mime]', [body({ kind: 'mime', part: [1] }, { peek: true })]],
  ['BODY[1.2.TEXT]', [body({ kind: 'text', part: [1, 2] })]],
  ['BODY[3.HEADER]', [body({ kind: 'header', part: [3] })]],
  ['BODY[10]', [body({ kind: 'whole', part: [10] })]],
  ['BINARY[1.2]', [{ kind: 'binary', part: [1, 2], partial: undefined, peek: false }]],
  ['BINARY.PEEK[]<1.2>', [{ kind: 'binary', part: [], partial: { origin: 1, bytes: 2 }, peek: true }]],
  ['BINARY.SIZE[1]', [{ kind: 'binarySize', part: [1] }]],
])('%s', (text, items) => {
  expect(fetched(text)).toEqual(items)
})

test.each([
  '',
  '()',
  'FOO',
  '(ALL)',
  'FLAGS UID',
  'BODY[',
  'BODY[1.]',
  'BODY[0]',
  'BODY[.1]',
  'BODY[MIME]',
  'BODY[FOO]',
  'BODY[1TEXT]',
  'BODY[HEADER.FIELDS]',
  'BODY[HEADER.FIELDS ()]',
  'BODY[]<0>',
  'BODY[]<0.0>',
  'BODY.PEEK',
  'BINARY',
  'BINARY[TEXT]',
  'BINARY[1.]',
  'BINARY.SIZE[1]<0.1>',
  `BODY[${'1.'.repeat(100)}1]`,
  '(FLAGS',
])('%s is refused', (text) => {
  expect(() => fetched(text)).toThrow(expect.objectContaining({ kind: 'BAD' }))
})

test('an extension brings its items, and their kinds', () => {
  type Item = FetchAttribute | { readonly kind: 'preview'; readonly lazy: boolean } | { readonly kind: 'emailId' }
  const preview: Rule<Item> = (p) => {
    const lazy = p.isAt(' (')
    if (lazy) {
      p.sp()
      p.list(() => p.word('LAZY'))
    }
    return { kind: 'preview', lazy }
  }
  const rules: FetchRules<Item> = new Map<string, Rule<Item>>([
    ...baseFetchRules,
    ['PREVIEW', preview],
    ['EMAILID', () => ({ kind: 'emailId' })],
  ])
  const items = (text: string) => parsed(text, (p) => fetchAtts(p, rules))
  expect(items('(ENVELOPE PREVIEW (LAZY))')).toEqual([{ kind: 'envelope' }, { kind: 'preview', lazy: true }])
  expect(items('(RFC822.SIZE PREVIEW EMAILID)')).toEqual([
    { kind: 'size' },
    { kind: 'preview', lazy: false },
    { kind: 'emailId' },
  ])
})

test.each([
  ['FLAGS (CHANGEDSINCE 12345)', { CHANGEDSINCE: 12345 }],
  ['(FLAGS) (changedsince 12345 VANISHED)', { CHANGEDSINCE: 12345, VANISHED: true }],
  ['FLAGS', {}],
])('%s: modifiers', (text, modifiers) => {
  const rule = (p: Parameters<Rule<unknown>>[0]) => {
    fetchAtts(p, baseFetchRules)
    return fetchModifiers(p, condstoreFetchModifiers)
  }
  expect(parsed(text, rule)).toEqual(modifiers)
  for (const wrong of ['FLAGS (CHANGEDSINCE 0)', 'FLAGS (FOO)', 'FLAGS (VANISHED VANISHED)', 'FLAGS (toString)']) {
    expect(() => parsed(wrong, rule)).toThrow(expect.objectContaining({ kind: 'BAD' }))
  }
})

describe('a section is written as it was asked for', () => {
  test.each([
    '[]',
    '[TEXT]',
    '[1.2.MIME]',
    '[HEADER.FIELDS (DATE From)]',
    '[4.2.HEADER.FIELDS.NOT ("a b" X)]',
    '[3.HEADER]',
    '[2.1]',
  ])('%s', (text) => {
    const w = new Writer()
    writeSection(w, parsed(text, section))
    expect(textOf(w.take())).toBe(text)
  })
})
