// The words of the grammar: atoms, strings, numbers, and lists of anything. RFC 9051 §4 and §9; one method per rule, under its
// name and its ABNF. They take what stands at the cursor and throw a BAD where it's something else.
import { ASTRING, ATOM, LABEL, LIST, QUOTED, TAG, VISIBLE } from './characters.js'
import type { Command, LiteralPiece } from './command.js'
import { Cursor } from './cursor.js'
import { isAscii, latin1, latin1Bytes, utf8Text } from './latin1.js'
import { defaultParserLimits, number32Max, type ParserLimits } from './limits.js'

export interface ParserOptions {
  /** UTF8=ACCEPT or IMAP4rev2 is enabled: quoted strings and mailbox names are UTF-8. */
  readonly utf8?: boolean
  readonly limits?: ParserLimits
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const ZERO = 0x30
const number64Max = 9_223_372_036_854_775_807n

export class Tokens extends Cursor {
  /** Whether octets beyond ASCII may stand between quotes. A rule that learns of a charset may set it. */
  utf8: boolean
  readonly limits: ParserLimits
  #depth = 0

  constructor(command: Command, { utf8 = false, limits = defaultParserLimits }: ParserOptions = {}) {
    super(command)
    this.utf8 = utf8
    this.limits = limits
  }

  // tag = 1*<any ASTRING-CHAR except "+">
  tag(): string {
    return this.run1(TAG, 'Tag')
  }

  // atom = 1*ATOM-CHAR
  atom(): string {
    return this.run1(ATOM, 'Atom')
  }

  /** An atom that names something, in capitals: a command, a capability, a search key. */
  name(): string {
    return this.run1(ATOM, 'Name').toUpperCase()
  }

  // tagged-ext-label = tagged-label-fchar *tagged-label-char
  /** In capitals. */
  label(): string {
    return this.run1(LABEL, 'Name').toUpperCase()
  }

  // astring = 1*ASTRING-CHAR / string
  astring(): string {
    const atom = this.run(ASTRING)
    return atom === '' ? this.string() : atom
  }

  // userid = astring
  // password = astring
  /**
   * And, as clients send it that don't quote, anything but SP and controls. In UTF-8, whatever is enabled; what isn't UTF-8 is
   * an old client's Latin-1: a wrong password in it is a wrong password and no wrong command.
   */
  credential(): string {
    const octets = this.#credentialOctets()
    try {
      return text8(octets)
    } catch {
      return octets
    }
  }

  #credentialOctets(): string {
    if (this.isAt('"')) return this.#quotedOctets(true)
    return this.at === this.line.length ? latin1(this.literal()) : this.run1(VISIBLE, 'String')
  }

  // list-mailbox = 1*list-char / string
  protected listCharsOrString(): string {
    const atom = this.run(LIST)
    return atom === '' ? this.string() : atom
  }

  // string = quoted / literal
  string(): string {
    return this.#string(this.utf8)
  }

