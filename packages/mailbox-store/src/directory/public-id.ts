// Public ids: a prefix that says what it is, and 100 random bits in letters and digits that a double click takes whole
// and that nobody confuses. They sort by nothing and tell nothing.

import { randomBytes } from 'node:crypto'

export type Prefix = 'ten' | 'env' | 'dom' | 'inb' | 'cred' | 'q'

/** Crockford's base 32: no i, l, o, u. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const idCharacters = 20

export function randomWord(characters: number): string {
  return Array.from(randomBytes(characters), (byte) => alphabet[byte & 31]).join('')
}

export function publicId(prefix: Prefix): string {
  return `${prefix}_${randomWord(idCharacters)}`
}
