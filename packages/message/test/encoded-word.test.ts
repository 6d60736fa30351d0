// RFC 2047 §8 and its examples, RFC 2231 §5, and the encoded words of real senders.
import { expect, test } from 'vitest'
import { decodeWords } from '../src/index.js'

test.each([
  // RFC 2047 §8, the table
  ['(=?ISO-8859-1?Q?a?=)', '(a)'],
  ['(=?ISO-8859-1?Q?a?= b)', '(a b)'],
  ['(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)', '(ab)'],
  ['(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)', '(ab)'],
  ['(=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=)', '(ab)'],
  ['(=?ISO-8859-1?Q?a_b?=)', '(a b)'],
  ['(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)', '(a b)'],
  // RFC 2047 §8, the headers
  ['=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>', 'Keith Moore <moore@cs.utk.edu>'],
  ['=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=', 'Keld Jørn Simonsen'],
  ['=?ISO-8859-1?Q?Andr=E9?= Pirard', 'André Pirard'],
  [
    '=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=',
    'If you can read this you understand the example.',
  ],
  ['=?iso-8859-8?b?7eXs+SDv4SDp7Oj08A==?=', 'םולש ןב ילטפנ'],
  // RFC 2231 §5
  ['=?US-ASCII*EN?Q?Keith_Moore?=', 'Keith Moore'],
  // a character split between two words, and between two of different case
  ['=?utf-8?b?w4=?= =?UTF-8?B?pA==?=', 'ä'],
  ['=?utf-8?q?=E2=82?= =?utf-8?q?=AC?=', '€'],
  ['=?utf-8?q?a?==?utf-8?q?b?=', 'ab'],
  ['=?utf-8?q?a?= and =?utf-8?q?b?=', 'a and b'],
  ['=?utf-8?q?two words?=', 'two words'],
  ['=?utf-8?Q??=', ''],
  ['x =?utf-8?q?=ZZ?= y', 'x =ZZ y'],
  ['=?utf-8?q?=e4=?=', 'ä='],
  ['=?x-nobody-knows?q?=C3=A4?=', 'ä'],
  ['=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=', '日本'],
  ['=?gb2312?B?xOO6ww==?=', '你好'],
  // no words
  ['=?utf-8?x?abc?=', '=?utf-8?x?abc?='],
  ['=?utf-8?q?abc', '=?utf-8?q?abc'],
  ['=? =?utf-8?q?a?=', '=? a'],
  ['plain', 'plain'],
])('%j', (text, expected) => {
  expect(decodeWords(text)).toBe(expected)
})
