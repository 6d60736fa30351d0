// The charsets of mail, by the names that senders give them, and what's done without one.
import { expect, test } from 'vitest'
import { iconvCharsets, parseMessage, searchText } from '../src/index.js'
import { rawBytes } from './mail-bytes.js'

test.each([
  ['iso-8859-1', 'Fr\xf6sche \x80', 'Frösche €'], // read as windows-1252, as everybody does
  ['ISO-8859-15', '\xa4', '€'],
  ['windows-1251', '\xcf\xf0\xe8\xe2\xe5\xf2', 'Привет'],
  ['koi8-r', '\xf0\xd2\xc9\xd7\xc5\xd4', 'Привет'],
  ['iso-8859-2', '\xb1\xe6', 'ąć'],
  ['iso-8859-7', '\xe1\xe2', 'αβ'],
  ['iso-8859-8-i', '\xf9\xec', 'של'],
  ['windows-1256', '\xe3\xd1', 'مر'],
  ['tis-620', '\xa1\xa2', 'กข'],
  ['shift_jis', '\x93\xfa\x96{', '日本'],
  ['euc-jp', '\xc6\xfc\xcb\xdc', '日本'],
  ['iso-2022-jp', '\x1b$BF|K\\\x1b(B!', '日本!'],
  ['gb2312', '\xc4\xe3\xba\xc3', '你好'],
  ['gb18030', '\xc4\xe3\x81\x30\x81\x30', '你\u0080'],
  ['big5', '\xa7A\xa6n', '你好'],
  ['hz-gb-2312', '~{Dc:C~}~~ ~\nok', '你好~ ok'],
  ['euc-kr', '\xc7\xd1', '한'],
  ['ks_c_5601-1987', '\xc7\xd1', '한'],
  ['iso-2022-kr', '\x1b$)C\x0eGQ\x0f!', '한!'],
  ['utf-7', 'Fr+APY-sche', 'Frösche'],
  ['utf-16le', 'a\0\xe4\0', 'aä'],
  ['macintosh', '\x8a', 'ä'],
  ['ibm850', '\x84', 'ä'],
])('%s', (charset, sent, expected) => {
  expect(iconvCharsets.decode(rawBytes(sent), charset)).toBe(expected)
  expect(textIn(`; charset="${charset}"`, sent)).toEqual([expected])
})

test.each(['x-nobody-knows', '', 'base64', 'hex', '__proto__', 'constructor', 'x'.repeat(100)])(
  '%j is no charset',
  (charset) => {
    expect(iconvCharsets.decode(rawBytes('61'), charset)).toBeUndefined()
  },
)

test.each([
  ['', 'Gr\xc3\xbc\xc3\x9fe', 'Grüße'],
  ['', 'Gr\xfc\xdfe', 'Grüße'],
  ['; charset=us-ascii', 'Gr\xc3\xbc\xc3\x9fe', 'Grüße'],
  ['; charset=x-nobody-knows', 'Gr\xfc\xdfe', 'Grüße'],
  ['; charset=utf-8', 'Gr\xfc\xdfe', 'Grüße'], // it says UTF-8 and isn't
  ['; charset=utf-8', 'Gr\xc3\xbc\xc3\x9fe \xff', 'Grüße \ufffd'], // it is, and was damaged
  ['; charset=utf-8', '\xef\xbb\xbftext', 'text'],
  ['; charset=utf-8', 'lost \xef\xbf\xbd', 'lost \ufffd'], // somebody else's damage, sent as such
  ['', '\xef\xbf\xbd\xef\xbf\xbd \xff', '\ufffd\ufffd \ufffd'],
  ['', '\xef\xbf\xbd \xfc\xdf', 'ï¿½ üß'],
])('text with %j: %j', (parameters, sent, expected) => {
  expect(textIn(parameters, sent)).toEqual([expected])
})

function textIn(parameters: string, sent: string): string[] {
  const message = rawBytes(`Content-Type: text/plain${parameters}\r\n\r\n${sent}`)
  return searchText(message, parseMessage(message))
}

test('charsets are an argument', () => {
  const message = rawBytes('Content-Type: text/plain; charset=x-own\r\n\r\nabc')
  const charsets = { decode: (_: Uint8Array, charset: string) => (charset === 'x-own' ? 'own' : undefined) }
  expect(searchText(message, parseMessage(message, { charsets }), { charsets })).toEqual(['own'])
})
