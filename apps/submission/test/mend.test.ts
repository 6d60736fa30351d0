// A credential whose mail is mended: what old programs and devices send, and what becomes of it.
import { expect, test } from 'vitest'
import { complete, received, refused, take } from './facts.js'

const mend = { malformed: 'mend' as const }

test.each([
  ['line feeds alone', 'A: b\n', '\nHello\nyou\n', 'A: b\r\n', '\r\nHello\r\nyou\r\n'],
  ['carriage returns alone', 'A: b\r', '\rHello\ryou\r', 'A: b\r\n', '\r\nHello\r\nyou\r\n'],
  ['two CR before each LF', 'A: b\r\r\n', '\r\r\nHello\r\r\nyou\r\r\n', 'A: b\r\n', '\r\nHello\r\nyou\r\n'],
  ['four CR and text', '', '\r\na\r\r\r\rb\r\n', '', '\r\na\r\n\r\n\r\n\r\nb\r\n'],
  ['a CR at the end', '', '\r\na\r', '', '\r\na\r\n'],
  ['a space before the colon', 'Subject : x\r\n', '\r\n', 'Subject: x\r\n', '\r\n'],
  ['a line of white space in the header', 'Subject: x\r\n \r\n y\r\n', '\r\n', 'Subject: x\r\n y\r\n', '\r\n'],
  [
    'a line that is no field',
    'Subject: x\r\n',
    'no field\r\nFrom: ceo@bank.test\r\n',
    'Subject: x\r\n',
    '\r\nno field\r\nFrom: ceo@bank.test\r\n',
  ],
  ['a second Subject', 'Subject: x\r\nsubject: y\r\n', '\r\n', 'Subject: x\r\n', '\r\n'],
  ['no empty line', 'Subject: x\r\n', '', 'Subject: x\r\n', '\r\n'],
])('%s', async (_, header, body, mendedHeader, mendedBody) => {
  for (const pieceBytes of [1, 2, 3, 1000]) {
    const { wire } = await take(complete + header + body, { ...mend, pieceBytes })
    expect(wire).toBe(received + complete + mendedHeader + mendedBody)
  }
})

test('an mbox line on top goes', async () => {
  const { wire } = await take(`From ada@example.org Fri Jan  2 03:04:05 2026\n${complete}\nHello\n`, mend)
  expect(wire).toBe(`${received}${complete}\r\nHello\r\n`)
})

test.each([
  ['UTF-8 text', 'Subject: Grüße', 'Subject: =?UTF-8?B?R3LDvMOfZQ==?='],
  ['windows-1252 text', Buffer.from('Subject: \xfc\x80', 'latin1'), 'Subject: =?UTF-8?B?w7zigqw=?='],
  [
    'a name',
    'To: Jörg Müller <j@example.net>, b@example.net',
    'To: =?UTF-8?B?SsO2cmcgTcO8bGxlcg==?= <j@example.net>, b@example.net',
  ],
  ['a quoted name', 'To: "Müller, \\"J\\"" <j@example.net>', 'To: =?UTF-8?B?TcO8bGxlciwgIkoi?= <j@example.net>'],
  ['a comment', 'To: j@example.net (Jörg)', 'To: j@example.net (=?UTF-8?B?SsO2cmc=?=)'],
  [
    'a file name',
    'Content-Type: image/png; name="ä\'*.png"; x=y',
    "Content-Type: image/png; name*=utf-8''%C3%A4%27%2A.png; x=y",
  ],
  [
    'a long text',
    `Subject: ${'ä'.repeat(40)}`,
    'Subject: =?UTF-8?B?w6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6Q=?=\r\n =?UTF-8?B?w6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOk?=',
  ],
])('bytes beyond ASCII are encoded: %s', async (_, field, expected) => {
  const { wire } = await take(Buffer.concat([Buffer.from(complete), Buffer.from(field), Buffer.from('\r\n\r\n')]), mend)
  expect(wire).toBe(`${received}${complete}${expected}\r\n\r\n`)
})

test.each(['To: jörg@example.net', 'To: <j@exämple.net>', 'Message-ID: <ä@example.org>'])(
  '%s cannot be encoded',
  async (field) => {
    expect(await refused(Buffer.from(`From: ada@example.org\r\n${field}\r\n\r\n`), mend)).toMatch(/^554 5\.6\.7/)
  },
)

test('long lines of the header are folded where there is a space', async () => {
  const word = 'x'.repeat(500)
  const { wire } = await take(`${complete}X: ${word} ${word} ${word}\r\n\r\n`, mend)
  expect(wire).toBe(`${received}${complete}X: ${word}\r\n ${word}\r\n ${word}\r\n\r\n`)
  expect(await refused(`${complete}X: ${word}${word}\r\n\r\n`, mend)).toContain(
    '554 5.6.0 The header has a line longer',
  )
})

test.each([
  ['words', 'word '.repeat(400), `${'word '.repeat(199)}\r\n${'word '.repeat(199)}\r\nword word `],
  ['base64', 'A'.repeat(2500), `${'A'.repeat(998)}\r\n${'A'.repeat(998)}\r\n${'A'.repeat(504)}`],
  ['two-byte characters', 'ä'.repeat(600), `${'ä'.repeat(499)}\r\n${'ä'.repeat(101)}`],
  ['exactly as long as may be', 'A'.repeat(998), 'A'.repeat(998)],
])('long lines of the body are broken: %s', async (_, line, expected) => {
  for (const pieceBytes of [1, 997, 998, 999, 1000, 100_000]) {
    const message = Buffer.from(`${complete}\r\n${line}\r\nmore\r\n`)
    const { wire } = await take(message, { ...mend, pieceBytes })
    expect(Buffer.from(wire, 'latin1').toString()).toBe(`${received}${complete}\r\n${expected}\r\nmore\r\n`)
  }
})

test('signed text is not broken', async () => {
  const message = `${complete}Content-Type: multipart/signed; boundary=b\r\n\r\n${'x'.repeat(999)}\r\n`
  expect(await refused(message, mend)).toContain(
    '554 5.6.0 The message is signed and has a line longer than 998 octets',
  )
})

test.each([
  ['a NUL', `${complete}\r\n\0\r\n`],
  ['two From', `${complete}From: ada@example.org\r\n\r\n`],
  ['two From, one with a space before its colon', `${complete}From : ceo@bank.test\r\n\r\n`],
  ['no field at all', 'Hello\r\n'],
])('%s is not mended', async (_, message) => {
  expect(await refused(message, mend)).toMatch(/^55/)
})

test('what needs no mending is not touched', async () => {
  const message = `${complete}Subject: =?utf-8?Q?=C3=A4?=\r\n  two spaces\r\n\r\n. \r\n\ttab\r\n\x7f\x0b\r\n`
  expect((await take(message, mend)).wire).toBe(received + message)
})
