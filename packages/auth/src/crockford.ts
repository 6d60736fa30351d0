/**
 * Crockford's base 32 in lower case: no i, l, o or u, so nothing looks like something else, and letters and digits only, so
 * that a double click takes the whole word.
 */

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** One character of 5 bits for each byte given; the byte's upper bits are left out, which keeps the choice even. */
export function crockford(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => alphabet[byte & 31]).join('')
}
