// Which part of a message a FETCH item speaks of, read and written. RFC 9051 §6.4.5 and §9, RFC 3516 §7.
//
//   section         = "[" [section-spec] "]"
//   section-spec    = section-msgtext / (section-part ["." section-text])
//   section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"
//   section-text    = section-msgtext / "MIME"
//   section-part    = nz-number *("." nz-number)
import type { Parser } from './parser.js'
import type { Writer } from './writer.js'

/** From the message inwards; none is the message itself. */
export type SectionPart = readonly number[]

export type Section =
  | { readonly kind: 'whole' | 'header' | 'text' | 'mime'; readonly part: SectionPart }
  | { readonly kind: 'fields' | 'fieldsNot'; readonly part: SectionPart; readonly names: readonly string[] }

/** `<origin.bytes>` of a request. */
export interface SectionPartial {
  readonly origin: number
  readonly bytes: number
}

export function section(p: Parser): Section {
  p.take('[')
  const { part, isOpen } = sectionPart(p)
  const spec: Section = isOpen || (part.length === 0 && !p.isAt(']')) ? sectionText(p, part) : { kind: 'whole', part }
  p.take(']')
  return spec
}

// section-binary = "[" [section-part] "]"
export function sectionBinary(p: Parser): SectionPart {
  p.take('[')
  const { part, isOpen } = sectionPart(p)
  if (isOpen) p.fail('Part number')
  p.take(']')
  return part
}

/** `isOpen`: a dot follows the last number, and then no other one. */
function sectionPart(p: Parser): { part: number[]; isOpen: boolean } {
  const part: number[] = []
  while (p.isAtDigit()) {
    if (part.length === p.limits.depthMax) p.refuse('Too deeply nested')
    part.push(p.nzNumber())
    if (!p.tryTake('.')) return { part, isOpen: false }
  }
  return { part, isOpen: part.length > 0 }
}

function sectionText(p: Parser, part: SectionPart): Section {
  const name = p.label()
  switch (name) {
    case 'HEADER':
      return { kind: 'header', part }
    case 'TEXT':
      return { kind: 'text', part }
    case 'MIME':
      return part.length > 0 ? { kind: 'mime', part } : p.refuse('MIME needs a part number')
    case 'HEADER.FIELDS':
    case 'HEADER.FIELDS.NOT':
      return { kind: name === 'HEADER.FIELDS' ? 'fields' : 'fieldsNot', part, names: headerList(p) }
    default:
      return p.refuse(`Unknown section ${name}`)
  }
}

// header-list = "(" header-fld-name *(SP header-fld-name) ")"
// header-fld-name = astring
function headerList(p: Parser): string[] {
  p.sp()
  return p.list(() => p.astring())
}

// partial = "<" number64 "." nz-number64 ">"
export function partial(p: Parser): SectionPartial | undefined {
  if (!p.tryTake('<')) return undefined
  const origin = p.number64()
  p.take('.')
  const bytes = p.nzNumber64()
  p.take('>')
  return { origin, bytes }
}

const textNames = {
  header: 'HEADER',
  text: 'TEXT',
  mime: 'MIME',
  fields: 'HEADER.FIELDS',
  fieldsNot: 'HEADER.FIELDS.NOT',
}

/** As the answer repeats it: `[1.HEADER.FIELDS (From To)]`. */
export function writeSection(w: Writer, { part, ...spec }: Section): void {
  w.raw('[').raw(part.join('.'))
  if (spec.kind !== 'whole') {
    if (part.length > 0) w.raw('.')
    w.raw(textNames[spec.kind])
    if ('names' in spec) w.sp().list(spec.names, (name) => w.astring(name))
  }
  w.raw(']')
}
