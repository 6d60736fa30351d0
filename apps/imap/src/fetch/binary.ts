// BINARY: a part's body without its transfer encoding. RFC 3516, RFC 9051 §6.4.5. It's decoded before the answer's line begins,
// since a part that can't be decoded is a tagged NO and no half a line.

import { ImapError, type SectionPart, type SectionPartial } from '@postern/imap-wire'
import { decodeTransfer, findPart } from '@postern/message'
import type { Out } from '../out.js'
import type { Wanted } from '../registry.js'
import type { FetchedMessage } from './fetched-message.js'
import { cut, partsOf } from './section.js'

/** What the items of a FETCH need decoded of this message, by the part's number. */
export async function decodeWanted(fetched: FetchedMessage, wanted: readonly Wanted[]): Promise<void> {
  for (const one of wanted)
    if (one.kind === 'binary' || one.kind === 'binarySize') {
      const name = one.part.join('.')
      if (!fetched.decoded.has(name)) fetched.decoded.set(name, await decodedPart(fetched, one.part))
    }
}

/** Undefined where there is no such part. */
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

export function writeBinary(out: Out, { decoded }: FetchedMessage, { part, partial }: BinaryItem): void {
  out.raw('BINARY[').raw(part.join('.')).raw(']')
  if (partial !== undefined) out.raw('<').number(partial.origin).raw('>')
  out.sp()
  const whole = decoded.get(part.join('.'))
  if (whole === undefined) {
    out.nil()
    return
  }
  const bytes = cut(whole, partial)
  if (bytes.includes(0)) out.literal8(bytes)
  else out.literal(bytes)
}

export function writeBinarySize(out: Out, { decoded }: FetchedMessage, part: SectionPart): void {
  const name = part.join('.')
  out.raw('BINARY.SIZE[').raw(name).raw('] ')
  out.number(decoded.get(name)?.length ?? 0)
}
