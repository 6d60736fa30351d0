// The header of a message from elsewhere, cut into fields as a mail store reads it: what isn't a field is passed over, and nothing is
// refused for its form. header.ts reads what is submitted here, and is strict. RFC 5322 §4.5.

import { HeaderLines } from '@postern/message'
import type { Field, Header } from './header.js'

/** Several look at each. */
const cut = new WeakMap<Buffer, Header>()

export function arrivedHeader(bytes: Buffer): Header {
  const known = cut.get(bytes) ?? cutHeader(bytes)
  cut.set(bytes, known)
  return known
}

function cutHeader(bytes: Buffer): Header {
  const text = bytes.toString('latin1')
  const lines = new HeaderLines(text)
  const fields: Field[] = []
  while (lines.next())
    fields.push({
      name: text.slice(lines.nameStart, lines.nameEnd).toLowerCase(),
      start: lines.nameStart,
      valueStart: text.indexOf(':', lines.nameEnd) + 1,
      end: lines.end,
    })
  return { bytes, text, fields }
}
