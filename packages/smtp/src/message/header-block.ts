// Reads pieces until the header block is whole, up to and with the empty line behind it. A message may be a header alone. What of
// the body came along is handed back with it. Held in memory, so it has a limit (RFC 5321 §4.5.3.1 leaves it to the server).
import { SmtpError } from '../reply.js'
import { headerBytesMax } from './limits.js'

export interface HeaderBlock {
  readonly header: Buffer
  /** The beginning of the body. */
  readonly rest: Buffer
}

/** @param next the next piece, or undefined at the end of the data */
export async function readHeaderBlock(next: () => Promise<Buffer | undefined>): Promise<HeaderBlock> {
  let held: Buffer = Buffer.alloc(0)
  let length = 0
  for (;;) {
    const piece = await next()
    if (piece === undefined) return cut(held.subarray(0, length), length)
    const looked = length
    held = length === 0 ? piece : appended(held, { length, piece })
    length += piece.length
    const end = headerEnd(held.subarray(0, length), looked)
    if (end >= 0) return cut(held.subarray(0, length), end)
    if (length > headerBytesMax) throw tooLarge()
  }
}

/** The offset behind the empty line, or -1. What was looked at before has none. */
function headerEnd(held: Buffer, looked: number): number {
  if (held.length >= 2 && held[0] === 0x0d && held[1] === 0x0a) return 2
  const at = held.indexOf('\r\n\r\n', Math.max(0, looked - 3), 'latin1')
  return at < 0 ? -1 : at + 4
}

/** Room is doubled, so that a header that comes byte by byte is copied but a few times. */
function appended(held: Buffer, { length, piece }: { length: number; piece: Buffer }): Buffer {
  const needed = length + piece.length
  const room = needed <= held.length ? held : Buffer.allocUnsafe(needed * 2)
  if (room !== held) held.copy(room, 0, 0, length)
  piece.copy(room, length)
  return room
}

function cut(bytes: Buffer, end: number): HeaderBlock {
  if (end > headerBytesMax) throw tooLarge()
  return { header: bytes.subarray(0, end), rest: bytes.subarray(end) }
}

function tooLarge(): SmtpError {
  return new SmtpError(`552 5.3.4 The header of the message is larger than ${headerBytesMax} bytes`)
}
