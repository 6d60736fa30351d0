// How SORT compares texts: i;unicode-casemap (RFC 5051, as RFC 5256 §2 asks), in the widened form of `fold`.

import { fold } from './fold.js'

const beyondSurrogates = /[\ud800-\uffff]/
const fromSurrogates = /[\ud800-\uffff]/g

/** The collation compares by code point; strings here compare by UTF-16 unit, where surrogates stand too low. */
export function collationKey(text: string): string {
  const folded = fold(text)
  if (!beyondSurrogates.test(folded)) return folded
  return folded.replace(fromSurrogates, (unit) => {
    const code = unit.charCodeAt(0)
    return String.fromCharCode(code >= 0xe000 ? code - 0x800 : code + 0x2000)
  })
}
