// Public ids: a prefix that says what it is, and 100 random bits in letters and digits that a double click takes whole
// and that nobody confuses. They sort by nothing and tell nothing, but for those of the queue, which sort by their time: there
// are many of them, and each is put beside the one before it in the database.

import { randomFillSync } from 'node:crypto'

export type Prefix = 'ten' | 'env' | 'dom' | 'inb' | 'cred' | 'ing' | 'rul' | 'q'

/** Crockford's base 32: no i, l, o, u. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const idCharacters = 20

/** Asked for in bulk, since asking costs more than the bytes. */
const pool = new Uint8Array(4_096)
let taken = pool.length

export function randomWord(characters: number): string {
  let word = ''
  for (let i = 0; i < characters; i++) {
    if (taken === pool.length) {
      randomFillSync(pool)
      taken = 0
    }
    word += alphabet[(pool[taken++] as number) & 31]
  }
  return word
}

export function publicId(prefix: Prefix): string {
  return `${prefix}_${randomWord(idCharacters)}`
}

/** Milliseconds until the year 3084. */
const timeCharacters = 9

export function queueIdAt(ms: number): string {
  let time = ''
  for (let rest = ms; time.length < timeCharacters; rest = Math.floor(rest / alphabet.length))
    time = `${alphabet[rest % alphabet.length]}${time}`
  return `q_${time}${randomWord(idCharacters - timeCharacters)}`
}
