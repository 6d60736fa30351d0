// The id of a post: the same for a message that is posted again because its sender sends it again, so that a sink may drop the repetition
// though nothing is kept of it here. It's made of the envelope and of all bytes, under the sink's secret, so that nobody else can tell
// what it's of. Only of a message that has a Message-ID: of one that has none, the same bytes may well be another message.

import { createHash, createHmac } from 'node:crypto'

export interface PostedMessage {
  readonly sender: string
  readonly recipients: readonly string[]
  /** Names the bytes as they came. */
  readonly digest: Uint8Array
}

/** Hex characters behind `m_`. */
const idCharacters = 32

export function postId({ sender, recipients, digest }: PostedMessage, secret: string): string {
  const envelope = JSON.stringify([sender, recipients.toSorted()])
  const id = createHmac('sha256', secret).update('id:').update(envelope).update(digest).digest('hex')
  return `m_${id.slice(0, idCharacters)}`
}

export async function digestOf(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const hash = createHash('sha256')
  for await (const piece of pieces) hash.update(piece)
  return hash.digest()
}
