// The body on its way to the canonical forms of DKIM (RFC 6376 §3.4), which keep a line until it ends and empty lines until another one
// comes. What would have them keep a large message whole isn't read on: no signature can be told of it.

import type { ArrivedText } from '../arrival.js'

export class BodyTooOdd extends Error {
  override readonly name = 'BodyTooOdd'
}

export const bodyLineBytesMax = 1_048_576

const LF = 0x0a
const CR = 0x0d
const SP = 0x20
const HTAB = 0x09

export async function* plainBody(text: ArrivedText): AsyncGenerator<Buffer> {
  let line = 0
  let blank = 0
  let isHeader = true
  for await (const piece of text.read()) {
    if (!isHeader) {
      const end = piece.lastIndexOf(LF)
      line = end < 0 ? line + piece.length : piece.length - end
      blank = piece.every(isBlank) ? blank + piece.length : 0
      if (line > bodyLineBytesMax) throw new BodyTooOdd('the body has a line that is too long to be checked')
      if (blank > bodyLineBytesMax) throw new BodyTooOdd('the body has too many empty lines to be checked')
      yield piece
    }
    isHeader = false
  }
}

const isBlank = (byte: number): boolean => byte === LF || byte === CR || byte === SP || byte === HTAB
