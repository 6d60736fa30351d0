// The part tree as a few bytes, to be stored with a message: what FETCH BODY[1.2.MIME] and BINARY[1] need to cut sections out of
// the message without parsing it again. `encodeParts` at append, `decodeParts` at FETCH; section.ts finds sections in it.
//
//   part     = flags header-gap header-length body-length [encoding-name] [count] *part
//   flags    = one byte: kind in bits 0–1, number of the transfer encoding in bits 2–5
//   header-gap: from the end of the part before it, or from the body's start of the parent
//   all other numbers: unsigned LEB128
import type { ParsedMessage } from './parse.js'
import { isMultipart, type Part } from './part.js'

export interface PartOffsets {
  kind: 'leaf' | 'multipart' | 'message'
  headerStart: number
  bodyStart: number
  bodyEnd: number
  /** In upper case, for `decodeTransfer`. */
  encoding: string
  /** The parts of a multipart; the one root part of an attached message. */
  children: readonly PartOffsets[]
}

const kinds = ['leaf', 'multipart', 'message'] as const
const encodings = ['7BIT', '8BIT', 'BINARY', 'BASE64', 'QUOTED-PRINTABLE', 'X-UUENCODE']
const namedEncoding = 15
const encodingCharsMax = 64

export function encodeParts(parsed: ParsedMessage): Uint8Array {
  const out: number[] = []
  writePart(out, parsed.root, 0)
  return Uint8Array.from(out)
}

function writePart(out: number[], part: Part, from: number): void {
  const kind = part.message !== undefined ? 2 : isMultipart(part) ? 1 : 0
  const known = encodings.indexOf(part.encoding)
  out.push(kind | ((known < 0 ? namedEncoding : known) << 2))
  writeNumber(out, part.headerStart - from)
  writeNumber(out, part.bodyStart - part.headerStart)
  writeNumber(out, part.bodyEnd - part.bodyStart)
  if (known < 0) writeName(out, part.encoding)
  if (part.message !== undefined) writePart(out, part.message.root, part.bodyStart)
  if (kind !== 1) return
  writeNumber(out, part.children.length)
  let end = part.bodyStart
  for (const child of part.children) {
    writePart(out, child, end)
    end = child.bodyEnd
  }
}

function writeNumber(out: number[], value: number): void {
  let rest = value
  while (rest > 127) {
    out.push((rest % 128) | 128)
    rest = Math.floor(rest / 128)
  }
  out.push(rest)
}

function writeName(out: number[], name: string): void {
  const length = Math.min(name.length, encodingCharsMax)
  writeNumber(out, length)
  for (let i = 0; i < length; i++) out.push(name.charCodeAt(i) & 127)
}

export function decodeParts(data: Uint8Array): PartOffsets {
  return new PartOffsetsReader(data).part(0)
}

class PartOffsetsReader {
  private readonly data: Uint8Array
  private at = 0

  constructor(data: Uint8Array) {
    this.data = data
  }

  part(from: number): PartOffsets {
    const flags = this.data[this.at++] ?? 0
    const kind = kinds[flags & 3] ?? 'leaf'
    const headerStart = from + this.number()
    const bodyStart = headerStart + this.number()
    const bodyEnd = bodyStart + this.number()
    const encoding = encodings[flags >> 2] ?? this.name()
    const children: PartOffsets[] = []
    if (kind === 'message') children.push(this.part(bodyStart))
    if (kind === 'multipart') {
      const count = this.number()
      for (let end = bodyStart; children.length < count && this.at < this.data.length; end = children.at(-1)!.bodyEnd) {
        children.push(this.part(end))
      }
    }
    return { kind, headerStart, bodyStart, bodyEnd, encoding, children }
  }

  private number(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.data[this.at++] ?? 0
      value += (byte & 127) * scale
      if (byte < 128) return value
      scale *= 128
    }
  }

  private name(): string {
    const length = this.number()
    const start = this.at
    this.at += length
    return String.fromCharCode(...this.data.subarray(start, this.at))
  }
}
