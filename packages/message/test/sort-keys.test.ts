// What SORT and THREAD compare: base subject (RFC 5256 §2.1), sent date (§2.2), addresses (and RFC 5957), Message-IDs (§3).
import { describe, expect, test } from 'vitest'
import { parseMessage } from '../src/index.js'
import { bytes, mail } from './mail-bytes.js'

function sortOf(...lines: string[]) {
  return parseMessage(mail(...lines, '', '')).sort
}

describe('base subject', () => {
  test.each<[string, string, boolean]>([
    ['', '', false],
    ['hello', 'hello', false],
    ['  hello  \t world ', 'hello world', false], // (1)
    ['hello (fwd)', 'hello', true], // (2)
    ['hello (FWD)  (fwd) ', 'hello', true],
    ['(fwd)', '', true],
    ['Re: hello', 'hello', true], // (3)
    ['RE: re: Fw: FWD : hello', 'hello', true],
    ['Re:hello', 'hello', true],
    ['Re[2]: hello', 'hello', true],
    ['Re [a] : hello', 'hello', true],
    ['[list] Re: hello', 'hello', true],
    ['[a][b] Re: hello', 'hello', true],
    ['Re: [list] hello', 'hello', true], // (4)
    ['[list] hello', 'hello', false],
    ['[a] [b] hello', 'hello', false],
    ['[list]', '[list]', false], // a blob is the base when there is nothing else
    ['[a] [b]', '[b]', false],
    ['Re: [a]', '[a]', true],
    ['[unclosed hello', '[unclosed hello', false],
    ['[a[b] hello', '[a[b] hello', false],
    ['[fwd: hello]', 'hello', true], // (6)
    ['[Fwd: Re: [list] hello (fwd)]', 'hello', true],
    ['[fwd: [fwd: hello]]', 'hello', true],
    ['[fwd: hello] there', 'there', false],
    ['[fwd:]', '', true],
    ['Re', 'Re', false],
    ['Regarding: hello', 'Regarding: hello', false],
    ['reply: hello', 'reply: hello', false],
    ['AW: hallo', 'AW: hallo', false], // translations aren't removed (§7)
    ['=?utf-8?q?Re:_gr=C3=BC=C3=9Fe?=', 'grüße', true],
    ['=?utf-8?q?Re:?= =?utf-8?q?_a?=', 'a', true],
  ])('%j', (subject, text, isReplyOrForward) => {
    expect(sortOf(`Subject: ${subject}`)).toMatchObject({ subject: text, isReplyOrForward })
  })

  test('folded', () => {
    expect(sortOf('Subject: Re:', ' one', '\ttwo').subject).toBe('one two')
  })
})

describe('sent date', () => {
  test.each([
    ['31 Dec 2000 16:01:33 -0800', '2001-01-01T00:01:33Z'], // RFC 5256 §2.2
    ['Fri, 21 Nov 1997 09:55:06 -0600', '1997-11-21T15:55:06Z'], // RFC 5322 appendix A
    ['Thu, 13 Feb 1969 23:32 -0330', '1969-02-14T03:02:00Z'],
    [
      'Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland Time)',
      '1969-02-14T03:02:00Z',
    ],
    ['21 Nov 97 09:55:06 GMT', '1997-11-21T09:55:06Z'],
    ['1 Jan 49 00:00 UT', '2049-01-01T00:00:00Z'],
    ['1 Jan 101 00:00 UT', '2001-01-01T00:00:00Z'],
    ['Wed, 17 Jul 1996 02:23:25 PDT', '1996-07-17T09:23:25Z'],
    ['Wed, 17 Jul 1996 02:23:25 -0700 (PDT)', '1996-07-17T09:23:25Z'],
    ['17 July 1996 2:23 +0530', '1996-07-16T20:53:00Z'],
    ['17-Jul-1996 02:23:25 +0000', '1996-07-17T02:23:25Z'],
    ['Wed Jul 17 02:23:25 1996', '1996-07-17T02:23:25Z'], // asctime
    ['Wednesday, 17 Jul 1996 02:23:25 Z', '1996-07-17T02:23:25Z'],
    ['17 Jul 1996 02:23:60 +0000', '1996-07-17T02:24:00Z'], // a leap second
    ['17 Jul 1996 02:23:25 +9999', '1996-07-17T02:23:25Z'], // an invalid zone is UTC
    ['17 Jul 1996 02:23:25 X-Zone', '1996-07-17T02:23:25Z'],
    ['17 Jul 1996 25:00:00 +0200', '1996-07-17T00:00:00Z'], // an invalid time is midnight
    ['17 Jul 1996', '1996-07-17T00:00:00Z'],
    ['1 Jan 0001 00:00:00 +0000', '0001-01-01T00:00:00Z'],
    ['29 Feb 0096 12:00 +0000', '0096-02-29T12:00:00Z'],
    ['29 Feb 0001 00:00 +0000', undefined],
    ['29 Feb 2023 00:00 +0000', undefined],
    ['0 Jul 1996 00:00 +0000', undefined],
    ['17 Foo 1996 00:00 +0000', undefined],
    ['yesterday', undefined],
    ['', undefined],
  ])('%j', (date, iso) => {
    expect(sortOf(`Date: ${date}`).date).toBe(iso === undefined ? undefined : Date.parse(iso))
  })

  test('no field', () => expect(sortOf('Subject: x').date).toBeUndefined())
})

