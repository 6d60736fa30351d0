// Lines of a message: what ends them, how long they are, and that nothing gets through that a later server could take for the end
// of the data.
import { expect, test } from 'vitest'
import { complete, refused, take } from './facts.js'

const head = `${complete}\r\n`
const ending = 'lines end with CRLF, and mail has no NUL'

test.each([
  ['a bare LF in the body', `${head}one\ntwo\r\n`, `554 5.6.0 Line 5 of the message has a bare LF: ${ending}`],
  ['a bare CR in the body', `${head}one\r\nt\rwo\r\n`, `554 5.6.0 Line 6 of the message has a bare CR: ${ending}`],
  ['a NUL in the body', `${head}one\r\n\0\r\n`, `554 5.6.0 Line 6 of the message has a NUL: ${ending}`],
  ['a bare LF in the header', `Subject: x\n${head}`, `554 5.6.0 Line 1 of the message has a bare LF: ${ending}`],
  ['a bare CR in the header', `Subject: x\ry\r\n${head}`, `554 5.6.0 Line 1 of the message has a bare CR: ${ending}`],
  ['a NUL in the header', `Subject: \0\r\n${head}`, `554 5.6.0 Line 1 of the message has a NUL: ${ending}`],
  ['a bare LF first', `\n${head}`, `554 5.6.0 Line 1 of the message has a bare LF: ${ending}`],
  ['a bare CR last', `${head}one\r`, `554 5.6.0 Line 5 of the message has a bare CR: ${ending}`],
  ['CR CR LF', `${head}one\r\r\n`, `554 5.6.0 Line 5 of the message has a bare CR: ${ending}`],
])('%s', async (_, message, reply) => {
  expect(await refused(message)).toBe(reply)
  expect(await refused(message, { pieceBytes: 1 })).toBe(reply)
})

/** What some server somewhere has taken for the end of the data, and a message behind it. */
test.each([
  '\n.\n',
  '\r\n.\n',
  '\n.\r\n',
  '\r.\r',
  '\r\n.\r',
  '\r.\r\n',
  '\n.\r',
  '\r.\n',
  '\0\r\n.\r\0\n',
  '\r\n\0.\r\n',
])('smuggled: %j', async (end) => {
  const message = `${head}Hello${end}MAIL FROM:<ceo@bank.test>\r\nRCPT TO:<x@y.test>\r\nDATA\r\nFrom: ceo@bank.test\r\n`
  expect(await refused(message)).toMatch(/^554 5\.6\.0 Line \d+ of the message has a (?:bare [CL][RF]|NUL)/)
  expect(await refused(message, { pieceBytes: 1 })).toBe(await refused(message))
  // Mended, it's lines of the one message, with nothing at their beginning that wasn't there.
  const mended = await take(message, { malformed: 'mend' }).then(({ wire }) => wire, String)
  expect(mended).not.toMatch(/[^\r]\n|\r[^\n]/)
})

test('a dot alone is a line of text, since what is read here has no dots for SMTP', async () => {
  const { wire } = await take(`${head}one\r\n.\r\n..\r\ntwo\r\n`)
  expect(wire.endsWith('one\r\n.\r\n..\r\ntwo\r\n')).toBe(true)
})

test.each([
  ['998 octets', 998, 'accepted'],
  ['999 octets', 999, '554 5.6.0 Line 5 of the message is longer than 998 octets'],
  ['a line without end', 5_000, '554 5.6.0 Line 5 of the message is longer than 998 octets'],
])('%s', async (_, octets, reply) => {
  for (const pieceBytes of [1, 7, 998, 1000, 100_000]) {
    expect(await refused(`${head}${'x'.repeat(octets)}\r\nmore\r\n`, { pieceBytes })).toContain(reply)
  }
  expect(await refused(`${complete}X: ${'x'.repeat(octets - 3)}\r\n\r\n`)).toContain(reply.replace('Line 5', 'Line 4'))
})

test('wherever the pieces end, the same lines are taken, and the same one is refused', async () => {
  const lines = ['', 'x', 'a dot', 'y'.repeat(998), '', '', 'z'.repeat(60)]
  const texts = [['\r\n'], ['\n'], ['\r'], ['\0'], ['\r\r\n'], ['x'.repeat(999), '\r\n']].map((trouble) => [
    head,
    ...lines.map((line) => `${line}\r\n`),
    ...trouble,
    ...lines.map((line) => `${line}\r\n`),
  ])
  const answerTo = (text: string, pieceBytes?: number): Promise<string> =>
    take(text, { pieceBytes: pieceBytes ?? text.length }).then(({ wire }) => wire, String)
  for (const text of texts.map((parts) => parts.join(''))) {
    const expected = await answerTo(text, 1)
    for (const pieceBytes of [undefined, 2, 3, 61, 997, 1000, 1001])
      expect(await answerTo(text, pieceBytes)).toBe(expected)
  }
  expect(await answerTo(texts[0]?.join('') ?? '')).toMatch(/^Received: /)
})

test.each([
  ['7bit', 'Hello\r\n', false, '7bit'],
  ['8-bit text that MAIL did not announce', 'H\xe4llo\r\n', false, '8bitmime'],
  ['8-bit text with SMTPUTF8 that nothing else needs', 'H\xe4llo\r\n', true, '8bitmime'],
])('the kind of the body: %s', async (_, body, smtpUtf8, kind) => {
  expect((await take(head + body, { smtpUtf8 })).body).toBe(kind)
})

test('a header in UTF-8, or an address, needs SMTPUTF8 all the way', async () => {
  const header = Buffer.from(`${complete}Subject: Grüße\r\n\r\nHello\r\n`)
  expect((await take(header, { smtpUtf8: true })).body).toBe('smtputf8')
  expect((await take(header, { smtpUtf8: true })).wire).toContain('with UTF8SMTPSA id Q1')
  expect((await take(head, { smtpUtf8: true, recipients: ['ä@example.net'] })).body).toBe('smtputf8')
  expect(await refused(header)).toBe(
    '554 5.6.7 The subject field is not ASCII: encode it (RFC 2047), or send with SMTPUTF8',
  )
  expect(await refused(`${complete}Subject: \xe4\r\n\r\n`, { smtpUtf8: true })).toBe(
    '554 5.6.7 The header of the message is not UTF-8',
  )
})
