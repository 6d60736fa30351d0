// Address lists that say whom a message is from, read so that no two readers can differ: RFC 5322 §3.4 with the groups of RFC 6854,
// without its obsolete forms, less what mail programs are known to read in several ways (docs/decisions/who-it-is-from.md). What
// isn't that plain is unclear, with the reason. address.ts beside this one takes any list for the nearest one; here a list is what it
// says, or nothing.
//
//   address-list = address *("," address)
//   address      = mailbox / group
//   mailbox      = [phrase] "<" addr-spec ">" / addr-spec            ; white space and comments around, never inside of an addr-spec
//   group        = phrase ":" [address-list] ";"
import { isAtext, isEncodedWordStart, skipEncodedWord } from './address-word.js'
import { decodeWords } from './encoded-word.js'
import { isDotAtom, isPlainDomain, isPlainQuoted, nameTrouble } from './plain-address.js'

export interface PlainMailbox {
  /** The display name or, without one, the comment, as a phrase: quotes and encoded words are kept. */
  readonly phrase: string
  /** As it's written there. */
  readonly local: string
  readonly domain: string
}

export type PlainAddresses =
  | { readonly kind: 'plain'; readonly mailboxes: readonly PlainMailbox[]; readonly groups: number }
  | { readonly kind: 'unclear'; readonly why: string }

/** @param value the field's value, unfolded and decoded as UTF-8 */
export function plainAddresses(value: string): PlainAddresses {
  try {
    return new PlainReader(value).list()
  } catch (error) {
    if (error instanceof Unclear) return { kind: 'unclear', why: error.message }
    throw error
  }
}

class Unclear extends Error {
  override readonly name = 'Unclear'
}

function unclear(why: string): never {
  throw new Unclear(why)
}

interface Words {
  phrase: string
  count: number
  last: string
  /** Behind the last word, where an addr-spec's @ would have to stand. */
  lastEnd: number
}

class PlainReader {
  private readonly text: string
  private at = 0
  private comment = ''
  private readonly mailboxes: PlainMailbox[] = []
  private groups = 0
  /** All that a reader may take for a name: phrases and comments. */
  private readonly names: string[] = []

  constructor(text: string) {
    this.text = text
  }

  list(): PlainAddresses {
    this.addresses(false)
    const trouble = nameTrouble(this.names, this.own())
    if (trouble !== undefined) unclear(trouble)
    if (this.at < this.text.length) unclear(`${JSON.stringify(this.text[this.at])} stands where none can stand`)
    return { kind: 'plain', mailboxes: this.mailboxes, groups: this.groups }
  }

  private own(): ReadonlySet<string> {
    return new Set(this.mailboxes.map(({ local, domain }) => `${local}@${domain}`.toLowerCase()))
  }

  private addresses(inGroup: boolean): void {
    do this.address(inGroup)
    while (this.eat(','))
  }

  private address(inGroup: boolean): void {
    this.comment = ''
    this.cfws()
    const words = this.words()
    const next = this.text[this.at]
    if (next === '<') this.angle(words.phrase)
    else if (next === '@') this.bare(words)
    else if (next === ':' && words.count > 0 && !inGroup) this.group(words.phrase)
    else unclear(words.count > 0 ? `${quoteShort(words.phrase)} is no address` : 'an address is missing')
  }

  /** group-list = *(address ","), and none at all */
  private group(phrase: string): void {
    if (decodeWords(phrase).includes('@')) unclear('a group is named like an address')
    this.names.push(phrase)
    this.groups++
    this.at++
    this.cfws()
    if (this.text[this.at] !== ';') this.addresses(true)
    if (!this.eat(';')) unclear('a group has no end')
    this.cfws()
  }

  /** name-addr: nothing but the address stands in the angle brackets. */
  private angle(phrase: string): void {
    this.at++
    if (this.text[this.at] === '@') unclear('an address has a source route')
    const local = this.localPart()
    const domain = this.domain()
    if (this.text[this.at] !== '>') unclear('an address in angle brackets has no end')
    this.at++
    this.cfws()
    this.push(phrase, { local, domain })
  }

