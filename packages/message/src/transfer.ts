// Content-Transfer-Encoding, RFC 2045 §6: from the bytes of a part to the bytes that it means. Serves FETCH BINARY (RFC 3516),
// where an unknown encoding is said out loud (UNKNOWN-CTE), and the decoded text for preview and search.
import { decodeBase64 } from './transfer-base64.js'
import { decodeQuotedPrintable } from './transfer-quoted-printable.js'
import { decodeUuencode } from './transfer-uuencode.js'

/** The decoded bytes, or undefined for an encoding that isn't known. Broken content gives what can be read of it. */
export function decodeTransfer(bytes: Uint8Array, encoding: string): Uint8Array | undefined {
  switch (encoding.toUpperCase()) {
    case '':
    case '7BIT':
    case '8BIT':
    case 'BINARY':
      return bytes
    case 'BASE64':
      return decodeBase64(bytes)
    case 'QUOTED-PRINTABLE':
      return decodeQuotedPrintable(bytes)
    case 'X-UUENCODE':
    case 'X-UUE':
    case 'UUENCODE':
      return decodeUuencode(bytes)
    default:
      return undefined
  }
}

/** Whether a part in this encoding is its own bytes, so that a message inside it can be read in place. */
export function isIdentity(encoding: string): boolean {
  return encoding === '7BIT' || encoding === '8BIT' || encoding === 'BINARY'
}