  #string(eightBit: boolean): string {
    if (this.peek() === QUOTE) return this.#quoted(eightBit)
    return utf8Text(this.literal())
  }

  // nstring = string / nil
  nstring(): string | undefined {
    return this.tryNil() ? undefined : this.string()
  }

  // nil = "NIL"
  tryNil(): boolean {
    return this.tryWord('NIL')
  }

  // quoted = DQUOTE *QUOTED-CHAR DQUOTE
  quoted(): string {
    return this.#quoted(this.utf8)
  }

  // QUOTED-CHAR = <any TEXT-CHAR except quoted-specials> / "\" quoted-specials / UTF8-2 / UTF8-3 / UTF8-4
  #quoted(eightBit: boolean): string {
    const octets = this.#quotedOctets(eightBit)
    return eightBit ? text8(octets) : octets
  }

  #quotedOctets(eightBit: boolean): string {
    if (this.peek() !== QUOTE) this.fail('String')
    this.at++
    let text = this.run(QUOTED)
    while (this.peek() !== QUOTE) {
      const code = this.peek()
      if (code === BACKSLASH) {
        this.at++
        if (this.peek() !== QUOTE && this.peek() !== BACKSLASH) this.fail('Quoted special')
      } else if (!(code > 127 && eightBit)) this.fail(code > 127 ? '7-bit character' : 'Closing quote')
      text += this.line[this.at]
      this.at++
      text += this.run(QUOTED)
    }
    this.at++
    return text
  }

  // literal = "{" number64 ["+"] "}" CRLF *CHAR8
  literal(): Uint8Array {
    const { bytes } = this.#literal()
    if (bytes === undefined) this.refuse('Literal too large')
    if (bytes.includes(0)) this.refuse('NUL in a literal')
    return bytes
  }

  #literal(): LiteralPiece {
    const literal = this.tryLiteral()
    if (literal === undefined) this.fail('String')
    if (literal.binary) this.refuse('A binary literal has no place here')
    return literal
  }

  // number = 1*DIGIT    ; unsigned 32-bit integer
  number(): number {
    return this.#digits(number32Max, 'Number')
  }

  // nz-number = digit-nz *DIGIT
  nzNumber(): number {
    if (this.peek() === ZERO) this.fail('Non-zero number')
    return this.#digits(number32Max, 'Number')
  }

  // number64 = 1*DIGIT    ; unsigned 63-bit integer
  /** Beyond 2^53 - 1 it's that: no size and no modseq is as large here, so that comparing comes out the same. */
  number64(): number {
    const start = this.at
    const value = this.#digits(Number.POSITIVE_INFINITY, 'Number')
    if (value <= Number.MAX_SAFE_INTEGER) return value
    // There may be any number of zeros before them.
    const digits = this.line.slice(Math.max(start, this.at - 20), this.at)
    if (value > 1e19 || BigInt(digits) > number64Max) this.refuse('Number too large')
    return Number.MAX_SAFE_INTEGER
  }

  // nz-number64 = digit-nz *DIGIT
  nzNumber64(): number {
    if (this.peek() === ZERO) this.fail('Non-zero number')
    return this.number64()
  }

  #digits(max: number, expected: string): number {
    const { line } = this
    let at = this.at
    let value = 0
    for (; at < line.length; at++) {
      const digit = line.charCodeAt(at) - ZERO
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    if (at === this.at) this.fail(expected)
    this.at = at
    if (value > max) this.refuse('Number too large')
    return value
  }

  isAtDigit(): boolean {
    const code = this.peek()
    return code >= ZERO && code <= ZERO + 9
  }

  /** This word, in any case, and not the beginning of a longer one. */
  tryWord(word: string): boolean {
    const end = this.at + word.length
    if (this.line.slice(this.at, end).toUpperCase() !== word) return false
    const start = this.at
    this.at = end
    if (this.run(ASTRING) === '') return true
    this.at = start
    return false
  }

  word(word: string): void {
    if (!this.tryWord(word)) this.fail(word)
  }

  // "(" item *(SP item) ")"
  list<T>(item: () => T): T[] {
    return this.#list(item, false)
  }

  // "(" [item *(SP item)] ")"
  listOrEmpty<T>(item: () => T): T[] {
    return this.#list(item, true)
  }

  #list<T>(item: () => T, mayBeEmpty: boolean): T[] {
    this.take('(')
    const items: T[] = []
    if (mayBeEmpty && this.tryTake(')')) return items
    this.nested(() => {
      do {
        if (items.length === this.limits.keysMax) this.refuse('Too many arguments')
        items.push(item())
      } while (this.tryTake(' '))
    })
    this.take(')')
    return items
  }

  /** One level deeper, as deep as the limit lets it. */
  nested<T>(rule: () => T): T {
    if (this.#depth === this.limits.depthMax) this.refuse('Too deeply nested')
    this.#depth++
    const value = rule()
    this.#depth--
    return value
  }
}

/** What stood between quotes, one character per octet, as the text it is. */
function text8(octets: string): string {
  return isAscii(octets) ? octets : utf8Text(latin1Bytes(octets))
}
