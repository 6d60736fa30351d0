// Bytes as a string with one character per byte, so that an offset in the string is an offset in the bytes. This is how a header
// block is read: JavaScript slices and searches strings natively, while a loop over bytes costs a nanosecond each.

const strictAscii = new TextDecoder('utf-8', { ignoreBOM: true })
const chunkLength = 8192

export interface Latin1 {
  text: string
  /** Whether every byte was ASCII, so that the string is also the text. */
  ascii: boolean
}

export function latin1(bytes: Uint8Array): Latin1 {
  const text = strictAscii.decode(bytes)
  return isAsciiOf(text, bytes.length) ? { text, ascii: true } : { text: latin1Slowly(bytes), ascii: false }
}

/** UTF-8 text of n bytes is ASCII when it has n characters and none of them stands for a byte that wasn't UTF-8. */
function isAsciiOf(text: string, byteLength: number): boolean {
  return text.length === byteLength && !text.includes('\ufffd')
}

// TextDecoder's own 'latin1' is windows-1252 by the Encoding Standard, and not the same in all versions of Node.
function latin1Slowly(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += chunkLength) {
    text += String.fromCharCode.apply(null, bytes.subarray(i, i + chunkLength) as unknown as number[])
  }
  return text
}

/** The bytes again: the inverse of `latin1`. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}
