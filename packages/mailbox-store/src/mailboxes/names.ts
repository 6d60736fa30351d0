// Mailbox names as the store keeps them: Unicode in NFC, `/` between levels, INBOX spelled so. The wire's encodings
// (modified UTF-7, UTF-8) are the protocol's business. RFC 9051 §5.1, RFC 5198 for what a name may hold.

import type { StoreLimits } from '../limits.js'
import { refuse } from '../refusals.js'

export const delimiter = '/'
export const inbox = 'INBOX'

/**
 * The one spelling of a name. A client that makes a parent may end it with the delimiter (RFC 9051 §6.3.4), and INBOX
 * is INBOX in any case of ASCII (§5.1).
 */
export function spelled(name: string): string {
  return name
    .normalize('NFC')
    .replace(/\/$/, '')
    .replace(/^inbox(?=\/|$)/i, inbox)
}

/** The clean form of a name, or the refusal that says what is wrong with it. */
export function validName(name: string, limits: StoreLimits): string {
  const invalid = (why: string): never => refuse('mailbox-name-invalid', why)
  const clean = spelled(name)
  if (clean === '') return invalid('A mailbox name cannot be empty.')
  if (!clean.isWellFormed() || /[\p{Cc}\u2028\u2029]/u.test(clean))
    return invalid('A mailbox name has no control characters.')
  if (new TextEncoder().encode(clean).length > limits.mailboxNameBytesMax)
    return invalid(`A mailbox name has at most ${limits.mailboxNameBytesMax} bytes.`)
  const parts = clean.split(delimiter)
  if (parts.includes('')) return invalid('A mailbox name has no empty level.')
  if (parts.length > limits.mailboxDepthMax) return invalid(`Mailboxes nest at most ${limits.mailboxDepthMax} levels.`)
  return clean
}

/** `a/b/c` → `a`, `a/b`, `a/b/c`. */
export function levels(name: string): string[] {
  const parts = name.split(delimiter)
  return parts.map((_, i) => parts.slice(0, i + 1).join(delimiter))
}

export const isBelow = (name: string, above: string): boolean => name.startsWith(above + delimiter)
