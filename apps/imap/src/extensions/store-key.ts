// A SEARCH key that one query of the store answers: how extensions bring theirs.

import type { Parser, SearchRule } from '@postern/imap-wire'
import type { SearchQuery } from '@postern/mailbox-store'
import type { StoreKey } from '../extension.js'

/** `argument` reads what follows the name and its space. */
export function storeKey(name: string, argument: (p: Parser) => SearchQuery): [string, SearchRule<StoreKey>] {
  return [
    name,
    (p) => {
      p.sp()
      return { kind: 'store', query: argument(p) }
    },
  ]
}
