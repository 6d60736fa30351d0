// The rules that many commands share, over one whole command: sets, mailboxes, flags, dates. A command's own grammar is written
// with them (`p.sp(); const set = p.sequenceSet()`). FETCH, SEARCH and the others whose grammar is large have files of their own
// beside this one, with functions that take the parser. RFC 9051 §9.

import { decodeBase64 } from './base64.js'
import { ASTRING, ATOM, BASE64 } from './characters.js'
import type { LiteralPiece } from './command.js'
import { type CalendarDate, type DateTime, parseDateText, parseDateTime } from './date.js'
import { FlagCollector, type Flags, systemFlagBit } from './flags.js'
import { decodeMailboxName } from './mailbox-name.js'
import { type NumberSet, type SequenceSet, STAR, sequenceSet } from './sequence-set.js'
import { Tokens } from './tokens.js'

/** A rule of the grammar, as a command's `parse` and the tables of extensions have it. */
export type Rule<T> = (p: Parser) => T

export class Parser extends Tokens {
  // sequence-set = (seq-number / seq-range) ["," sequence-set] / seq-last-command
  // seq-last-command = "$"
  sequenceSet(): SequenceSet {
    const ends: number[] = []
    let saved = false
    do {
      if (this.tryTake('$')) saved = true
      else {
        if (ends.length === 2 * this.limits.rangesMax) this.refuse('Too many ranges')
        const from = this.seqNumber()
        ends.push(from, this.tryTake(':') ? this.seqNumber() : from)
      }
    } while (this.tryTake(','))
    return sequenceSet(ends, { saved })
  }

  // seq-number = nz-number / "*"
  /** STAR for `*`. */
  seqNumber(): number {
    return this.tryTake('*') ? STAR : this.nzNumber()
  }

  // uid-set = (uniqueid / uid-range) *("," uid-set)
  /** Also the known-uids of RFC 7162 §7, in which `*` is not allowed. */
  uidSet(): NumberSet {
    const { ranges, toLast, saved } = this.sequenceSet()
    return toLast === undefined && !saved ? ranges : this.refuse('Only numbers can be in this set')
  }

  // mailbox = "INBOX" / astring
  mailbox(): string {
    return decodeMailboxName(this.astring(), this)
  }

  // list-mailbox = 1*list-char / string
  listMailbox(): string {
    return decodeMailboxName(this.listCharsOrString(), this)
  }

  // flag-list = "(" [flag *(SP flag)] ")"
  flagList(): Flags {
    const collector = new FlagCollector()
    this.listOrEmpty(() => this.#flag(collector))
    return collector.flags()
  }

  // flag-list / (flag *(SP flag))
  flags(): Flags {
    if (this.isAt('(')) return this.flagList()
    const collector = new FlagCollector()
    let count = 0
    do {
      if (++count > this.limits.keysMax) this.refuse('Too many arguments')
      this.#flag(collector)
    } while (this.trySp())
    return collector.flags()
  }

  // flag = "\Answered" / "\Flagged" / "\Deleted" / "\Seen" / "\Draft" / flag-keyword / flag-extension
  /** `\Recent` is the server's to give (RFC 3501 §2.3.2); a client that copies flags may send it, and it's passed over. */
  #flag(collector: FlagCollector): void {
    if (!this.isAt('\\')) {
      collector.addKeyword(this.flagKeyword())
      return
    }
    const name = this.flagExtension()
    const bit = systemFlagBit(name.slice(1))
    if (bit !== undefined) collector.addSystem(bit)
    else if (name.toLowerCase() !== '\\recent') this.refuse(`Unknown flag ${name}`)
  }

  // flag-keyword = "$MDNSent" / "$Forwarded" / "$Junk" / "$NotJunk" / "$Phishing" / atom
  /** With "]", which clients have in keywords; whether it's kept is for the store to say. */
  flagKeyword(): string {
    return this.run1(ASTRING, 'Flag')
  }

  // flag-extension = "\" atom
  /** With its backslash. A special use (RFC 6154 §6 "use-attr") has the same form. */
  flagExtension(): string {
    this.take('\\')
    return `\\${this.run1(ATOM, 'Flag')}`
  }

  // date = date-text / DQUOTE date-text DQUOTE
  date(): CalendarDate {
    const text = this.isAt('"') ? this.quoted() : this.run(ATOM)
    return parseDateText(text) ?? this.fail('Date')
  }

  // date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
  dateTime(): DateTime {
    const text = this.isAt('"') ? this.quoted() : this.fail('Date and time')
    return parseDateTime(text) ?? this.fail('Date and time')
  }

  // base64 = *(4base64-char) [base64-terminal]
  base64(): Uint8Array {
    const digits = this.run(BASE64)
    const padding = this.tryTake('=') ? (this.tryTake('=') ? '==' : '=') : ''
    return decodeBase64(digits + padding)
  }

  // initial-resp = (base64 / "=")
  initialResponse(): Uint8Array {
    if (!this.tryTake('=')) return this.base64()
    return new Uint8Array(0)
  }

  // literal / literal8
  /** The message of an APPEND: an announcement, whose bytes may be anywhere. */
  messageLiteral(): LiteralPiece {
    return this.tryLiteral() ?? this.fail('Literal')
  }
}
