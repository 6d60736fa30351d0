// The arguments of LIST, plain and extended, and the items of STATUS. RFC 9051 §6.3.9 and §6.3.11, RFC 5258 §6, RFC 5819 §4.
//
//   list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]
import { named, type OptionRules, options, returnOptions } from './options.js'
import type { Parser } from './parser.js'

export const baseListSelects = { SUBSCRIBED: true, REMOTE: true, RECURSIVEMATCH: true } as const
export const baseListReturns = { SUBSCRIBED: true, CHILDREN: true } as const

// list-select-opts = "(" [...] ")"
/** With the SP behind it; undefined where it isn't there. RECURSIVEMATCH needs an option that it can go with. */
export function listSelectOpts<R extends OptionRules>(p: Parser, rules: R) {
  if (!p.isAt('(')) return undefined
  const found = options(p, { what: 'LIST selection option', rules })
  const names = Object.keys(found)
  if (names.includes('RECURSIVEMATCH') && names.every((name) => name === 'RECURSIVEMATCH' || name === 'REMOTE'))
    p.refuse('RECURSIVEMATCH cannot stand alone')
  p.sp()
  return found
}

// mbox-or-pat = list-mailbox / patterns
// patterns = "(" list-mailbox *(SP list-mailbox) ")"
export function mboxOrPat(p: Parser): string[] {
  return p.isAt('(') ? p.list(() => p.listMailbox()) : [p.listMailbox()]
}

// list-return-opts = "RETURN" SP "(" [list-return-opt *(SP list-return-opt)] ")"
/** With the SP before it. `STATUS` is a rule: `(p) => { p.sp(); return statusAtts(p, items) }`. */
export function listReturnOpts<R extends OptionRules>(p: Parser, rules: R) {
  return p.trySp() ? (returnOptions(p, { what: 'LIST return option', rules }) ?? p.fail('RETURN')) : undefined
}

// status-att = "MESSAGES" / "UIDNEXT" / "UIDVALIDITY" / "UNSEEN" / "DELETED" / "SIZE"
export type StatusAttribute = 'messages' | 'uidNext' | 'uidValidity' | 'unseen' | 'deleted' | 'size' | 'recent'

/** With RECENT of RFC 3501 §6.3.10. */
export const baseStatusAtts: ReadonlyMap<string, StatusAttribute> = new Map(
  (['messages', 'uidNext', 'uidValidity', 'unseen', 'deleted', 'size', 'recent'] as const).map((name) => [
    name.toUpperCase(),
    name,
  ]),
)

// "(" status-att *(SP status-att) ")"
/** Each item once. */
export function statusAtts<A>(p: Parser, items: ReadonlyMap<string, A>): A[] {
  return [...new Set(p.list(() => named(p, { what: 'STATUS item', names: items })))]
}
