// What an inbox of this gateway is given in the place of a clear text, where its domain keeps its mail encrypted: what was queued before the
// mode was set, what another inbox has sent on, and notifications. Who knows of keys is asked; the relay only hands the text over.

import type { AccountId, Content } from '@postern/mailbox-store'

export interface ClearText {
  /** With the empty line behind it. */
  readonly header: Buffer
  /** From the first byte; the header is its first piece. */
  read(): AsyncIterable<Buffer>
}

/** Undefined where the inbox keeps the text as it is. Throws CannotSeal. */
export type SealFor = (account: AccountId, text: ClearText) => Promise<AsyncIterable<Uint8Array> | undefined>

/** Nothing can be encrypted for the inbox now. */
export class CannotSeal extends Error {
  override readonly name = 'CannotSeal'
}

/** A message of the queue, whose body begins there. */
export async function clearText(content: Content, bodyStart: number): Promise<ClearText> {
  const header = Buffer.from(await content.bytes({ start: 0, end: bodyStart }))
  return {
    header,
    async *read() {
      yield header
      for await (const piece of content.stream({ start: bodyStart, end: content.size })) yield Buffer.from(piece)
    },
  }
}

/** Of pieces that begin with a whole header, read as often as asked. */
export function clearTextOf(pieces: () => AsyncIterable<Uint8Array>, beginning: Buffer): ClearText {
  const header = beginning.subarray(0, beginning.indexOf('\r\n\r\n') + 4)
  return {
    header,
    async *read() {
      yield header
      let isFirst = true
      for await (const piece of pieces()) {
        yield Buffer.from(isFirst ? piece.subarray(header.length) : piece)
        isFirst = false
      }
    },
  }
}
