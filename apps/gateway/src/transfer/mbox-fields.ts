// What an mbox writes into a message's own header to keep flags in: Status and X-Status (as mutt, Dovecot and Python do),
// X-Keywords (Dovecot), the X-Mozilla fields (Thunderbird), Content-Length and the uids of IMAP servers. It's read and taken out,
// so that the message is what it was. Our own export writes its lines to the top, under one that says how many there are; then
// nothing else is bookkeeping, and every byte of the message comes back.

import { type Flags, systemFlag } from '@postern/mailbox-store'
import { cleanKeywords } from './flag-words.js'

export interface MboxHeader {
  readonly flags: Flags
  /** Without the bookkeeping. */
  readonly header: Buffer
  readonly contentLength: number | undefined
  /** Deleted, and in the file only until it's compacted; or no message at all. */
  readonly passOver: string | undefined
  /** Of our own export. */
  readonly own: OwnForm | undefined
}

export interface OwnForm {
  /** The bytes are as they were, not with LF for CR LF. */
  readonly isExact: boolean
  /** The message doesn't end in a line end; the file needs one. */
  readonly isUnended: boolean
}

const ownField = 'X-Postern-Export'
const ownLine = /^X-Postern-Export: lines=(\d)((?:, (?:exact|unended))*)\r?\n/

const bookkeeping =
  /^(?:status|x-status|x-keywords|x-mozilla-status2?|x-mozilla-keys|content-length|x-uid|x-imap|x-imapbase)[ \t]*:/i

export function readMboxHeader(raw: Buffer): MboxHeader {
  const own = ownLine.exec(raw.toString('latin1', 0, 80))
  if (own !== null) return readOwn(raw, own)
  const fields = fieldsOf(raw)
  const ours = fields.filter(({ text }) => bookkeeping.test(text))
  const values = valuesOf(ours.map(({ text }) => text))
  const kept = ours.length === 0 ? raw : without(raw, ours)
  return {
    flags: flagsOf(values),
    header: kept,
    contentLength: /^\d{1,12}$/.test(values.get('content-length') ?? '')
      ? Number(values.get('content-length'))
      : undefined,
    passOver: passedOver(values, raw),
    own: undefined,
  }
}

function readOwn(raw: Buffer, [line, count, words = '']: RegExpExecArray): MboxHeader {
  let end = line.length
  const lines: string[] = []
  for (let i = 0; i < Number(count); i++) {
    const next = raw.indexOf(0x0a, end) + 1 || raw.length
    lines.push(raw.toString('latin1', end, next))
    end = next
  }
  return {
    flags: flagsOf(valuesOf(lines)),
    header: raw.subarray(end),
    contentLength: undefined,
    passOver: undefined,
    own: { isExact: words.includes('exact'), isUnended: words.includes('unended') },
  }
}

/** The lines that our export writes on top of a message. */
export function writeOwn({ flags, form }: { readonly flags: Flags; readonly form: OwnForm }): string {
  const lines = [`Status: ${flags.system & systemFlag.seen ? 'RO' : 'O'}`]
  const letters = statusLetters.filter(([, bit]) => (flags.system & bit) !== 0).map(([letter]) => letter)
  if (letters.length > 0) lines.push(`X-Status: ${letters.join('')}`)
  if (flags.keywords.length > 0) lines.push(`X-Keywords: ${flags.keywords.join(' ')}`)
  const words = [`lines=${lines.length}`, ...(form.isExact ? ['exact'] : []), ...(form.isUnended ? ['unended'] : [])]
  return [`${ownField}: ${words.join(', ')}`, ...lines, ''].join('\n')
}

interface Field {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Fields with the lines that are folded into them; what is none ends them. */
function fieldsOf(raw: Buffer): Field[] {
  const fields: { start: number; end: number }[] = []
  for (let line = 0; line < raw.length; ) {
    const next = raw.indexOf(0x0a, line) + 1 || raw.length
    const last = fields.at(-1)
    if ((raw[line] === 0x20 || raw[line] === 0x09) && last !== undefined) last.end = next
    else fields.push({ start: line, end: next })
    line = next
  }
  return fields.map(({ start, end }) => ({
    start,
    end,
    text: raw.toString('latin1', start, Math.min(end, start + 32_768)),
  }))
}

function without(raw: Buffer, fields: readonly Field[]): Buffer {
  const kept: Buffer[] = []
  let at = 0
  for (const { start, end } of fields) {
    kept.push(raw.subarray(at, start))
    at = end
  }
  return Buffer.concat([...kept, raw.subarray(at)])
}

/** The first of each name. */
function valuesOf(lines: readonly string[]): Map<string, string> {
  const values = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).trim().toLowerCase()
    if (!values.has(name))
      values.set(
        name,
        line
          .slice(colon + 1)
          .replace(/\s+/g, ' ')
          .trim(),
      )
  }
  return values
}

const statusLetters = [
  ['A', systemFlag.answered],
  ['F', systemFlag.flagged],
  ['D', systemFlag.deleted],
  ['T', systemFlag.draft],
] as const
const mozillaBits = [
  [0x1, systemFlag.seen],
  [0x2, systemFlag.answered],
  [0x4, systemFlag.flagged],
] as const
const mozilla = { expunged: 0x8, forwarded: 0x1000, labels: 0x0e000000, labelShift: 25 } as const

function flagsOf(values: ReadonlyMap<string, string>): Flags {
  const letters = `${values.get('status') ?? ''}${values.get('x-status') ?? ''}`.toUpperCase()
  let system = letters.includes('R') ? systemFlag.seen : 0
  for (const [letter, bit] of statusLetters) if (letters.includes(letter)) system |= bit
  const [status, status2] = [hex(values.get('x-mozilla-status')), hex(values.get('x-mozilla-status2'))]
  for (const [bit, flag] of mozillaBits) if ((status & bit) !== 0) system |= flag
  const words = `${values.get('x-keywords') ?? ''} ${values.get('x-mozilla-keys') ?? ''}`.split(' ')
  const label = (status2 & mozilla.labels) >>> mozilla.labelShift
  if (label > 0) words.push(`$label${label}`)
  if ((status & mozilla.forwarded) !== 0) words.push('$Forwarded')
  return { system, keywords: cleanKeywords(words.filter((word) => word !== '')) }
}

const hex = (text = ''): number => (/^[0-9a-f]{1,8}$/i.test(text) ? Number.parseInt(text, 16) : 0)

function passedOver(values: ReadonlyMap<string, string>, raw: Buffer): string | undefined {
  if ((hex(values.get('x-mozilla-status')) & mozilla.expunged) !== 0)
    return 'it was deleted, and is in the file until the folder is compacted'
  const isInternal = /^subject: DON'T DELETE THIS MESSAGE/im.test(raw.toString('latin1', 0, 4_096))
  return isInternal && (values.has('x-imap') || values.has('x-imapbase'))
    ? 'it is no message but what another server keeps in the file'
    : undefined
}
