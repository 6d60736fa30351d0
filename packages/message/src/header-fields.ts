// BODY[HEADER.FIELDS (…)] and BODY[HEADER.FIELDS.NOT (…)]: some fields of a header block, as sent. RFC 9051 §6.4.5.1: names match
// exactly but for their case, and the blank line is always there. Every mail client asks for these when it opens a mailbox.
import { HeaderLines } from './header-lines.js'
import { latin1 } from './latin1.js'

const CR = 0x0d
const LF = 0x0a

export function headerFields(header: Uint8Array, names: readonly string[], not = false): Uint8Array {
  const wanted = new WantedNames(names)
  const { text } = latin1(header)
  const lines = new HeaderLines(text)
  const out = new Uint8Array(header.length + 4)
  let length = 0
  while (lines.next()) {
    if (wanted.has(text, lines.nameStart, lines.nameEnd) === not) continue
    out.set(header.subarray(lines.nameStart, lines.end), length)
    length += lines.end - lines.nameStart
    // a header that breaks off inside of a field
    if (out[length - 1] !== LF) length = putLineEnd(out, length)
  }
  return out.subarray(0, putLineEnd(out, length))
}

/** Most fields aren't asked for, and their length says so already. */
class WantedNames {
  private readonly names = new Set<string>()
  private readonly lengths = new Uint8Array(128)

  constructor(names: readonly string[]) {
    for (const name of names) {
      this.names.add(name.toLowerCase())
      this.lengths[Math.min(name.length, 127)] = 1
    }
  }

  has(text: string, start: number, end: number): boolean {
    return this.lengths[Math.min(end - start, 127)] === 1 && this.names.has(text.slice(start, end).toLowerCase())
  }
}

function putLineEnd(out: Uint8Array, length: number): number {
  out[length] = CR
  out[length + 1] = LF
  return length + 2
}
