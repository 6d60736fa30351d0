// Whether a line is too long. Lists of ids may be far longer than anything else a client has to say, so the octets that they
// consist of don't count, and no command has to be known to tell: `UID FETCH` with 100,000 uids is some 700 KB of digits and
// commas, while a line of anything else ends at `lineBytesMax`.
import type { FramerLimits } from './limits.js'

const heavy = new Uint8Array(256).fill(1)
for (const character of '0123456789,:*') heavy[character.charCodeAt(0)] = 0

/** Looks at each octet once, however the line comes in, and at none of a line that is short anyway. */
export class LineWeight {
  #weight = 0
  #weighed = 0

  /** `length` octets of the line are known to belong to it: the last one that came may be the CR of its end. */
  isTooMuch(line: Uint8Array, length: number, limits: FramerLimits): boolean {
    if (length <= limits.lineBytesMax) return false
    for (let i = this.#weighed; i < length; i++) this.#weight += heavy[line[i]!]!
    this.#weighed = length
    return this.#weight > limits.lineBytesMax
  }

  reset(): void {
    this.#weight = 0
    this.#weighed = 0
  }
}
