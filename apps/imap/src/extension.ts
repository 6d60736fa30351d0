// An extension is one file and one line in a list: it brings its capability, commands, FETCH items, STATUS items, SEARCH
// keys, and the options of SELECT, FETCH and LIST. The base protocol is extension zero, of the same shape.

import type { Parser, SearchRule, SequenceSet, Writer } from '@postern/imap-wire'
import type { MailboxListing, RowWants, SearchQuery } from '@postern/mailbox-store'
import type { Command } from './command.js'
import type { FetchedMessage } from './fetch/fetched-message.js'
import type { Session } from './session.js'

export interface FetchItem {
  readonly name: string
  readonly needs?: RowWants
  /** Reads what follows the name; what it returns is handed to `write`. */
  readonly parse?: (p: Parser) => unknown
  write(message: FetchedMessage, w: Writer, argument: unknown): void
}

export interface StatusItem {
  readonly name: string
  write(mailbox: MailboxListing, w: Writer, session: Session): void
}

/** Stands in parentheses behind SELECT's mailbox (RFC 4466 §2.1). */
export interface SelectParam {
  readonly name: string
  /** Reads what follows the name; what it returns runs when the mailbox is open and has been presented. */
  parse(p: Parser, session: Session): (session: Session) => Promise<void>
}

/** Stands in parentheses behind FETCH's items (RFC 4466 §2.4), without a value. */
export interface FetchModifier {
  readonly name: string
  /** Runs before any message is answered, and refuses what the modifier can't stand with. */
  before(session: Session, asked: FetchAsked): Promise<void>
}

export interface FetchAsked {
  readonly uid: boolean
  readonly set: SequenceSet
  readonly changedSince: number | undefined
}

/** A line that LIST tells besides its own, of a mailbox that is there (RFC 5258 §3). */
export interface ListReturn {
  readonly name: string
  write(mailbox: MailboxListing, w: Writer, session: Session): void
}

/** A SEARCH key that a query of the store answers. */
export interface StoreKey {
  readonly kind: 'store'
  readonly query: SearchQuery
}

export interface Extension {
  /** As it stands in CAPABILITY; several where one file does more than one. */
  readonly capability?: string | readonly string[]
  readonly rfc: string
  /** One line of docs/capabilities.md: what a client has of it. */
  readonly what: string
  /** In which states the capability is named; always where it's left out. */
  readonly when?: (session: Session) => boolean
  readonly commands?: readonly Command[]
  readonly fetchItems?: readonly FetchItem[]
  readonly statusItems?: readonly StatusItem[]
  readonly selectParams?: readonly SelectParam[]
  readonly fetchModifiers?: readonly FetchModifier[]
  readonly listReturns?: readonly ListReturn[]
  readonly searchKeys?: readonly (readonly [name: string, rule: SearchRule<StoreKey>])[]
  /** What ENABLE does for it (RFC 5161). */
  readonly enable?: (session: Session) => void
}
