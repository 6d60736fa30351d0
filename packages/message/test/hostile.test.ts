// The answers for messages that are made to break parsers: valid IMAP, parts inside their parents, nothing beyond the limits.
import { describe, expect, test } from 'vitest'
import { defaultLimits, encodeParts, type Part, parseMessage } from '../src/index.js'
import { structureShapes, valueShapes } from './hostile-shapes.js'
import { bytes, mail } from './mail-bytes.js'
import { expectSound } from './sound.js'

test.each([...structureShapes, ...valueShapes])('$name', ({ make }) => {
  expectSound(make(20_000))
})

function count(part: Part): number {
  return part.children.reduce(
    (sum, child) => sum + count(child),
    1 + (part.message === undefined ? 0 : count(part.message.root)),
  )
}

function depth(part: Part): number {
  const inner = part.message === undefined ? part.children : [part.message.root]
  return inner.reduce((deepest, child) => Math.max(deepest, 1 + depth(child)), 0)
}

describe('limits', () => {
  test('10,000 parts, the last one with all that follows', () => {
    const message = bytes(
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(20_000)}--b--\r\n`,
    )
    const { root } = expectSound(message)
    expect(count(root)).toBe(defaultLimits.partsMax)
    expect(root.children.at(-1)!.bodyEnd).toBe(message.length)
  })

  test.each([
    ['multiparts', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n', 100],
    ['messages', 'Content-Type: message/rfc822\r\n\r\n', 100],
  ])('100 deep: %s', (_, level, deepest) => {
    const { root } = expectSound(bytes(level.repeat(300)))
    expect(depth(root)).toBe(deepest)
  })

  test('what is too deep is a closed part with all its bytes', () => {
    const level = (name: string) => `Content-Type: multipart/mixed; boundary=${name}\r\n\r\n--${name}\r\n`
    const message = bytes(`${level('a')}${level('b')}${level('c')}\r\ntext`)
    const { root } = expectSound(message, { limits: { depthMax: 2 } })
    const closed = root.children[0]!.children[0]!
    expect([closed.type, closed.subtype, closed.bodyEnd]).toEqual(['APPLICATION', 'OCTET-STREAM', message.length])
  })

  test('a header is read up to its limit and ends where it ends', () => {
    const message = mail('From: a@b.c', `X-Long: ${'x'.repeat(5000)}`, 'Subject: late', '', 'body')
    const parsed = expectSound(message, { limits: { headerBytesMax: 1000 } })
    expect(parsed.sort).toMatchObject({ from: 'a', subject: '' })
    expect(message.length - parsed.bodyStart).toBe(4)
    expect(expectSound(message).sort.subject).toBe('late')
  })

  test('a million addresses', () => {
    const message = bytes(`To: ${'a@b.c, '.repeat(1_000_000)}\r\n\r\n`)
    const parsed = parseMessage(message)
    expect(parsed.envelope.split('"a" "b.c"').length - 1).toBe(defaultLimits.addressesMax)
  })

  test('a small message has small offsets', () => {
    expect(encodeParts(parseMessage(mail('Subject: x', '', 'body'))).length).toBe(4)
  })
})

test('a million references keep the first and the last ones', () => {
  const ids = Array.from({ length: 40_000 }, (_, i) => `<${i}@x>`)
  const { references } = parseMessage(bytes(`References: ${ids.join('\r\n ')}\r\n\r\n`))
  expect(references).toHaveLength(100)
  expect([references[0], references[1], references.at(-1)]).toEqual(['<0@x>', '<39901@x>', '<39999@x>'])
})

test.each([
  ['nothing', ''],
  ['a line end', '\r\n'],
  ['half a line end', '\r'],
  ['a colon', ':'],
  ['a boundary alone', '--b'],
  ['an empty boundary', 'Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n\r\nx\r\n----\r\n'],
  ['a boundary of spaces', 'Content-Type: multipart/mixed; boundary="  "\r\n\r\n--  \r\n\r\nx'],
  [
    'the same boundary twice',
    'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--b--\r\n',
  ],
  ['a multipart ended at once', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--'],
  ['a part of nothing', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n--b--'],
  [
    'a message of nothing',
    'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n--b--',
  ],
  ['a type of 8-bit bytes', 'Content-Type: täxt/plaïn; näme=ü\r\nContent-Transfer-Encoding: ü\r\n\r\nx'],
  ['a type of quotes', 'Content-Type: "text/plain"\r\nContent-Disposition: "\r\n\r\nx'],
  ['NUL in everything', 'Su\0bject: a\0b\r\nFrom: \0 <a\0@b>\r\nContent-Type: te\0xt/plain; a="\0"\r\n\r\n\0'],
  ['bare CR in values', 'Subject: a\rb\r\nFrom: "a\rb" <a@b\r.c>\r\nContent-Type: text/plain; name="a\rb"\r\n\r\nx'],
  [
    'half a surrogate',
    "Subject: =?utf-16be?B?2AA=?= \ud800\r\nContent-Type: text/plain; name*=utf-16be''%d8%00\r\n\r\n",
  ],
])('%s', (_, text) => {
  expectSound(bytes(text))
})
