// A pattern with `*` for any characters and `?` for one, over a whole text. It goes through the text once: when a character doesn't fit,
// only the last `*` takes one more, so that a pattern of m characters and a text of n cost m × n steps at the worst, whatever they are.

import { fold } from '@postern/message'

/** One character is one to whoever reads it: `é` too, in whichever way it was sent. */
const charactersOf = (text: string): readonly string[] => Array.from(fold(text).normalize('NFC'))

export class Glob {
  readonly #pattern: readonly string[]

  constructor(pattern: string) {
    this.#pattern = charactersOf(pattern)
  }

  matches(text: string): boolean {
    const pattern = this.#pattern
    const characters = charactersOf(text)
    let at = 0
    let in_ = 0
    let star = -1
    let starTook = 0
    while (at < characters.length) {
      const wanted = pattern[in_]
      if (wanted === '*') {
        star = in_++
        starTook = at
      } else if (wanted !== undefined && (wanted === '?' || wanted === characters[at])) {
        in_++
        at++
      } else if (star >= 0) {
        in_ = star + 1
        at = ++starTook
      } else return false
    }
    while (pattern[in_] === '*') in_++
    return in_ === pattern.length
  }
}
