// A line of a command as a string with one character per octet, which JavaScript slices and searches natively. What is text in
// it (between quotes) is read as UTF-8 afterwards, where an octet is beyond ASCII at all.
import { ImapError } from './imap-error.js'

const chunkLength = 8192
/** From here on the decoder is faster, where all is ASCII. */
const longLineMin = 1024
const lenient = new TextDecoder('utf-8', { ignoreBOM: true })
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function latin1(bytes: Uint8Array): string {
  if (bytes.length < longLineMin) return String.fromCharCode.apply(null, bytes as unknown as number[])
  const text = lenient.decode(bytes)
  // UTF-8 text of n bytes is ASCII when it has n characters and none of them stands for a byte that wasn't UTF-8.
  return text.length === bytes.length && !text.includes('\ufffd') ? text : latin1InChunks(bytes)
}

function latin1InChunks(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += chunkLength)
    text += String.fromCharCode.apply(null, bytes.subarray(i, i + chunkLength) as unknown as number[])
  return text
}

/** The octets again: the inverse of `latin1`. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}

export function utf8Text(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes)
  } catch {
    throw new ImapError('BAD', 'Text that is not UTF-8')
  }
}
