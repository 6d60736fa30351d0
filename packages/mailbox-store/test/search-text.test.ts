// Substrings of decoded text, whatever a message does to hide it: charsets, transfer encodings, encoded words, nested
// messages, scripts without spaces, needles that mean something to SQLite. Each row is asked of mail that isn't
// indexed, of mail in the index, and of mail whose bytes lie in a file.

import { parseMessage } from '@postern/message'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bodyText, plainBody } from '../src/search/message-text.js'
import type { SearchQuery } from '../src/search/query.js'
import { addFiller, SearchFixture } from './search-fixture.js'

const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))))
const text = (charset: string, encoding: string, ...body: (string | number[])[]): Uint8Array =>
  bytes(`Content-Type: text/plain; charset=${charset}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`, ...body)
const subject = (value: string): Uint8Array => bytes(`Subject: ${value}\r\n\r\nbody\r\n`)

/** What is delivered, by the name that the rows below find it by. */
const mail = {
  utf8: text('utf-8', '8bit', 'Ein Bürgermeister aus Åmål ging über die Brücke.'),
  koi8: text('koi8-r', '8bit', [0xf0, 0xd2, 0xc9, 0xd7, 0xc5, 0xd4, 0x2c, 0x20, 0xcd, 0xc9, 0xd2]), // Привет, мир
  jis: text('iso-2022-jp', '7bit', '\x1b$B$3$s$K$A$O\x1b(B world'), // こんにちは
  gb18030: text('gb18030', 'base64', Buffer.from([0xd6, 0xd0, 0xce, 0xc4, 0xd3, 0xca, 0xbc, 0xfe]).toString('base64')), // 中文邮件
  latin1: text('iso-8859-1', 'quoted-printable', 'Le gar=E7on a mang=E9 une cr=EApe'),
  softBreak: text('utf-8', 'quoted-printable', 'an extraor=\r\ndinary needle, caf=C3=\r\n=A9 noir'),
  base64: text(
    'utf-8',
    'base64',
    Buffer.from('split by the lines of base64: hippopotamus').toString('base64').replace(/.{20}/g, '$&\r\n'),
  ),
  word: subject('=?utf-8?q?Antici?=\r\n =?utf-8?q?pation_of?= plain'),
  wordInCharacter: subject('=?utf-8?b?44Gz44KH44GG?= =?utf-8?q?=E6=9D?= =?utf-8?q?=B1=E4=BA=AC?='), // …東京, cut within 東
  rawHeader: bytes(
    'Subject: ',
    [0x52, 0xe9, 0x73, 0x75, 0x6d, 0xe9],
    '\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nbody',
  ),
  folded: bytes('Subject: folded\r\n across lines\r\n\r\nbody'),
  html: text('utf-8', '7bit', '<p>marked <b>up</b></p>').slice(),
  nested: bytes(
    'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n',
    'Subject: =?utf-8?q?inn=C3=A9r?= subject\r\n\r\nthe innermost text\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\nunseen cargo\r\n',
    '--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n',
    `${Buffer.from('<i>second part</i>').toString('base64')}\r\n--b--\r\n`,
  ),
  attachment: bytes(
    'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf\r\n',
    "Content-Disposition: attachment; filename*=utf-8''Rechnung%20M%C3%A4rz.pdf\r\n\r\nxxxx\r\n",
    '--b\r\nContent-Type: text/plain; name=list.txt\r\n\r\none, two\r\n--b--\r\n',
  ),
  cjk: text('utf-8', '8bit', '我住在東京都。猫が好き'),
  endsCjk: text('utf-8', '8bit', '今日は犬'),
  emoji: text('utf-8', '8bit', 'a party 🎉🎊 tonight 👩‍👩‍👧'),
  sharp: text('utf-8', '8bit', 'Große Straße'),
  capitalSharp: text('utf-8', '8bit', 'STRAẞENBAHN'),
  turkish: text('utf-8', '8bit', 'İstanbul ve Diyarbakır'),
  quotes: text('utf-8', '7bit', `she said "it's NEAR(x y)" AND left* -col:^ OR`),
  percent: text('utf-8', '7bit', '100% sure_thing [a-z]'),
  zero: text('utf-8', '8bit', [0x62, 0x65, 0x66, 0x6f, 0x72, 0x65, 0, 0x61, 0x66, 0x74, 0x65, 0x72]),
  privateUse: text('utf-8', '8bit', 'logo \uf8ff and \ue001\ue001\ue001 token'),
  replacement: text('utf-8', '8bit', 'Ærøskøbing: a broken \ufffd character'),
  lines: text('utf-8', '7bit', 'end of one\r\nstart of two'),
  short: text('utf-8', '7bit', 'qz'),
} satisfies Record<string, Uint8Array>
type Name = keyof typeof mail
const names = Object.keys(mail) as Name[]

const body = (needle: string): SearchQuery => ({ kind: 'body', text: needle })
const anywhere = (needle: string): SearchQuery => ({ kind: 'text', text: needle })
const subjectOf = (needle: string): SearchQuery => ({ kind: 'subject', text: needle })

