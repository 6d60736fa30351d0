// Envelope addresses as the outbox keeps them: as they were given, since a remote local part is case-sensitive
// (RFC 5321 §2.4), with the domain beside them in the form that routes and DNS compare.

import { cleanDomain } from '../directory/address.js'
import { refuse } from '../refusals.js'
import { envelopeWordBytesMax, pathBytesMax } from './limits.js'

/** A recipient's address and where it leads. An address literal (RFC 5321 §4.1.3) is kept as it is, in lower case. */
export function cleanRecipient(address: string): { address: string; domain: string } {
  cleanPath(address)
  const at = address.lastIndexOf('@')
  if (at < 1) return refuse('invalid', 'A recipient has the form name@domain.')
  const domain = address.slice(at + 1)
  const literal = /^\[[^\]\s]+\]$/.test(domain)
  return { address, domain: literal ? domain.toLowerCase() : cleanDomain(domain) }
}

/** Empty for a null reverse-path (RFC 5321 §4.5.5). */
export function cleanSender(address: string): string {
  if (address !== '') cleanPath(address)
  return address
}

/** What goes onto a command line of SMTP cannot end it. */
function cleanPath(address: string): void {
  if (!address.isWellFormed() || /[\p{Cc}\u2028\u2029<>]/u.test(address))
    refuse('invalid', 'An envelope address has no control characters and no angle brackets.')
  if (Buffer.byteLength(address) > pathBytesMax)
    refuse('invalid', `An envelope address has at most ${pathBytesMax} bytes.`)
}

/** ENVID, NOTIFY and ORCPT (RFC 3461 §4): one word each. */
export function cleanWord(word: string | undefined): string | null {
  if (word === undefined) return null
  if (!word.isWellFormed() || /[\p{Cc}\s]/u.test(word)) refuse('invalid', 'An ESMTP parameter is one word.')
  if (Buffer.byteLength(word) > envelopeWordBytesMax)
    refuse('invalid', `An ESMTP parameter has at most ${envelopeWordBytesMax} bytes.`)
  return word
}
