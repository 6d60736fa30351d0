// Numbers by the thousand, as SEARCH, SORT, THREAD and ESEARCH answer them: digits put down in one piece of memory. Between
// two numbers a writer that is called for each would cost more than the digits do.

import type { Numbers } from './response-code.js'

/** Of a number up to 2^32 - 1, and of a sign beside it. */
const numberBytesMax = 10
const SP = 0x20
const COMMA = 0x2c
const COLON = 0x3a
const ZERO = 0x30

/** Behind each number up to 2^32 - 1 comes where it ends. */
export function putDigits(into: Uint8Array, at: number, value: number): number {
  let rest = value
  let end = at + digitsOf(value)
  const next = end
  while (rest > 0x7fff_ffff) {
    const tens = Math.floor(rest / 10)
    into[--end] = ZERO + rest - tens * 10
    rest = tens
  }
  rest |= 0
  do {
    const tens = (rest / 10) | 0
    into[--end] = ZERO + rest - tens * 10
    rest = tens
  } while (rest > 0)
  return next
}

function digitsOf(value: number): number {
  if (value < 1e5) return value < 1e2 ? (value < 1e1 ? 1 : 2) : value < 1e3 ? 3 : value < 1e4 ? 4 : 5
  return value < 1e7 ? (value < 1e6 ? 6 : 7) : value < 1e8 ? 8 : value < 1e9 ? 9 : 10
}

// *(SP nz-number)
export function spacedNumbers(numbers: Numbers, { from = 0, to = numbers.length } = {}): Uint8Array {
  const bytes = new Uint8Array((to - from) * (numberBytesMax + 1))
  let at = 0
  for (let i = from; i < to; i++) {
    bytes[at++] = SP
    at = putDigits(bytes, at, numbers[i]!)
  }
  return bytes.subarray(0, at)
}

// sequence-set
/** In their order; neighbours that go up become a range. */
export function numberRanges(numbers: Numbers): Uint8Array {
  const bytes = new Uint8Array(numbers.length * (numberBytesMax + 1))
  let at = 0
  for (let i = 0; i < numbers.length; i++) {
    if (i > 0) bytes[at++] = COMMA
    const from = numbers[i]!
    at = putDigits(bytes, at, from)
    let last = from
    while (i + 1 < numbers.length && numbers[i + 1] === last + 1) {
      last++
      i++
    }
    if (last === from) continue
    bytes[at++] = COLON
    at = putDigits(bytes, at, last)
  }
  return bytes.subarray(0, at)
}
