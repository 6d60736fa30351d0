// A header block as lines: one cursor that goes from field to field, folding included, and says where name and value are. It
// looks at no value. Whoever wants fields (header.ts, search-headers.ts) walks it once; lines that aren't fields are passed over.
//
// RFC 5322 §2.2, §4.5 (white space before the colon):
//   field = field-name *WSP ":" unstructured CRLF ; a line that begins with WSP goes on with the field above

const LF = 0x0a
const CR = 0x0d
const SP = 0x20
const HTAB = 0x09
const COLON = 0x3a

export class HeaderLines {
  private readonly text: string
  nameStart = 0
  nameEnd = 0
  valueStart = 0
  /** Behind the last character of the value that isn't white space. */
  valueEnd = 0
  /** Behind the field's last line, its line end included. */
  end = 0

  /** @param text the header block, one character per byte (or decoded: the marks are ASCII) */
  constructor(text: string) {
    this.text = text
  }

  /** Moves to the next field; false at the end of the block. */
  next(): boolean {
    const { text } = this
    while (this.end < text.length) {
      const start = this.end
      const end = this.fieldEnd(start)
      this.end = end
      const colon = this.colon(start, end)
      if (colon < 0) continue
      this.nameStart = start
      this.nameEnd = colon
      while (this.nameEnd > start && isSpace(text.charCodeAt(this.nameEnd - 1))) this.nameEnd--
      let valueStart = colon + 1
      while (valueStart < end && isSpace(text.charCodeAt(valueStart))) valueStart++
      let valueEnd = end
      while (valueEnd > valueStart && isSpace(text.charCodeAt(valueEnd - 1))) valueEnd--
      this.valueStart = valueStart
      this.valueEnd = valueEnd
      return true
    }
    return false
  }

  /** The offset behind the field's last line. */
  private fieldEnd(start: number): number {
    const { text } = this
    let lf = text.indexOf('\n', start)
    while (lf >= 0) {
      const next = text.charCodeAt(lf + 1)
      if (next !== SP && next !== HTAB) return lf + 1
      lf = text.indexOf('\n', lf + 1)
    }
    return text.length
  }

  /** The colon behind a field name, or -1: a name is visible characters, and white space may stand behind it. */
  private colon(start: number, end: number): number {
    const { text } = this
    let at = start
    while (at < end && text.charCodeAt(at) > SP && text.charCodeAt(at) !== COLON) at++
    if (at === start) return -1
    while (at < end && (text.charCodeAt(at) === SP || text.charCodeAt(at) === HTAB)) at++
    return text.charCodeAt(at) === COLON ? at : -1
  }
}

function isSpace(code: number): boolean {
  return code === SP || code === HTAB || code === CR || code === LF
}

/** RFC 5322 §2.2.3: unfolding removes each line end before white space; other line ends can't be inside of a value. */
export function unfold(value: string): string {
  if (!value.includes('\n')) return value
  return value.replace(/\r?\n/g, '')
}
