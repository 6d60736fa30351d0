// A message that can be read as often as somebody asks: held on its way in (held-text.ts), or made of one that is.

export interface MailText {
  /** The header block, with the empty line behind it if there is one. */
  readonly header: Buffer
  /** From the first byte; the header is its first piece. */
  read(): AsyncIterable<Buffer>
  /** The same at once, where none of it is in a file: then nobody has to wait for a small message. */
  readonly inMemory?: readonly Buffer[] | undefined
}

export async function* bodyOf(text: MailText): AsyncGenerator<Buffer> {
  let isHeader = true
  for await (const piece of text.read()) {
    if (!isHeader) yield piece
    isHeader = false
  }
}

/** The same body behind another header. */
export function behindHeader(header: Buffer, text: MailText): MailText {
  return {
    header,
    async *read() {
      yield header
      yield* bodyOf(text)
    },
  }
}
