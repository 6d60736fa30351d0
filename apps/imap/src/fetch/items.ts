// The base's FETCH items, each as it is written. RFC 9051 §6.4.5 and §7.5.2; RFC822 and its kin from RFC 3501.

import { ImapError, type Section, type SectionPart, type SectionPartial, writeSection } from '@postern/imap-wire'
import type { RowWants } from '@postern/mailbox-store'
import {
  bodyOf,
  decodeParts,
  decodeTransfer,
  findPart,
  headerFields,
  type PartOffsets,
  parseMessage,
  resolveSection,
} from '@postern/message'
import type { Out } from '../out.js'
import type { Wanted } from '../registry.js'
import type { FetchedMessage } from './fetched-message.js'

export interface Needs extends RowWants {
  readonly bytes?: boolean
  readonly seen?: boolean
}

/** What must be read of a message for an item, and whether it sets \Seen. */
export function needsOf(wanted: Wanted): Needs {
  switch (wanted.kind) {
    case 'envelope':
      return { envelope: true }
    case 'bodyStructure':
      return { structure: true }
    case 'body':
      return { bytes: true }
    case 'section':
      return { parts: true, bytes: true, seen: !wanted.peek }
    case 'binary':
      return { parts: true, bytes: true, seen: !wanted.peek }
    case 'binarySize':
      return { parts: true, bytes: true }
    case 'rfc822':
    case 'rfc822Text':
      return { parts: true, bytes: true, seen: true }
    case 'rfc822Header':
      return { parts: true, bytes: true }
    case 'item':
      return wanted.item.needs ?? {}
    default:
      return {}
  }
}

export async function writeItem(out: Out, wanted: Wanted, fetched: FetchedMessage): Promise<void> {
  const { session, row } = fetched
  switch (wanted.kind) {
    case 'uid':
      out.raw('UID ').number(fetched.uid)
      return
    case 'flags': {
      const { system, keywords } = session.mailbox.view.open.flagsOf(fetched.flags)
      out.raw('FLAGS ').flags(system, keywords)
      return
    }
    case 'internalDate':
      out.raw('INTERNALDATE ').dateTime(fetched.internalDate)
      return
    case 'size':
      out.raw('RFC822.SIZE ').number(fetched.size)
      return
    case 'envelope':
      out.raw('ENVELOPE ').raw((session.utf8 ? row?.utf8?.[0] : undefined) ?? row?.envelope ?? 'NIL')
      return
    case 'bodyStructure':
      out.raw('BODYSTRUCTURE ').raw((session.utf8 ? row?.utf8?.[1] : undefined) ?? row?.bodyStructure ?? 'NIL')
      return
    case 'body':
      out
        .raw('BODY ')
        .raw(
          bodyOf(parseMessage((await fetched.content?.bytes()) ?? new Uint8Array(0)), session.utf8 ? 'utf8' : '7bit'),
        )
      return
    case 'rfc822':
      return writeSectionItem(out, fetched, { name: 'RFC822', section: { kind: 'whole', part: [] } })
    case 'rfc822Header':
      return writeSectionItem(out, fetched, { name: 'RFC822.HEADER', section: { kind: 'header', part: [] } })
    case 'rfc822Text':
      return writeSectionItem(out, fetched, { name: 'RFC822.TEXT', section: { kind: 'text', part: [] } })
    case 'section':
      return writeSectionItem(out, fetched, wanted)
    case 'binary':
      return writeBinary(out, fetched, wanted)
    case 'binarySize':
      out
        .raw('BINARY.SIZE[')
        .raw(wanted.part.join('.'))
        .raw('] ')
        .number((await decodedPart(fetched, wanted.part))?.length ?? 0)
      return
    case 'item':
      wanted.item.write(fetched, out, wanted.argument)
  }
}

interface SectionItem {
  readonly name?: string
  readonly section: Section
  readonly partial?: SectionPartial | undefined
}

async function writeSectionItem(
  out: Out,
  fetched: FetchedMessage,
  { name, section, partial }: SectionItem,
): Promise<void> {
  if (name === undefined) {
    out.raw('BODY')
    writeSection(out, section)
    if (partial !== undefined) out.raw('<').number(partial.origin).raw('>')
  } else out.raw(name)
  out.sp()
  const { content } = fetched
  const range = rangeOf(fetched, section)
  if (content === undefined || range === undefined) {
    out.nil()
    return
  }
  if (section.kind === 'fields' || section.kind === 'fieldsNot') {
    const header = await content.bytes(range)
    const fields = headerFields(header, section.names, section.kind === 'fieldsNot')
    out.literal(cut(fields, partial))
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

const cut = (bytes: Uint8Array, partial: SectionPartial | undefined): Uint8Array =>
  partial === undefined ? bytes : bytes.subarray(partial.origin, partial.origin + partial.bytes)

function partsOf({ row }: FetchedMessage): PartOffsets | undefined {
  return row === undefined ? undefined : decodeParts(row.parts)
}

function rangeOf(fetched: FetchedMessage, { kind, part }: Section): Range | undefined {
  if (kind === 'whole' && part.length === 0) return { start: 0, end: fetched.size }
  const parts = partsOf(fetched)
  if (parts === undefined) return undefined
  if (kind === 'whole') return resolveSection(parts, part)
  return resolveSection(parts, part, kind === 'mime' ? 'MIME' : kind === 'text' ? 'TEXT' : 'HEADER')
}

/** RFC 3516 §4.3: the part's body, decoded. */
async function decodedPart(fetched: FetchedMessage, part: SectionPart): Promise<Uint8Array | undefined> {
  const parts = partsOf(fetched)
  if (fetched.content === undefined || parts === undefined) return undefined
  if (part.length === 0) return fetched.content.bytes()
  const found = findPart(parts, part)
  if (found === undefined) return undefined
  const bytes = await fetched.content.bytes({ start: found.bodyStart, end: found.bodyEnd })
  const decoded = found.kind === 'leaf' ? decodeTransfer(bytes, found.encoding) : bytes
  if (decoded === undefined) throw new ImapError('NO', 'The encoding of that part is unknown', { code: 'UNKNOWN-CTE' })
  return decoded
}

interface BinaryItem {
  readonly part: SectionPart
  readonly partial: SectionPartial | undefined
}

async function writeBinary(out: Out, fetched: FetchedMessage, { part, partial }: BinaryItem): Promise<void> {
  const decoded = await decodedPart(fetched, part)
  out.raw('BINARY[').raw(part.join('.')).raw(']')
  if (partial !== undefined) out.raw('<').number(partial.origin).raw('>')
  out.sp()
  if (decoded === undefined) {
    out.nil()
    return
  }
  const bytes = cut(decoded, partial)
  if (bytes.includes(0)) out.literal8(bytes)
  else out.literal(bytes)
}
