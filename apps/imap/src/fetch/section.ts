// A part of a message as it came: BODY[…], and RFC822 with its kin. RFC 9051 §6.4.5; the offsets of the parts and of the header's
// fields were found when the message arrived.

import { type Section, type SectionPartial, writeSection } from '@postern/imap-wire'
import type { Content } from '@postern/mailbox-store'
import { decodeParts, FieldPick, headerFields, type PartOffsets, resolveSection } from '@postern/message'
import type { Out } from '../out.js'
import type { FetchedMessage } from './fetched-message.js'
import { bytesOf, type FetchItem, type Needs, type WriteValue } from './item.js'

export interface WantedSection {
  /** RFC822 and its kin; BODY with its section otherwise. */
  readonly name?: string
  readonly section: Section
  readonly partial?: SectionPartial | undefined
  readonly peek?: boolean
}

const inOnePieceMax = 65_536

export function sectionItem(wanted: WantedSection, form: { utf8: boolean }): FetchItem {
  const { section, partial } = wanted
  const name = bytesOf((w) => {
    w.sp()
    if (wanted.name !== undefined) w.raw(wanted.name)
    else writeSection(w.raw('BODY'), section)
    if (partial !== undefined) w.raw('<').number(partial.origin).raw('>')
    w.sp()
  }, form)
  // RFC822.HEADER is the one that has neither PEEK nor an effect.
  const seen = wanted.name === undefined ? wanted.peek !== true : section.kind !== 'header'
  const seenNeeds: Needs = seen ? { seen } : {}
  if (section.part.length > 0)
    return { name, needs: { ...seenNeeds, parts: true, bytes: true }, write: partWriter(wanted) }
  switch (section.kind) {
    case 'whole':
      return { name, needs: { ...seenNeeds, bytes: true }, write: partWriter(wanted) }
    case 'header':
      return {
        ...{ name, needs: { ...seenNeeds, header: true } },
        write: ({ listings }, out) => void out.literal(cut(listings?.header ?? nothing, partial)),
      }
    case 'fields':
    case 'fieldsNot':
      return { name, needs: { ...seenNeeds, header: true }, write: fieldsWriter(section, partial) }
    default:
      return { name, needs: { ...seenNeeds, parts: true, bytes: true }, write: partWriter(wanted) }
  }
}

const nothing = new Uint8Array(0)

/** Fields of the message's own header: a few copies. */
function fieldsWriter(
  section: Extract<Section, { names: readonly string[] }>,
  partial: SectionPartial | undefined,
): WriteValue {
  const pick = new FieldPick(section.names, section.kind === 'fieldsNot')
  return ({ listings }, out) => {
    if (listings === undefined) return
    const size = listings.pick(pick)
    if (partial === undefined) {
      out.literalHead(size)
      pick.write(out)
      return
    }
    out.literal(
      cut(
        bytesOf((w) => pick.write(w)),
        partial,
      ),
    )
  }
}

function partWriter({ section, partial }: WantedSection): WriteValue {
  return (message, out) => {
    const { content } = message
    const range = rangeOf(message, section)
    if (content === undefined || range === undefined) {
      out.nil()
      return
    }
    if (section.kind === 'fields' || section.kind === 'fieldsNot') {
      const write = (header: Uint8Array): void =>
        void out.literal(cut(headerFields(header, section.names, section.kind === 'fieldsNot'), partial))
      return content.held === undefined
        ? content.bytes(range).then(write)
        : write(content.held.subarray(range.start, range.end))
    }
    return writeRange(out, content, clip(range, partial))
  }
}

interface Range {
  readonly start: number
  readonly end: number
}

function writeRange(out: Out, content: Content, { start, end }: Range): Promise<void> | undefined {
  out.literalHead(Math.max(0, end - start))
  if (end <= start) return undefined
  if (content.held === undefined) return writeFromFile(out, content, { start, end })
  out.part(content.held, start, end)
  return undefined
}

/** Large ones go out as they're read: a slow client holds one piece in memory, not the message. */
async function writeFromFile(out: Out, content: Content, range: Range): Promise<void> {
  if (range.end - range.start <= inOnePieceMax) {
    out.bytes(await content.bytes(range))
    return
  }
  for await (const piece of content.stream(range)) {
    out.bytes(piece)
    await out.breathe()
  }
}

function clip({ start, end }: Range, partial: SectionPartial | undefined): Range {
  if (partial === undefined) return { start, end }
  const from = Math.min(end, start + partial.origin)
  return { start: from, end: Math.min(end, from + partial.bytes) }
}

export const cut = (bytes: Uint8Array, partial: SectionPartial | undefined): Uint8Array =>
  partial === undefined ? bytes : bytes.subarray(partial.origin, partial.origin + partial.bytes)

export function partsOf({ row }: FetchedMessage): PartOffsets | undefined {
  return row === undefined ? undefined : decodeParts(row.parts)
}

function rangeOf(message: FetchedMessage, { kind, part }: Section): Range | undefined {
  if (kind === 'whole' && part.length === 0) return { start: 0, end: message.size }
  const parts = partsOf(message)
  if (parts === undefined) return undefined
  if (kind === 'whole') return resolveSection(parts, part)
  return resolveSection(parts, part, kind === 'mime' ? 'MIME' : kind === 'text' ? 'TEXT' : 'HEADER')
}
