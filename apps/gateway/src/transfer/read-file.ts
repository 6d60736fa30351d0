// A message that has a file of its own: small ones are held, large ones streamed when they're wanted.

import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { dateOfHeader } from './dates.js'
import { heldBytesMax, mbox } from './limits.js'
import { asMail, hasLfLines, ToCrLf } from './line-ends.js'

export interface MessageFile {
  readonly bytes: Uint8Array | AsyncIterable<Uint8Array>
  readonly isApart: boolean
  /** Unix seconds, of the file. */
  readonly modified: number
  /** What the header says; looked for where it's held. */
  dateOfHeader(): number | undefined
}

export async function readMessageFile(path: string, { isExact }: { readonly isExact: boolean }): Promise<MessageFile> {
  const { size, mtimeMs } = await stat(path)
  const modified = Math.floor(mtimeMs / 1000)
  if (size <= heldBytesMax) {
    const raw = await readFile(path)
    const bytes = isExact || hasLfLines(raw) !== true ? raw : new ToCrLf().piece(raw)
    return { bytes, isApart: false, modified, dateOfHeader: () => dateOfHeader(headerOf(raw)) }
  }
  const head = await headOf(path)
  const pieces = (): AsyncIterable<Uint8Array> => createReadStream(path, { highWaterMark: mbox.pieceBytes })
  return {
    bytes: { [Symbol.asyncIterator]: () => (isExact ? pieces() : asMail(pieces()))[Symbol.asyncIterator]() },
    ...{ isApart: true, modified, dateOfHeader: () => dateOfHeader(head) },
  }
}

async function headOf(path: string): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of createReadStream(path, { end: heldBytesMax })) pieces.push(piece as Buffer)
  return headerOf(Buffer.concat(pieces))
}

function headerOf(bytes: Buffer): Buffer {
  const ends = [bytes.indexOf('\n\n'), bytes.indexOf('\n\r\n')].filter((at) => at >= 0)
  return ends.length === 0 ? bytes : bytes.subarray(0, Math.min(...ends) + 1)
}
