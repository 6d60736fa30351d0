// IMAP section numbers to byte ranges. RFC 9051 §6.4.5.1:
//
//   section-spec    = section-msgtext / (section-part ["." section-text])
//   section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] … / "TEXT"
//   section-part    = nz-number *("." nz-number)
//   section-text    = section-msgtext / "MIME"
//
// "Every message has at least one part number": part 1 of a message that isn't a multipart is its body. HEADER and TEXT behind a
// number need an attached message; HEADER.FIELDS is HEADER here, and header-fields.ts picks from it.
import type { PartOffsets } from './part-offsets.js'

export interface ByteRange {
  start: number
  end: number
}

/** The range of a section, or undefined where the message has no such section. */
export function resolveSection(
  parts: PartOffsets,
  path: readonly number[],
  text?: 'HEADER' | 'TEXT' | 'MIME',
): ByteRange | undefined {
  if (path.length === 0) {
    if (text === undefined) return { start: parts.headerStart, end: parts.bodyEnd }
    return text === 'MIME' ? undefined : messageText(parts, text)
  }
  const part = findPart(parts, path)
  if (part === undefined) return undefined
  if (text === undefined) return { start: part.bodyStart, end: part.bodyEnd }
  if (text === 'MIME') return { start: part.headerStart, end: part.bodyStart }
  return part.kind === 'message' ? messageText(part.children[0]!, text) : undefined
}

/** The part with a number, for BINARY: its encoding, and whether it's a leaf. */
export function findPart(parts: PartOffsets, path: readonly number[]): PartOffsets | undefined {
  let part: PartOffsets | undefined = parts
  let isMessage = true // `part` is the root of a message, and not yet a part of it
  for (const number of path) {
    if (!isMessage && part.kind === 'message') {
      part = part.children[0]!
      isMessage = true
    }
    if (part.kind === 'multipart') part = part.children[number - 1]
    else if (!isMessage || number !== 1) return undefined
    if (part === undefined) return undefined
    isMessage = false
  }
  return part
}

function messageText(root: PartOffsets, text: 'HEADER' | 'TEXT'): ByteRange {
  return text === 'HEADER'
    ? { start: root.headerStart, end: root.bodyStart }
    : { start: root.bodyStart, end: root.bodyEnd }
}
