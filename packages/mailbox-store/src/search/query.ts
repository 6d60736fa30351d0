// What a search asks and in what order it answers: the store's own tree, which IMAP's SEARCH and SORT, the API's
// filters and an agent's search are all turned into. Moments are half-open ranges, so that BEFORE, ON, SINCE, YOUNGER
// and OLDER are one thing. RFC 9051 §6.4.4, RFC 5032 (WITHIN), RFC 7162 §3.1.5, RFC 8474 §5.1, RFC 8514, RFC 5256, RFC 5957.

import type { UidSet } from '../model.js'

export type SearchQuery =
  | { readonly kind: 'all' }
  | { readonly kind: 'and'; readonly of: readonly SearchQuery[] }
  | { readonly kind: 'or'; readonly of: readonly SearchQuery[] }
  | { readonly kind: 'not'; readonly of: SearchQuery }
  | { readonly kind: 'uids'; readonly uids: UidSet }
  /** A bit of `systemFlag`. UNSEEN and its kin are `not`. */
  | { readonly kind: 'flag'; readonly flag: number }
  | { readonly kind: 'keyword'; readonly keyword: string }
  /** LARGER is `above`, SMALLER is `below`; both are strict. */
  | { readonly kind: 'size'; readonly above?: number; readonly below?: number }
  | ({ readonly kind: 'internalDate' } & SecondsRange)
  | ({ readonly kind: 'saveDate' } & SecondsRange)
  /** The day that stands in the Date header, whatever its time and zone (RFC 9051 §6.4.4); else the internal date's. */
  | ({ readonly kind: 'sentDay' } & DayRange)
  /** Entries whose modseq is at least this. */
  | { readonly kind: 'modSeq'; readonly min: number }
  | { readonly kind: 'emailId'; readonly id: string }
  | { readonly kind: 'threadId'; readonly id: string }
  /** Some field of this name contains the text; an empty text asks only for the field. */
  | { readonly kind: 'header'; readonly name: string; readonly text: string }
  | { readonly kind: SearchableField; readonly text: string }
  | { readonly kind: 'body'; readonly text: string }
  /** The header or the body. */
  | { readonly kind: 'text'; readonly text: string }

export type SearchableField = 'subject' | 'from' | 'to' | 'cc' | 'bcc'

/** Unix seconds, `from` included, `to` not; an end that is missing is open. */
export interface SecondsRange {
  readonly from?: number
  readonly to?: number
}

/** Days since 1970-01-01, `from` included, `to` not. */
export interface DayRange {
  readonly from?: number
  readonly to?: number
}

export const daySeconds = 86_400

/** The number of a calendar day; months count from 1. */
export function dayNumber({ year, month, day }: { year: number; month: number; day: number }): number {
  return Math.floor(Date.UTC(year, month - 1, day) / (daySeconds * 1000))
}

export type SortBy = 'arrival' | 'cc' | 'date' | 'from' | 'size' | 'subject' | 'to' | 'displayFrom' | 'displayTo'

export interface SortKey {
  readonly by: SortBy
  readonly reverse?: boolean
}
