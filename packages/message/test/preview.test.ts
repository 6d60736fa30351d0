// PREVIEW, RFC 8970, and the text of HTML.
import { describe, expect, test } from 'vitest'
import { htmlText, parseMessage, preview } from '../src/index.js'
import { bytes, mail } from './mail-bytes.js'

function previewOf(message: Uint8Array): string {
  return preview(message, parseMessage(message))
}

const plain = (...lines: string[]) => mail('Content-Type: text/plain; charset=utf-8', '', ...lines)
const html = (...lines: string[]) => mail('Content-Type: text/html; charset=utf-8', '', ...lines)

test('RFC 8970 §5, example 1: 200 characters', () => {
  const lorem =
    'Lorem ipsum dolor sit amet, consectetur adipiscing elit.\r\nCurabitur aliquam turpis et ante dictum, et pulvinar dui congue.\r\n' +
    'Maecenas hendrerit, lorem non imperdiet pellentesque, nulla\r\nligula nullam and so on'
  expect(previewOf(plain(lorem))).toBe(lorem.replaceAll('\r\n', ' ').slice(0, 200).trimEnd())
})

test.each<[string, Uint8Array, string]>([
  ['white space is one space', plain('  a \t b', '', '', 'c\u00a0d '), 'a b c d'],
  [
    'quoted lines are left out',
    plain('On Monday Ada wrote:', '> the question', '>> older', '', 'the answer'),
    'On Monday Ada wrote: the answer',
  ],
  ['unless there is nothing else', plain('> only this', '> > and this'), 'only this and this'],
  ['the signature is left out', plain('text', '-- ', 'Ada'), 'text'],
  ['unless there is nothing else', plain('-- ', 'Ada'), '-- Ada'],
  ['two dashes are no signature', plain('text', '--', 'more'), 'text -- more'],
  [
    'tags, styles, scripts, comments, title',
    html('<head><title>T</title><style>p{a:b}</style><script>"</p>"</script></head><!-- c --><p>Text</p>'),
    'Text',
  ],
  [
    'blocks are apart, words are not',
    html('<p>B<b>ol</b>d</p><div>next</div><br>line<td>1</td><td>2</td>'),
    'Bold next line 1 2',
  ],
  [
    'character references',
    html('Fish &amp; chips &lt;3 &eacute;&#233;&#xe9; &copy &unknown; & &#0; &#x110000;'),
    'Fish & chips <3 ééé © &unknown; & \ufffd \ufffd',
  ],
  [
    'invisible filler',
    html('Hello<span>&zwnj;&nbsp;&#847; &#8203;&shy;&nbsp;</span>World \u{1f468}\u200d\u{1f469}'),
    'Hello World \u{1f468}\u200d\u{1f469}',
  ],
  ['a less-than sign', html('1 < 2 <3 > 0'), '1 < 2 <3 > 0'],
  ['a greater-than sign in an attribute', html('<a title="a > b">link</a>'), 'link'],
  ['a quote that never ends', html('<a title="x>link</a> text'), 'link text'],
  ['a style that never ends', html('text<style>p{}'), 'text'],
  ['no text at all', mail('Content-Type: image/png', '', 'x'), ''],
  ['an empty body', plain(''), ''],
  ['quoted-printable', mail('Content-Transfer-Encoding: quoted-printable', '', 'Gr=C3=BC=C3=9F=', 'e'), 'Grüße'],
  ['base64', mail('Content-Transfer-Encoding: base64', '', 'R3LDvMOfZQ=='), 'Grüße'],
])('%s', (_, message, expected) => {
  expect(previewOf(message)).toBe(expected)
})

const multipart = (kind: string, ...parts: string[]) =>
  mail(`Content-Type: multipart/${kind}; boundary=b`, '', ...parts.flatMap((part) => ['--b', part]), '--b--')
const attached = 'Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nattached'
const message = 'Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ninside'

test.each<[string, Uint8Array, string]>([
  ['plain before HTML', multipart('alternative', 'Content-Type: text/html\r\n\r\n<p>html', '\r\nplain'), 'plain'],
  ['HTML when plain is empty', multipart('alternative', '\r\n \r\n', 'Content-Type: text/html\r\n\r\n<p>html'), 'html'],
  ['an attachment is not the text', multipart('mixed', attached, 'Content-Type: text/html\r\n\r\nhtml'), 'html'],
  ['a forwarded message is not the text', multipart('mixed', message, '\r\nown'), 'own'],
  ['unless there is nothing else', multipart('mixed', message), 'inside'],
  ['encrypted', multipart('encrypted', 'Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1'), ''],
])('%s', (_, data, expected) => {
  expect(previewOf(data)).toBe(expected)
})

describe('200 characters of Unicode', () => {
  test.each([
    ['letters', 'x'.repeat(500), 'x'.repeat(200)],
    ['emoji', '\u{1f600}'.repeat(500), '\u{1f600}'.repeat(200)],
    ['words', 'ab '.repeat(500), 'ab '.repeat(67).slice(0, 200).trimEnd()],
    ['199 and a word', `${'x'.repeat(199)} more`, 'x'.repeat(199)],
    ['quoted-printable cut inside of a character', '=F0=9F=98=80'.repeat(500), '\u{1f600}'.repeat(200)],
  ])('%s', (_, text, expected) => {
    const found = previewOf(
      mail('Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: quoted-printable', '', text),
    )
    expect(found).toBe(expected)
    expect([...found].length).toBeLessThanOrEqual(200)
  })

  test('fewer, if asked for', () => {
    const data = plain('one two three')
    expect(preview(data, parseMessage(data), { charsMax: 7 })).toBe('one two')
  })
})

test('text behind a long head, and behind much quotation, is found; more than that is not looked for', () => {
  expect(previewOf(html(`<style>${'p{margin:0}'.repeat(2000)}</style>late`))).toBe('late')
  expect(previewOf(plain('> quoted\r\n'.repeat(500), 'late'))).toBe('late')
  expect(previewOf(plain(`${' '.repeat(1_000_000)}too late`))).toBe('')
})

test('a preview of a huge message costs nothing', () => {
  const huge = bytes(`Content-Type: text/html\r\n\r\n${'<p></p>'.repeat(3_000_000)}`)
  const parsed = parseMessage(huge)
  const start = performance.now()
  preview(huge, parsed)
  expect(performance.now() - start).toBeLessThan(1000)
})

test('htmlText stops where it is told', () => {
  expect(htmlText('<p>one</p>'.repeat(100), { charsMax: 10 }).length).toBeLessThan(20)
  expect(htmlText('<p>one</p><p>two</p>', { charsMax: 100, separator: '\n' })).toBe('\none\n\ntwo\n')
})
