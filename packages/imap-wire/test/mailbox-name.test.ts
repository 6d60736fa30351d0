// Names and patterns: RFC 3501 §5.1.3, RFC 9051 §6.3.9.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeMailboxName, encodeMailboxName, listPattern } from '../src/index.js'

const legacy = { utf8: false }

describe('modified UTF-7', () => {
  test.each([
    ['~peter/mail/&U,BTFw-/&ZeVnLIqe-', '~peter/mail/\u53f0\u5317/\u65e5\u672c\u8a9e'],
    ['&Jjo-!', '\u263a!'],
    ['&U,BTFw-', '\u53f0\u5317'],
    ['Q&-A', 'Q&A'],
    ['&-&-', '&&'],
    ['Entw&APw-rfe', 'Entw\u00fcrfe'],
    ['&2D3eAA-', '\u{1f600}'],
    ['plain', 'plain'],
    ['', ''],
    ['a-b', 'a-b'],
  ])('%s is %s, both ways', (wire, name) => {
    expect(decodeMailboxName(wire, legacy)).toBe(name)
    expect(encodeMailboxName(name, legacy)).toBe(wire)
  })

  test.each([
    ['a null shift', '&AOQ-&APY-', '\u00e4\u00f6'],
    ['RFC 3501: "&U,BTFw-&ZeVnLIqe-" is not permitted', '&U,BTFw-&ZeVnLIqe-', '\u53f0\u5317\u65e5\u672c\u8a9e'],
    ['ASCII in base64', '&AGEAYg-', 'ab'],
    ['INBOX in base64', '&AEkATgBCAE8AWA-', 'INBOX'],
  ])('%s has one meaning, and that is taken', (_why, wire, name) => {
    expect(decodeMailboxName(wire, legacy)).toBe(name)
  })

  test.each(['Q&A', '&Jjo!', '&', 'a&b-c', '&AO-', '&AOQ', '&2D0-', '&3gA-', '&AOQA-', '&A-', '&AO/-'])(
    '%s has none and is taken as it stands',
    (wire) => {
      expect(decodeMailboxName(wire, legacy)).toBe(wire)
    },
  )

  test('any name is written and read back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        fc.pre(name.toUpperCase() !== 'INBOX')
        const wire = encodeMailboxName(name, legacy)
        expect(wire).toMatch(/^[\x20-\x7e]*$/)
        expect(decodeMailboxName(wire, legacy)).toBe(name)
      }),
      { numRuns: 500 },
    )
  })

  test('half a pair is replaced, so that the name can be read', () => {
    expect(decodeMailboxName(encodeMailboxName('a\ud800b', legacy), legacy)).toBe('a\ufffdb')
  })

  test('any bytes are a name', () => {
    const wire = fc.array(fc.constantFrom('&', '-', 'A', 'O', 'Q', ',', '/', '2', 'D', '3', 'e'), { maxLength: 20 })
    fc.assert(fc.property(wire, (list) => void decodeMailboxName(list.join(''), legacy)))
  })

  test('UTF-8 stands for itself', () => {
    expect(decodeMailboxName('&AOQ-', { utf8: true })).toBe('&AOQ-')
    expect(encodeMailboxName('\u00e4&', { utf8: true })).toBe('\u00e4&')
    expect(decodeMailboxName('inbox', { utf8: true })).toBe('INBOX')
  })
})

describe('patterns', () => {
  test.each<[pattern: string, matching: string[], other: string[]]>([
    ['*', ['INBOX', 'a/b', ''], []],
    ['%', ['INBOX', 'a'], ['a/b']],
    ['INBOX', ['INBOX'], ['INBOX/a', 'a']],
    ['inbox', ['INBOX'], ['INBOX/x']],
    ['inb%', ['INBOX'], ['inbox/x']],
    ['inbox/%', ['INBOX/x'], ['INBOX/x/y', 'INBOX']],
    ['a/%', ['a/', 'a/b'], ['a', 'a/b/c']],
    ['a/*', ['a/b', 'a/b/c'], ['a', 'b/a/']],
    ['%/%', ['a/b'], ['a', 'a/b/c']],
    ['*b', ['b', 'a/b', 'a/bb'], ['a/bc']],
    ['%b%', ['b', 'abc'], ['a/b', 'b/a']],
    ['*%', ['a/b'], []],
    ['%*c', ['a/b/c'], ['a/b']],
    ['foo2/bar2', ['foo2/bar2'], ['foo2/bar22']],
    ['', [''], ['a']],
    ['\u00fc%', ['\u00fcx'], ['ux']],
  ])('%s', (pattern, matching, other) => {
    const matches = listPattern(pattern, '/')
    for (const name of matching) expect(matches(name), name).toBe(true)
    for (const name of other) expect(matches(name), name).toBe(false)
  })

  test('as a regular expression would have it', () => {
    const word = (letters: string[]) => fc.array(fc.constantFrom(...letters), { maxLength: 10 }).map((l) => l.join(''))
    fc.assert(
      fc.property(word(['a', 'b', '/', '*', '%']), word(['a', 'b', '/']), (pattern, name) => {
        const source = pattern.replaceAll('*', '.*').replaceAll('%', '[^/]*')
        expect(listPattern(pattern, '/')(name)).toBe(new RegExp(`^${source}$`).test(name))
      }),
      { numRuns: 3000 },
    )
  })
})
