// The mode in which a domain keeps nothing (contract F2): the message is in memory alone, and posted to the domain's sink while its sender
// waits. A 2xx of the sink is the sender's 250; anything else, or nothing within 20 s, is a 451, and the sender keeps the message. One post for
// all recipients of the domain.

import type { Domain } from '@postern/mailbox-store'
import { digestOf, isTaken, postId, type Sink, type SinkClient, signedPost } from '@postern/sink'
import { arrivedHeader, firstNamed, type Reply } from '@postern/smtp'
import type { Logger } from '@postern/telemetry'
import type { ArrivalRecipient, ArrivedText, Mode, ModeDelivery, Outcome } from '../arrival.js'
import { deliveredText } from '../text/delivered-text.js'

export interface ZeroRetentionOptions {
  readonly client: SinkClient
  /** Throws where it can't be opened. */
  readonly sinkOf: (domain: Domain) => Sink | undefined
  readonly hostname: string
  /** Unix milliseconds. */
  readonly clock: () => number
  readonly logger: Logger
}

export function zeroRetention({ client, sinkOf, hostname, clock, logger }: ZeroRetentionOptions): Mode {
  return {
    disk: 'never',
    laneOf: ({ domain }) => `zero-retention ${domain.id}`,
    refusal: ({ domain, address }) =>
      domain.sink === undefined
        ? `550 5.2.1 The domain of ${address} keeps no mail, and has nowhere to hand it to`
        : undefined,
    async deliver(text, delivery) {
      const { domain } = delivery.recipients[0] as ArrivalRecipient
      const about = { domain: domain.name, id: delivery.arrival.id }
      try {
        const status = await posted(text, { delivery, domain })
        if (isTaken(status)) return outcomes(delivery, { kind: 'delivered', reply: '250 2.1.5 Ok' })
        logger.warn({ ...about, status }, 'the sink of a domain did not take a message')
      } catch (err) {
        logger.warn({ ...about, err }, 'the sink of a domain was not reached')
      }
      return outcomes(delivery, { kind: 'deferred', reply: tryLater })
    },
  }

  async function posted(
    text: ArrivedText,
    { delivery, domain }: { readonly delivery: ModeDelivery; readonly domain: Domain },
  ): Promise<number> {
    const { arrival, recipients, verdict } = delivery
    const sink = sinkOf(domain)
    if (sink === undefined) throw new Error('its sink was taken away')
    const stamped = { arrival, recipients, authenticationResults: verdict.authenticationResults, hostname }
    const body = () => deliveredText(text, stamped)
    const to = recipients.map(({ address }) => address)
    const id = await idOf(text, { delivery, to, secret: sink.secret })
    const about = { id, sender: arrival.sender, recipients: to, at: clock() }
    return client.post(sink.url, { ...(await signedPost(body(), { posted: about, secret: sink.secret })), body })
  }
}

interface Posting {
  readonly delivery: ModeDelivery
  readonly to: readonly string[]
  readonly secret: string
}

async function idOf(text: ArrivedText, { delivery: { arrival }, to, secret }: Posting): Promise<string> {
  const field = firstNamed(arrivedHeader(text.header), 'message-id')
  if (field === undefined) return arrival.id
  return postId({ sender: arrival.sender, recipients: to, digest: await digestOf(text.read()) }, secret)
}

const tryLater: Reply = '451 4.4.1 The place that this message is handed to does not take it now, try again later'

const outcomes = ({ recipients }: ModeDelivery, outcome: Pick<Outcome, 'kind' | 'reply'>): Outcome[] =>
  recipients.map((recipient) => ({ recipient, ...outcome }))
