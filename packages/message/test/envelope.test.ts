// ENVELOPE: RFC 9051 §7.5.2 and its examples, the defaults, and what's sent for headers that aren't what they should be.
import { expect, test } from 'vitest'
import { parseMessage } from '../src/index.js'
import { checkEnvelope } from './imap-grammar.js'
import { bytes, mail, rawBytes } from './mail-bytes.js'

function envelopeOf(message: Uint8Array): string {
  const { envelope } = parseMessage(message)
  checkEnvelope(envelope, '7bit')
  return envelope
}

function fieldsOf(envelope: string): { date: string; subject: string; from: string } {
  const match = /^\((NIL|"(?:[^"\\]|\\.)*") (NIL|"(?:[^"\\]|\\.)*") (NIL|\(\(.*?\)\)) /.exec(envelope)!
  return { date: match[1]!, subject: match[2]!, from: match[3]! }
}

test('RFC 9051 §8: the sample connection', () => {
  const message = mail(
    'Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)',
    'From: Terry Gray <gray@cac.washington.edu>',
    'Subject: IMAP4rev2 WG mtg summary and minutes',
    'To: imap@cac.washington.edu',
    'cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>',
    'Message-Id: <B27397-0100000@cac.washington.edu>',
    'MIME-Version: 1.0',
    'Content-Type: TEXT/PLAIN; CHARSET=US-ASCII',
    '',
    '',
  )
  expect(envelopeOf(message)).toBe(
    '("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" ' +
      '(("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) ' +
      '(("Terry Gray" NIL "gray" "cac.washington.edu")) ((NIL NIL "imap" "cac.washington.edu")) ' +
      '((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL ' +
      '"<B27397-0100000@cac.washington.edu>")',
  )
})

test.each([
  ['nothing at all', [], '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)'],
  [
    'strings present but empty, lists present but empty',
    ['Subject:', 'To: ', 'Date:'],
    '("" "" NIL NIL NIL NIL NIL NIL NIL NIL)',
  ],
  [
    'Sender and Reply-To of their own',
    ['From: a@x', 'Sender: b@x', 'Reply-To: c@x'],
    '(NIL NIL ((NIL NIL "a" "x")) ((NIL NIL "b" "x")) ((NIL NIL "c" "x")) NIL NIL NIL NIL NIL)',
  ],
  [
    'Sender and Reply-To empty: From',
    ['From: a@x', 'Sender:', 'Reply-To: '],
    '(NIL NIL ((NIL NIL "a" "x")) ((NIL NIL "a" "x")) ((NIL NIL "a" "x")) NIL NIL NIL NIL NIL)',
  ],
  [
    'no From, but a Sender',
    ['Sender: b@x'],
    '(NIL NIL ((NIL NIL "b" "x")) ((NIL NIL "b" "x")) ((NIL NIL "b" "x")) NIL NIL NIL NIL NIL)',
  ],
  [
    'no From, but a Return-Path',
    ['Return-Path: <r@x>'],
    '(NIL NIL ((NIL NIL "r" "x")) ((NIL NIL "r" "x")) ((NIL NIL "r" "x")) NIL NIL NIL NIL NIL)',
  ],
  ['no From, and the null Return-Path', ['Return-Path: <>'], '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)'],
  [
    'To twice is one list (RFC 5322 §4.5.3), From and Subject count once',
    ['From: a@x', 'From: b@x', 'Subject: 1', 'Subject: 2', 'To: c@x', 'To: d@x'],
    '(NIL "1" ((NIL NIL "a" "x")) ((NIL NIL "a" "x")) ((NIL NIL "a" "x")) ((NIL NIL "c" "x")(NIL NIL "d" "x")) NIL NIL NIL NIL)',
  ],
  [
    'a group (RFC 9051 §7.5.2)',
    ['To: A Group:Ed Jones <joe@where.test>,john@one.test;'],
    '(NIL NIL NIL NIL NIL ((NIL NIL "A Group" NIL)("Ed Jones" NIL "joe" "where.test")(NIL NIL "john" "one.test")(NIL NIL NIL NIL)) NIL NIL NIL NIL)',
  ],
  [
    'Bcc, In-Reply-To and Message-ID as they were sent',
    ['Bcc: b@x', 'In-Reply-To: <1@x> <2@x>', 'Message-ID: no id'],
    '(NIL NIL NIL NIL NIL NIL NIL ((NIL NIL "b" "x")) "<1@x> <2@x>" "no id")',
  ],
  ['white space before the colon (RFC 5322 §4.5)', ['Subject : old'], '(NIL "old" NIL NIL NIL NIL NIL NIL NIL NIL)'],
  ['quotes and backslashes', ['Subject: a "b" \\ c'], '(NIL "a \\"b\\" \\\\ c" NIL NIL NIL NIL NIL NIL NIL NIL)'],
  ['folding', ['Subject: one', ' two', '\tthree'], '(NIL "one two\tthree" NIL NIL NIL NIL NIL NIL NIL NIL)'],
  ['encoded words stay', ['Subject: =?utf-8?q?=C3=BC?='], '(NIL "=?utf-8?q?=C3=BC?=" NIL NIL NIL NIL NIL NIL NIL NIL)'],
  ['bare CR and NUL', ['Subject: a\rb\0c'], '(NIL "a b c" NIL NIL NIL NIL NIL NIL NIL NIL)'],
])('%s', (_, lines, expected) => {
  expect(envelopeOf(mail(...lines, '', 'body'))).toBe(expected)
})

test.each([
  ['words only', 'From: Mail Delivery System', '(("Mail Delivery System" NIL "Mail Delivery System" ""))'],
  ['one word', 'From: root', '((NIL NIL "root" ""))'],
  ['a comment only', 'From: (nobody)', '(("nobody" NIL "nobody" ""))'],
  ['no address in brackets', 'From: Daemon <>', '(("Daemon" NIL "" ""))'],
  ['an open quote', 'From: "Jane <jane@x>', '((NIL NIL "Jane <jane@x>" ""))'],
])('a From can always be made: %s', (_, line, from) => {
  expect(fieldsOf(envelopeOf(mail(line, '', ''))).from).toBe(from)
})

test.each([
  ['UTF-8', bytes('Subject: Grüße\r\n\r\n'), '"=?UTF-8?B?R3LDvMOfZQ==?="', '"Grüße"'],
  ['windows-1252', rawBytes('Subject: Gr\xfc\xdfe \x80\r\n\r\n'), '"=?UTF-8?B?R3LDvMOfZSDigqw=?="', '"Grüße €"'],
  [
    "the body's charset",
    rawBytes('Subject: \xf0\xd2\xc9\xd7\xc5\xd4\r\nContent-Type: text/plain; charset="koi8-r"\r\n\r\n'),
    '"=?UTF-8?B?0J/RgNC40LLQtdGC?="',
    '"Привет"',
  ],
  [
    'a raw character among encoded words',
    bytes('Subject: =?utf-8?q?=C3=A4?= ö\r\n\r\n'),
    '"=?UTF-8?B?w6Qgw7Y=?="',
    '"=?utf-8?q?=C3=A4?= ö"',
  ],
])('raw 8-bit subjects, %s: encoded words in 7 bits, text in UTF-8', (_, message, plain, utf8) => {
  const parsed = parseMessage(message)
  checkEnvelope(parsed.envelopeUtf8!, 'utf8')
  expect(fieldsOf(parsed.envelope).subject).toBe(plain)
  expect(fieldsOf(parsed.envelopeUtf8!).subject).toBe(utf8)
})

test('an internationalized address (RFC 6532)', () => {
  const parsed = parseMessage(bytes('From: Jürgen <jürgen@müller.example>\r\n\r\n'))
  expect(fieldsOf(parsed.envelopeUtf8!).from).toBe('(("Jürgen" NIL "jürgen" "müller.example"))')
  expect(fieldsOf(parsed.envelope).from).toBe(
    '(("=?UTF-8?B?SsO8cmdlbg==?=" NIL "=?UTF-8?B?asO8cmdlbg==?=" "=?UTF-8?B?bcO8bGxlci5leGFtcGxl?="))',
  )
})

test('without anything beyond ASCII there is one form', () => {
  const parsed = parseMessage(mail('Subject: plain', 'From: a@x', '', 'ümläut in the body'))
  expect([parsed.envelopeUtf8, parsed.bodyStructureUtf8]).toEqual([undefined, undefined])
})

test('a long subject is encoded in words of 75 characters at most, none of which splits a character', () => {
  const { envelope } = parseMessage(bytes(`Subject: ${'日本語の件名'.repeat(20)}\r\n\r\n`))
  const words = fieldsOf(envelope).subject.slice(1, -1).split(' ')
  expect(words.length).toBeGreaterThan(4)
  for (const word of words) {
    expect(word.length).toBeLessThanOrEqual(75)
    expect(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(word.slice(10, -2), 'base64'))).toMatch(
      /^[日本語の件名]+$/,
    )
  }
})
