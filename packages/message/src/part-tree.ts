// The one pass over a message's bytes: from the delimiter lines and header blocks that the scanner stops at, the tree of parts.
// RFC 2046 §5.1; what's broken gets the structure nearest to what the sender meant:
//   an unterminated multipart ends where its parent's next delimiter stands, or with the message;
//   a multipart in which no delimiter was found shows its body as one text part (an empty one, if there's nothing in it);
//   what's beyond the limits of depth and number is a leaf.
import type { ByteWindow } from './byte-window.js'
import type { Charsets } from './charsets.js'
import {
  attachedMessage,
  type ContentType,
  contentType,
  disposition,
  languages,
  location,
  opaque,
  plainText,
  transferEncoding,
} from './content-type.js'
import { DelimiterScanner } from './delimiter-scanner.js'
import { type Header, readHeader } from './header.js'
import { unfold } from './header-lines.js'
import type { ParseLimits } from './limits.js'
import { parameterBytes, parameterOf } from './parameters.js'
import type { Part } from './part.js'
import { isIdentity } from './transfer.js'

export interface PartTree {
  root: Part
  header: Header
  /** Whether the UTF-8 form of the answers can differ: something beyond ASCII, RFC 2231, or a message/global. */
  beyondAscii: boolean
}

export function parsePartTree(window: ByteWindow, charsets: Charsets, limits: ParseLimits): PartTree {
  const reader = new PartReader(window, charsets, limits)
  const { part, header } = reader.entity(plainText, 0)
  return { root: part, header, beyondAscii: reader.beyondAscii }
}

interface Entity {
  part: Part
  header: Header
}

const noChildren: readonly Part[] = []

class PartReader {
  private readonly charsets: Charsets
  private readonly limits: ParseLimits
  beyondAscii = false
  private parts = 0
  private messageDepth = 0
  private readonly scanner: DelimiterScanner

  constructor(window: ByteWindow, charsets: Charsets, limits: ParseLimits) {
    this.charsets = charsets
    this.limits = limits
    this.scanner = new DelimiterScanner(window, limits)
  }

  /** entity = MIME-part-headers [CRLF body] */
  entity(fallback: ContentType, depth: number): Entity {
    const { scanner } = this
    const lastOne = ++this.parts >= this.limits.partsMax
    if (lastOne) scanner.ignoreDelimiters()
    const headerStart = scanner.at
    const bodyStart = scanner.header()
    const header = this.headerOf(scanner.headerBytes)
    const part = this.partOf(header, fallback, headerStart, bodyStart)
    const lineFeeds = scanner.lineFeeds
    const leaf = lastOne || depth >= this.limits.depthMax
    if (part.type === 'MULTIPART') this.multipart(part, leaf, depth)
    else if (isMessage(part)) this.message(part, leaf, depth)
    else this.leafBody(part)
    part.bodyEnd = Math.max(scanner.bodyEnd(bodyStart), innerEnd(part))
    part.lines = this.linesOf(part, scanner.lineFeeds - lineFeeds)
    if (part.type === 'MULTIPART' && part.children.length === 0) part.children = [this.wholeBody(part)]
    return { part, header }
  }

  private headerOf(bytes: Uint8Array): Header {
    const header = readHeader(bytes, this.charsets)
    if (!header.ascii || header.contentType?.includes('*') || header.contentDisposition?.includes('*')) {
      this.beyondAscii = true
    }
    return header
  }

  private partOf(header: Header, fallback: ContentType, headerStart: number, bodyStart: number): Part {
    const { type, subtype, params } = contentType(header.contentType, fallback, this.charsets)
    return {
      headerStart,
      bodyStart,
      bodyEnd: bodyStart,
      type,
      subtype,
      params,
      encoding: transferEncoding(header.contentTransferEncoding),
      id: unfolded(header.contentId),
      description: unfolded(header.contentDescription),
      md5: unfolded(header.contentMd5),
      disposition: disposition(header.contentDisposition, this.charsets),
      language: languages(header.contentLanguage),
      location: location(header.contentLocation),
      lines: 0,
      children: noChildren,
      message: undefined,
    }
  }

  private leafBody(part: Part): void {
    if (this.scanner.standsAt()) return
    // Nobody asks for the lines of a message that is one attachment.
    if (part.headerStart === 0 && part.type !== 'TEXT' && this.messageDepth === 0) this.scanner.skipToEnd()
    else this.scanner.body()
  }

  /** multipart-body = [preamble CRLF] dash-boundary CRLF body-part *encapsulation close-delimiter [CRLF epilogue] */
  private multipart(part: Part, leaf: boolean, depth: number): void {
    const { scanner } = this
    const boundary = parameterOf(part.params, 'BOUNDARY')?.trimEnd()
    if (leaf) becomeOpaque(part)
    if (leaf || scanner.standsAt() || !boundary) {
      this.leafBody(part)
      return
    }
    const level = scanner.push(parameterBytes(boundary))
    const fallback = part.subtype === 'DIGEST' ? attachedMessage : plainText
    const children: Part[] = []
    scanner.body()
    while (scanner.standsAt(level) && !scanner.delimiter!.closes) {
      scanner.passDelimiter()
      children.push(this.entity(fallback, depth + 1).part)
    }
    scanner.pop()
    if (scanner.standsAt(level)) {
      scanner.passDelimiter()
      scanner.body()
    }
    part.children = children
  }

  /** An attached message is read in place; one that's transfer encoded (RFC 2046 §5.2.1 forbids it) stays closed. */
  private message(part: Part, leaf: boolean, depth: number): void {
    if (leaf || !isIdentity(part.encoding)) {
      becomeOpaque(part)
      this.leafBody(part)
      return
    }
    if (part.subtype === 'GLOBAL') this.beyondAscii = true
    this.messageDepth++
    const { part: root, header } = this.scanner.standsAt() ? this.nothing() : this.entity(plainText, depth + 1)
    this.messageDepth--
    part.message = { root, header }
  }

  /** The message in a part that has no body. */
  private nothing(): Entity {
    const header = readHeader(new Uint8Array(0), this.charsets)
    const at = this.scanner.delimiter!.start
    return { part: this.partOf(header, plainText, at, at), header }
  }

  /** Line ends, as other servers count them: a last line that only the delimiter ends is none, and clients know it so. */
  private linesOf({ bodyStart, bodyEnd }: Part, lineFeeds: number): number {
    if (bodyEnd === bodyStart) return 0
    const beforeDelimiter = this.scanner.standsAt() && bodyEnd < this.scanner.delimiter!.start ? 1 : 0
    return lineFeeds - beforeDelimiter
  }

  private wholeBody(part: Part): Part {
    const whole = this.partOf(readHeader(new Uint8Array(0), this.charsets), plainText, part.bodyStart, part.bodyStart)
    whole.bodyEnd = part.bodyEnd
    whole.lines = part.lines
    return whole
  }
}

/** A header that a delimiter breaks off keeps its last line end, and so does what it's inside of. */
function innerEnd(part: Part): number {
  return part.message?.root.bodyEnd ?? part.children.at(-1)?.bodyEnd ?? 0
}

function unfolded(value: string | undefined): string | undefined {
  return value === undefined ? undefined : unfold(value)
}

function isMessage(part: Part): boolean {
  return part.type === 'MESSAGE' && (part.subtype === 'RFC822' || part.subtype === 'GLOBAL')
}

/** IMAP's grammar has no multipart without parts and no message/rfc822 without its structure. */
function becomeOpaque(part: Part): void {
  part.type = opaque.type
  part.subtype = opaque.subtype
}
