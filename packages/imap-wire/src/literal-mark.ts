// The announcement of a literal at the end of a line. RFC 7888 §8, RFC 4466 §3, RFC 9051 §9:
//
//   literal  = "{" number64 ["+"] "}" CRLF *CHAR8
//   literal8 = "~{" number64 ["+"] "}" CRLF *OCTET
//
// A line that ends in `{5}` announces a literal wherever it does: no other rule of a command can end so.

export interface LiteralMark {
  /** Where it begins in the line. */
  readonly start: number
  /** Infinity where there are more digits than number64 has. */
  readonly size: number
  readonly synchronising: boolean
  readonly binary: boolean
}

/** `~{`, the digits of 2^63 - 1, `+}` and CR: no mark is longer, but for leading zeros. */
export const markBytesMax = 32
const digitsMax = 19
const OPEN = 0x7b
const CLOSE = 0x7d
const PLUS = 0x2b
const TILDE = 0x7e

export function literalMark(line: Uint8Array): LiteralMark | undefined {
  let at = line.length - 1
  if (at < 2 || line[at] !== CLOSE) return undefined
  at--
  const synchronising = line[at] !== PLUS
  if (!synchronising) at--
  const digitsEnd = at + 1
  while (at >= 0 && line[at]! >= 0x30 && line[at]! <= 0x39) at--
  const digits = digitsEnd - at - 1
  if (at < 0 || line[at] !== OPEN || digits === 0) return undefined
  const binary = at > 0 && line[at - 1] === TILDE
  return { start: binary ? at - 1 : at, size: sizeOf(line.subarray(at + 1, digitsEnd)), synchronising, binary }
}

function sizeOf(digits: Uint8Array): number {
  if (digits.length > digitsMax) return Number.POSITIVE_INFINITY
  let size = 0
  for (const digit of digits) size = size * 10 + digit - 0x30
  return size
}
