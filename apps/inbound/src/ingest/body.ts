// The body of a post, piece by piece: counted, and never held here but where it can't be read otherwise. Who goes in the middle of
// it is gone: nobody hears an answer.

import type { IncomingMessage } from 'node:http'
import type { MemoryBudget } from '@postern/smtp'
import { ClientGone } from '@postern/smtp'
import { IngestError } from './answer.js'

export async function* bodyOf(request: IncomingMessage, bytesMax: number): AsyncGenerator<Buffer> {
  refuseLong(Number(request.headers['content-length'] ?? 0), bytesMax)
  if (![undefined, '', 'identity'].includes(request.headers['content-encoding']))
    throw new IngestError('ingest_encoding', 'The body has a Content-Encoding.')
  let bytes = 0
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += piece.length
      refuseLong(bytes, bytesMax)
      yield piece
    }
  } catch (error) {
    if (error instanceof IngestError) throw error
    throw new ClientGone('the post was broken off', { cause: error })
  }
}

function refuseLong(bytes: number, bytesMax: number): void {
  if (bytes > bytesMax)
    throw new IngestError('message_too_big', `The body is larger than ${bytesMax} bytes, which is the most taken here.`)
}

/** The whole of a body that has to be read at once. `use` ends before its memory is given back. */
export async function wholeBody<Result>(
  body: AsyncIterable<Buffer>,
  { budget, use }: { readonly budget: MemoryBudget; readonly use: (whole: Buffer) => Promise<Result> },
): Promise<Result> {
  const pieces: Buffer[] = []
  let taken = 0
  try {
    for await (const piece of body) {
      budget.take(piece.length)
      taken += piece.length
      pieces.push(piece)
    }
    return await use(Buffer.concat(pieces))
  } finally {
    budget.giveBack(taken)
  }
}
