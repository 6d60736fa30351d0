// What SEARCH, SORT and THREAD look for. RFC 9051 §6.4.4 and §9, RFC 3501 §6.4.4 (NEW, OLD, RECENT).
//
// The negatives of flags (UNSEEN) are `not`, as in the store's query. A key is looked up by name in a table; the base's is here,
// and extensions bring their own lines and their own kinds, `X`. A rule gets the reader of keys beside the parser, so that a
// key may have keys in it (NOT, OR, and FUZZY of RFC 6203).
import type { CalendarDate } from './date.js'
import { systemFlags } from './flags.js'
import type { Parser } from './parser.js'
import type { SequenceSet } from './sequence-set.js'

export type SearchKey<X = never> =
  | { readonly kind: 'all' | 'new' | 'old' | 'recent' }
  /** Message numbers, or with `uid` uids. */
  | { readonly kind: 'set' | 'uid'; readonly set: SequenceSet }
  /** A bit of `systemFlags`. */
  | { readonly kind: 'flag'; readonly flag: number }
  | { readonly kind: 'keyword'; readonly keyword: string }
  | { readonly kind: 'bcc' | 'cc' | 'from' | 'subject' | 'to' | 'body' | 'text'; readonly text: string }
  | { readonly kind: 'header'; readonly name: string; readonly text: string }
  | { readonly kind: 'larger' | 'smaller'; readonly bytes: number }
  | { readonly kind: 'internalDate' | 'sentDate'; readonly when: SearchWhen; readonly date: CalendarDate }
  | { readonly kind: 'not'; readonly of: SearchKey<X> }
  | { readonly kind: 'or'; readonly of: readonly [SearchKey<X>, SearchKey<X>] }
  | { readonly kind: 'and'; readonly of: readonly SearchKey<X>[] }
  | X

/** SINCE includes its day, BEFORE doesn't. */
export type SearchWhen = 'before' | 'on' | 'since'

/** Reads what follows the name. */
export type SearchRule<X = never> = (p: Parser, key: () => SearchKey<X>) => SearchKey<X>
/** By names in capitals. */
export type SearchRules<X = never> = ReadonlyMap<string, SearchRule<X>>

/** The base's table, for keys in which an extension's `X` may be nested. */
export function baseSearchRules<X = never>(): Map<string, SearchRule<X>> {
  return new Map<string, SearchRule<X>>([
    ...(['all', 'new', 'old', 'recent'] as const).map((kind) => line<X>(kind, () => ({ kind }))),
    ...Object.entries(systemFlags).flatMap(([name, flag]) => [
      line<X>(name, () => ({ kind: 'flag', flag })),
      line<X>(`un${name}`, () => ({ kind: 'not', of: { kind: 'flag', flag } })),
    ]),
    ...(['bcc', 'cc', 'from', 'subject', 'to', 'body', 'text'] as const).map((kind) =>
      line<X>(kind, (p) => ({ kind, text: argument(p, () => p.astring()) })),
    ),
    ...(['larger', 'smaller'] as const).map((kind) =>
      line<X>(kind, (p) => ({ kind, bytes: argument(p, () => p.number64()) })),
    ),
    ...(['before', 'on', 'since'] as const).flatMap((when) => [
      line<X>(when, (p) => ({ kind: 'internalDate', when, date: argument(p, () => p.date()) })),
      line<X>(`sent${when}`, (p) => ({ kind: 'sentDate', when, date: argument(p, () => p.date()) })),
    ]),
    line<X>('keyword', (p) => keyword(p)),
    line<X>('unkeyword', (p) => ({ kind: 'not', of: keyword(p) })),
    line<X>('header', (p) => ({
      kind: 'header',
      name: argument(p, () => p.astring()),
      text: argument(p, () => p.astring()),
    })),
    line<X>('uid', (p) => ({ kind: 'uid', set: argument(p, () => p.sequenceSet()) })),
    line<X>('not', (p, key) => ({ kind: 'not', of: argument(p, key) })),
    line<X>('or', (p, key) => ({ kind: 'or', of: [argument(p, key), argument(p, key)] })),
  ])
}

function line<X>(name: string, rule: SearchRule<X>): [string, SearchRule<X>] {
  return [name.toUpperCase(), rule]
}

function argument<T>(p: Parser, rule: () => T): T {
  p.sp()
  return rule()
}

function keyword(p: Parser): { kind: 'keyword'; keyword: string } {
  return { kind: 'keyword', keyword: argument(p, () => p.flagKeyword()) }
}

// search-key = … / sequence-set / "(" search-key *(SP search-key) ")"
/** A reader that counts: all keys of one program are within one limit. */
export function searchKeyReader<X>(p: Parser, rules: SearchRules<X>): () => SearchKey<X> {
  let count = 0
  const key = (): SearchKey<X> => {
    if (++count > p.limits.keysMax) p.refuse('Too many search keys')
    if (p.isAt('(')) return allOf(p.list(key))
    if (p.isAtDigit() || p.isAt('*') || p.isAt('$')) return { kind: 'set', set: p.sequenceSet() }
    const name = p.name()
    const rule = rules.get(name)
    return rule === undefined ? p.refuse(`Unknown search key ${name}`) : rule(p, () => p.nested(key))
  }
  return key
}

/** Keys beside each other must all hold. */
export function allOf<X>(keys: readonly SearchKey<X>[]): SearchKey<X> {
  return keys.length === 1 ? keys[0]! : { kind: 'and', of: keys }
}
