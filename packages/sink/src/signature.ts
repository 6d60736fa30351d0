// What a post to a sink says of the message in the fields of the request, and its signature: the same words as those of `POST /v1/ingest`,
// so that who receives one knows the other.
//
//   Postern-Id:         the same for a message that its sender sends again, where that can be known (post-id.ts)
//   Postern-Timestamp:  Unix seconds
//   Postern-Sender:     Mailbox, or nothing
//   Postern-Recipients: Mailbox *( "," Mailbox )
//   Postern-Signature:  "v1=" hex of HMAC-SHA-256 over "v1:" timestamp ":" id ":" sender ":" recipients ":" body, by the sink's secret

import { createHmac } from 'node:crypto'

export interface SignedPost {
  readonly fields: Readonly<Record<string, string>>
  readonly sizeBytes: number
}

export interface Posted {
  readonly id: string
  readonly sender: string
  readonly recipients: readonly string[]
  /** Unix milliseconds. */
  readonly at: number
}

/** Reads the body once. */
export async function signedPost(
  body: AsyncIterable<Uint8Array>,
  { posted, secret }: { readonly posted: Posted; readonly secret: string },
): Promise<SignedPost> {
  const { id, sender } = posted
  const timestamp = String(Math.floor(posted.at / 1_000))
  const recipients = posted.recipients.join(',')
  const hmac = createHmac('sha256', secret).update(`v1:${timestamp}:${id}:${sender}:${recipients}:`)
  let sizeBytes = 0
  for await (const piece of body) {
    hmac.update(piece)
    sizeBytes += piece.length
  }
  const fields = {
    'Postern-Id': id,
    'Postern-Timestamp': timestamp,
    'Postern-Sender': asBytes(sender),
    'Postern-Recipients': asBytes(recipients),
    'Postern-Signature': `v1=${hmac.digest('hex')}`,
  }
  return { fields, sizeBytes }
}

/** Header fields are bytes to Node; an address may be UTF-8. */
const asBytes = (text: string): string => Buffer.from(text).toString('latin1')
