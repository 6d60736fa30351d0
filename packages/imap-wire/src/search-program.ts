// The arguments of SEARCH, SORT and THREAD. RFC 9051 §6.4.4, RFC 4466 §3, RFC 5256 §5.
import { ImapError } from './imap-error.js'
import { type OptionRules, returnOptions } from './options.js'
import type { Parser } from './parser.js'
import { allOf, type SearchKey, type SearchRules, searchKeyReader } from './search-key.js'

export interface SearchProgram<X = never> {
  /** In capitals; undefined where none was named. */
  readonly charset: 'UTF-8' | 'US-ASCII' | undefined
  readonly key: SearchKey<X>
}

const charsets = ['US-ASCII', 'UTF-8'] as const

// search-program = ["CHARSET" SP charset SP] search-key *(SP search-key)
export function searchProgram<X>(p: Parser, rules: SearchRules<X>): SearchProgram<X> {
  if (!p.tryWord('CHARSET')) return { charset: undefined, key: searchKeys(p, rules) }
  p.sp()
  return searchCriteria(p, rules)
}

// search-criteria = charset 1*(SP search-key)
/** The one refusal of the grammar that is a NO: RFC 9051 §6.4.4 wants the charsets told. */
export function searchCriteria<X>(p: Parser, rules: SearchRules<X>): SearchProgram<X> {
  const name = p.isAt('"') ? p.quoted() : p.atom()
  const charset = charsets.find((known) => known === name.toUpperCase())
  if (charset === undefined) throw new ImapError('NO', 'Unknown charset', { code: { name: 'BADCHARSET', charsets } })
  // Who names UTF-8 also sends it between quotes, whatever is enabled.
  if (charset === 'UTF-8') p.utf8 = true
  p.sp()
  return { charset, key: searchKeys(p, rules) }
}

// search-key *(SP search-key)
function searchKeys<X>(p: Parser, rules: SearchRules<X>): SearchKey<X> {
  const key = searchKeyReader(p, rules)
  const keys = [key()]
  while (p.trySp()) keys.push(key())
  return allOf(keys)
}

/** RFC 9051 §6.4.4 and RFC 5182: what ESEARCH may return. `RETURN ()` asks for ALL, which is left to the command. */
export const baseSearchReturns = { MIN: true, MAX: true, ALL: true, COUNT: true, SAVE: true } as const

// search-return-opts = SP "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"
/** With the SP behind it; undefined where it isn't there. */
export function searchReturnOpts<R extends OptionRules>(p: Parser, rules: R) {
  const found = returnOptions(p, { what: 'SEARCH return option', rules })
  if (found !== undefined) p.sp()
  return found
}
