// Which rules a message meets, and what becomes of it.

import { type Facts, type Plan, planOf, readRule, readRules } from '@postern/rules'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Glob } from '../src/glob.js'

const mail = [
  'Delivered-To: before@elsewhere.test',
  'From: =?utf-8?q?J=C3=BCrgen_=3Cboss=40bank=2Etest=3E?= <Juergen.Gross+Shop@Example.NET>',
  'To: "Team, all" <team@example.test>, alice@example.test',
  'Cc: friends: bob@example.test;',
  'Subject: =?utf-8?b?UmVjaG51bmcgTnIuIDQy?= =?utf-8?q?_STRASSE?=',
  'List-Id: News',
  ' <news.example.net>',
  'X-Empty:',
  '',
  '',
].join('\r\n')

const facts = (more: Partial<Facts> & { readonly text?: string } = {}): Facts => ({
  header: new TextEncoder().encode(more.text ?? mail),
  sizeBytes: 5_000,
  sender: 'bounce+9@lists.example.net',
  recipient: 'alice+shop@example.test',
  inbox: 'alice@example.test',
  spam: false,
  dmarc: 'pass',
  ...more,
})

const met = (condition: unknown, more: Partial<Facts> & { readonly text?: string } = {}): boolean =>
  planOf([readRule({ name: 'r', if: condition, do: [{ discard: true }] })], facts(more)).met.length === 1

describe('conditions', () => {
  test.each<[boolean, unknown]>([
    [true, { from: { is: 'juergen.gross+shop@example.net' } }],
    [false, { from: { is: 'boss@bank.test' } }],
    [false, { from: { contains: 'bank' } }],
    [true, { from: { contains: 'BANK', part: 'name' } }],
    [true, { from: { contains: 'jürgen', part: 'name' } }],
    [true, { from: { is: 'example.net', part: 'domain' } }],
    [true, { from: { matches: '*.gross+?hop', part: 'local' } }],
    [true, { from: { is: 'shop', part: 'detail' } }],
    [true, { to: { is: ['x@y.test', 'ALICE@example.test'] } }],
    [true, { to: { is: 'team, all', part: 'name' } }],
    [true, { cc: { is: 'bob@example.test' } }],
    [false, { replyTo: { exists: true } }],
    [true, { replyTo: { exists: false } }],
    [true, { sender: { is: 'lists.example.net', part: 'domain' } }],
    [true, { recipient: { is: 'shop', part: 'detail' } }],
    [true, { subject: { is: 'rechnung nr. 42 straße' } }],
    [true, { subject: { matches: 'Rechnung*?2*' } }],
    [false, { subject: { matches: 'Rechnung' } }],
    [true, { header: { name: 'list-id', is: 'News <news.example.net>' } }],
    [true, { header: { name: 'X-Empty', exists: true } }],
    [false, { header: { name: 'X-Empty', contains: 'x' } }],
    [true, { size: { over: 4_999, under: 5_001 } }],
    [false, { size: { over: 5_000 } }],
    [false, { size: { under: 5_000 } }],
    [true, { dmarc: ['fail', 'pass'] }],
    [false, { dmarc: 'fail' }],
    [true, { spam: false }],
    [true, { not: { spam: true } }],
    [true, { any: [{ spam: true }, { dmarc: 'pass' }] }],
    [false, { all: [{ spam: false }, { dmarc: 'fail' }] }],
  ])('%s: %j', (expected, condition) => expect(met(condition)).toBe(expected))

  test('a null reverse-path has no address', () => {
    expect(met({ sender: { exists: false } }, { sender: '' })).toBe(true)
    expect(met({ sender: { contains: '@' } }, { sender: '' })).toBe(false)
  })

  test('raw bytes in a header read as what they mean', () => {
    const utf8 = 'Subject: Überraschung\r\n\r\n'
    expect(met({ subject: { is: 'ÜBERRASCHUNG' } }, { text: utf8 })).toBe(true)
  })
})

const planned = (rules: readonly unknown[], more: Partial<Facts> & { readonly text?: string } = {}): Plan =>
  planOf(readRules(rules.map((rule, i) => ({ name: `r${i}`, ...(rule as object) }))), facts(more))

