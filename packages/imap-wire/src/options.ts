// The one shape that RFC 4466 §3 gives all optional arguments: names in parentheses, some with a value.
//
//   "(" option *(SP option) ")"
//   option = tagged-ext-label [SP tagged-ext-val]
//
// A command hands in a table of the names it knows; extensions add to it. What comes back has a field per name that was sent.
import type { Parser } from './parser.js'

/** `true` for a name without a value; else the rule of what stands behind the name, its SP included. */
export type OptionRule<T> = true | ((p: Parser) => T)
export type OptionRules = Readonly<Record<string, OptionRule<unknown>>>

export type Options<R extends OptionRules> = {
  readonly [K in keyof R]?: R[K] extends (p: Parser) => infer T ? T : true
}

/** `what` names an option in the BAD: `Unknown FETCH modifier FOO`. */
export function options<R extends OptionRules>(p: Parser, { what, rules }: { what: string; rules: R }): Options<R> {
  const found: Record<string, unknown> = {}
  p.listOrEmpty(() => {
    const name = p.label()
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule === undefined) return p.refuse(`Unknown ${what} ${name}`)
    if (Object.hasOwn(found, name)) return p.refuse(`${what} ${name} twice`)
    found[name] = rule === true ? true : rule(p)
  })
  return found as Options<R>
}

/** `RETURN` and options, or undefined where it isn't there. */
export function returnOptions<R extends OptionRules>(p: Parser, { what, rules }: { what: string; rules: R }) {
  if (!p.tryWord('RETURN')) return undefined
  p.sp()
  return options(p, { what, rules })
}

/** One name out of a table: `status-att`, `sort-key`. */
export function named<T>(p: Parser, { what, names }: { what: string; names: ReadonlyMap<string, T> }): T {
  const name = p.label()
  const value = names.get(name)
  return value === undefined ? p.refuse(`Unknown ${what} ${name}`) : value
}
