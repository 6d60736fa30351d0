// The two headers of a message that is encrypted here. Outside stays what a list of mail and an answer need; everything else, with
// the true Subject, is in the encrypted part, marked the way that clients with header protection look for (RFC 9788: `hp="cipher"`
// and HP-Outer). See docs/decisions/encrypted-mail.md.

import { arrivedHeader, type Edit, editedHeader, type Field, firstNamed, type Header } from '@postern/smtp'

/** Written on the way by servers. */
const trace: ReadonlySet<string> = new Set(['return-path', 'delivered-to', 'received', 'authentication-results'])
/** Written by who sent it. */
const kept: ReadonlySet<string> = new Set([
  ...['from', 'sender', 'reply-to', 'to', 'cc', 'date', 'message-id', 'in-reply-to', 'references'],
  ...['auto-submitted', 'list-id'],
])
/** In the place of every Subject. */
const subjectOutside = '[...]'

/** Without the fields that say what the body is, and without an end. */
export function outerFields(bytes: Buffer): Buffer {
  const header = arrivedHeader(bytes)
  const fields = header.fields.filter(({ name }) => trace.has(name) || kept.has(name))
  const subject = hasSubject(header) ? [Buffer.from(`Subject: ${subjectOutside}\r\n`)] : []
  return Buffer.concat([...fields.map((field) => whole(header, field)), ...subject])
}

/** The header as it came, with what tells a client that it's the true one, and an empty line at its end. */
export function innerHeader(bytes: Buffer): Buffer {
  const header = arrivedHeader(bytes)
  const type = firstNamed(header, 'content-type')
  const own = type === undefined ? `Content-Type: text/plain; ${marks}\r\n` : ''
  const edits = type === undefined ? [] : [marking(header, type)]
  const whole = Buffer.concat([...outside(header), editedHeader(header, { onTop: own, edits })])
  return endsItself(whole) ? whole : Buffer.concat([whole, Buffer.from('\r\n')])
}

const marks = 'hp="cipher"; protected-headers="v1"'

/** Behind the parameters that the field has. */
function marking({ text }: Header, { valueStart, end }: Field): Edit {
  const behind = text.slice(valueStart, end).replace(/(?<![;\s])[;\s]+$/, '').length
  return { start: valueStart + behind, end, text: `;\r\n ${marks}\r\n` }
}

/** What stands outside, so that a client sees which fields the outside has not changed. */
function outside(header: Header): Buffer[] {
  const fields = header.fields.filter(({ name }) => kept.has(name)).map((field) => whole(header, field))
  const subject = hasSubject(header) ? [Buffer.from(`Subject: ${subjectOutside}\r\n`)] : []
  return [...fields, ...subject].flatMap((field) => [Buffer.from('HP-Outer: '), field])
}

const hasSubject = (header: Header): boolean => firstNamed(header, 'subject') !== undefined

function whole(header: Header, { start, end }: Field): Buffer {
  const bytes = header.bytes.subarray(start, end)
  return bytes.at(-1) === 0x0a ? bytes : Buffer.concat([bytes, Buffer.from('\r\n')])
}

const endsItself = (bytes: Buffer): boolean =>
  bytes.equals(Buffer.from('\r\n')) || bytes.subarray(-4).equals(Buffer.from('\r\n\r\n'))