const rows: [SearchQuery, Name[]][] = [
  [body('bürgermeister'), ['utf8']],
  [body('ÅMÅL'), ['utf8']],
  [body('A\u030aMA\u030aL'), ['utf8']],
  [body('привет'), ['koi8']],
  [body('ПРИВЕТ, МИР'), ['koi8']],
  [body('こんにちは'), ['jis']],
  [body('んに'), ['jis']],
  [body('中文'), ['gb18030']],
  [body('邮件'), ['gb18030']],
  [body('garçon'), ['latin1']],
  [body('MANGÉ UNE CRÊPE'), ['latin1']],
  [body('extraordinary'), ['softBreak']],
  [body('café noir'), ['softBreak']],
  [body('base64: hippo'), ['base64']],
  [body('aGlwcG9'), []],
  [subjectOf('anticipation of plain'), ['word']],
  [subjectOf('東京'), ['wordInCharacter']],
  [subjectOf('京'), ['wordInCharacter']],
  [subjectOf('RÉSUMÉ'), ['rawHeader']],
  [subjectOf('folded across'), ['folded']],
  [body('<b>up'), ['html']],
  [body('innér subject'), []],
  [anywhere('innér subject'), ['nested']],
  [body('innermost'), ['nested']],
  [body('second part'), ['nested']],
  // RFC 9051 §6.4.4: header fields of parts are for TEXT alone.
  [anywhere('rechnung märz.pdf'), ['attachment']],
  [anywhere('text/plain; name=list.txt'), ['attachment']],
  [anywhere('me='), ['attachment']],
  [body('list.txt'), []],
  [body('list'), []],
  [body('me='), []],
  [body('one, two'), ['attachment']],
  [anywhere('unseen cargo'), []],
  [subjectOf('innér'), []],
  [body('東京'), ['cjk']],
  [body('猫'), ['cjk']],
  [body('東京都。'), ['cjk']],
  [body('猫犬'), []],
  [body('犬'), ['endsCjk']],
  [anywhere('京'), ['wordInCharacter', 'cjk']],
  [body('🎉'), ['emoji']],
  [body('🎉🎊'), ['emoji']],
  [body('🎊 tonight'), ['emoji']],
  // Half a character is a broken one.
  [body('\ud83c'), ['replacement']],
  [body('👩‍👧'), ['emoji']],
  [body('STRASSE'), ['sharp', 'capitalSharp']],
  [body('strassenbahn'), ['capitalSharp']],
  [body('straß'), ['sharp', 'capitalSharp']],
  [body('istanbul'), ['turkish']],
  [body('DİYARBAKIR'), ['turkish']],
  [body('"it\'s near(x y)" and'), ['quotes']],
  [body('"'), ['quotes']],
  [body('"it'), ['quotes']],
  [body('left* -col:^ or'), ['quotes']],
  [body('100% sure_thing [a-z]'), ['percent']],
  [body('s_r'), []],
  [body('before\0after'), ['zero']],
  [body('after'), ['zero']],
  [body('beforeafter'), []],
  [body('logo \uf8ff'), ['privateUse']],
  [body('\ue001\ue001\ue001'), ['privateUse']],
  [body('\ue002\ue002\ue002'), []],
  [body('\uf8ff'), ['privateUse']],
  [body('broken \ufffd char'), ['replacement']],
  [body('\ufffd'), ['replacement']],
  [body('one\r\nstart'), ['lines']],
  [body('one start'), []],
  [body('qz'), ['short']],
  [body('z'), ['percent', 'short']],
  [anywhere(`${'very '.repeat(200)}long`), []],
]

const placements = [
  ['not indexed', { indexed: false, inFile: false }],
  ['indexed', { indexed: true, inFile: false }],
  ['in files, not indexed', { indexed: false, inFile: true }],
  ['in files, indexed', { indexed: true, inFile: true }],
] as const

describe.each(placements)('%s', (_, { indexed, inFile }) => {
  const fixture = new SearchFixture()
  const named = new Map<number, Name>()

  beforeAll(async () => {
    await addFiller(fixture)
    for (const name of names) {
      await fixture.deliver(mail[name], { inFile })
      named.set(fixture.open().length, name)
    }
    if (indexed) fixture.index()
  })
  afterAll(() => fixture.close())

  test.each(rows)('%j', async (query, expected) => {
    const found = await fixture.search(query)
    expect(found.map((uid) => named.get(uid) ?? uid)).toEqual(expected)
  })
})

test.each([
  ['', '', true],
  ['Content-Type: text/plain', 'Mixed CASE\r\n', true],
  ['Content-Type: text/html; charset="UTF-8"; format=flowed\r\nContent-Transfer-Encoding: 8bit', '<B>', true],
  ['Content-Type: text/plain; charset=us-ascii\r\nContent-ID: <a@b>', 'X', true],
  ['Content-Type: text/plain; name="a.txt"', 'X', true],
  ['Content-Type: text/plain\r\nContent-Description: Note', 'X', false],
  ['Content-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt', 'X', false],
  ['Content-Type: text/plain\r\nContent-Disposition: inline', 'X', false],
  ['Content-Type: text/plain; charset=utf-8', 'é', false],
  ['Content-Type: text/plain; charset=utf-7', 'Hi Mom +Jjo-!', false],
  ['Content-Type: text/plain; charset=iso-2022-jp', '\x1b$B$3$s\x1b(B', false],
  ['Content-Type: text/plain; charset=utf-16', 'abcd', false],
  ['Content-Type: text/plain\r\nContent-Transfer-Encoding: base64', 'YWJj', false],
  ['Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable', 'a=62c', false],
  ['Content-Type: application/octet-stream', 'abc', false],
  ['Content-Type: message/rfc822', 'Subject: x\r\n\r\nabc', false],
  ['Content-Type: multipart/mixed; boundary=b', '--b\r\n\r\nabc\r\n--b--', false],
])('the short way to plain text gives the same: %s', (head, content, plain) => {
  const message = bytes(`${head === '' ? '' : `${head}\r\n`}\r\n${content}`)
  const { bodyStructure: structure, bodyStart } = parseMessage(message)
  const short = plainBody(message, { structure, bodyStart })
  expect(short !== undefined).toBe(plain)
  if (short === undefined) return
  expect(short.texts.join()).toBe(bodyText(message).texts.join())
  expect(short.headers).toEqual(bodyText(message).headers)
})
