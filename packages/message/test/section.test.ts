// Sections: the tree of RFC 9051 §6.4.5.1 with every number in it, numbers that aren't, HEADER.FIELDS, and the stored form.
import { describe, expect, test } from 'vitest'
import { decodeParts, encodeParts, findPart, headerFields, parseMessage, resolveSection } from '../src/index.js'
import { bytes, mail, textOf } from './mail-bytes.js'

const alternative = [
  'Content-Type: multipart/alternative; boundary=alt',
  '',
  '--alt',
  'Content-Type: text/plain',
  '',
  '4.2.2.1',
  '--alt',
  'Content-Type: text/richtext',
  '',
  '4.2.2.2',
  '--alt--',
]

/** The example of RFC 9051 §6.4.5.1; each part's body is its own number. */
const example = mail(
  'Content-Type: multipart/mixed; boundary=top',
  '',
  '--top',
  '',
  '1',
  '--top',
  'Content-Type: application/octet-stream',
  'Content-Transfer-Encoding: base64',
  '',
  'Mg==',
  '--top',
  'Content-Type: message/rfc822',
  '',
  'Subject: 3.HEADER',
  'Content-Type: multipart/mixed; boundary=three',
  '',
  '--three',
  '',
  '3.1',
  '--three',
  'Content-Type: application/octet-stream',
  '',
  '3.2',
  '--three--',
  '--top',
  'Content-Type: multipart/mixed; boundary=four',
  '',
  '--four',
  'Content-Type: image/gif',
  '',
  '4.1',
  '--four',
  'Content-Type: message/rfc822',
  '',
  'Subject: 4.2.HEADER',
  'Content-Type: multipart/mixed; boundary=four-two',
  '',
  '--four-two',
  '',
  '4.2.1',
  '--four-two',
  ...alternative,
  '--four-two--',
  '--four--',
  '--top--',
)

function section(message: Uint8Array, name: string): string | undefined {
  const parts = decodeParts(encodeParts(parseMessage(message)))
  const words = name === '' ? [] : name.split('.')
  const text = /^[A-Z]/.test(words.at(-1) ?? '') ? (words.pop() as 'HEADER' | 'TEXT' | 'MIME') : undefined
  const range = resolveSection(parts, words.map(Number), text)
  return range && textOf(message.subarray(range.start, range.end))
}

describe('RFC 9051 §6.4.5.1', () => {
  test.each(['1', '3.1', '3.2', '4.1', '4.2.1', '4.2.2.1', '4.2.2.2'])('%s', (name) => {
    expect(section(example, name)).toBe(name)
  })

  test.each([
    ['2', 'Mg=='],
    ['HEADER', 'Content-Type: multipart/mixed; boundary=top\r\n\r\n'],
    ['3.HEADER', 'Subject: 3.HEADER\r\nContent-Type: multipart/mixed; boundary=three\r\n\r\n'],
    ['4.2.HEADER', 'Subject: 4.2.HEADER\r\nContent-Type: multipart/mixed; boundary=four-two\r\n\r\n'],
    ['4.1.MIME', 'Content-Type: image/gif\r\n\r\n'],
    ['1.MIME', '\r\n'],
    ['4.2.2.MIME', 'Content-Type: multipart/alternative; boundary=alt\r\n\r\n'],
    ['4.2.2', alternative.slice(2).join('\r\n')],
  ])('%s', (name, expected) => {
    expect(section(example, name)).toBe(expected)
  })

  test('the whole, TEXT, and an attached message with its TEXT', () => {
    expect(section(example, '')).toBe(textOf(example))
    expect(section(example, 'TEXT')).toBe(textOf(example).slice(section(example, 'HEADER')!.length))
    expect(section(example, '3')).toBe(section(example, '3.HEADER')! + section(example, '3.TEXT')!)
  })

  test.each(['5', '1.1', '1.HEADER', '1.TEXT', '4.HEADER', '4.3', '4.1.1', '3.3', '2.1', '0', 'MIME'])(
    'no %s',
    (name) => {
      expect(section(example, name)).toBeUndefined()
    },
  )
})

