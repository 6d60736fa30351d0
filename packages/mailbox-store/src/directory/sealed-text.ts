// Text that only the holder of the server key reads: routes and DKIM private keys. To the store it's one word of ASCII,
// kept as it comes.

import { refuse } from '../refusals.js'
import { sealedTextBytesMax } from './limits.js'

export function cleanSealed(text: string, what: string): string {
  if (!/^[\x21-\x7e]+$/.test(text)) refuse('invalid', `${what} is kept sealed: one word of ASCII.`)
  if (text.length > sealedTextBytesMax)
    refuse('invalid', `${what} has at most ${sealedTextBytesMax} bytes when sealed.`)
  return text
}

export const sealedColumn = (text: string | null | undefined, what: string): string | null =>
  text === undefined || text === null ? null : cleanSealed(text, what)
