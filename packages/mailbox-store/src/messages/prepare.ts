// From message bytes to what is stored: everything that FETCH, SORT and THREAD will ask is computed here, once, before
// the mutation is queued, so that the transaction only writes. RFC 8474 (EMAILID, THREADID), RFC 5256 (sort, threads).

import { hash as hashOf } from 'node:crypto'
import { type ByteSource, encodeParts, type ParsedMessage, parseMessage, preview } from '@postern/message'
import { packListing } from './listing-column.js'
import { packFields } from './listings.js'
import { packSort } from './sort-column.js'

/** A message ready for its row. `raw` is all of it, or the header block when the bytes are in a file. */
export interface PreparedMessage {
  readonly size: number
  readonly hash: Uint8Array
  readonly bodyStart: number
  /** ENVELOPE and BODYSTRUCTURE (`listing-column.ts`). */
  readonly listing: Uint8Array
  /** Where the header's fields are (`listings.ts`). */
  readonly fields: Uint8Array
  readonly parts: Uint8Array
  /** Null where it is cut from the bytes at hand when it's asked for: of a plain text that stands in its row. */
  readonly preview: string | null
  readonly thread: string
  readonly sort: string
  /** 53-bit hashes as float64: the own Message-ID's (0 if none), then the references'. */
  readonly refs: Uint8Array
  readonly raw: Uint8Array
  readonly file: boolean
}

export function digest(bytes: Uint8Array): Uint8Array {
  return hashOf('sha256', bytes, 'buffer')
}

/** 53 bits of a Message-ID: enough to tell the messages of an account apart, and a plain number in JavaScript. */
export function messageIdHash(messageId: string): number {
  const bytes = hashOf('sha256', messageId, 'buffer')
  return bytes.readUIntBE(0, 6) * 32 + ((bytes[6] as number) >>> 3)
}

/** A message whose bytes are all at hand. `inline` says whether the row keeps them or a file does. */
export function prepareMessage(bytes: Uint8Array, options: { inline: boolean; hash?: Uint8Array }): PreparedMessage {
  const hash = options.hash ?? digest(bytes)
  return prepared(bytes, options.inline ? { hash, raw: bytes } : { hash })
}

/** One whose bytes are in a file. */
export function prepareFile(file: ByteSource, hash: Uint8Array): PreparedMessage {
  return prepared(file, { hash })
}

function prepared(bytes: ByteSource, { hash, raw }: { hash: Uint8Array; raw?: Uint8Array }): PreparedMessage {
  const parsed = parseMessage(bytes)
  return {
    size: bytes.length,
    hash,
    bodyStart: parsed.bodyStart,
    listing: packListing(parsed),
    fields: packFields(bytes.subarray(0, parsed.bodyStart)),
    parts: encodeParts(parsed),
    preview: raw !== undefined && isPlainText(parsed) ? null : preview(bytes, parsed),
    thread: threadId(parsed, hash),
    sort: packSort(parsed.sort),
    refs: refsColumn(parsed),
    raw: raw ?? bytes.subarray(0, parsed.bodyStart).slice(),
    file: raw === undefined,
  }
}

/** Its preview takes microseconds to make and would take a twentieth of the room of a small message. */
function isPlainText({ root }: ParsedMessage): boolean {
  return root.type === 'TEXT' && root.subtype === 'PLAIN' && root.encoding !== 'BASE64'
}

export function previewOf(raw: Uint8Array): string {
  return preview(raw, parseMessage(raw))
}

/**
 * THREADID is a function of the message alone: of the thread's first Message-ID, which every reply carries at the head
 * of its References. Two mailboxes, two processes and a restored backup so agree on it without asking.
 */
function threadId(parsed: ParsedMessage, hash: Uint8Array): string {
  const root = parsed.references[0] ?? parsed.messageId
  const bytes = root === undefined ? hash : hashOf('sha256', root, 'buffer')
  return objectId('T', bytes)
}

/** RFC 8474 §4: 1 to 255 of `[A-Za-z0-9_-]`. 12 bytes are 16 characters of base64url. */
export function objectId(prefix: 'M' | 'T' | 'F', bytes: Uint8Array): string {
  return prefix + Buffer.from(bytes.buffer, bytes.byteOffset, 12).toString('base64url')
}

/** EMAILID is a function of the bytes alone. */
export const emailIdOf = (hash: Uint8Array): string => objectId('M', hash)

function refsColumn({ messageId, references }: ParsedMessage): Uint8Array {
  const refs = new Float64Array(1 + references.length)
  refs[0] = messageId === undefined ? 0 : messageIdHash(messageId)
  for (let i = 0; i < references.length; i++) refs[i + 1] = messageIdHash(references[i] as string)
  return new Uint8Array(refs.buffer)
}
