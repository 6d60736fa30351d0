// A column of short texts that is searched for substrings: a page of a thousand texts is one string, a text a line, so that
// a needle which few texts hold is found at the speed of memory. No text has a line feed of its own but between the fields
// of one name, and no needle has one.

import { Column } from './column.js'

const pageRows = 1_024

interface Page {
  /** Behind each text stands a line feed. */
  readonly text: string
  /** Where each text begins, and at the end where the next would. */
  readonly starts: Uint32Array
  readonly isThere: Uint8Array
}

export class TextColumn extends Column {
  readonly #pages: Page[] = []
  /** The texts behind the last full page. */
  #tail: (string | undefined)[] = []
  #tailPage: Page | undefined
  #bytes = 0

  get valueBytes(): number {
    return this.#bytes
  }

  /** Undefined for a message that has no such field. */
  add(uids: Uint32Array, texts: readonly (string | undefined)[]): void {
    for (const text of texts) {
      this.#tail.push(text)
      this.#bytes += (text?.length ?? 0) + 6
      if (this.#tail.length < pageRows) continue
      this.#pages.push(pageOf(this.#tail))
      this.#tail = []
    }
    this.#tailPage = undefined
    this.addUids(uids)
  }

  /** A 1 for each row whose text holds the needle; an empty one asks for the field alone. */
  marks(needle: string): Uint8Array {
    const marks = new Uint8Array(this.length)
    for (let page = 0; page * pageRows < this.length; page++)
      markPage(this.#page(page), needle, marks.subarray(page * pageRows))
    return marks
  }

  holds(row: number, needle: string): boolean {
    if (row >= this.length) return false
    const { text, starts, isThere } = this.#page(Math.floor(row / pageRows))
    const at = row % pageRows
    return isThere[at] === 1 && text.slice(starts[at], (starts[at + 1] as number) - 1).includes(needle)
  }

  #page(page: number): Page {
    const full = this.#pages[page]
    if (full !== undefined) return full
    this.#tailPage ??= pageOf(this.#tail)
    return this.#tailPage
  }
}

function pageOf(texts: readonly (string | undefined)[]): Page {
  const starts = new Uint32Array(texts.length + 1)
  const isThere = new Uint8Array(texts.length)
  for (const [i, text] of texts.entries()) {
    starts[i + 1] = (starts[i] as number) + (text?.length ?? 0) + 1
    isThere[i] = text === undefined ? 0 : 1
  }
  return { text: `${texts.map((text) => text ?? '').join('\n')}\n`, starts, isThere }
}

function markPage({ text, starts, isThere }: Page, needle: string, marks: Uint8Array): void {
  if (needle === '') {
    marks.set(isThere)
    return
  }
  let row = 0
  for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, starts[row])) {
    while ((starts[row + 1] as number) <= at) row++
    marks[row++] = 1
  }
}
