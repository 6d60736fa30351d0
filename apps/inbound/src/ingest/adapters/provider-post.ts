// What the adapters share: the key stands behind the provider's path, and a message that lies in the hold, or in memory, is handed over
// under an id that tells it from all others of this provider.

import { createHash } from 'node:crypto'
import type { IngestProvider } from '@postern/mailbox-store'
import type { Before } from '../../arrival.js'
import type { Answer } from '../answer.js'
import type { IngestSecret } from '../context.js'
import { checkedRecipients, checkedSender } from '../envelope.js'
import { handOver } from '../hand-over.js'
import type { Post } from '../post.js'

/** Undefined is answered like a wrong signature, when all of that has been looked at. */
export async function keyOf(
  { rest, context }: Post,
  { provider, end = '' }: { readonly provider: IngestProvider; readonly end?: string },
): Promise<IngestSecret | undefined> {
  const publicId = end !== '' && rest.endsWith(end) ? rest.slice(0, -end.length) : rest
  const key = await context.keyFor(publicId)
  return key?.provider === provider ? key : undefined
}

export interface Told {
  readonly key: IngestSecret
  readonly id: string
  readonly sender: string
  readonly recipients: readonly string[]
  readonly text: AsyncIterable<Uint8Array>
  /** Where the provider says under its signature, or its password. */
  readonly client?: Before['client']
  readonly spf?: Before['spf']
}

/** A provider has taken the message when it comes here. */
export function handOverTold({ sender, recipients, client, spf, ...told }: Told, post: Post): Promise<Answer> {
  const { context, clientAddress } = post
  const handed = {
    ...told,
    sender: checkedSender(sender),
    recipients: checkedRecipients(recipients, context.limits.recipientsMax),
    clientAddress,
    before: { client, spf, isTaken: true },
  }
  return handOver(handed, post)
}

/** For a provider that gives its messages no ids: the same bytes for the same people are the same message. */
export async function contentId(
  text: AsyncIterable<Uint8Array>,
  envelope: { readonly sender: string; readonly recipients: readonly string[] },
): Promise<string> {
  const hash = createHash('sha256').update(`${JSON.stringify([envelope.sender, envelope.recipients])}\n`)
  for await (const piece of text) hash.update(piece)
  return hash.digest('hex')
}

/** One message may be told of more than once, for different recipients. */
export const idFor = (id: string, recipients: readonly string[]): string =>
  `${id}/${createHash('sha256').update(JSON.stringify(recipients)).digest('hex').slice(0, 32)}`
