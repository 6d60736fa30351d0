// From the keys of a SEARCH to the store's query. RFC 9051 §6.4.4; NEW, OLD and RECENT from RFC 3501 §6.4.4.

import type { CalendarDate, SearchKey, SearchWhen } from '@postern/imap-wire'
import { dayNumber, daySeconds, type SearchQuery, systemFlag } from '@postern/mailbox-store'
import type { StoreKey } from './extension.js'
import type { Session } from './session.js'

const unseen: SearchQuery = { kind: 'not', of: { kind: 'flag', flag: systemFlag.seen } }
const recent = ({ mailbox }: Session): SearchQuery => ({ kind: 'uids', uids: mailbox.view.recents.uids })

export function storeQuery(session: Session, key: SearchKey<StoreKey>): SearchQuery {
  const of = (inner: SearchKey<StoreKey>): SearchQuery => storeQuery(session, inner)
  switch (key.kind) {
    case 'all':
      return { kind: 'all' }
    case 'old':
      return { kind: 'not', of: recent(session) }
    case 'new':
      return { kind: 'and', of: [recent(session), unseen] }
    case 'recent':
      return recent(session)
    case 'set':
      return { kind: 'uids', uids: session.mailbox.view.uidsOf(session.numbers(key.set, { uid: false, beyond: true })) }
    case 'uid':
      return { kind: 'uids', uids: session.numbers(key.set, { uid: true }) }
    case 'larger':
      return { kind: 'size', above: key.bytes }
    case 'smaller':
      return { kind: 'size', below: key.bytes }
    case 'internalDate': {
      const { from, to } = days(key)
      const seconds = (day: number): number => day * daySeconds
      return {
        kind: 'internalDate',
        ...(from !== undefined && { from: seconds(from) }),
        ...(to !== undefined && { to: seconds(to) }),
      }
    }
    case 'sentDate':
      return { kind: 'sentDay', ...days(key) }
    case 'not':
      return { kind: 'not', of: of(key.of) }
    case 'or':
      return { kind: 'or', of: key.of.map(of) }
    case 'and':
      return { kind: 'and', of: key.of.map(of) }
    case 'store':
      return key.query
    default:
      return key
  }
}

function days({ when, date }: { when: SearchWhen; date: CalendarDate }): { from?: number; to?: number } {
  const day = dayNumber(date)
  if (when === 'before') return { to: day }
  return when === 'since' ? { from: day } : { from: day, to: day + 1 }
}

/** The client asks by modseq somewhere: it's told the highest one of what is found (RFC 7162 §3.1.5). */
export function asksModSeq(key: SearchKey<StoreKey>): boolean {
  switch (key.kind) {
    case 'store':
      return key.query.kind === 'modSeq'
    case 'not':
      return asksModSeq(key.of)
    case 'or':
    case 'and':
      return key.of.some(asksModSeq)
    default:
      return false
  }
}
