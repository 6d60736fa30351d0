// A part of a message as it came: BODY[…], and RFC822 with its kin. RFC 9051 §6.4.5; the offsets of the parts were found when
// the message arrived.

import { type Section, type SectionPartial, writeSection } from '@postern/imap-wire'
import type { RowWants } from '@postern/mailbox-store'
import { decodeParts, headerFields, type PartOffsets, resolveSection } from '@postern/message'
import type { Out } from '../out.js'
import type { FetchedMessage } from './fetched-message.js'

export interface SectionItem {
  /** RFC822 and its kin; BODY with its section otherwise. */
  readonly name?: string
  readonly section: Section
  readonly partial?: SectionPartial | undefined
}

const inOnePieceMax = 65_536

/** The message's own header, or fields of it: the row has it. */
export const isHeader = ({ kind, part }: Section): boolean =>
  part.length === 0 && (kind === 'header' || kind === 'fields' || kind === 'fieldsNot')

export function sectionNeeds(section: Section): RowWants & { readonly bytes?: boolean } {
  if (isHeader(section)) return { header: true }
  const isAll = section.kind === 'whole' && section.part.length === 0
  return isAll ? { bytes: true } : { parts: true, bytes: true }
}

export function writeHeaderItem(out: Out, fetched: FetchedMessage, item: SectionItem): void {
  writeName(out, item)
  const { section, partial } = item
  const header = fetched.row?.header ?? nothing
  const isPicked = section.kind === 'fields' || section.kind === 'fieldsNot'
  out.literal(cut(isPicked ? headerFields(header, section.names, section.kind === 'fieldsNot') : header, partial))
}

const nothing = new Uint8Array(0)

function writeName(out: Out, { name, section, partial }: SectionItem): void {
  if (name === undefined) {
    writeSection(out.raw('BODY'), section)
    if (partial !== undefined) out.raw('<').number(partial.origin).raw('>')
  } else out.raw(name)
  out.sp()
}

export async function writeSectionItem(out: Out, fetched: FetchedMessage, item: SectionItem): Promise<void> {
  writeName(out, item)
  const { section, partial } = item
  const { content } = fetched
  const range = rangeOf(fetched, section)
  if (content === undefined || range === undefined) {
    out.nil()
    return
  }
  if (section.kind === 'fields' || section.kind === 'fieldsNot') {
    const header = await content.bytes(range)
    out.literal(cut(headerFields(header, section.names, section.kind === 'fieldsNot'), partial))
    return
  }
  await writeRange(out, fetched, clip(range, partial))
}

interface Range {
  readonly start: number
  readonly end: number
}

/** Large ones go out as they're read: a slow client holds one piece in memory, not the message. */
async function writeRange(out: Out, { content }: FetchedMessage, range: Range): Promise<void> {
  const size = Math.max(0, range.end - range.start)
  out.literalHead(size)
  if (size === 0 || content === undefined) return
  if (size <= inOnePieceMax) {
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

function rangeOf(fetched: FetchedMessage, { kind, part }: Section): Range | undefined {
  if (kind === 'whole' && part.length === 0) return { start: 0, end: fetched.size }
  const parts = partsOf(fetched)
  if (parts === undefined) return undefined
  if (kind === 'whole') return resolveSection(parts, part)
  return resolveSection(parts, part, kind === 'mime' ? 'MIME' : kind === 'text' ? 'TEXT' : 'HEADER')
}
