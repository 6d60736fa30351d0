// uuencode, the transfer encoding of mail before MIME, labelled x-uuencode (also x-uue, uuencode). POSIX.1 `uuencode`: a `begin`
// line, lines whose first character is the number of octets in them, and an `end` line. What's outside begin and end is skipped.

const LF = 0x0a
const CR = 0x0d

export function decodeUuencode(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(((bytes.length * 3) >> 2) + 3)
  let length = 0
  let inside = false
  for (let at = 0; at < bytes.length; ) {
    const lf = bytes.indexOf(LF, at)
    const next = lf < 0 ? bytes.length : lf + 1
    let end = lf < 0 ? bytes.length : lf
    if (end > at && bytes[end - 1] === CR) end--
    if (!inside) inside = startsWith(bytes, at, end, 'begin ')
    else if (startsWith(bytes, at, end, 'end')) inside = false
    else length = decodeLine(bytes.subarray(at, end), out, length)
    at = next
  }
  return out.subarray(0, length)
}

function startsWith(bytes: Uint8Array, at: number, end: number, word: string): boolean {
  if (end - at < word.length) return false
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word.charCodeAt(i)) return false
  return true
}

function decodeLine(line: Uint8Array, out: Uint8Array, start: number): number {
  const stated = line.length === 0 ? 0 : (line[0]! - 0x20) & 63
  const octets = Math.min(stated, ((line.length - 1) * 3) >> 2)
  let length = start
  for (let i = 1; length < start + octets; i += 4) {
    const bits = (six(line, i) << 18) | (six(line, i + 1) << 12) | (six(line, i + 2) << 6) | six(line, i + 3)
    out[length++] = bits >> 16
    out[length++] = bits >> 8
    out[length++] = bits
  }
  return start + octets
}

function six(line: Uint8Array, at: number): number {
  return at < line.length ? (line[at]! - 0x20) & 63 : 0
}
