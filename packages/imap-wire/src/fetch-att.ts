// What FETCH asks for. RFC 9051 §9 and, for RFC822 and its kin, RFC 3501 §9.
//
//   fetch-att = "ENVELOPE" / "FLAGS" / "INTERNALDATE" / "RFC822.SIZE" / "BODY" ["STRUCTURE"] / "UID" /
//               "BODY" section [partial] / "BODY.PEEK" section [partial] /
//               "BINARY" [".PEEK"] section-binary [partial] / "BINARY.SIZE" section-binary
//
// Items are looked up by name in a table; the base's is here, and extensions bring their own lines and their own kinds.
import { type OptionRules, type Options, options } from './options.js'
import type { Parser, Rule } from './parser.js'
import { partial, type Section, type SectionPart, type SectionPartial, section, sectionBinary } from './section.js'

export type FetchAttribute =
  | { readonly kind: 'envelope' | 'flags' | 'internalDate' | 'size' | 'body' | 'bodyStructure' | 'uid' }
  | { readonly kind: 'rfc822' | 'rfc822Header' | 'rfc822Text' }
  | {
      readonly kind: 'section'
      readonly section: Section
      readonly partial: SectionPartial | undefined
      /** BODY.PEEK: \Seen stays as it is. */
      readonly peek: boolean
    }
  | {
      readonly kind: 'binary'
      readonly part: SectionPart
      readonly partial: SectionPartial | undefined
      readonly peek: boolean
    }
  | { readonly kind: 'binarySize'; readonly part: SectionPart }

/** By names in capitals. A rule reads what follows the name. */
export type FetchRules<A> = ReadonlyMap<string, Rule<A>>

export const baseFetchRules: FetchRules<FetchAttribute> = new Map<string, Rule<FetchAttribute>>([
  ['ENVELOPE', () => ({ kind: 'envelope' })],
  ['FLAGS', () => ({ kind: 'flags' })],
  ['INTERNALDATE', () => ({ kind: 'internalDate' })],
  ['RFC822.SIZE', () => ({ kind: 'size' })],
  ['UID', () => ({ kind: 'uid' })],
  ['BODYSTRUCTURE', () => ({ kind: 'bodyStructure' })],
  ['BODY', (p) => (p.isAt('[') ? bodySection(p, false) : { kind: 'body' })],
  ['BODY.PEEK', (p) => bodySection(p, true)],
  ['BINARY', (p) => binarySection(p, false)],
  ['BINARY.PEEK', (p) => binarySection(p, true)],
  ['BINARY.SIZE', (p) => ({ kind: 'binarySize', part: sectionBinary(p) })],
  ['RFC822', () => ({ kind: 'rfc822' })],
  ['RFC822.HEADER', () => ({ kind: 'rfc822Header' })],
  ['RFC822.TEXT', () => ({ kind: 'rfc822Text' })],
])

function bodySection(p: Parser, peek: boolean): FetchAttribute {
  return { kind: 'section', section: section(p), partial: partial(p), peek }
}

function binarySection(p: Parser, peek: boolean): FetchAttribute {
  return { kind: 'binary', part: sectionBinary(p), partial: partial(p), peek }
}

/** RFC 9051 §6.4.5: a macro stands alone. */
const macros: Readonly<Record<string, readonly string[]>> = {
  ALL: ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE'],
  FAST: ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE'],
  FULL: ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODY'],
}

// "ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")"
export function fetchAtts<A>(p: Parser, rules: FetchRules<A>): A[] {
  if (p.isAt('(')) return p.list(() => fetchAtt(p, { name: p.label(), rules }))
  const name = p.label()
  const names = Object.hasOwn(macros, name) ? macros[name]! : [name]
  return names.map((item) => fetchAtt(p, { name: item, rules }))
}

function fetchAtt<A>(p: Parser, { name, rules }: { name: string; rules: FetchRules<A> }): A {
  const rule = rules.get(name)
  return rule === undefined ? p.refuse(`Unknown FETCH item ${name}`) : rule(p)
}

// fetch-modifiers = SP "(" fetch-modifier *(SP fetch-modifier) ")"
/** RFC 4466 §2.4; none where nothing follows. */
export function fetchModifiers<R extends OptionRules>(p: Parser, rules: R): Options<R> {
  return p.trySp() ? options(p, { what: 'FETCH modifier', rules }) : {}
}
