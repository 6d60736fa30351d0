// Mailbox names as the store keeps them: Unicode in NFC, `/` between levels, INBOX spelled so. The wire's encodings
// (modified UTF-7, UTF-8) are the protocol's business. RFC 9051 §5.1, RFC 5198 for what a name may hold.

import type { StoreLimits } from '../limits.js'
import { refuse } from '../refusals.js'

export const delimiter = '/'
export const inbox = 'INBOX'

/** The clean form of a name, or the refusal that says what is wrong with it. */
export function validName(name: string, limits: StoreLimits): string {
  const invalid = (why: string): never => refuse('mailbox-name-invalid', why)
  // A client that makes a parent may end the name with the delimiter (RFC 9051 §6.3.4): it is dropped.
  let clean = name.normalize('NFC')
  if (clean.endsWith(delimiter)) clean = clean.slice(0, -1)
  if (clean === '') return invalid('A mailbox name cannot be empty.')
  if (!clean.isWellFormed() || /[\p{Cc}\u2028\u2029]/u.test(clean))
    return invalid('A mailbox name has no control characters.')
  if (new TextEncoder().encode(clean).length > limits.mailboxNameBytesMax)
    return invalid(`A mailbox name has at most ${limits.mailboxNameBytesMax} bytes.`)
  const parts = clean.split(delimiter)
  if (parts.includes('')) return invalid('A mailbox name has no empty level.')
  if (parts.length > limits.mailboxDepthMax) return invalid(`Mailboxes nest at most ${limits.mailboxDepthMax} levels.`)
  if ((parts[0] as string).toUpperCase() === inbox) parts[0] = inbox
  return parts.join(delimiter)
}

/** `a/b/c` → `a`, `a/b`, `a/b/c`. */
export function levels(name: string): string[] {
  const parts = name.split(delimiter)
  return parts.map((_, i) => parts.slice(0, i + 1).join(delimiter))
}

export const isBelow = (name: string, above: string): boolean => name.startsWith(above + delimiter)
