// Content-Transfer-Encoding: RFC 2045 §6 with its examples, uuencode, and everything that isn't quite either.
import { expect, test } from 'vitest'
import { decodeTransfer } from '../src/index.js'
import { bytes, rawBytes, textOf } from './mail-bytes.js'

test.each([
  // RFC 2045 §6.7
  [
    "Now's the time =\r\nfor all folk to come=\r\n to the aid of their country.",
    "Now's the time for all folk to come to the aid of their country.",
  ],
  ['a=3Db=C3=BC=c3=bc', 'a=büü'],
  ['soft =  \r\nbreak', 'soft break'],
  ['soft =\nbreak', 'soft break'],
  ['trailing \t \r\nspace  \r\n', 'trailing\r\nspace\r\n'],
  ['kept=20\r\nkept =09\r\n', 'kept \r\nkept \t\r\n'],
  ['end of text   ', 'end of text'],
  ['not=ZZhex = alone 1=2', 'not=ZZhex = alone 1=2'],
  ['end=', 'end'],
  ['end=4', 'end=4'],
  ['', ''],
])('quoted-printable %j', (sent, expected) => {
  expect(textOf(decodeTransfer(bytes(sent), 'quoted-printable')!)).toBe(expected)
})

test.each([
  ['aGVsbG8=', 'hello'],
  ['aGVs\r\nbG8=\r\n', 'hello'],
  ['aGVsbG8', 'hello'], // no padding
  ['aGVsbG8=aGVsbG8=', 'hellohello'], // two of them in one
  ['a!G*V s_bG8=', 'hello'], // what isn't in the alphabet is no data
  ['aGVsb', 'hel'], // one character of a quantum is nothing
  ['====', ''],
  ['', ''],
])('base64 %j', (sent, expected) => {
  expect(textOf(decodeTransfer(bytes(sent), 'base64')!)).toBe(expected)
})

test.each([
  ['begin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\n', 'Cat'],
  ['text before\nbegin 644 cat.txt\n#0V%T\n`\nend\ntext behind', 'Cat'],
  ["begin 644 a\n4:'1T<#HO+W=W=RYX+G1E<W0O80``\n`\nend\n", 'http://www.x.test/a\0'],
  ['begin 644 a\n#0V%T', 'Cat'], // no end
  ['begin 644 a\nM0V%T\nend', 'Cat'], // a line shorter than it says
  ['nothing', ''],
])('x-uuencode %j', (sent, expected) => {
  expect(textOf(decodeTransfer(bytes(sent), 'x-uuencode')!)).toBe(expected)
})

test.each(['7bit', '8BIT', 'Binary', ''])('%j is the bytes themselves', (encoding) => {
  const data = rawBytes('=41\x00\xff')
  expect(decodeTransfer(data, encoding)).toBe(data)
})

test('an unknown encoding is said out loud', () => {
  expect(decodeTransfer(bytes('x'), 'x-new')).toBeUndefined()
})
