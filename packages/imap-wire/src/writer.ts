// Responses, word by word. RFC 9051 §7 and §9; one method per rule. The caller looks at `length` and takes what's there when it's
// enough for one write to the network, so that a client that doesn't read costs what the caller lets it cost.

import { ByteSink } from './byte-sink.js'
import { ASTRING, consistsOf } from './characters.js'
import { dateOfDay, daySeconds, formatDateTime, monthNames } from './date.js'
import { recentFlag, systemFlagsText } from './flags.js'
import { encodeMailboxName } from './mailbox-name.js'
import { numberRanges, spacedNumbers } from './number-list.js'
import { type Numbers, type ResponseCode, writeResponseCode } from './response-code.js'
import type { NumberSet } from './sequence-set.js'

export type StatusKind = 'OK' | 'NO' | 'BAD' | 'PREAUTH' | 'BYE'

/** What an ImapError is, too. */
export interface Status {
  readonly kind: StatusKind
  readonly code?: ResponseCode | undefined
  readonly text: string
}

const SP = 0x20
const STAR = 0x2a
const COMMA = 0x2c
const COLON = 0x3a
const OPEN = 0x28
const CLOSE = 0x29
const QUOTE = 0x22
const crlf = Uint8Array.of(0x0d, 0x0a)
const encoder = new TextEncoder()
/** What can't stand between quotes: NUL, CR, LF. */
const notQuotable = /[\0\r\n]/
const quotedSpecials = /["\\]/g
const monthBytes = monthNames.map((name) => encoder.encode(`-${name}-`))
const utcEnd = encoder.encode(' +0000"')
const notAscii = /[^\0-\x7f]/
const writtenFlags = 2 * recentFlag - 1
/** For all combinations of system flags and \Recent, what stands between the parentheses. */
const systemFlagBytes = Array.from({ length: writtenFlags + 1 }, (_, system) => encoder.encode(systemFlagsText(system)))

export class Writer extends ByteSink {
  /** UTF8=ACCEPT or IMAP4rev2 is enabled: quoted strings, mailbox names and texts may be UTF-8. */
  utf8: boolean

  constructor({ utf8 = false }: { utf8?: boolean } = {}) {
    super()
    this.utf8 = utf8
  }

  /** Text that is ready to be sent: an atom, an ENVELOPE that was stored. */
  raw(text: string): this {
    this.putText(text)
    return this
  }

  /** Bytes that are ready to be sent. */
  bytes(bytes: Uint8Array): this {
    this.putBytes(bytes)
    return this
  }

  /** The same of a part of them. */
  part(bytes: Uint8Array, start: number, end: number): this {
    this.putPart(bytes, start, end)
    return this
  }

  sp(): this {
    this.putByte(SP)
    return this
  }

  crlf(): this {
    this.putBytes(crlf)
    return this
  }

  atom(text: string): this {
    return this.raw(text)
  }

  nil(): this {
    return this.raw('NIL')
  }

  number(value: number): this {
    this.putNumber(value)
    return this
  }

  // string = quoted / literal
  /** Between quotes where that can be: what has CR, LF or NUL, or 8-bit text for who hasn't enabled UTF-8, is a literal. */
  string(text: string): this {
    if (notQuotable.test(text) || (!this.utf8 && notAscii.test(text))) return this.literal(encoder.encode(text))
    this.putByte(QUOTE)
    this.putText(text.replace(quotedSpecials, '\\$&'))
    this.putByte(QUOTE)
    return this
  }

  // nstring = string / nil
  nstring(text: string | undefined): this {
    return text === undefined ? this.nil() : this.string(text)
  }

  // astring = 1*ASTRING-CHAR / string
  /** `NIL` in quotes, for readers that would see nothing in it. */
  astring(text: string): this {
    return consistsOf(text, ASTRING) && text.toUpperCase() !== 'NIL' ? this.raw(text) : this.string(text)
  }

  // mailbox = "INBOX" / astring
  mailbox(name: string): this {
    return this.astring(encodeMailboxName(name, this))
  }

  // literal = "{" number64 "}" CRLF *CHAR8
  literal(bytes: Uint8Array): this {
    return this.literalHead(bytes.length).bytes(bytes)
  }

  /** The announcement of a literal whose bytes are sent by other means. */
  literalHead(size: number): this {
    return this.raw('{').number(size).raw('}\r\n')
  }

  // literal8 = "~{" number64 "}" CRLF *OCTET
  literal8(bytes: Uint8Array): this {
    return this.raw('~').literal(bytes)
  }

  /** `(a b c)`. */
  list<T>(items: Iterable<T>, item: (item: T) => void): this {
    this.putByte(OPEN)
    let isFirst = true
    for (const each of items) {
      if (!isFirst) this.putByte(SP)
      isFirst = false
      item(each)
    }
    this.putByte(CLOSE)
    return this
  }

  // flag-list = "(" [flag *(SP flag)] ")"
  flags(system: number, keywords: readonly string[]): this {
    this.putByte(OPEN)
    this.putBytes(systemFlagBytes[system & writtenFlags]!)
    for (let i = 0; i < keywords.length; i++) {
      if (i > 0 || (system & writtenFlags) !== 0) this.putByte(SP)
      this.putText(keywords[i]!)
    }
    this.putByte(CLOSE)
    return this
  }

  // date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
  dateTime(seconds: number, zone = 0): this {
    if (zone !== 0 || !(seconds >= 0 && seconds <= 0xffff_ffff)) return this.raw(`"${formatDateTime(seconds, zone)}"`)
    const at = Math.floor(seconds)
    const inDay = at % daySeconds
    const { year, month, day } = dateOfDay((at - inDay) / daySeconds)
    this.putByte(QUOTE)
    if (day < 10) this.sp().putNumber(day)
    else this.putTwoDigits(day)
    this.putBytes(monthBytes[month - 1]!)
    this.putNumber(year)
    this.putByte(SP)
    this.putTwoDigits(Math.floor(inDay / 3600))
    this.putByte(COLON)
    this.putTwoDigits(Math.floor(inDay / 60) % 60)
    this.putByte(COLON)
    this.putTwoDigits(inDay % 60)
    this.putBytes(utcEnd)
    return this
  }

  // sequence-set, of ranges. Nothing for an empty set: there's no word for it.
  set(set: NumberSet): this {
    for (let i = 0; i < set.length; i++) {
      if (i > 0) this.putByte(COMMA)
      this.#range(set[i]![0], set[i]![1])
    }
    return this
  }

  // sequence-set, of single numbers: neighbours become a range.
  /** Numbers that aren't ascending keep their order, as COPYUID needs it (RFC 4315 §3). */
  numbers(numbers: Numbers): this {
    this.putBytes(numberRanges(numbers))
    return this
  }

  // *(SP nz-number)
  /** Of the numbers in these places. */
  spaced(numbers: Numbers, places?: { from: number; to: number }): this {
    this.putBytes(spacedNumbers(numbers, places))
    return this
  }

  #range(from: number, to: number): void {
    this.putNumber(from)
    if (to === from) return
    this.putByte(COLON)
    this.putNumber(to)
  }

  /** What people read at the end of a response: one line, in ASCII where no more may be sent. */
  line(text: string): this {
    const oneLine = text.replace(/[\0\r\n]+/g, ' ')
    return this.raw(this.utf8 ? oneLine : oneLine.replace(/[^\0-\x7f]/gu, '?'))
  }

  // response-tagged = tag SP resp-cond-state CRLF
  // resp-text = ["[" resp-text-code "]" SP] [text]
  /** Tagged, or with `*` for a tag: OK, NO, BAD, PREAUTH or BYE for all who listen. */
  status(tag: string, { kind, code, text }: Status): this {
    this.raw(tag).sp().raw(kind).sp()
    if (code !== undefined) {
      this.raw('[')
      writeResponseCode(this, code)
      this.raw('] ')
    }
    return this.line(text).crlf()
  }

  /** `* `: what follows is the caller's, up to its `crlf`. */
  untagged(): this {
    this.putByte(STAR)
    this.putByte(SP)
    return this
  }

  // continue-req = "+" SP (resp-text / base64) CRLF
  continuation(text: string): this {
    return this.raw('+ ').line(text).crlf()
  }
}
