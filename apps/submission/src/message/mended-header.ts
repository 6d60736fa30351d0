// A header as old programs and devices write it, made into one that everybody reads alike, for a credential whose mail is mended: an
// mbox line on top goes, the space before a colon and lines of white space alone too, of what may be there once the first stands,
// text beyond ASCII is encoded, and long lines are folded. A line that is no field ends the header, as it does for most readers. Who the
// message says it's from is judged behind this, and never mended. docs/decisions/mended-mail.md.
import { type HeaderBlock, lineOctetsMax, SmtpError } from '@postern/smtp'
import { onceOnly } from '../policies/header-policies.js'
import { encodedField } from './encoded-field.js'
import { folded } from './folded.js'

/** RFC 5322 §4.5: the name may have white space behind it. */
const fieldForm = /^([!-9;-~]+)[ \t]*:(.*)$/s

export function mendedHeader({ header, rest }: HeaderBlock, { smtpUtf8 }: { smtpUtf8: boolean }): HeaderBlock {
  const lines = header.toString('latin1').split('\r\n')
  const { fields, end } = fieldsOf(lines)
  const seen = new Set<string>()
  const kept = fields.filter(({ name }) => !onceOnly.includes(name) || (!seen.has(name) && seen.add(name)))
  const mended = kept.map((field) => folded(smtpUtf8 ? field.lines : encodedField(field), lineOctetsMax))
  const long = mended.flat().find((line) => line.length > lineOctetsMax)
  if (long !== undefined)
    throw new SmtpError(`554 5.6.0 The header has a line longer than ${lineOctetsMax} octets, without a space in it`)
  const body = lines.slice(lines[end] === '' ? end + 1 : end).join('\r\n')
  return {
    header: Buffer.from(
      `${mended
        .flat()
        .map((line) => `${line}\r\n`)
        .join('')}\r\n`,
      'latin1',
    ),
    rest: Buffer.concat([Buffer.from(body, 'latin1'), rest]),
  }
}

export interface RawField {
  /** In lower case. */
  readonly name: string
  /** As they're written, one character for each byte, without their CRLF. */
  readonly lines: readonly string[]
}

/** `end`: the line that is no field any more. */
function fieldsOf(lines: readonly string[]): { fields: readonly RawField[]; end: number } {
  const fields: { name: string; lines: string[] }[] = []
  let at = /^>?From /.test(lines[0] ?? '') ? 1 : 0
  for (; at < lines.length; at++) {
    const line = lines[at] as string
    const [, name, value] = fieldForm.exec(line) ?? []
    if (name !== undefined) fields.push({ name: name.toLowerCase(), lines: [`${name}:${value}`] })
    else if (/^[ \t]/.test(line) && fields.length > 0) {
      if (line.trim() !== '') fields.at(-1)?.lines.push(line)
    } else break
  }
  return { fields, end: at }
}
