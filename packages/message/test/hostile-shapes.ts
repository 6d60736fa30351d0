// Messages made to cost more than their size: each shape repeats what a careless parser would look at again and again. Used by
// linear-time.test.ts for the time, by hostile.test.ts for the answers.
import { bytes } from './mail-bytes.js'

export interface HostileShape {
  name: string
  /** A message of about `size` bytes. */
  make: (size: number) => Uint8Array
}

const around =
  (before: string, unit: string, after = '') =>
  (size: number) =>
    bytes(before + unit.repeat(Math.max(1, Math.floor((size - before.length - after.length) / unit.length))) + after)

const field = (name: string, unit: string, start = '', end = '') => ({
  name: `${name}: ${JSON.stringify(start + unit.slice(0, 24))}…`,
  make: around(`From: a@b.c\r\n${name}: ${start}`, unit, `${end}\r\n\r\nbody\r\n`),
})

const html = (unit: string) => ({
  name: `html of ${JSON.stringify(unit)}`,
  make: around('Content-Type: text/html\r\n\r\n', unit),
})

const encoded = (encoding: string, unit: string) => ({
  name: `${encoding} of ${JSON.stringify(unit)}`,
  make: around(`Content-Transfer-Encoding: ${encoding}\r\n\r\n`, unit),
})

function nest(depth: number): string {
  let text = ''
  for (let i = 0; i < depth; i++) text += `Content-Type: multipart/mixed; boundary=level-${i}\r\n\r\n--level-${i}\r\n`
  return text
}

const oneMultipart = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n'

/** Bodies and structure: where the pass over the bytes could go wrong. */
export const structureShapes: HostileShape[] = [
  { name: 'a million parts', make: around(oneMultipart, '--b\r\n\r\n') },
  { name: 'parts with types', make: around(oneMultipart, '--b\r\nContent-Type: image/png; name="a.png"\r\n\r\nx\r\n') },
  { name: 'a boundary that never comes', make: around(oneMultipart, '--bb\r\n--\r\n-\r\n') },
  { name: 'a hundred multiparts open and lines of dashes', make: around(nest(99), '--\n--x\n') },
  { name: 'a hundred multiparts open and near misses', make: around(nest(99), '--level-9999\r\n--level-9-\r\n') },
  { name: 'deeper than the limit', make: around('', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n') },
  { name: 'messages in messages', make: around('', 'Content-Type: message/rfc822\r\n\r\n') },
  { name: 'a header without an end', make: around('', 'X-Field: value\r\n') },
  { name: 'a header of one line', make: around('X: ', 'a') },
  { name: 'no header', make: around('', 'a') },
  { name: 'folds', make: around('Subject: x', '\r\n ') },
  { name: 'empty fields', make: around('', 'a:\n') },
  { name: 'bare CR', make: around('Subject: ', '\r') },
  { name: 'NUL', make: around('', '\0') },
  { name: 'empty lines', make: around(oneMultipart, '\n') },
  { name: 'one long line of dashes', make: around(`${oneMultipart}--`, '-') },
]

/** Values: where a grammar could look back. The limits are raised for these, so that the whole value is read. */
export const valueShapes: HostileShape[] = [
  field('To', 'a@b.c,'),
  field('To', 'Jane Doe <jane@example.com>, '),
  field('To', ','),
  field('To', '<'),
  field('To', '<@a,'),
  field('To', '<a,'),
  field('To', '('),
  field('To', '"'),
  field('To', '\\"', '"'),
  field('To', '@'),
  field('To', 'g:'),
  field('To', 'g:a@b;'),
  field('To', 'word '),
  field('To', '=?'),
  field('To', '=?a?q?b '),
  field('To', '[', 'a@'),
  field('Subject', '=?'),
  field('Subject', '=?a?q?'),
  field('Subject', '=?utf-8?q?=41?= '),
  field('Subject', '=?utf-8?b?QQ==?='),
  field('Subject', 're: '),
  field('Subject', '[a]'),
  field('Subject', '[a'),
  field('Subject', '[fwd:', '', ']'),
  field('Subject', '(fwd)'),
  field('Subject', 're[a]'),
  field('Subject', ' \t'),
  field('Subject', 'ü'),
  field('References', '<a@b>'),
  field('References', '<'),
  field('References', '<"a'),
  field('References', '\\', '<"'),
  field('Content-Type', ';', 'text/plain'),
  field('Content-Type', ';a=b', 'text/plain'),
  field('Content-Type', ';a', 'text/plain'),
  field('Content-Type', ' a=', 'text/plain;'),
  field('Content-Type', '"', 'text/plain;a="'),
  field('Content-Type', '; n*0="a"', 'text/plain'),
  field('Content-Disposition', "%41'", "attachment; filename*=utf-8''"),
  field('Content-Language', 'a,'),
  field('Content-Location', ' a'),
  field('Date', '('),
  field('Date', ' 1'),
  html('<'),
  html('<a '),
  html('<a "'),
  html('<a href="'),
  html('<style>'),
  html('<style></'),
  html('<!--'),
  html('&'),
  html('&#1'),
  html('<b></b>'),
  html('> '),
  encoded('quoted-printable', '='),
  encoded('quoted-printable', '= '),
  encoded('quoted-printable', ' \t'),
  encoded('base64', '='),
  encoded('base64', '\n'),
  encoded('x-uuencode', 'begin \n'),
  encoded('x-uuencode', '\n'),
  encoded('7bit', '> \n'),
  encoded('7bit', '\n'),
  encoded('7bit', '-- \n'),
]
