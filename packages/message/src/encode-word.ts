// Text as RFC 2047 encoded words, for the 7-bit form of ENVELOPE and BODYSTRUCTURE where a sender put raw UTF-8 (or raw anything)
// into a header. Always UTF-8 and base64; a word never splits a character (RFC 2047 §5).
//
//   encoded-word = "=?" charset "?" encoding "?" encoded-text "?="   ; at most 75 characters
import { decodeWords } from './encoded-word.js'
import { isAscii } from './latin1.js'
import { encodeBase64 } from './transfer-base64.js'

const encoder = new TextEncoder()
/** 45 bytes are 60 characters of base64; with the 12 around them, 72. */
const wordBytesMax = 45

/** ASCII text as it is; other text as encoded words throughout, words that were already in it taken along. */
export function encodeWords(text: string): string {
  if (isAscii(text)) return text
  const bytes = encoder.encode(decodeWords(text))
  const words: string[] = []
  for (let start = 0; start < bytes.length; ) {
    let end = Math.min(bytes.length, start + wordBytesMax)
    while (end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end--
    words.push(`=?UTF-8?B?${encodeBase64(bytes.subarray(start, end))}?=`)
    start = end
  }
  return words.join(' ')
}