describe('addresses', () => {
  test('the mailbox of the first address, without its domain (RFC 5256)', () => {
    expect(sortOf('From: B <bob@x>, a@x', 'To: "C" <carl@y>', 'Cc: dora@z')).toMatchObject({
      from: 'bob',
      to: 'carl',
      cc: 'dora',
    })
  })

  test.each([
    ['=?utf-8?q?J=C3=BCrgen?= <j@x>', 'Jürgen'],
    ['j@x', 'j@x'],
    ['"" <j@x>', 'j@x'],
    ['root', 'root'],
    ['Friends: j@x;', 'Friends'],
    ['', ''],
  ])('RFC 5957 display of %j', (from, shown) => {
    expect(sortOf(`From: ${from}`).displayFrom).toBe(shown)
    expect(sortOf(`To: ${from}`).displayTo).toBe(shown)
  })
})

describe('Message-IDs', () => {
  test.each([
    ['<01KF8JCEOCBS0045PS@xxx.yyy.com>', '<01KF8JCEOCBS0045PS@xxx.yyy.com>'],
    ['<"01KF8JCEOCBS0045PS"@xxx.yyy.com>', '<01KF8JCEOCBS0045PS@xxx.yyy.com>'], // RFC 5256 §3
    ['<"a\\"b"@x>', '<a"b@x>'],
    ['<"a>b"@x>', '<a>b@x>'],
    [' (comment) <a@x> trailing', '<a@x>'],
    ['<no-at-sign>', undefined],
    ['<@x>', undefined],
    ['<a@>', undefined],
    ['a@x', undefined],
    ['<a@x', undefined],
    ['<half <a@x>', '<a@x>'],
    ['', undefined],
  ])('%j', (field, id) => {
    expect(parseMessage(mail(`Message-ID: ${field}`, '', '')).messageId).toBe(id)
  })

  test.each<[string, string[], string[]]>([
    ['References', ['References: <1@x> <2@x>', ' <3@x>'], ['<1@x>', '<2@x>', '<3@x>']],
    ['References win over In-Reply-To', ['References: <1@x>', 'In-Reply-To: <2@x>'], ['<1@x>']],
    ['References without an id', ['References: none', 'In-Reply-To: <2@x> <3@x>'], ['<2@x>']],
    ['the first id of In-Reply-To only', ['In-Reply-To: Your mail <jane doe> of <2@x> <3@x>'], ['<2@x>']],
    ['ids without white space between', ['References: <1@x><2@x>,<3@x>'], ['<1@x>', '<2@x>', '<3@x>']],
    ['an id that was folded', ['References: <1', ' @x>'], ['<1@x>']],
    ['invalid ones are left out', ['References: <1@x> <bad> <2@x>'], ['<1@x>', '<2@x>']],
    ['neither field', ['Subject: x'], []],
  ])('%s', (_, lines, ids) => {
    expect(parseMessage(mail(...lines, '', '')).references).toEqual(ids)
  })
})

test('keys of a message of bytes', () => {
  expect(parseMessage(bytes('')).sort).toEqual({
    date: undefined,
    subject: '',
    isReplyOrForward: false,
    from: '',
    to: '',
    cc: '',
    displayFrom: '',
    displayTo: '',
  })
})
