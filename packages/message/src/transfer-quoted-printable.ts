// Quoted-printable, RFC 2045 §6.7. Decoding never fails: an `=` that begins neither an octet nor a soft line break stays as it
// is, and white space at a line's end, which transports add, is dropped.

const CR = 0x0d
const LF = 0x0a
const EQUALS = 0x3d
const SP = 0x20
const HTAB = 0x09

/** The value of a hexadecimal digit, either case (the RFC has upper case only, senders don't), or -1. */
export function hexValue(code: number | undefined): number {
  if (code === undefined) return -1
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

export function decodeQuotedPrintable(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length)
  let length = 0
  let lineContentEnd = 0 // in `out`: behind the last byte that isn't white space, or that was encoded
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (byte === EQUALS) {
      const octet = (hexValue(bytes[i + 1]) << 4) | hexValue(bytes[i + 2])
      if (octet >= 0) {
        out[length++] = octet
        lineContentEnd = length
        i += 2
        continue
      }
      const next = softBreakEnd(bytes, i + 1)
      if (next > 0) {
        lineContentEnd = length
        i = next - 1
        continue
      }
    }
    if (byte === LF) {
      length = lineContentEnd
      if (i > 0 && bytes[i - 1] === CR) out[length++] = CR
      out[length++] = LF
      lineContentEnd = length
      continue
    }
    out[length++] = byte
    if (byte !== SP && byte !== HTAB && byte !== CR) lineContentEnd = length
  }
  return out.subarray(0, lineContentEnd)
}

// A line of white space behind `=` is looked at once per `=`; the limit keeps `= = = …` linear.
const paddingMax = 80

/** The offset behind `*transport-padding CRLF`, or 0 when there's something else. */
function softBreakEnd(bytes: Uint8Array, from: number): number {
  let at = from
  const stop = Math.min(bytes.length, from + paddingMax)
  while (at < stop && (bytes[at] === SP || bytes[at] === HTAB)) at++
  if (at >= bytes.length) return bytes.length
  if (bytes[at] === CR && bytes[at + 1] === LF) return at + 2
  return bytes[at] === LF ? at + 1 : 0
}