const does = (...actions: readonly unknown[]): object => ({ do: actions })

describe('plans', () => {
  test('rules go on behind each other until one stops', () => {
    const plan = planned([
      { if: { spam: true }, ...does({ file: 'Never' }) },
      does({ file: 'A' }, { flag: ['\\Seen', 'one'] }),
      { enabled: false, ...does({ file: 'Off' }) },
      { stop: true, ...does({ file: '\\Archive' }, { flag: 'two' }) },
      does({ file: 'Late' }),
    ])
    expect(plan.met.map(({ name }) => name)).toEqual(['r1', 'r3'])
    expect(plan.filed).toEqual([
      { kind: 'name', name: 'A' },
      { kind: 'use', use: '\\Archive' },
    ])
    expect(plan).toMatchObject({ kept: false, system: ['\\Seen'], keywords: ['one', 'two'] })
  })

  test.each<[boolean, readonly unknown[]]>([
    [true, []],
    [true, [does({ flag: 'x' })]],
    [false, [does({ file: 'A' })]],
    [true, [does({ file: 'A' }, { keep: true })]],
    [false, [does({ discard: true })]],
    [true, [does({ discard: true }), does({ keep: true })]],
    [true, [does({ forward: 'b@x.test' })]],
    [false, [does({ forward: 'b@x.test', copy: false })]],
    [true, [does({ sink: 'https://x.test/' })]],
    [false, [does({ sink: 'https://x.test/' }, { discard: true })]],
  ])('kept %s: %j', (kept, rules) => expect(planned(rules).kept).toBe(kept))

  test('what is spam meets only rules that ask about it, and is not forwarded', () => {
    const rules = [
      does({ file: 'Trusted' }),
      { if: { any: [{ spam: true }, { spam: false }] }, ...does({ forward: 'b@x.test', copy: false }) },
    ]
    const plan = planned(rules, { spam: true })
    expect(plan.met.map(({ name }) => name)).toEqual(['r1'])
    expect(plan).toMatchObject({ kept: true, filed: [], forwards: [], withheld: [{ to: 'b@x.test', why: 'spam' }] })
    expect(planned(rules).forwards).toEqual(['b@x.test'])
  })

  test('what is filed has no second copy because a forward is not made', () => {
    const rules = [does({ file: 'Lists' }, { forward: 'b@x.test' })]
    expect(planned(rules, { text: 'Delivered-To: b@x.test\r\n\r\n' })).toMatchObject({
      ...{ kept: false, filed: [{ kind: 'name', name: 'Lists' }], withheld: [{ why: 'circle' }] },
    })
  })

  test('a forward without a copy keeps one where nobody could be told of a failure', () => {
    expect(planned([does({ forward: 'b@x.test', copy: false })], { sender: '' })).toMatchObject({
      ...{ kept: true, forwards: ['b@x.test'] },
    })
  })

  test.each<[string, string, Partial<Facts> & { readonly text?: string }]>([
    ['itself', 'ALICE@example.test', {}],
    ['circle', 'before@elsewhere.test', {}],
    ['circle', 'b@x.test', { text: 'Delivered-To: Alice@Example.test\r\n\r\n' }],
    [
      'too far',
      'b@x.test',
      { text: `${Array.from({ length: 11 }, (_, i) => `Delivered-To: n${i}@x.test\r\n`).join('')}\r\n` },
    ],
  ])('is not forwarded (%s): %s', (why, to, more) => {
    const plan = planned([does({ forward: to, copy: false })], more)
    expect(plan).toMatchObject({ forwards: [], withheld: [{ to, why }], kept: true })
  })

  test('so many forwards, each address once, and no more', () => {
    const forwards = Array.from({ length: 12 }, (_, i) => ({ forward: `n${i}@x.test`, copy: false }))
    const plan = planned([does(...forwards.slice(0, 6), ...forwards.slice(0, 6)), does(...forwards.slice(6))])
    expect(plan.forwards).toHaveLength(10)
    expect(plan.withheld.map(({ why }) => why)).toEqual(['too many', 'too many'])
    expect(plan.kept).toBe(true)
  })

  test('nothing is lost: a message that is neither kept nor filed was discarded, or has left', () => {
    const action = fc.constantFrom(
      { file: 'A' },
      { keep: true },
      { flag: 'x' },
      { discard: true },
      { forward: 'b@x.test' },
      { forward: 'c@x.test', copy: false },
      { forward: 'alice@example.test', copy: false },
    )
    const rule = fc.record({ actions: fc.array(action, { minLength: 1, maxLength: 4 }), stop: fc.boolean() })
    const rules = fc.array(rule, { maxLength: 5 })
    fc.assert(
      fc.property(rules, fc.boolean(), fc.constantFrom('', 's@x.test'), (given, spam, sender) => {
        const plan = planned(
          given.map(({ actions, stop }) => ({ stop, ...does(...actions) })),
          { spam, sender },
        )
        if (plan.kept || plan.filed.length > 0) return
        const met = plan.met.flatMap(({ actions }) => actions)
        const wanted = met.flatMap((each) => (each.kind === 'forward' ? [each] : []))
        expect(met.some(({ kind }) => kind === 'discard') || wanted.some(({ copy }) => !copy)).toBe(true)
        if (!met.some(({ kind }) => kind === 'discard')) expect(plan.forwards.length).toBeGreaterThan(0)
        expect(plan.withheld).toEqual([])
      }),
      { numRuns: 500 },
    )
  })
})

