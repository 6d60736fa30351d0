// Address lists, RFC 5322 §3.4, as the flat list of address structures that ENVELOPE has (RFC 9051 §7.5.2). Reads in one go from
// left to right, never back, so that a million addresses cost a million steps; what isn't an address becomes the nearest one.
//
//   address      = mailbox / group
//   mailbox      = name-addr / addr-spec          ; and in the wild: addr-spec (comment), addr-spec <addr-spec>, plain words
//   name-addr    = [display-name] "<" [obs-route] addr-spec ">"
//   group        = display-name ":" [group-list] ";"
//   obs-route    = "@" domain *("," "@" domain) ":"
//   addr-spec    = local-part "@" domain
import { isAtext, isEncodedWordStart, skipEncodedWord } from './address-word.js'
import { unfold } from './header-lines.js'

export interface Address {
  name: string | undefined
  route: string | undefined
  /** With host undefined: the name of a group that begins here; both undefined: the group's end. */
  mailbox: string | undefined
  /** Empty where the sender gave none: NIL would make it a group. */
  host: string | undefined
}

export function addressList(value: string, addressesMax: number): readonly Address[] {
  return new AddressReader(unfold(value), addressesMax).list()
}

const COMMA = 0x2c
const SEMICOLON = 0x3b
const COLON = 0x3a
const AT = 0x40
const LESS = 0x3c
const GREATER = 0x3e
const DQUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_PAREN = 0x28
const CLOSE_PAREN = 0x29
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const SP = 0x20
const DOT = 0x2e

class AddressReader {
  private readonly text: string
  private readonly addressesMax: number
  private readonly found: Address[] = []
  private at = 0
  private inGroup = false
  private noWordUntil = 0
  // of the address that is being read
  private phrase = ''
  private comment = ''
  private local = ''
  private host: string | undefined
  private lastWord = ''
  private seen = false

  constructor(text: string, addressesMax: number) {
    this.text = text
    this.addressesMax = addressesMax
  }

  list(): readonly Address[] {
    const { text } = this
    while (this.at < text.length && this.found.length < this.addressesMax) this.step(text.charCodeAt(this.at))
    this.finish()
    if (this.inGroup) this.endGroup()
    return this.found
  }

  private step(code: number): void {
    if (code <= SP) this.at++
    else if (code === COMMA) {
      this.finish()
      this.at++
    } else if (code === SEMICOLON) {
      this.finish()
      if (this.inGroup) this.endGroup()
      this.at++
    } else if (code === OPEN_PAREN) this.comment = this.readComment() || this.comment
    else if (code === LESS) this.angle()
    else if (code === AT) this.domainOfPhrase()
    else if (code === COLON) this.beginGroup()
    else this.addWord(this.word(code))
  }

  /** word = atom / quoted-string; anything else is taken as one character, so that there's always a step forward. */
  private word(code: number): string {
    if (code === DQUOTE) return this.quotedString()
    const { text } = this
    const start = this.at
    if (start >= this.noWordUntil && isEncodedWordStart(text, start)) {
      const end = skipEncodedWord(text, start)
      if (end > 0) {
        this.at = end
        return text.slice(start, end)
      }
      this.noWordUntil = -end
    }
    let at = start
    while (at < text.length && isAtext(text.charCodeAt(at))) at++
    this.at = at > start ? at : start + 1
    return text.slice(start, this.at)
  }

  private addWord(word: string): void {
    this.seen = true
    if (this.host !== undefined) return // behind an address: nothing that has a place
    this.lastWord = word
    this.phrase = this.phrase === '' ? word : `${this.phrase} ${word}`
  }

  /** `local@domain` without angle brackets: the words before the last one were a name that nobody quoted. */
  private domainOfPhrase(): void {
    if (this.host !== undefined) {
      this.at++
      return
    }
    this.local = this.lastWord
    this.phrase = this.phrase.slice(0, Math.max(0, this.phrase.length - this.lastWord.length)).trimEnd()
    this.at++
    this.host = this.domain()
    this.seen = true
  }

  /** angle-addr. Ends at `>`; without one at a comma, or where the text ends. */
  private angle(): void {
    const { text } = this
    if (this.host !== undefined) this.phrase = `${this.phrase} ${this.local}@${this.host}`.trim() // addr-spec <addr-spec>
    this.at++
    this.seen = true
    const route = this.route()
    let local = ''
    let host = ''
    while (this.at < text.length) {
      const code = text.charCodeAt(this.at)
      if (code === GREATER || code === COMMA || code === LESS) break
      if (code === AT) {
        this.at++
        host = this.domain()
      } else if (code === DQUOTE) local += this.quotedString()
      else if (code === OPEN_PAREN) this.comment = this.readComment() || this.comment
      else {
        if (code > SP && host === '') local += text[this.at]
        this.at++
      }
    }
    if (text.charCodeAt(this.at) === GREATER) this.at++
    this.push(this.phrase || this.comment || undefined, route, local, host)
    this.skipToSeparator()
    this.reset()
  }

