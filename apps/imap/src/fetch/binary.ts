// BINARY: a part's body without its transfer encoding. RFC 3516, RFC 9051 §6.4.5. It's decoded before the answer's line begins,
// since a part that can't be decoded is a tagged NO and no half a line.

import { ImapError, type SectionPart, type SectionPartial } from '@postern/imap-wire'
import { decodeTransfer, findPart } from '@postern/message'
import type { FetchedMessage } from './fetched-message.js'
import { bytesOf, type FetchItem } from './item.js'
import { cut, partsOf } from './section.js'

export interface WantedBinary {
  readonly part: SectionPart
  readonly partial: SectionPartial | undefined
  readonly peek: boolean
}

export function binaryItem({ part, partial, peek }: WantedBinary): FetchItem {
  const place = part.join('.')
  return {
    needs: { parts: true, bytes: true, ...(!peek && { seen: true }) },
    name: bytesOf((w) => {
      w.raw(' BINARY[').raw(place).raw(']')
      if (partial !== undefined) w.raw('<').number(partial.origin).raw('>')
      w.sp()
    }),
    prepare: (message) => decode(message, part),
    write({ decoded }, out) {
      const whole = decoded.get(place)
      if (whole === undefined) {
        out.nil()
        return
      }
      const bytes = cut(whole, partial)
      if (bytes.includes(0)) out.literal8(bytes)
      else out.literal(bytes)
    },
  }
}

export function binarySizeItem(part: SectionPart): FetchItem {
  const place = part.join('.')
  return {
    needs: { parts: true, bytes: true },
    name: bytesOf((w) => w.raw(' BINARY.SIZE[').raw(place).raw('] ')),
    prepare: (message) => decode(message, part),
    write: ({ decoded }, out) => void out.number(decoded.get(place)?.length ?? 0),
  }
}

async function decode(message: FetchedMessage, part: SectionPart): Promise<void> {
  const place = part.join('.')
  if (!message.decoded.has(place))
    message.decoded = new Map([...message.decoded, [place, await decodedPart(message, part)]])
}

/** Undefined where there is no such part. */
async function decodedPart(message: FetchedMessage, part: SectionPart): Promise<Uint8Array | undefined> {
  const parts = partsOf(message)
  if (message.content === undefined || parts === undefined) return undefined
  if (part.length === 0) return message.content.bytes()
  const found = findPart(parts, part)
  if (found === undefined) return undefined
  const bytes = await message.content.bytes({ start: found.bodyStart, end: found.bodyEnd })
  const decoded = found.kind === 'leaf' ? decodeTransfer(bytes, found.encoding) : bytes
  if (decoded === undefined) throw new ImapError('NO', 'The encoding of that part is unknown', { code: 'UNKNOWN-CTE' })
  return decoded
}
