// The options of SELECT, EXAMINE and CREATE. RFC 4466 §3.
//
//   select-params = SP "(" select-param *(SP select-param) ")"
//   create-params = SP "(" create-param *(SP create-param) ")"
import { type OptionRules, type Options, options } from './options.js'
import type { Parser } from './parser.js'

/** None where nothing follows. */
export function selectParams<R extends OptionRules>(p: Parser, rules: R): Options<R> {
  return p.trySp() ? options(p, { what: 'SELECT parameter', rules }) : {}
}

export function createParams<R extends OptionRules>(p: Parser, rules: R): Options<R> {
  return p.trySp() ? options(p, { what: 'CREATE parameter', rules }) : {}
}

// create-param =/ "USE" SP "(" [use-attr *(SP use-attr)] ")"
/** RFC 6154 §6, a line for the table. */
export const useCreateParam = {
  USE: (p: Parser) => {
    p.sp()
    return p.listOrEmpty(() => p.flagExtension())
  },
} as const
