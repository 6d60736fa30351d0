// Lines of a message that begin with `From `, in an mbox: quoted with `>` on the way out, and unquoted on the way in. By the rules
// of mboxrd each such line, quoted or not, gets one `>` more, so that nothing is lost; by those of mboxo a line that already
// had one can't be told from one that got it. Pieces may end anywhere, and no more is held back of a line than a few bytes.

const lf = 0x0a
const quote = 0x3e
const from = Buffer.from('From ')

/** What becomes of a line that begins with so many `>` and then `From `. */
type Rule = (quotes: number) => 'add' | 'remove' | 'leave'

export const quoting: Rule = () => 'add'
export const unquotingRd: Rule = (quotes) => (quotes >= 1 ? 'remove' : 'leave')
export const unquotingO: Rule = (quotes) => (quotes === 1 ? 'remove' : 'leave')

interface Beginning {
  /** Where the `>` end. */
  readonly end: number
  readonly is: 'a From line' | 'another line' | 'short'
}

export class FromLines {
  readonly #rule: Rule
  #carry: Uint8Array = Buffer.alloc(0)
  #isBeginning = true
  /** Of the line that has just begun, as far as they're written: all but the last, which may have to go. */
  #quotes = 0

  constructor(rule: Rule) {
    this.#rule = rule
  }

  /** `isLast` where nothing comes behind it. */
  piece(bytes: Uint8Array, isLast = false): Uint8Array {
    const whole = this.#carry.length === 0 ? bytes : Buffer.concat([this.#carry, bytes])
    const text = Buffer.from(whole.buffer, whole.byteOffset, whole.length)
    const out: Uint8Array[] = []
    let written = 0
    let line = this.#isBeginning ? 0 : text.indexOf(lf) + 1
    if (line > 0) this.#quotes = 0
    let end = text.length
    while ((line > 0 || this.#isBeginning) && line < text.length) {
      const found = beginning(text, line)
      if (found.is === 'short' && !isLast) {
        end = Math.max(line, found.end - 1)
        this.#quotes += end - line
        break
      }
      const becomes = found.is === 'a From line' ? this.#rule(this.#quotes + found.end - line) : 'leave'
      if (becomes === 'add') out.push(text.subarray(written, found.end), Buffer.of(quote))
      if (becomes === 'remove') out.push(text.subarray(written, found.end - 1))
      if (becomes !== 'leave') written = found.end
      this.#quotes = 0
      this.#isBeginning = false
      line = text.indexOf(lf, line) + 1
    }
    if (text.length > 0) this.#isBeginning = end < text.length || text[text.length - 1] === lf
    this.#carry = text.subarray(end)
    return out.length === 0 ? text.subarray(0, end) : Buffer.concat([...out, text.subarray(written, end)])
  }
}

/** 'short' where the text ends too early to say. */
function beginning(text: Buffer, line: number): Beginning {
  let end = line
  while (end < text.length && text[end] === quote) end++
  for (let i = 0; i < from.length; i++) {
    if (end + i >= text.length) return { end, is: 'short' }
    if (text[end + i] !== from[i]) return { end, is: 'another line' }
  }
  return { end, is: 'a From line' }
}