  private route(): string | undefined {
    const { text } = this
    while (text.charCodeAt(this.at) <= SP) this.at++
    if (text.charCodeAt(this.at) !== AT) return undefined
    const start = this.at
    while (this.at < text.length) {
      const code = text.charCodeAt(this.at++)
      if (code === COLON) return text.slice(start, this.at - 1)
      if (code === GREATER || code === LESS) {
        this.at--
        break
      }
    }
    return undefined
  }

  /** domain = dot-atom / domain-literal / obs-domain, which may have white space around its dots */
  private domain(): string {
    const { text } = this
    while (text.charCodeAt(this.at) <= SP) this.at++
    const start = this.at
    if (text.charCodeAt(start) === OPEN_BRACKET) {
      while (this.at < text.length && !endsLiteral(text.charCodeAt(this.at))) this.at++
      if (text.charCodeAt(this.at) === CLOSE_BRACKET) this.at++
      return text.slice(start, this.at)
    }
    let domain = ''
    for (;;) {
      const wordStart = this.at
      while (this.at < text.length && isAtext(text.charCodeAt(this.at))) this.at++
      domain += text.slice(wordStart, this.at)
      let next = this.at
      while (text.charCodeAt(next) <= SP) next++
      if (next === this.at || (text.charCodeAt(next) !== DOT && !domain.endsWith('.'))) return domain
      this.at = next
    }
  }

  /** Behind an angle-addr only a comment can say something, and only if there was no name. */
  private skipToSeparator(): void {
    const { text } = this
    while (this.at < text.length) {
      const code = text.charCodeAt(this.at)
      if (code === COMMA || code === SEMICOLON || code === LESS) return
      if (code === DQUOTE) this.quotedString()
      else if (code === OPEN_PAREN) this.nameLast(this.readComment())
      else this.at++
    }
  }

  private nameLast(comment: string): void {
    const last = this.found.at(-1)
    if (last !== undefined && last.name === undefined && comment !== '') last.name = comment
  }

  private beginGroup(): void {
    this.at++
    if (this.inGroup || this.host !== undefined) return
    this.found.push({ name: undefined, route: undefined, mailbox: this.phrase, host: undefined })
    this.inGroup = true
    this.reset()
  }

  private endGroup(): void {
    this.found.push({ name: undefined, route: undefined, mailbox: undefined, host: undefined })
    this.inGroup = false
  }

  /** Ends an address that had no angle brackets. Words alone are kept as name and mailbox. */
  private finish(): void {
    if (this.host !== undefined) this.push(this.phrase || this.comment || undefined, undefined, this.local, this.host)
    else if (this.seen) {
      const words = this.phrase !== this.lastWord ? this.phrase : this.comment
      this.push(words || undefined, undefined, this.phrase, '')
    } else if (this.comment !== '' && !this.inGroup) this.push(this.comment, undefined, this.comment, '')
    this.reset()
  }

  private push(name: string | undefined, route: string | undefined, mailbox: string, host: string): void {
    this.found.push({ name, route, mailbox, host })
  }

  private reset(): void {
    this.phrase = ''
    this.comment = ''
    this.local = ''
    this.host = undefined
    this.lastWord = ''
    this.seen = false
  }

  /** quoted-string = DQUOTE *qcontent DQUOTE, unquoted. */
  private quotedString(): string {
    const { text } = this
    const start = ++this.at
    let escaped = false
    while (this.at < text.length) {
      const code = text.charCodeAt(this.at++)
      if (code === DQUOTE) return unescaped(text.slice(start, this.at - 1), escaped)
      if (code === BACKSLASH) {
        escaped = true
        this.at++
      }
    }
    return unescaped(text.slice(start), escaped)
  }

  /** comment = "(" *(ctext / quoted-pair / comment) ")", without its outer parentheses. */
  private readComment(): string {
    const { text } = this
    const start = ++this.at
    let depth = 1
    let escaped = false
    while (this.at < text.length) {
      const code = text.charCodeAt(this.at++)
      if (code === OPEN_PAREN) depth++
      else if (code === CLOSE_PAREN && --depth === 0) return unescaped(text.slice(start, this.at - 1), escaped).trim()
      else if (code === BACKSLASH) {
        escaped = true
        this.at++
      }
    }
    return unescaped(text.slice(start), escaped).trim()
  }
}

function endsLiteral(code: number): boolean {
  return code === CLOSE_BRACKET || code === COMMA || code === GREATER || code === LESS
}

function unescaped(content: string, escaped: boolean): string {
  return escaped ? content.replace(/\\([\s\S])/g, '$1') : content
}