describe('answers', () => {
  const personal = 'From: c@x.test\r\nTo: Alice <ALICE@example.test>\r\n'
  const answers = (header: string, more: Partial<Facts> = {}): boolean =>
    planned([does({ reply: 'Away.' })], { sender: 'c@x.test', text: `${header}\r\n`, ...more }).reply !== undefined

  test.each<[boolean, string, Partial<Facts>]>([
    [true, '', {}],
    [true, 'Auto-Submitted: no\r\n', {}],
    [true, '', { sender: 'Requests@x.test' }],
    [false, 'Auto-Submitted: auto-replied\r\n', {}],
    [false, 'Auto-Submitted: auto-generated; x=y\r\n', {}],
    [false, 'Precedence: bulk\r\n', {}],
    [false, 'List-Unsubscribe: <https://x.test/>\r\n', {}],
    [false, 'X-Auto-Response-Suppress: OOF, DR\r\n', {}],
    [false, '', { spam: true }],
    [false, '', { sender: '' }],
    [false, '', { sender: 'MAILER-DAEMON@x.test' }],
    [false, '', { sender: 'news-bounces@x.test' }],
    [false, '', { sender: 'bounce+7@x.test' }],
    [false, '', { sender: 'owner-team@x.test' }],
    [false, '', { sender: 'no-reply@x.test' }],
    [false, '', { sender: 'alice@example.test' }],
  ])('%s: %j %j', (expected, header, more) => expect(answers(`${personal}${header}`, more)).toBe(expected))

  test('only who has written to the inbox by name is answered', () => {
    expect(answers('To: team@example.test\r\n')).toBe(false)
    expect(answers('To: team@example.test\r\nCc: alice@example.test\r\n')).toBe(true)
    expect(answers('To: alias@example.test\r\n', { recipient: 'alias@example.test' })).toBe(true)
    expect(answers('Bcc: alice@example.test\r\n')).toBe(false)
  })
})

describe('patterns', () => {
  test('match as the regular expression that says the same', () => {
    const pattern = fc.string({ maxLength: 8, unit: fc.constantFrom('a', 'b', '*', '?') })
    const text = fc.string({ maxLength: 12, unit: fc.constantFrom('a', 'b') })
    fc.assert(
      fc.property(pattern, text, (glob, value) => {
        const same = new RegExp(`^${glob.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's')
        expect(new Glob(glob).matches(value)).toBe(same.test(value))
      }),
      { numRuns: 2_000 },
    )
  })

  test('one character is one to a reader, however it is written', () => {
    expect(new Glob('caf?').matches('cafe\u0301')).toBe(true)
    expect(new Glob('?').matches('😀')).toBe(true)
  })

  test('a hostile pattern costs no more than its length for each character', () => {
    const started = performance.now()
    expect(new Glob(`${'*a'.repeat(200)}b`).matches('a'.repeat(10_000))).toBe(false)
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})
