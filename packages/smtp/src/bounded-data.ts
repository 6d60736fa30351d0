// The body of DATA up to where it's cut off. A message that is too large is read to its end, so that the client hears the refusal
// (RFC 1870 §6.2); one that has no end is not.

import type { Readable } from 'node:stream'
import { SmtpError } from './reply.js'

export async function* boundedData(data: Readable, bytesMax: number): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const piece of data as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > bytesMax) throw new SmtpError('552 5.3.4 The message is far too large')
    yield piece
  }
}
