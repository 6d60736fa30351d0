// The post of a submission to the sinks of those of its recipients' domains that keep no mail (contract F2), while the client waits: one
// post for all recipients of a domain. A 2xx of each sink, and the commit behind it, are the client's 250; anything else is a 451, and the
// client keeps the message. Then a sink may have had it: it comes again with the same Postern-Id where that can be known.

import type { Domain, DomainId } from '@postern/mailbox-store'
import { isTaken, postId, signedPost } from '@postern/sink'
import { type MailText, SmtpError } from '@postern/smtp'
import type { Accepting } from '../accept.js'

interface HandingOver {
  readonly accepting: Accepting
  /** Names the bytes, the login and the envelope. */
  readonly digest: Uint8Array
  /** The client has given it a Message-ID. */
  readonly namesItself: boolean
}

export async function handOver(text: MailText, handing: HandingOver): Promise<void> {
  const recipients = new Map<DomainId, { readonly domain: Domain; readonly to: string[] }>()
  for (const { address, sink: domain } of handing.accepting.transaction.recipients) {
    if (domain === undefined) continue
    const known = recipients.get(domain.id) ?? { domain, to: [] }
    known.to.push(address)
    recipients.set(domain.id, known)
  }
  await Promise.all(Array.from(recipients.values(), (each) => posted(text, { ...each, handing })))
}

interface Posting {
  readonly domain: Domain
  readonly to: readonly string[]
  readonly handing: HandingOver
}

async function posted(text: MailText, { domain, to, handing }: Posting): Promise<void> {
  const { session, transaction, queueId } = handing.accepting
  const { sinks, clock, logger } = session.context
  const about = { domain: domain.name, queueId }
  try {
    const sink = sinks.of(domain)
    if (sink === undefined) throw new Error('its sink was taken away')
    const { from: sender } = transaction
    const { digest, namesItself } = handing
    const id = namesItself ? postId({ sender, recipients: to, digest }, sink.secret) : queueId
    const body = () => text.read()
    const post = await signedPost(body(), {
      posted: { id, sender, recipients: to, at: clock() },
      secret: sink.secret,
    })
    const status = await sinks.post(sink.url, { ...post, body })
    if (isTaken(status)) return
    logger.warn({ ...about, status }, 'the sink of a domain did not take a message')
  } catch (err) {
    logger.warn({ ...about, err }, 'the sink of a domain was not reached')
  }
  throw new SmtpError(`451 4.4.1 The place that mail for ${to[0]} is handed to does not take it now, try again later`)
}
