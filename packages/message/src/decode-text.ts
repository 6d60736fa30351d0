// Bytes in a named charset to text, with the guesses that real mail needs: a charset that's missing, unknown or wrong. Used for
// bodies, for encoded words and for header bytes that were sent raw.
import type { Charsets } from './charsets.js'
import { latin1Bytes } from './latin1.js'

const utf8 = new TextDecoder('utf-8')

/** What says no more than "guess": US-ASCII is a part of UTF-8, and mail that says so and sends something else is common. */
const guessed = new Set([
  '',
  'utf-8',
  'utf8',
  'x-utf-8',
  'us-ascii',
  'ascii',
  'ansi_x3.4-1968',
  'x-unknown',
  'unknown-8bit',
])

/** Text in a stated charset. */
export function decodeText(bytes: Uint8Array, charset: string | undefined, charsets: Charsets): string {
  const name = charset?.trim().toLowerCase() ?? ''
  if (guessed.has(name)) return guessText(bytes, undefined, charsets)
  return charsets.decode(bytes, name) ?? guessText(bytes, undefined, charsets)
}

/** UTF-8 unless that's wrong in more places than it's right; then the fallback, or windows-1252, which has nearly every byte. */
export function guessText(bytes: Uint8Array, fallback: string | undefined, charsets: Charsets): string {
  const text = utf8.decode(bytes)
  if (!text.includes('\ufffd') || isMostlyUtf8(text, bytes)) return text
  const known =
    fallback === undefined || guessed.has(fallback.toLowerCase()) ? undefined : charsets.decode(bytes, fallback)
  return known ?? charsets.decode(bytes, 'windows-1252') ?? text
}

/** Damaged UTF-8 stays UTF-8. A U+FFFD that was sent is right; one that the decoder put in is wrong. */
function isMostlyUtf8(text: string, bytes: Uint8Array): boolean {
  let beyondAscii = 0
  let replaced = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0xfffd) replaced++
    else if (code > 127) beyondAscii++
  }
  const sent = replacementsSent(bytes)
  return beyondAscii + sent > replaced - sent
}

/** EF is never inside another character, so every EF BF BD is one. */
function replacementsSent(bytes: Uint8Array): number {
  let count = 0
  for (let at = bytes.indexOf(0xef); at >= 0; at = bytes.indexOf(0xef, at + 1))
    if (bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd) count++
  return count
}

/** Header text, one character per byte, with its raw 8-bit bytes read as text (RFC 6532 where it's UTF-8). */
export function decodeRawHeader(text: string, fallback: string | undefined, charsets: Charsets): string {
  return guessText(latin1Bytes(text), fallback, charsets)
}
