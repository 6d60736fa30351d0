// Rules as JSON: what is read is what is written, and everything that is wrong is said at once, with its place.

import { limits, type Rule, RuleMistakes, readRule, readRules, writeRule, writeRules } from '@postern/rules'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

const mistakesOf = (json: unknown): readonly string[] => {
  try {
    readRule(json)
  } catch (error) {
    if (error instanceof RuleMistakes) return error.mistakes.map(({ at, wrong }) => `${at}: ${wrong}`)
    throw error
  }
  return []
}

const minimal = { name: 'n', do: [{ keep: true }] }

test('everything that is wrong is said at once, each with its place', () => {
  const rule = {
    name: '',
    enabled: 'yes',
    iff: {},
    if: { all: [{ from: { is: 'a', part: 'tail' } }, { subject: {} }, { colour: 'red' }, { size: {} }] },
    do: [
      { file: '\\Nowhere' },
      { forward: 'nobody' },
      { sink: 'http://x.test/' },
      { flag: ['\\Recent', 'a b'] },
      {},
      { reply: 'a\u0000' },
      { reply: 'x', days: 0 },
    ],
  }
  expect(mistakesOf(rule).map((line) => line.split(':')[0])).toEqual([
    'iff',
    'name',
    'enabled',
    'if.all[0].from.part',
    'if.all[1].subject',
    'if.all[2].colour',
    'if.all[3].size',
    'do[0].file',
    'do[1].forward',
    'do[2].sink',
    'do[3].flag',
    'do[3].flag',
    'do[4]',
    'do[5].reply',
    'do[6].days',
  ])
})

test('a list names the rule that is wrong, and rules stand in an object or a list', () => {
  expect(() => readRules([minimal, { name: 'm' }])).toThrow('rules[1].do: This is a list: [ … ].')
  expect(() => readRules('all')).toThrow('rules: This is an object')
  expect(() => readRules({})).toThrow('rules: This is a list')
  expect(readRules({ rules: [minimal] })).toEqual(readRules([minimal]))
})

const nested = (depth: number): unknown => (depth === 0 ? { spam: true } : { not: nested(depth - 1) })
const many = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one)

test.each<[string, unknown, unknown]>([
  [
    'conditions',
    { ...minimal, if: { all: many(limits.conditionsPerRuleMax, { spam: true }) } },
    { ...minimal, if: { all: many(limits.conditionsPerRuleMax - 1, { spam: true }) } },
  ],
  [
    'depth',
    { ...minimal, if: nested(limits.conditionDepthMax) },
    { ...minimal, if: nested(limits.conditionDepthMax - 1) },
  ],
  [
    'values',
    { ...minimal, if: { subject: { is: many(limits.valuesPerTestMax + 1, 'x') } } },
    { ...minimal, if: { subject: { is: many(limits.valuesPerTestMax, 'x') } } },
  ],
  [
    'value',
    { ...minimal, if: { subject: { is: 'x'.repeat(limits.valueCharactersMax + 1) } } },
    { ...minimal, if: { subject: { is: 'x'.repeat(limits.valueCharactersMax) } } },
  ],
  [
    'actions',
    { name: 'n', do: many(limits.actionsPerRuleMax + 1, { keep: true }) },
    { name: 'n', do: many(limits.actionsPerRuleMax, { keep: true }) },
  ],
  [
    'flags',
    { name: 'n', do: [{ flag: many(limits.keywordsPerRuleMax + 1, 'x') }] },
    { name: 'n', do: [{ flag: many(limits.keywordsPerRuleMax, 'x') }] },
  ],
  ['sinks', { name: 'n', do: many(2, { sink: 'https://x.test/' }) }, { name: 'n', do: [{ sink: 'https://x.test/' }] }],
  [
    'name',
    { ...minimal, name: 'x'.repeat(limits.nameCharactersMax + 1) },
    { ...minimal, name: 'x'.repeat(limits.nameCharactersMax) },
  ],
  [
    'characters',
    { ...minimal, if: { subject: { is: many(40, 'x'.repeat(450)) } } },
    { ...minimal, if: { subject: { is: many(30, 'x'.repeat(450)) } } },
  ],
])('so many %s, and no more', (_, tooMany, justEnough) => {
  expect(mistakesOf(justEnough)).toEqual([])
  expect(mistakesOf(tooMany).length).toBeGreaterThan(0)
})

