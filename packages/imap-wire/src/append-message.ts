// One message of an APPEND, a MULTIAPPEND or a REPLACE. RFC 9051 §6.3.12, RFC 3502 §6.3.11, RFC 4466 §3, RFC 6855 §4.
//
//   append         = "APPEND" SP mailbox 1*append-message
//   append-message = [SP flag-list] [SP date-time] SP append-data
//   append-data    = literal / literal8 / "UTF8" SP "(" literal8 ")"
//
// The literal is only announced when this is read, and the rest of the command comes later: parse to the announcement, stream the
// literal, `resume` the parser at the next frame, `appendMessageEnd`, and at the command's end `end`, else the next message. The
// mailbox's name may be a literal as well: where the parser `isAtAnnouncement` before it, that one is to be held.
import type { LiteralPiece } from './command.js'
import type { DateTime } from './date.js'
import type { Flags } from './flags.js'
import type { Parser } from './parser.js'

export interface AppendMessage {
  readonly flags: Flags | undefined
  readonly date: DateTime | undefined
  readonly literal: LiteralPiece
  /** The client says that its header is UTF-8. */
  readonly utf8: boolean
}

/** Up to its literal. */
export function appendMessage(p: Parser): AppendMessage {
  p.sp()
  const flags = p.isAt('(') ? p.flagList() : undefined
  if (flags !== undefined) p.sp()
  const date = p.isAt('"') ? p.dateTime() : undefined
  if (date !== undefined) p.sp()
  const utf8 = p.tryWord('UTF8')
  if (utf8) {
    p.sp()
    p.take('(')
  }
  const literal = p.messageLiteral()
  if (utf8 && !literal.binary) p.refuse('UTF8 needs a binary literal')
  return { flags, date, literal, utf8 }
}

/** What stands behind the literal and still belongs to the message. */
export function appendMessageEnd(p: Parser, { utf8 }: AppendMessage): void {
  if (utf8) p.take(')')
}
