// Structure: RFC 2046 §5.1 and what real and hostile messages do to it. A tree is written as nested lists of part texts.
import { expect, test } from 'vitest'
import type { Part } from '../src/index.js'
import { mail, textOf } from './mail-bytes.js'
import { expectSound } from './sound.js'

type Shape = string | Shape[] | { message: Shape }

function shapeOf(message: Uint8Array): Shape {
  const read = (part: Part): Shape => {
    if (part.message !== undefined) return { message: read(part.message.root) }
    if (part.children.length > 0) return part.children.map(read)
    return textOf(message.subarray(part.bodyStart, part.bodyEnd))
  }
  return read(expectSound(message).root)
}

const multipart = (boundary: string) => `Content-Type: multipart/mixed; boundary="${boundary}"`

test.each<[string, Uint8Array, Shape]>([
  [
    'preamble and epilogue are no parts',
    mail(multipart('b'), '', 'preamble', '--b', '', '1', '--b', '', '2', '', '--b--', 'epilogue', '--b', '', 'no'),
    ['1', '2\r\n'],
  ],
  ['white space behind a boundary', mail(multipart('b'), '', '--b \t', '', '1', '--b-- ', ''), ['1']],
  ['bare line feeds', new TextEncoder().encode(`${multipart('b')}\n\n--b\n\n1\n--b\n\n2\n\n--b--\n`), ['1', '2\n']],
  [
    'one boundary a prefix of another, inside',
    mail(
      multipart('b'),
      '',
      '--b',
      multipart('bb'),
      '',
      '--bb',
      '',
      '1',
      '--bb',
      '',
      '2',
      '--bb--',
      '--b',
      '',
      '3',
      '--b--',
    ),
    [['1', '2'], '3'],
  ],
  [
    'one boundary a prefix of another, outside',
    mail(multipart('bb'), '', '--bb', multipart('b'), '', '--b', '', '1', '--b--', '--bb', '', '2', '--bb--'),
    [['1'], '2'],
  ],
  [
    'a boundary that looks like the end of another',
    mail(multipart('b--'), '', '--b--', multipart('b'), '', '--b', '', '1', '--b--', '--b--', '', '2', '--b----'),
    [['1'], '2'],
  ],
  [
    "an unterminated multipart ends at its parent's boundary",
    mail(multipart('a'), '', '--a', multipart('b'), '', '--b', '', '1', '--a', '', '2', '--a--'),
    [['1'], '2'],
  ],
  [
    'an attached message ends at the boundary around it',
    mail(
      multipart('a'),
      '',
      '--a',
      'Content-Type: message/rfc822',
      '',
      multipart('b'),
      '',
      '--b',
      '',
      '1',
      '--a',
      '',
      '2',
    ),
    [{ message: ['1'] }, '2'],
  ],
  [
    "a header ends at the parent's boundary",
    mail(
      multipart('a'),
      '',
      '--a',
      'Content-Type: message/rfc822',
      '',
      'Subject: x',
      '--a',
      'Content-Type: text/plain',
      '--a',
      '',
      '3',
    ),
    [{ message: '' }, '', '3'],
  ],
  [
    'a part without header and blank line',
    mail(multipart('b'), '', '--b', 'text, no field', '--b--'),
    ['text, no field'],
  ],
  ['a part that begins with a folded line', mail(multipart('b'), '', '--b', ' text', '--b--'), [' text']],
  ['an empty part between two boundaries', mail(multipart('b'), '', '--b', '--b', '', '2', '--b--'), ['', '2']],
  [
    'text that begins with dashes',
    mail(multipart('b'), '', '--b', '', '--', '---', '--bc', '-- b', '--b--'),
    ['--\r\n---\r\n--bc\r\n-- b'],
  ],
  ['junk between fields', mail('Subject: x', 'this is no field', multipart('b'), '', '--b', '', '1', '--b--'), ['1']],
  ['the separator line of an mbox', mail('From a@x Mon Jan  1 00:00:00 2024', 'Subject: x', '', 'text'), 'text'],
  ['text from the first line on', mail('Dear all,', '', 'text'), 'Dear all,\r\n\r\ntext'],
  ['text with a colon is no field', mail('Dear all: hello', '', 'text'), 'Dear all: hello\r\n\r\ntext'],
  [
    'multipart in base64 is read all the same',
    mail(multipart('b'), 'Content-Transfer-Encoding: base64', '', '--b', '', '1', '--b--'),
    ['1'],
  ],
  [
    'two multiparts with one boundary',
    mail(multipart('b'), '', '--b', multipart('b'), '', '--b', '', '1', '--b--', '--b', '', '2', '--b--'),
    [['1'], '2'],
  ],
])('%s', (_, message, expected) => {
  expect(shapeOf(message)).toEqual(expected)
})

test.each([
  ['', 0],
  ['one', 0],
  ['one\r\n', 1],
  ['one\r\ntwo', 1],
  ['\r\n\r\n', 2],
  ['one\ntwo\n', 2],
])('lines of %j, alone and as a part', (body, lines) => {
  expect(expectSound(mail('Subject: x', '', body)).root.lines).toBe(lines)
  expect(expectSound(mail(multipart('b'), '', '--b', '', body, '--b--')).root.children[0]!.lines).toBe(lines)
})

test('lines of an attached message count its header, its boundaries and all parts', () => {
  const inside = [multipart('c'), '', '--c', 'Content-Type: image/png', '', 'data', '--c--', 'epilogue']
  const message = mail(multipart('b'), '', '--b', 'Content-Type: message/rfc822', '', ...inside, '--b--')
  expect(expectSound(message).root.children[0]!.lines).toBe(inside.length - 1)
})
