// An extension is one file and one line in a list: it brings its capability, commands, FETCH items, STATUS items, SEARCH
// keys. The base protocol is extension zero, of the same shape.

import type { Parser, SearchRule, Writer } from '@postern/imap-wire'
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
  write(mailbox: MailboxListing, w: Writer): void
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
  /** In which states the capability is named; always where it's left out. */
  readonly when?: (session: Session) => boolean
  readonly commands?: readonly Command[]
  readonly fetchItems?: readonly FetchItem[]
  readonly statusItems?: readonly StatusItem[]
  readonly searchKeys?: readonly (readonly [name: string, rule: SearchRule<StoreKey>])[]
  /** What ENABLE does for it (RFC 5161). */
  readonly enable?: (session: Session) => void
}
