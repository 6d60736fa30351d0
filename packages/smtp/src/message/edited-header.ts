// A header with some of its fields taken out or replaced, and others put on top. What no edit names leaves byte for byte as it came.
import type { Header } from './header.js'

export interface Edit {
  readonly start: number
  readonly end: number
  /** Whole fields with their CRLF, or nothing. */
  readonly text: string
}

export interface Edits {
  readonly onTop: string
  readonly edits: readonly Edit[]
}

export function editedHeader(header: Header, { onTop, edits }: Edits): Buffer {
  const pieces: Buffer[] = [Buffer.from(onTop)]
  let done = 0
  for (const { start, end, text } of edits.toSorted((a, b) => a.start - b.start)) {
    pieces.push(header.bytes.subarray(done, start))
    if (text !== '') pieces.push(Buffer.from(text))
    done = end
  }
  pieces.push(header.bytes.subarray(done))
  return Buffer.concat(pieces)
}
