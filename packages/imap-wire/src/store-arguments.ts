// The arguments of STORE. RFC 9051 §6.4.6 and §9, RFC 4466 §3.
//
//   store           = "STORE" SP sequence-set [store-modifiers] SP store-att-flags
//   store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))
import type { Flags } from './flags.js'
import { type OptionRules, type Options, options } from './options.js'
import type { Parser } from './parser.js'

export interface StoreAttFlags {
  readonly how: 'add' | 'remove' | 'replace'
  readonly silent: boolean
  readonly flags: Flags
}

// store-modifiers = SP "(" store-modifier *(SP store-modifier) ")"
/** With the SP behind it; none where it isn't there. */
export function storeModifiers<R extends OptionRules>(p: Parser, rules: R): Options<R> {
  if (!p.isAt('(')) return {}
  const found = options(p, { what: 'STORE modifier', rules })
  p.sp()
  return found
}

export function storeAttFlags(p: Parser): StoreAttFlags {
  const how = p.tryTake('+') ? 'add' : p.tryTake('-') ? 'remove' : 'replace'
  const name = p.label()
  if (name !== 'FLAGS' && name !== 'FLAGS.SILENT') p.refuse(`Unknown STORE item ${name}`)
  p.sp()
  return { how, silent: name === 'FLAGS.SILENT', flags: p.flags() }
}
