// The capabilities that a client enables. RFC 5161 §4, RFC 9051 §9:
//
//   enable     = "ENABLE" 1*(SP capability)
//   capability = ("AUTH=" auth-type) / atom
import type { Parser } from './parser.js'

/** With the SP before each. In capitals; unknown ones are the command's to pass over (RFC 5161 §3.1). */
export function enableCapabilities(p: Parser): string[] {
  const names: string[] = []
  p.sp()
  do {
    if (names.length === p.limits.keysMax) p.refuse('Too many arguments')
    names.push(p.name())
  } while (p.trySp())
  return names
}
