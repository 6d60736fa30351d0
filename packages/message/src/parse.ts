// `parseMessage`: everything that's stored with a message when it arrives, from one pass over its bytes. Called on the append path
// for each message; what it answers is sent to clients as it is. Never throws on any bytes.
import { bodyStructure } from './body-structure.js'
import { type ByteSource, ByteWindow } from './byte-window.js'
import { type Charsets, iconvCharsets } from './charsets.js'
import { type EnvelopeAddresses, envelope, envelopeAddresses } from './envelope.js'
import type { Header } from './header.js'
import type { Form } from './imap-string.js'
import { defaultLimits, type ParseLimits } from './limits.js'
import { firstMessageId, threadReferences } from './message-id.js'
import type { Part } from './part.js'
import { parsePartTree } from './part-tree.js'
import { type SortKeys, sortKeys } from './sort-keys.js'

export interface ParseOptions {
  charsets?: Charsets
  limits?: Partial<ParseLimits>
  /** Of a source that isn't in memory, so much is read at a time. */
  pieceBytes?: number
}

const pieceBytes = 262_144

export interface ParsedMessage {
  size: number
  /** The header block is [0, bodyStart), its blank line included. */
  bodyStart: number
  root: Part
  /** For everybody: ASCII only. */
  envelope: string
  bodyStructure: string
  /** For sessions that enabled UTF8=ACCEPT or IMAP4rev2, where it differs; to be sent as UTF-8. */
  envelopeUtf8: string | undefined
  bodyStructureUtf8: string | undefined
  /** `<...>`, normalised as RFC 5256 §3 compares them. */
  messageId: string | undefined
  references: readonly string[]
  sort: SortKeys
  limits: ParseLimits
}

export function parseMessage(bytes: ByteSource, options: ParseOptions = {}): ParsedMessage {
  const charsets = options.charsets ?? iconvCharsets
  const limits = options.limits === undefined ? defaultLimits : { ...defaultLimits, ...options.limits }
  const { root, header, beyondAscii } = parsePartTree(
    new ByteWindow(bytes, options.pieceBytes ?? pieceBytes),
    charsets,
    limits,
  )
  const addresses = envelopeAddresses(header, limits.addressesMax)
  const plain = answers('7bit', { root, header, addresses, limits })
  const utf8 = beyondAscii ? answers('utf8', { root, header, addresses, limits }) : plain
  return {
    size: bytes.length,
    bodyStart: root.bodyStart,
    root,
    envelope: plain.envelope,
    bodyStructure: plain.structure,
    envelopeUtf8: utf8.envelope === plain.envelope ? undefined : utf8.envelope,
    bodyStructureUtf8: utf8.structure === plain.structure ? undefined : utf8.structure,
    messageId: firstMessageId(header.messageId),
    references: threadReferences(header.references, header.inReplyTo),
    sort: sortKeys(header, addresses, charsets),
    limits,
  }
}

interface Sources {
  root: Part
  header: Header
  addresses: EnvelopeAddresses
  limits: ParseLimits
}

function answers(form: Form, { root, header, addresses, limits }: Sources): { envelope: string; structure: string } {
  return {
    envelope: envelope(header, addresses, form),
    structure: bodyStructure(root, { form, extended: true, addressesMax: limits.addressesMax }),
  }
}

/** BODY: the structure without extension data. */
export function bodyOf(parsed: ParsedMessage, form: Form = '7bit'): string {
  return bodyStructure(parsed.root, { form, extended: false, addressesMax: parsed.limits.addressesMax })
}
