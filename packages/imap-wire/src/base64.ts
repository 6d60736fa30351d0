// Base64 as SASL has it in IMAP: strict, since what's in it is a secret and not mail. RFC 9051 §9, RFC 4648 §4.
//
//   base64          = *(4base64-char) [base64-terminal]
//   base64-terminal = (2base64-char "==") / (3base64-char "=")
import { ImapError } from './imap-error.js'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const notInAlphabet = 64
const sixBitsOf = new Uint8Array(256).fill(notInAlphabet)
for (let i = 0; i < alphabet.length; i++) sixBitsOf[alphabet.charCodeAt(i)] = i

export function decodeBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0) throw new ImapError('BAD', 'Invalid base64')
  const digits = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length
  const bytes = new Uint8Array(Math.floor((digits * 3) / 4))
  let length = 0
  let bits = 0
  let count = 0
  for (let i = 0; i < digits; i++) {
    const value = sixBitsOf[text.charCodeAt(i)] ?? notInAlphabet
    if (value === notInAlphabet) throw new ImapError('BAD', 'Invalid base64')
    bits = ((bits << 6) | value) & 0xffff
    count += 6
    if (count >= 8) {
      count -= 8
      bytes[length++] = bits >> count
    }
  }
  return bytes
}

export function encodeBase64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const bits = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    text += alphabet[bits >> 18]! + alphabet[(bits >> 12) & 63]!
    text += left > 1 ? alphabet[(bits >> 6) & 63]! : '='
    text += left > 2 ? alphabet[bits & 63]! : '='
  }
  return text
}