describe('a message that is one part', () => {
  const plain = mail('Subject: x', '', 'body')
  const forward = mail('Content-Type: message/rfc822', '', 'Subject: inside', '', 'text')

  test.each<[Uint8Array, string, string | undefined]>([
    [plain, '1', 'body'],
    [plain, '1.MIME', 'Subject: x\r\n\r\n'],
    [plain, 'TEXT', 'body'],
    [plain, '1.1', undefined],
    [plain, '2', undefined],
    [plain, '1.HEADER', undefined],
    [forward, '1', 'Subject: inside\r\n\r\ntext'],
    [forward, '1.HEADER', 'Subject: inside\r\n\r\n'],
    [forward, '1.TEXT', 'text'],
    [forward, '1.1', 'text'],
    [forward, '1.1.MIME', 'Subject: inside\r\n\r\n'],
    [forward, '1.2', undefined],
    [bytes('Subject: x'), 'HEADER', 'Subject: x'],
    [bytes('Subject: x'), '1', ''],
    [bytes('no header'), 'HEADER', ''],
    [bytes('no header'), '1', 'no header'],
  ])('%j %s', (message, name, expected) => {
    expect(section(message, name)).toBe(expected)
  })
})

test('BINARY gets the encoding and the kind of a part', () => {
  const parts = decodeParts(encodeParts(parseMessage(example)))
  expect(findPart(parts, [2])).toMatchObject({ kind: 'leaf', encoding: 'BASE64' })
  expect(findPart(parts, [3])).toMatchObject({ kind: 'message' })
  expect(findPart(parts, [4])).toMatchObject({ kind: 'multipart' })
  expect(findPart(parts, [9])).toBeUndefined()
})

test.each(['7BIT', '8BIT', 'BINARY', 'BASE64', 'QUOTED-PRINTABLE', 'X-UUENCODE', 'X-NEW'])(
  '%s is stored',
  (encoding) => {
    const message = mail(`Content-Transfer-Encoding: ${encoding}`, '', 'x'.repeat(300))
    expect(decodeParts(encodeParts(parseMessage(message)))).toMatchObject({ encoding, bodyEnd: message.length })
  },
)

test('offsets beyond 4 GB are stored', () => {
  const parsed = parseMessage(mail('', ''))
  parsed.root.bodyEnd = 2 ** 40 + 12345
  expect(decodeParts(encodeParts(parsed)).bodyEnd).toBe(2 ** 40 + 12345)
})

describe('HEADER.FIELDS', () => {
  const header = mail(
    'From: a@x',
    'Subject: one',
    ' two',
    'junk',
    'To : b@x',
    'subject: again',
    'X-Long-Name: 1',
    '',
    '',
  )

  test.each<[string[], boolean, string]>([
    [['Subject'], false, 'Subject: one\r\n two\r\nsubject: again\r\n\r\n'],
    [['SUBJECT', 'from', 'from'], false, 'From: a@x\r\nSubject: one\r\n two\r\nsubject: again\r\n\r\n'],
    [['To'], false, 'To : b@x\r\n\r\n'],
    [['X-Long'], false, '\r\n'],
    [[], false, '\r\n'],
    [['Subject', 'From'], true, 'To : b@x\r\nX-Long-Name: 1\r\n\r\n'],
    [['Subject', 'From', 'To', 'X-Long-Name'], true, '\r\n'],
  ])('%j not: %s', (names, not, expected) => {
    expect(textOf(headerFields(header, names, not))).toBe(expected)
  })

  test('a header that breaks off', () => {
    expect(textOf(headerFields(bytes('Subject: x'), ['subject']))).toBe('Subject: x\r\n\r\n')
  })

  test('bytes stay as they are', () => {
    const raw = Uint8Array.from([0x41, 0x3a, 0xff, 0x00, 0x80, 0x0a])
    expect([...headerFields(raw, ['a'])]).toEqual([...raw, 13, 10])
  })
})
