// The two 7-bit charsets of old Korean and Chinese mail, turned into the 8-bit ones with the same tables: both only say by escape
// sequences which bytes would have had their high bit set. RFC 1557 (ISO-2022-KR), RFC 1843 (HZ).

const SO = 0x0e
const SI = 0x0f
const ESC = 0x1b
const TILDE = 0x7e
const LF = 0x0a

/** RFC 1557: `ESC $ ) C` announces the charset once, SO begins KS C 5601, SI and the line's end go back to ASCII. */
export function iso2022krToEucKr(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length)
  let length = 0
  let korean = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (byte === ESC && bytes[i + 1] === 0x24 && bytes[i + 2] === 0x29 && bytes[i + 3] === 0x43) {
      i += 3
      continue
    }
    if (byte === SO || byte === SI) {
      korean = byte === SO
      continue
    }
    if (byte === LF) korean = false
    out[length++] = korean && byte > 0x20 ? byte | 0x80 : byte
  }
  return out.subarray(0, length)
}

/** RFC 1843: `~{` begins GB 2312, `~}` ends it, `~~` is a tilde, a tilde before the line's end joins two lines. */
export function hzToGbk(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length)
  let length = 0
  let chinese = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    const next = bytes[i + 1]
    if (byte === TILDE && (next === 0x7b || next === 0x7d)) {
      chinese = next === 0x7b
      i++
      continue
    }
    if (byte === TILDE && !chinese && (next === TILDE || next === LF)) {
      if (next === TILDE) out[length++] = TILDE
      i++
      continue
    }
    if (byte === LF) chinese = false
    out[length++] = chinese && byte > 0x20 ? byte | 0x80 : byte
  }
  return out.subarray(0, length)
}