  /** addr-spec alone: one word, then at once the @. */
  private bare(words: Words): void {
    if (words.count !== 1) unclear('an address has words before it and no angle brackets')
    if (words.lastEnd !== this.at) unclear('an address has a space or a comment before its @')
    if (!isDotAtom(words.last) && !isPlainQuoted(words.last))
      unclear(`${quoteShort(words.last)} is no plain local part`)
    const domain = this.domain()
    this.cfws()
    if (this.text[this.at] === '<') unclear('an address has another one before it')
    this.push('', { local: words.last, domain })
  }

  private push(phrase: string, { local, domain }: { local: string; domain: string }): void {
    const name = phrase === '' ? commentAsPhrase(this.comment) : phrase
    this.names.push(name)
    this.mailboxes.push({ phrase: name, local, domain })
  }

  private localPart(): string {
    const start = this.at
    if (this.text[start] === '"') this.quotedString()
    else this.atom()
    const local = this.text.slice(start, this.at)
    if (!isDotAtom(local) && !isPlainQuoted(local)) unclear(`${quoteShort(local)} is no plain local part`)
    return local
  }

  /** "@" domain, as a name */
  private domain(): string {
    if (this.text[this.at] !== '@') unclear('an address has no @ where it should be')
    const start = ++this.at
    this.atom()
    const domain = this.text.slice(start, this.at)
    if (!isPlainDomain(domain)) unclear(`${quoteShort(domain || this.text.slice(start, start + 1))} is no domain name`)
    return domain
  }

  /** phrase, or the local part of an addr-spec. */
  private words(): Words {
    const words: Words = { phrase: '', count: 0, last: '', lastEnd: this.at }
    const phraseStart = this.at
    for (;;) {
      const start = this.at
      if (this.text[start] === '"') this.quotedString()
      else if (!this.encodedWord()) this.atom()
      if (this.at === start) break
      words.last = this.text.slice(start, this.at)
      words.count++
      words.lastEnd = this.at
      this.cfws()
    }
    words.phrase = this.text.slice(phraseStart, words.lastEnd)
    return words
  }

  /** One unit, whatever it has inside: senders leave specials in it. Those that separate addresses are for nobody. */
  private encodedWord(): boolean {
    if (!isEncodedWordStart(this.text, this.at)) return false
    const end = skipEncodedWord(this.text, this.at)
    if (end < 0) return false
    if (/[<>@,;"\\]/.test(this.text.slice(this.at, end))) unclear('an encoded word has unencoded specials inside')
    this.at = end
    return true
  }

  private atom(): void {
    while (this.at < this.text.length && isPlainAtext(this.text.charCodeAt(this.at))) this.at++
  }

  private quotedString(): void {
    for (this.at++; this.at < this.text.length; this.at++) {
      const character = this.text[this.at]
      if (character === '\\') this.at++
      else if (character === '"') {
        this.at++
        return
      }
    }
    unclear('a quoted name has no end')
  }

  /** White space and comments. Of comments the last one may be a name. */
  private cfws(): void {
    for (;;) {
      const character = this.text[this.at]
      if (character === '(') this.readComment()
      else if (character === ' ' || character === '\t') this.at++
      else return
    }
  }

  private readComment(): void {
    const start = this.at
    let depth = 0
    for (; this.at < this.text.length; this.at++) {
      const character = this.text[this.at]
      if (character === '(') depth++
      else if (character === ')' && --depth === 0) {
        this.comment = this.text.slice(start + 1, this.at++).trim()
        if (/[@<>"\\]/.test(this.comment)) unclear('a comment has something like an address inside')
        this.names.push(this.comment)
        return
      }
    }
    unclear('a comment has no end')
  }

  private eat(character: string): boolean {
    if (this.text[this.at] !== character) return false
    this.at++
    return true
  }
}

/** Brackets have no place in a name that isn't quoted, and a backslash none outside of quotes. */
function isPlainAtext(code: number): boolean {
  return isAtext(code) && code !== 0x5b && code !== 0x5d && code !== 0x5c
}

/** Comments here have no quotes and no backslash. An encoded word can't stand in quotes, so among specials it's left out. */
function commentAsPhrase(comment: string): string {
  if (!/[^\w !#$%&'*+/=?^`{|}~-]/.test(comment)) return comment
  return comment.includes('=?') ? '' : `"${comment}"`
}

function quoteShort(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
