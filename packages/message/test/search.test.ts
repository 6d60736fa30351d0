// What SEARCH looks at: decoded header fields, and the text of all parts.
import { expect, test } from 'vitest'
import { parseMessage, searchHeaders, searchPartHeaders, searchText } from '../src/index.js'
import { bytes, mail, rawBytes } from './mail-bytes.js'

test.each<[string, Uint8Array, string, string]>([
  ['as sent', mail('X-Spam: yes', '', ''), 'X-Spam', 'yes'],
  ['folded', mail('Subject: one', ' two', '', ''), 'Subject', 'one two'],
  ['encoded words', mail('Subject: =?utf-8?q?Gr=C3=BC?= =?utf-8?q?=C3=9Fe?=', '', ''), 'Subject', 'Grüße'],
  ['encoded words in addresses', mail('From: =?utf-8?q?J=C3=BC?= <j@x>', '', ''), 'From', 'Jü <j@x>'],
  ['raw UTF-8', bytes('Subject: Grüße\r\n\r\n'), 'Subject', 'Grüße'],
  ['raw 8-bit', rawBytes('Subject: Gr\xfc\xdfe\r\n\r\n'), 'Subject', 'Grüße'],
  [
    "raw 8-bit in the body's charset",
    rawBytes('Subject: \xc6\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\n'),
    'Subject',
    'ф',
  ],
  [
    'RFC 2231, as sent and decoded',
    mail("Content-Disposition: attachment; filename*=utf-8''%C3%BC.txt", '', ''),
    'Content-Disposition',
    'attachment; filename*=utf-8\'\'%C3%BC.txt; filename="ü.txt"',
  ],
  ['stars elsewhere are stars', mail('Subject: a*b', '', ''), 'Subject', 'a*b'],
  ['empty', mail('Subject:', '', ''), 'Subject', ''],
])('header: %s', (_, message, name, value) => {
  expect(searchHeaders(message, parseMessage(message))).toContainEqual({ name, value })
})

test('all fields in order, the same name more than once', () => {
  const message = mail('Received: 1', 'received: 2', 'Subject: x', '', 'Body: no')
  expect(searchHeaders(message, parseMessage(message)).map(({ name, value }) => `${name}=${value}`)).toEqual([
    'Received=1',
    'received=2',
    'Subject=x',
  ])
})

const nested = mail(
  'Content-Type: multipart/mixed; boundary=b',
  '',
  'preamble',
  '--b',
  'Content-Type: text/plain; charset=iso-8859-1',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'Fr=F6sche',
  '--b',
  'Content-Type: text/html',
  'Content-Transfer-Encoding: base64',
  '',
  'PGI+Ym9sZDwvYj4=',
  '--b',
  'Content-Type: application/pdf',
  '',
  'not text',
  '--b',
  'Content-Type: message/rfc822',
  '',
  'Subject: =?utf-8?q?=C3=BC?= inside',
  'From: j@x',
  '',
  'text inside',
  '--b--',
)

test('text: every text part decoded, HTML as sent, no headers', () => {
  expect(searchText(nested, parseMessage(nested))).toEqual(['Frösche', '<b>bold</b>', 'text inside'])
})

test('headers of parts and of attached messages, decoded, outermost first', () => {
  const lists = searchPartHeaders(nested, parseMessage(nested))
  expect(lists.map((fields) => fields.map(({ name, value }) => `${name}: ${value}`))).toEqual([
    ['Content-Type: text/plain; charset=iso-8859-1', 'Content-Transfer-Encoding: quoted-printable'],
    ['Content-Type: text/html', 'Content-Transfer-Encoding: base64'],
    ['Content-Type: application/pdf'],
    ['Content-Type: message/rfc822'],
    ['Subject: ü inside', 'From: j@x'],
  ])
})

test('a delivery report is text', () => {
  const report = mail('Content-Type: message/delivery-status', '', 'Final-Recipient: rfc822; a@x', '')
  expect(searchText(report, parseMessage(report))).toEqual(['Final-Recipient: rfc822; a@x\r\n'])
})

test('text is decoded up to a number of bytes', () => {
  expect(searchText(nested, parseMessage(nested), { textBytesMax: 9 })).toEqual(['Frösche'])
  expect(searchText(nested, parseMessage(nested), { textBytesMax: 4 })).toEqual(['Fr=F'])
  expect(searchText(nested, parseMessage(nested), { textBytesMax: 0 })).toEqual([])
})
