/** User names: which are an address, which a domain, which nobody's; and how a refused one is shown. */
import { describe, expect, test } from 'vitest'
import { parseUserName, shownUserName } from '../src/index.js'

test.each([
  ['alice@example.test', { kind: 'address', address: 'alice@example.test' }],
  ['ALICE@Example.TEST', { kind: 'address', address: 'ALICE@Example.TEST' }],
  ['"a@b c"@example.test', { kind: 'address', address: '"a@b c"@example.test' }],
  ['"*"@example.test', { kind: 'address', address: '"*"@example.test' }],
  ['support-*@example.test', { kind: 'address', address: 'support-*@example.test' }],
  ['jörg@bücher.test', { kind: 'address', address: 'jörg@bücher.test' }],
  ['*@example.test', { kind: 'domain', domain: 'example.test' }],
  ['*@BÜCHER.test', { kind: 'domain', domain: 'BÜCHER.test' }],
  ['*@*', { kind: 'domain', domain: '*' }],
])('%s is looked up', (text, name) => {
  expect(parseUserName(text)).toEqual(name)
})

test.each([
  ['empty', ''],
  ['without a domain', 'alice'],
  ['*@', '*@'],
  ['@domain', '@example.test'],
  ['an @ alone', '@'],
  ['a star alone', '*'],
  ['NUL', 'alice\0@example.test'],
  ['NUL behind', 'alice@example.test\0'],
  ['a line end', 'alice@example.test\r\n'],
  ['a tab', 'al\tice@example.test'],
  ['DEL', 'alice\x7f@example.test'],
  ['a C1 control', 'alice\x85@example.test'],
  ['turned round', 'alice\u202e@example.test'],
  ['a line separator', 'alice\u2028@example.test'],
  ['half a character', 'alice\ud800@example.test'],
  ['10 KB', `${'a'.repeat(10_240)}@example.test`],
  ['10 KB of domain', `*@${'a'.repeat(10_240)}`],
  ['a megabyte of @', '@'.repeat(1_000_000)],
])('nobody: %s', (_, text) => {
  expect(parseUserName(text)).toBeUndefined()
})

describe('as it is shown', () => {
  test.each([
    ['ALICE@Example.Test', 'alice@example.test'],
    ['Jo\u0308rg@example.test', 'jörg@example.test'],
    ['a\r\nb\0@c', 'a��b�@c'],
    ['x\ud800y', 'x�y'],
    ['ps_app_0123456789_abcdefghjkmnpqrstvwxyz0123', '(a secret)'],
    ['me PS_KEY_0123 you', 'me (a secret) you'],
    [`${'a'.repeat(10_240)}@example.test`, 'a'.repeat(320)],
  ])('%j', (text, shown) => {
    expect(shownUserName(text)).toBe(shown)
  })
})
