// RFC 8514: when a message was put into its mailbox.

import type { Parser } from '@postern/imap-wire'
import { dayNumber, daySeconds, type SearchQuery } from '@postern/mailbox-store'
import type { Extension, FetchItem } from '../extension.js'
import { storeKey } from './store-key.js'

const item: FetchItem = {
  name: 'SAVEDATE',
  write: ({ saveDate }, w) => void w.raw('SAVEDATE ').dateTime(saveDate),
}

const days = (p: Parser, from: number | undefined, to: number | undefined): SearchQuery => {
  const start = dayNumber(p.date()) * daySeconds
  return {
    kind: 'saveDate',
    ...(from !== undefined && { from: start + from * daySeconds }),
    ...(to !== undefined && { to: start + to * daySeconds }),
  }
}

export const saveDate: Extension = {
  capability: 'SAVEDATE',
  rfc: 'RFC 8514',
  what: 'When a message came into its mailbox, to fetch and to search by.',
  fetchItems: [item],
  searchKeys: [
    storeKey('SAVEDBEFORE', (p) => days(p, undefined, 0)),
    storeKey('SAVEDON', (p) => days(p, 0, 1)),
    storeKey('SAVEDSINCE', (p) => days(p, 0, undefined)),
    ['SAVEDATESUPPORTED', () => ({ kind: 'all' })],
  ],
}
