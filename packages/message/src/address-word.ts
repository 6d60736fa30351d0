// The smallest pieces of an address list: which characters make an atom, and where an encoded word ends. Senders put commas and
// other specials unencoded into encoded words (=?utf-8?Q?Doe,_Jane?=, which RFC 2047 §5 forbids), so a word is taken as a whole.

// atext = ALPHA / DIGIT / "!" / "#" / "$" / …   ; RFC 5322 §3.2.3, with the dot, and RFC 6532 §3.1 for what's beyond ASCII
const atext = new Uint8Array(128).fill(1)
atext.fill(0, 0, 0x21)
atext[127] = 0
for (const special of '()<>@,;:"') atext[special.charCodeAt(0)] = 0

export function isAtext(code: number): boolean {
  return code > 127 || atext[code] === 1
}

const EQUALS = 0x3d
const QUESTION = 0x3f
const encodedWordCharsMax = 1000

export function isEncodedWordStart(text: string, at: number): boolean {
  return text.charCodeAt(at) === EQUALS && text.charCodeAt(at + 1) === QUESTION
}

/**
 * The offset behind the encoded word at `start`. If there's none: where the search gave up, as a negative number; no word that
 * begins before that place needs to be looked for, which keeps the reader linear.
 */
export function skipEncodedWord(text: string, start: number): number {
  const stop = Math.min(text.length, start + encodedWordCharsMax)
  let questions = 1
  for (let at = start + 2; at < stop; at++) {
    const code = text.charCodeAt(at)
    if (code <= 0x20) return -at
    if (code !== QUESTION) continue
    questions++
    if (questions === 4) return text.charCodeAt(at + 1) === EQUALS ? at + 2 : -at
  }
  return -stop
}
