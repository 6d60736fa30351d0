// BODYSTRUCTURE and BODY: the examples of RFC 9051 §7.5.2, the defaults of RFC 2045, and structures that aren't there.
import { expect, test } from 'vitest'
import { bodyOf, parseMessage } from '../src/index.js'
import { checkBody } from './imap-grammar.js'
import { bytes, mail } from './mail-bytes.js'

/** Text of so many octets in so many lines. */
function text(octets: number, lines: number): string {
  const short = '.\r\n'.repeat(lines - 1)
  return `${short}${'x'.repeat(octets - short.length - 2)}\r\n`
}

function body(message: Uint8Array): string {
  const parsed = parseMessage(message)
  checkBody(parsed.bodyStructure, '7bit', true)
  if (parsed.bodyStructureUtf8 !== undefined) checkBody(parsed.bodyStructureUtf8, 'utf8', true)
  const found = bodyOf(parsed)
  checkBody(found, '7bit', false)
  return found
}

test('RFC 9051 §7.5.2: a simple text message of 48 lines and 2279 octets', () => {
  expect(body(bytes(`Subject: x\r\n\r\n${text(2279, 48)}`))).toBe(
    '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 2279 48)',
  )
})

test('RFC 9051 §7.5.2: a text and a base64-encoded text attachment', () => {
  const message = bytes(
    `Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n${text(1152, 23)}\r\n--x\r\n` +
      'Content-Type: text/plain; charset=US-ASCII; name="cc.diff"\r\nContent-ID: <960723163407.20117h@cac.washington.edu>\r\n' +
      `Content-Description: Compiler diff\r\nContent-Transfer-Encoding: base64\r\n\r\n${text(4554, 73)}\r\n--x--\r\n`,
  )
  expect(body(message)).toBe(
    '(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 1152 23)("TEXT" "PLAIN" ("CHARSET" "US-ASCII" "NAME" "cc.diff") ' +
      '"<960723163407.20117h@cac.washington.edu>" "Compiler diff" "BASE64" 4554 73) "MIXED")',
  )
})

test('extension data of a part and of a multipart', () => {
  const message = mail(
    'Content-Type: multipart/mixed; boundary="x"',
    'Content-Disposition: inline',
    'Content-Language: en',
    '',
    '--x',
    'Content-Type: application/pdf',
    'Content-Disposition: attachment; filename="a \\"b\\".pdf"; size=12',
    'Content-Language: de, en',
    'Content-Location: http://example.com/',
    '  a.pdf',
    'Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==',
    '',
    'abc',
    '--x--',
  )
  const { bodyStructure } = parseMessage(message)
  checkBody(bodyStructure, '7bit', true)
  expect(bodyStructure).toBe(
    '(("APPLICATION" "PDF" NIL NIL NIL "7BIT" 3 "Q2hlY2sgSW50ZWdyaXR5IQ==" ' +
      '("ATTACHMENT" ("FILENAME" "a \\"b\\".pdf" "SIZE" "12")) ("de" "en") "http://example.com/a.pdf") ' +
      '"MIXED" ("BOUNDARY" "x") ("INLINE" NIL) "en" NIL)',
  )
})

test('an attached message brings its envelope, its structure and its lines', () => {
  const message = mail('Content-Type: message/rfc822', '', 'From: a@x', 'Subject: inside', '', 'one', 'two', '')
  expect(body(message)).toBe(
    '("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 40 (NIL "inside" ((NIL NIL "a" "x")) ((NIL NIL "a" "x")) ((NIL NIL "a" "x")) ' +
      'NIL NIL NIL NIL NIL) ("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 10 2) 5)',
  )
})

const inMultipart = (type: string, ...lines: string[]) => mail(`Content-Type: ${type}`, '', ...lines)
const emptyText = '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 0 0)'

test.each<[string, Uint8Array, string]>([
  ['no header at all', mail('', 'text'), '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 4 0)'],
  ['an empty message', mail(''), emptyText],
  [
    'text without charset',
    mail('Content-Type: text/html', '', 'x'),
    '("TEXT" "HTML" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 1 0)',
  ],
  [
    'case, comments and folding',
    mail(
      'content-TYPE: Text / Plain (yes);',
      '\tCharset = "UTF-8" (it is)',
      'Content-Transfer-Encoding: 8Bit (really)',
      '',
      'x',
    ),
    '("TEXT" "PLAIN" ("CHARSET" "UTF-8") NIL NIL "8BIT" 1 0)',
  ],
  ['text alone', mail('Content-Type: text', '', 'x'), '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 1 0)'],
  [
    'no type in the type',
    mail('Content-Type: ; name=x', '', 'x'),
    '("TEXT" "PLAIN" ("CHARSET" "US-ASCII" "NAME" "x") NIL NIL "7BIT" 1 0)',
  ],
  [
    'an empty encoding',
    mail('Content-Transfer-Encoding:', '', 'x'),
    '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 1 0)',
  ],
  ['a disposition without type', mail('Content-Type: image/png', '', 'x'), '("IMAGE" "PNG" NIL NIL NIL "7BIT" 1)'],
  [
    'parts of a digest are messages (RFC 2046 §5.1.5)',
    inMultipart('multipart/digest; boundary=b', '--b', '', 'Subject: one', '', '1', '--b--'),
    '(("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 17 (NIL "one" NIL NIL NIL NIL NIL NIL NIL NIL) ' +
      '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 1 0) 2) "DIGEST")',
  ],
  [
    'a multipart without a boundary',
    inMultipart('multipart/mixed', 'text'),
    '(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 4 0) "MIXED")',
  ],
  [
    'a multipart whose boundary never comes',
    inMultipart('multipart/mixed; boundary=b', 'text', '--c'),
    '(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 9 1) "MIXED")',
  ],
  [
    'a multipart with an end only',
    inMultipart('multipart/mixed; boundary=b', '--b--'),
    '(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 5 0) "MIXED")',
  ],
  ['a multipart without a body', inMultipart('multipart/mixed; boundary=b'), `(${emptyText} "MIXED")`],
  [
    'an unterminated multipart',
    inMultipart('multipart/mixed; boundary=b', '--b', '', 'text', ''),
    '(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 6 1) "MIXED")',
  ],
  [
    'a message in base64 stays closed',
    mail('Content-Type: message/rfc822', 'Content-Transfer-Encoding: base64', '', 'U3ViamVjdDogeA=='),
    '("APPLICATION" "OCTET-STREAM" NIL NIL NIL "BASE64" 16)',
  ],
  [
    'message/partial is a closed part',
    mail('Content-Type: message/partial; id=x', '', 'x'),
    '("MESSAGE" "PARTIAL" ("ID" "x") NIL NIL "7BIT" 1)',
  ],
])('%s', (_, message, expected) => {
  expect(body(message)).toBe(expected)
})

test('message/global is opened for sessions with UTF-8 only (RFC 6855)', () => {
  const parsed = parseMessage(bytes('Content-Type: message/global\r\n\r\nSubject: ü\r\n\r\nx'))
  expect(parsed.bodyStructure).toBe('("MESSAGE" "GLOBAL" NIL NIL NIL "7BIT" 16 NIL NIL NIL NIL)')
  expect(parsed.bodyStructureUtf8).toContain('(NIL "ü" NIL')
})
