// The order that SORT asks for. RFC 5256 §5, RFC 5957 §5.
import { named } from './options.js'
import type { Parser } from './parser.js'

export interface SortCriterion<K> {
  readonly by: K
  readonly reverse: boolean
}

/** The store's own names. */
export type SortKeyName = 'arrival' | 'cc' | 'date' | 'from' | 'size' | 'subject' | 'to'
export type DisplaySortKeyName = 'displayFrom' | 'displayTo'

// sort-key = "ARRIVAL" / "CC" / "DATE" / "FROM" / "SIZE" / "SUBJECT" / "TO"
export const baseSortKeys: ReadonlyMap<string, SortKeyName> = new Map(
  (['arrival', 'cc', 'date', 'from', 'size', 'subject', 'to'] as const).map((name) => [name.toUpperCase(), name]),
)

// sort-key =/ "DISPLAYFROM" / "DISPLAYTO"
export const displaySortKeys: ReadonlyMap<string, DisplaySortKeyName> = new Map(
  (['displayFrom', 'displayTo'] as const).map((name) => [name.toUpperCase(), name]),
)

// sort-criteria = "(" sort-criterion *(SP sort-criterion) ")"
// sort-criterion = ["REVERSE" SP] sort-key
export function sortCriteria<K>(p: Parser, keys: ReadonlyMap<string, K>): SortCriterion<K>[] {
  return p.list(() => {
    const reverse = p.tryWord('REVERSE')
    if (reverse) p.sp()
    return { by: named(p, { what: 'sort key', names: keys }), reverse }
  })
}
