// Parameters: RFC 2045 §5.1, the examples of RFC 2231, and what senders write. Seen through BODYSTRUCTURE's two forms.
import { expect, test } from 'vitest'
import { parseMessage } from '../src/index.js'
import { bytes } from './mail-bytes.js'

function paramsOf(text: string): Record<string, string> {
  const { root } = parseMessage(bytes(`Content-Type: application/x-stuff${text}\r\n\r\n`))
  return Object.fromEntries(root.params)
}

test.each([
  // RFC 2231 §3, §4, §4.1
  [
    '; access-type=URL;\r\n URL*0="ftp://";\r\n URL*1="cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar"',
    { 'ACCESS-TYPE': 'URL', URL: 'ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar' },
  ],
  ["; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", { TITLE: 'This is ***fun***' }],
  [
    "; title*0*=us-ascii'en'This%20is%20even%20more%20\r\n ; title*1*=%2A%2A%2Afun%2A%2A%2A%20;\r\n title*2=\"isn't it!\"",
    { TITLE: "This is even more ***fun*** isn't it!" },
  ],
  ['; a*1=second; a*0=first', { A: 'firstsecond' }],
  ["; a*0*=utf-8''%E2%82; a*1*=%AC", { A: '€' }],
  ["; a*=iso-8859-1''%E4", { A: 'ä' }],
  ["; a*=''%C3%A4", { A: 'ä' }],
  ['; a*=no%20charset', { A: 'no charset' }],
  ["; a=plain; a*=utf-8''better", { A: 'better' }],
  ["; a*=utf-8''100%; b=1", { A: '100%', B: '1' }],
  ["; a*=utf-8''raw-ü", { A: 'raw-ü' }],
  ['; a*x=1; a*=2', { A: '2' }],
  // RFC 2045 §5.1 and the wild
  ['; a=b; C="d e"; f="g\\"h\\\\"', { A: 'b', C: 'd e', F: 'g"h\\' }],
  ['; boundary=----=_Part_1=_2', { BOUNDARY: '----=_Part_1=_2' }],
  ['; name=my holiday photo.jpg; size=1', { NAME: 'my holiday photo.jpg', SIZE: '1' }],
  ['; name=a (1).pdf', { NAME: 'a (1).pdf' }],
  ['; charset=us-ascii (Plain text)', { CHARSET: 'us-ascii' }],
  ['; a="x" b="y"', { A: 'x', B: 'y' }],
  ['; a=x b=y', { A: 'x', B: 'y' }],
  ['; a="open', { A: 'open' }],
  ['; a=1; A=2', { A: '1' }],
  [';;; a=1;; ;=x; b', { A: '1' }],
  ['; a=', { A: '' }],
  ['; name="=?utf-8?Q?=C3=BC?="', { NAME: '=?utf-8?Q?=C3=BC?=' }],
  ['', {}],
])('%j', (text, expected) => {
  expect(paramsOf(text)).toEqual(expected)
})

test('a name beyond ASCII: an encoded word in 7 bits, text in UTF-8', () => {
  const parsed = parseMessage(bytes("Content-Type: image/png; name*=utf-8''%C3%9C.png\r\n\r\n"))
  expect(parsed.bodyStructure).toContain('("NAME" "=?UTF-8?B?w5wucG5n?=")')
  expect(parsed.bodyStructureUtf8).toContain('("NAME" "Ü.png")')
})
