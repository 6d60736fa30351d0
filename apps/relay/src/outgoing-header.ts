// What the relay looks at in a message's header: where it goes wrong in circles (Received), who it's from (DKIM), whether it may go in
// clear (TLS-Required), and what a notification says of it. The block is read once for each parcel; the message itself stays where it is.

import { domainToASCII } from 'node:url'
import type { Content } from '@postern/mailbox-store'
import { addressList } from '@postern/message'
import { headerBytesMax } from './relay-limits.js'

/** A field as it stands in the message, one character a byte, with its line ends. */
export interface HeaderField {
  /** In lower case. */
  readonly name: string
  readonly raw: string
}

export interface OutgoingHeader {
  /** With its last line end, without the blank line. */
  readonly bytes: Uint8Array
  readonly fields: readonly HeaderField[]
  /** Where the body begins. Undefined where the block is longer than the limit. */
  readonly bodyStart: number | undefined
}

const firstReadBytes = 16_384

/** A block that is longer than the limit is cut there. */
export async function readHeader(content: Content): Promise<OutgoingHeader> {
  for (let size = firstReadBytes; ; size *= 4) {
    const start = Buffer.from(await content.bytes({ start: 0, end: Math.min(size, headerBytesMax) }))
    const end = headerEnd(start)
    if (end === undefined && start.length === size && size < headerBytesMax) continue
    const bytes = start.subarray(0, end ?? start.length)
    const isWhole = end !== undefined || start.length === content.size
    const bodyStart = isWhole ? Math.min(bytes.length + 2, content.size) : undefined
    return { bytes, fields: fieldsOf(bytes.toString('latin1')), bodyStart }
  }
}

/** Behind the last field's line end. */
function headerEnd(bytes: Buffer): number | undefined {
  if (bytes[0] === 0x0d && bytes[1] === 0x0a) return 0
  const blank = bytes.indexOf('\r\n\r\n', 0, 'latin1')
  return blank < 0 ? undefined : blank + 2
}

/** A line that begins with white space goes on with the field above it (RFC 5322 §2.2.3). */
function fieldsOf(text: string): HeaderField[] {
  return text
    .split(/(?<=\n)(?![ \t])/)
    .map((raw) => ({
      name: raw
        .slice(0, Math.max(0, raw.indexOf(':')))
        .trimEnd()
        .toLowerCase(),
      raw,
    }))
    .filter(({ name }) => /^[!-9;-~]+$/.test(name))
}

/** Unfolded, as UTF-8. Undefined when there's no such field. */
export function fieldValue({ fields }: OutgoingHeader, name: string): string | undefined {
  const field = fields.find((each) => each.name === name)
  if (field === undefined) return undefined
  const unfolded = field.raw.slice(field.raw.indexOf(':') + 1).replace(/\r?\n/g, '')
  return Buffer.from(unfolded, 'latin1').toString('utf8').trim()
}

/** RFC 5321 §6.3. */
export const hopsOf = ({ fields }: OutgoingHeader): number => fields.filter(({ name }) => name === 'received').length

/** RFC 8689 §3: rather in clear than not at all. */
export const saysTlsOptional = (header: OutgoingHeader): boolean =>
  fieldValue(header, 'tls-required')?.toLowerCase() === 'no'

/** Of the first address in From, as DNS has it: what DMARC compares (RFC 7489 §3.1). */
export function fromDomain(header: OutgoingHeader): string | undefined {
  const from = addressList(fieldValue(header, 'from') ?? '', 100).find(({ mailbox, host }) => mailbox && host)
  return from?.host === undefined ? undefined : domainToASCII(from.host)
}