test('so many rules, and no more', () => {
  expect(readRules(many(limits.rulesPerInboxMax, minimal))).toHaveLength(limits.rulesPerInboxMax)
  expect(() => readRules(many(limits.rulesPerInboxMax + 1, minimal))).toThrow('at most 100 rules')
})

test('whatever JSON comes, it is read or refused with places', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (json) => {
      try {
        readRules(json)
      } catch (error) {
        expect(error).toBeInstanceOf(RuleMistakes)
        expect((error as RuleMistakes).mistakes.length).toBeGreaterThan(0)
      }
    }),
  )
})

const text = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' }).filter((each) => each.trim() !== '')
const aTest = fc.oneof(
  fc.record({
    kind: fc.constantFrom('is', 'contains', 'matches'),
    values: fc.array(text, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('exists'), exists: fc.boolean() }),
)
const leaf = fc.oneof(
  fc.record({
    kind: fc.constant('address'),
    field: fc.constantFrom('from', 'to', 'cc', 'reply-to'),
    part: fc.constantFrom('address', 'local', 'domain', 'detail', 'name'),
    test: aTest,
  }),
  fc.record({ kind: fc.constant('header'), name: fc.constantFrom('Subject', 'List-Id'), test: aTest }),
  fc.record({ kind: fc.constant('size'), over: fc.nat(), under: fc.nat() }),
  fc.record({ kind: fc.constant('spam'), spam: fc.boolean() }),
  fc.record({
    kind: fc.constant('dmarc'),
    results: fc.uniqueArray(fc.constantFrom('pass', 'fail', 'none'), { minLength: 1 }),
  }),
)
const { condition } = fc.letrec((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.record({
      kind: fc.constantFrom('all', 'any'),
      conditions: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('not'), condition: tie('condition') }),
  ),
}))
const action = fc.oneof(
  fc.record({
    kind: fc.constant('file'),
    into: fc.constantFrom({ kind: 'name', name: 'A/B' }, { kind: 'use', use: '\\Archive' }),
  }),
  fc.record({ kind: fc.constant('flag'), system: fc.constant(['\\Seen']), keywords: fc.constant(['todo']) }),
  fc.record({ kind: fc.constant('forward'), to: fc.constant('ada@example.net'), copy: fc.boolean() }),
  fc.record({
    kind: fc.constant('reply'),
    text: fc.constant('Away.\nBack soon.'),
    subject: fc.option(text, { nil: undefined }),
    days: fc.integer({ min: 1, max: 90 }),
  }),
  fc.record({ kind: fc.constantFrom('keep', 'discard') }),
)

test('one reply, so long and for so many days', () => {
  const reply = (more: object) => mistakesOf({ name: 'n', do: [{ reply: 'x', ...more }] })
  expect(reply({ days: limits.replyDaysMax, reply: 'x'.repeat(limits.replyCharactersMax) })).toEqual([])
  expect(reply({ days: limits.replyDaysMax + 1 })).toHaveLength(1)
  expect(reply({ reply: 'x'.repeat(limits.replyCharactersMax + 1) })).toHaveLength(1)
  expect(reply({ subject: 'x'.repeat(limits.replySubjectCharactersMax + 1) })).toHaveLength(1)
  expect(mistakesOf({ name: 'n', do: [{ reply: 'x' }, { reply: 'y' }] })).toHaveLength(1)
})

test('what is written is read as the same rule', () => {
  const rule = fc.record({
    name: text,
    enabled: fc.boolean(),
    condition: fc.option(condition, { nil: undefined }),
    actions: fc
      .array(action, { minLength: 1, maxLength: 5 })
      .filter((actions) => actions.filter(({ kind }) => kind === 'reply').length < 2),
    stop: fc.boolean(),
  }) as unknown as fc.Arbitrary<Rule>
  fc.assert(
    fc.property(rule, (one) => {
      const json: unknown = JSON.parse(JSON.stringify(writeRule(one)))
      expect(readRule(json)).toEqual(one)
      expect(readRules(writeRules([one]))).toEqual([one])
    }),
    { numRuns: 300 },
  )
})
