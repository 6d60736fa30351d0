// Keywords (RFC 9051 §2.3.2 flag-keyword) as numbered sets: every combination that an account has used is one row, and
// an entry holds the set's number. Adding a keyword to ten thousand messages is then arithmetic on numbers. Keywords
// compare without case and keep the spelling that the account used first. Sets stay; their number is limited.

import { keywordSetMax } from '../messages/entries.js'
import type { AccountId } from '../model.js'
import { refuse } from '../refusals.js'
import type { Connection } from './connection.js'
import type { Transaction } from './transaction.js'

/** What an account has used: the spelling of each keyword, and the number of each set. */
interface Known {
  readonly spelling: Map<string, string>
  readonly numbers: Map<string, number>
  readonly sets: Map<number, readonly string[]>
  bytes: number
}

const keywordsOfSet = (text: string): string[] => (text === '' ? [] : text.split(' '))

/** Reading side: a set's keywords never change, so that what was read once holds for good. */
export class KeywordNames {
  readonly #db: Connection
  readonly #names = new Map<number, readonly string[]>([[0, []]])

  constructor(db: Connection) {
    this.#db = db
  }

  of(set: number): readonly string[] {
    const known = this.#names.get(set)
    if (known !== undefined) return known
    const row = this.#db.get<{ keywords: string }>('SELECT keywords FROM keyword_set WHERE id = ?', set)
    // A view may still show mail of an inbox that is deleted, and its sets with it.
    if (row === undefined) return []
    const names = keywordsOfSet(row.keywords)
    this.#names.set(set, names)
    return names
  }
}

export class KeywordSets {
  readonly #tx: Transaction
  readonly #undo: (action: () => void) => void
  readonly #accounts = new Map<number, Known>()

  constructor(tx: Transaction, undo: (action: () => void) => void) {
    this.#tx = tx
    this.#undo = undo
  }

  /** The number of the set of exactly these keywords. */
  number(account: AccountId, keywords: readonly string[]): number {
    if (keywords.length === 0) return 0
    const known = this.#known(account)
    const spelled = this.#spell(known, keywords)
    const text = spelled.join(' ')
    return known.numbers.get(text) ?? this.#create(account, known, text)
  }

  names(account: AccountId, number: number): readonly string[] {
    if (number === 0) return []
    const names = this.#known(account).sets.get(number)
    if (names === undefined) throw new Error(`keyword set ${number} is missing`)
    return names
  }

  forget(): void {
    this.#accounts.clear()
  }

  #spell(known: Known, keywords: readonly string[]): string[] {
    const { keywordsPerMessageMax, keywordBytesMax } = this.#tx.limits
    const spelled = new Map<string, string>()
    for (const keyword of keywords) {
      if (keyword.length > keywordBytesMax) refuse('keyword-limit', `A keyword has at most ${keywordBytesMax} bytes.`)
      // RFC 9051 §9: flag-keyword = atom
      if (!/^[\x21\x23\x24\x26\x27\x2b-\x5b\x5e-\x7a|}~]+$/.test(keyword)) refuse('invalid', 'That is not a keyword.')
      const folded = keyword.toLowerCase()
      spelled.set(folded, known.spelling.get(folded) ?? keyword)
    }
    if (spelled.size > keywordsPerMessageMax)
      refuse('keyword-limit', `A message has at most ${keywordsPerMessageMax} keywords.`)
    return Array.from(spelled.keys())
      .sort()
      .map((folded) => spelled.get(folded) as string)
  }

  #create(accountId: AccountId, known: Known, text: string): number {
    const account = this.#tx.account(accountId)
    const { keywordSetsPerAccountMax, keywordSetBytesPerAccountMax } = this.#tx.limits
    if (account.keywordSets >= keywordSetsPerAccountMax || known.bytes + text.length > keywordSetBytesPerAccountMax)
      refuse('keyword-limit', 'This inbox has used too many combinations of keywords.')
    const number = this.#tx.db.run('INSERT INTO keyword_set (account, keywords) VALUES (?, ?)', accountId, text)
    if (number > keywordSetMax) refuse('keyword-limit', 'The server has no room for another combination of keywords.')
    this.#tx.touchAccount(account).keywordSets++
    this.#learn(known, text, number)
    this.#undo(() => this.#accounts.delete(accountId))
    return number
  }

  #learn(known: Known, text: string, number: number): void {
    known.numbers.set(text, number)
    known.sets.set(number, keywordsOfSet(text))
    known.bytes += text.length
    for (const keyword of keywordsOfSet(text))
      if (!known.spelling.has(keyword.toLowerCase())) known.spelling.set(keyword.toLowerCase(), keyword)
  }

  #known(account: AccountId): Known {
    const remembered = this.#accounts.get(account)
    if (remembered !== undefined) return remembered
    const known: Known = { spelling: new Map(), numbers: new Map(), sets: new Map(), bytes: 0 }
    const rows = this.#tx.db.all<{ id: number; keywords: string }>(
      'SELECT id, keywords FROM keyword_set WHERE account = ? ORDER BY id',
      account,
    )
    for (const { id, keywords } of rows) this.#learn(known, keywords, id)
    this.#accounts.set(account, known)
    return known
  }
}
