// For any bytes: a message made of anything, any damage done to a real one, and any tree of parts that's written down and read back.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeWords } from '../src/encode-word.js'
import {
  decodeParts,
  decodeTransfer,
  decodeWords,
  encodeParts,
  type Part,
  parseMessage,
  resolveSection,
} from '../src/index.js'
import { encodeBase64 } from '../src/transfer-base64.js'
import { ownMail, publishedMail } from './corpus.js'
import { bytes, textOf } from './mail-bytes.js'
import { expectSound } from './sound.js'

const runs = 300

test('any bytes are a message', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (data) => void expectSound(data)),
    { numRuns: runs },
  )
})

/** Pieces that mean something to a parser, in any order. */
const pieces = fc.constantFrom(
  ...[
    '\r\n',
    '\n',
    '\r',
    ' ',
    '\t',
    '--',
    '--b',
    '--bb',
    '--b--',
    '--bb--',
    '\r\n\r\n',
    '\0',
    'ü',
    '\u{1f600}',
    'text',
  ],
  ...['Content-Type: multipart/mixed; boundary=b\r\n', 'Content-Type: multipart/digest; boundary="bb"\r\n'],
  ...[
    'Content-Type: message/rfc822\r\n',
    'Content-Type: text/html\r\n',
    'Content-Type: message/global\r\n',
    'Content-Type: ',
  ],
  ...['Content-Transfer-Encoding: base64\r\n', 'Content-Transfer-Encoding: quoted-printable\r\n'],
  ...[
    'From: ',
    'To: ',
    'Subject: ',
    'Date: ',
    'References: ',
    '<a@b>',
    '"',
    '\\',
    '(',
    ')',
    '<',
    '>',
    '@',
    ',',
    ';',
    ':',
    '=',
    '*0*=',
  ],
  ...[
    "utf-8''%C3",
    '=?utf-8?q?',
    '?=',
    '=?iso-8859-1?B?',
    'Re: ',
    '[fwd: ',
    '(fwd)',
    ']',
    '&lt;',
    '<style>',
    '1 Jan 2020 ',
  ],
)

test('any order of the pieces of mail is a message', () => {
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 60 }), (list) => void expectSound(bytes(list.join('')))),
    { numRuns: runs * 3 },
  )
})

/** Lines that open, part and end multiparts: anything but at random, they'd rarely be where they count. */
const lines = fc.constantFrom(
  ...['', '', 'text', ' folded', 'Subject: x', '--b', '--b', '--b--', '--bb', '--bb--', '--b ', '--bbb', '--'],
  ...['Content-Type: multipart/mixed; boundary=b', 'Content-Type: multipart/mixed; boundary=bb'],
  ...['Content-Type: multipart/digest; boundary=b', 'Content-Type: message/rfc822', 'Content-Type: image/png'],
)

test('any order of lines is a message', () => {
  fc.assert(
    fc.property(fc.array(lines, { maxLength: 30 }), fc.constantFrom('\r\n', '\n'), (list, lineEnd) => {
      expectSound(bytes(['Content-Type: multipart/mixed; boundary=b', '', '--b', ...list].join(lineEnd)))
    }),
    { numRuns: runs * 5 },
  )
})

type Damage = { kind: 'cut' | 'drop' | 'put' | 'repeat'; at: number; length: number; data: Uint8Array }

const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom('cut', 'drop', 'put', 'repeat'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.integer({ min: 1, max: 80 }),
  data: fc.oneof(fc.uint8Array({ maxLength: 8 }), pieces.map(bytes)),
})

function damaged(message: Uint8Array, { kind, at, length, data }: Damage): Uint8Array {
  const start = Math.floor(at * message.length)
  const before = message.subarray(0, start)
  const piece = message.subarray(start, start + length)
  const after = message.subarray(start + length)
  if (kind === 'cut') return before
  if (kind === 'drop') return joined(before, after)
  return kind === 'put' ? joined(before, data, after) : joined(before, piece, piece, after)
}

function joined(...list: Uint8Array[]): Uint8Array {
  return Uint8Array.from(list.flatMap((data) => [...data]))
}

test('any damage to a real message leaves a message', () => {
  const corpus = [...ownMail, ...publishedMail].map((message) => message.bytes).filter((data) => data.length < 4000)
  const messages = fc.constantFrom(...corpus)
  fc.assert(
    fc.property(messages, fc.array(damage, { minLength: 1, maxLength: 6 }), (message, list) => {
      expectSound(list.reduce(damaged, message))
    }),
    { numRuns: runs * 2 },
  )
})

// A tree, written as RFC 2046 has it.
type Tree = { text: string } | { parts: Tree[] } | { message: Tree }

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.record({
      text: fc.constantFrom('', 'one line', 'two\r\nlines\r\n', '--', '--b', '-- \r\n', '\r\n\r\n', 'Subject: x'),
    }),
    fc.record({ parts: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }) }),
    fc.record({ message: tie('tree') }),
  ),
}))

/** Boundaries of which each is the beginning of the next one inwards. */
function written(node: Tree, level: number): string {
  if ('text' in node) return `Content-Type: text/plain\r\n\r\n${node.text}`
  if ('message' in node) return `Content-Type: message/rfc822\r\n\r\n${written(node.message, level)}`
  const boundary = `bound${'x'.repeat(level)}`
  const parts = node.parts.map((part) => `--${boundary}\r\n${written(part, level + 1)}\r\n`)
  return `Content-Type: multipart/mixed; boundary="${boundary}"\r\n\r\npreamble\r\n${parts.join('')}--${boundary}--\r\nepilogue`
}

function read(part: Part, data: Uint8Array): Tree {
  if (part.message !== undefined) return { message: read(part.message.root, data) }
  if (part.children.length > 0) return { parts: part.children.map((child) => read(child, data)) }
  return { text: textOf(data.subarray(part.bodyStart, part.bodyEnd)) }
}

test('a tree of parts that is written down is read back', () => {
  fc.assert(
    fc.property(tree, (node) => {
      const data = bytes(written(node, 0))
      expect(read(expectSound(data).root, data)).toEqual(node)
    }),
    { numRuns: runs },
  )
})

test('the sections of a multipart are its parts', () => {
  fc.assert(
    fc.property(fc.array(tree, { minLength: 1, maxLength: 5 }), (parts) => {
      const data = bytes(written({ parts }, 0))
      const offsets = decodeParts(encodeParts(parseMessage(data)))
      for (const [index, part] of parts.entries()) {
        const { start, end } = resolveSection(offsets, [index + 1])!
        const body = written(part, 1)
        expect(textOf(data.subarray(start, end))).toBe(body.slice(body.indexOf('\r\n\r\n') + 4))
      }
      expect(resolveSection(offsets, [parts.length + 1])).toBeUndefined()
    }),
    { numRuns: 100 },
  )
})

test('any text comes back out of encoded words', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
      fc.pre(!text.includes('=?') && !/[\ud800-\udfff]/.test(text.replace(/[\ud800-\udbff][\udc00-\udfff]/g, '')))
      const words = encodeWords(text)
      expect(decodeWords(words)).toBe(text)
      for (const word of words.split(' ')) if (/^=\?UTF-8\?B\?/.test(word)) expect(word.length).toBeLessThanOrEqual(75)
    }),
    { numRuns: runs },
  )
})

test('any bytes come back out of base64, wherever its lines are broken', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 76 }), (data, width) => {
      const lines = encodeBase64(data).replace(new RegExp(`.{${width}}`, 'g'), '$&\r\n')
      expect(decodeTransfer(bytes(lines), 'BASE64')).toEqual(data)
    }),
    { numRuns: runs },
  )
})
