// Base64, RFC 2045 §6.8. Decoding never fails: what isn't in the alphabet is skipped, as the RFC asks for, padding ends a quantum
// (concatenated base64 goes on after it), and a truncated end gives the bytes that are complete.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const skipped = 64
const padding = 65
const PAD = 0x3d

const sixBitsOf = new Uint8Array(256).fill(skipped)
for (let i = 0; i < alphabet.length; i++) sixBitsOf[alphabet.charCodeAt(i)] = i
sixBitsOf[PAD] = padding

export function decodeBase64(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(((bytes.length * 3) >> 2) + 3)
  let length = 0
  let bits = 0
  let count = 0
  for (let i = 0; i < bytes.length; i++) {
    const value = sixBitsOf[bytes[i]!]!
    if (value < skipped) {
      bits = (bits << 6) | value
      if (++count === 4) {
        out[length++] = bits >> 16
        out[length++] = bits >> 8
        out[length++] = bits
        bits = 0
        count = 0
      }
    } else if (value === padding) {
      length = flushQuantum(out, length, bits, count)
      bits = 0
      count = 0
    }
  }
  return out.subarray(0, flushQuantum(out, length, bits, count))
}

/** Two characters hold one byte, three hold two, one holds nothing. */
function flushQuantum(out: Uint8Array, length: number, bits: number, count: number): number {
  if (count === 2) {
    out[length] = bits >> 4
    return length + 1
  }
  if (count === 3) {
    out[length] = bits >> 10
    out[length + 1] = bits >> 2
    return length + 2
  }
  return length
}

export function encodeBase64(bytes: Uint8Array): string {
  const codes: number[] = []
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const bits = (bytes[i]! << 16) | ((left > 1 ? bytes[i + 1]! : 0) << 8) | (left > 2 ? bytes[i + 2]! : 0)
    codes.push(alphabet.charCodeAt(bits >> 18), alphabet.charCodeAt((bits >> 12) & 63))
    codes.push(left > 1 ? alphabet.charCodeAt((bits >> 6) & 63) : PAD, left > 2 ? alphabet.charCodeAt(bits & 63) : PAD)
  }
  return codesToText(codes)
}

const chunkLength = 8192

function codesToText(codes: readonly number[]): string {
  let text = ''
  for (let i = 0; i < codes.length; i += chunkLength) text += String.fromCharCode(...codes.slice(i, i + chunkLength))
  return text
}
