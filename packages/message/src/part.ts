// The tree that a message is: what the one pass over the bytes (part-tree.ts) finds, and what everything else reads. Offsets are
// into the message's bytes and always lie inside of the parent's body. RFC 2045, RFC 2046.
import type { Disposition } from './content-type.js'
import type { Header } from './header.js'
import type { Parameter } from './parameters.js'

export interface Part {
  /** The whole part is [headerStart, bodyEnd); its MIME header, blank line included, ends at bodyStart. */
  headerStart: number
  bodyStart: number
  /** The line end before a boundary belongs to the boundary, not to the part (RFC 2046 §5.1.1). */
  bodyEnd: number
  /** Media type in upper case. */
  type: string
  subtype: string
  /** Names in upper case, values decoded (RFC 2231). */
  params: readonly Parameter[]
  /** In upper case; 7BIT if not stated. */
  encoding: string
  id: string | undefined
  description: string | undefined
  md5: string | undefined
  disposition: Disposition | undefined
  language: readonly string[] | undefined
  location: string | undefined
  /** Lines of the body as sent, an unfinished last line counted; meant for text and for attached messages. */
  lines: number
  /** Of a multipart: at least one. */
  children: readonly Part[]
  /** Of a message/rfc822 or message/global that isn't transfer encoded. */
  message: NestedMessage | undefined
}

export interface NestedMessage {
  root: Part
  header: Header
}

export function isMultipart(part: Part): boolean {
  return part.children.length > 0
}

export function isText(part: Part): boolean {
  return part.type === 'TEXT'
}
