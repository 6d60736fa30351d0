// RFC 2047 encoded words in header text, to what they mean. For sort keys, search and the API; ENVELOPE sends them as they are.
// Neighbouring words in one charset and encoding are put together before they're decoded: many senders split inside a character.
//
//   encoded-word = "=?" charset ["*" language] "?" encoding "?" encoded-text "?="   ; RFC 2231 §5 for the language
import { type Charsets, iconvCharsets } from './charsets.js'
import { decodeText } from './decode-text.js'
import { latin1Bytes } from './latin1.js'
import { decodeBase64 } from './transfer-base64.js'
import { hexValue } from './transfer-quoted-printable.js'

interface Word {
  charset: string
  encoding: 'B' | 'Q'
  text: string
  end: number
}

const charsetCharsMax = 75

export function decodeWords(text: string, charsets: Charsets = iconvCharsets): string {
  let at = text.indexOf('=?')
  if (at < 0) return text
  let out = ''
  let done = 0
  while (at >= 0) {
    const first = wordAt(text, at)
    if (first === undefined) {
      at = text.indexOf('=?', at + 2)
      continue
    }
    const between = text.slice(done, at)
    // RFC 2047 §6.2: white space between two encoded words isn't shown.
    if (done === 0 || !isBlank(between)) out += between
    const chunks = [wordBytes(first)]
    let end = first.end
    for (let next = nextWord(text, end, first); next !== undefined; next = nextWord(text, end, first)) {
      chunks.push(wordBytes(next))
      end = next.end
    }
    out += decodeText(joined(chunks), first.charset, charsets)
    done = end
    at = text.indexOf('=?', end)
  }
  return out + text.slice(done)
}

function wordAt(text: string, start: number): Word | undefined {
  const charsetEnd = text.indexOf('?', start + 2)
  if (charsetEnd < 0 || charsetEnd === start + 2 || charsetEnd - start > charsetCharsMax) return undefined
  const encoding = text[charsetEnd + 1]?.toUpperCase()
  if ((encoding !== 'B' && encoding !== 'Q') || text[charsetEnd + 2] !== '?') return undefined
  const textStart = charsetEnd + 3
  const textEnd = text.indexOf('?', textStart)
  if (textEnd < 0 || text[textEnd + 1] !== '=') return undefined
  const charset = text.slice(start + 2, charsetEnd)
  const star = charset.indexOf('*')
  return {
    charset: star < 0 ? charset : charset.slice(0, star),
    encoding,
    text: text.slice(textStart, textEnd),
    end: textEnd + 2,
  }
}

/** The word behind `end` and white space, if it goes on with `word`. */
function nextWord(text: string, end: number, word: Word): Word | undefined {
  let at = end
  while (isSpace(text.charCodeAt(at))) at++
  if (text.charCodeAt(at) !== 0x3d || text.charCodeAt(at + 1) !== 0x3f) return undefined
  const next = wordAt(text, at)
  if (next === undefined || next.encoding !== word.encoding) return undefined
  return next.charset.toLowerCase() === word.charset.toLowerCase() ? next : undefined
}

function wordBytes(word: Word): Uint8Array {
  const bytes = latin1Bytes(word.text)
  return word.encoding === 'B' ? decodeBase64(bytes) : decodeQ(bytes)
}

/** RFC 2047 §4.2: as quoted-printable, with `_` for a space. */
function decodeQ(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length)
  let length = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    const octet = byte === 0x3d ? (hexValue(bytes[i + 1]) << 4) | hexValue(bytes[i + 2]) : -1
    if (octet >= 0) i += 2
    out[length++] = octet >= 0 ? octet : byte === 0x5f ? 0x20 : byte
  }
  return out.subarray(0, length)
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0]!
  let length = 0
  for (const chunk of chunks) length += chunk.length
  const out = new Uint8Array(length)
  length = 0
  for (const chunk of chunks) {
    out.set(chunk, length)
    length += chunk.length
  }
  return out
}

function isBlank(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (!isSpace(text.charCodeAt(i))) return false
  return true
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a
}
