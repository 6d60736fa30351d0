// One load on its way: the message is opened, counted for loops, signed, and given to its transport. Every trouble on the way is an
// answer about each recipient; what is never answered here is what the transport's own silence means.

import type { Content, Store } from '@postern/mailbox-store'
import type { SinkClient } from '@postern/sink'
import type { Logger } from '@postern/telemetry'
import type { Signer } from './dkim/signer.js'
import { first, type RelayLoad } from './loads.js'
import { hopsOf, type OutgoingHeader, readHeader, saysTlsOptional } from './outgoing-header.js'
import type { RelayLimits } from './relay-limits.js'
import type { OutgoingMessage, Parcel, Sent } from './transport.js'
import type { TransportSet } from './transport-set.js'
import type { Unreachable } from './unreachable.js'
import type { WayOut } from './ways.js'

export interface OpenedMessage {
  readonly content: Content
  readonly header: OutgoingHeader
}

export interface Carrier {
  readonly sinks: Pick<SinkClient, 'post'> | undefined
  readonly store: Store
  readonly signer: Signer
  readonly transports: TransportSet
  readonly unreachable: Unreachable
  readonly limits: RelayLimits
  readonly clock: () => number
  readonly logger: Logger
}

/** Undefined where the message's bytes can't be had. */
export async function openMessage(load: RelayLoad, { store, logger }: Carrier): Promise<OpenedMessage | undefined> {
  const { message, queueId } = first(load)
  try {
    const content = await store.outbox.content(message)
    if (content !== undefined) return { content, header: await readHeader(content) }
    logger.error({ queueId }, 'a queued message has gone')
  } catch (err) {
    logger.error({ err, queueId }, 'a queued message could not be read')
  }
  return undefined
}

/** Out by a route. */
export async function carry(
  load: RelayLoad & { readonly way: { readonly route: WayOut } },
  { opened: { content, header }, carrier }: { opened: OpenedMessage; carrier: Carrier },
): Promise<readonly Sent[]> {
  const { signer, transports, unreachable, limits, clock, logger } = carrier
  const { lane, way, abort } = load
  const to = { destination: lane.key, route: way.route }
  const known = unreachable.textOf(to, clock())
  if (known !== undefined) return all(load, { kind: 'deferred', text: `Not tried, since a moment ago: ${known}` })
  if (hopsOf(header) > limits.hopsMax)
    return all(load, {
      kind: 'failed',
      code: '554',
      status: '5.4.6',
      text: 'Too many hops: this message goes round in circles',
    })
  try {
    const { message, sender, foreign } = first(load)
    const outgoing = await signer.outgoing({ message, sender, content, header, route: way.route, foreign })
    const answers = await transports.use(way.route, (transport) =>
      transport.send(parcelOf(load, { header, outgoing }), { signal: abort.signal }),
    )
    if (!abort.signal.aborted) unreachable.note(to, answers, clock())
    return answers
  } catch (err) {
    logger.error({ err, queueId: first(load).queueId }, 'a message could not be sent')
    return all(load, unreadable)
  }
}

export const unreadable = {
  kind: 'deferred',
  status: '4.3.0',
  text: 'The message could not be read; the log says why',
} as const

type Answer<S> = S extends Sent ? Omit<S, 'id'> : never

export const all = ({ rows }: RelayLoad, answer: Answer<Sent>): Sent[] => rows.map(({ id }) => ({ ...answer, id }))

function parcelOf(
  load: RelayLoad,
  { header, outgoing: message }: { readonly header: OutgoingHeader; readonly outgoing: OutgoingMessage },
): Parcel {
  const { queueId, sender, ret, envelopeId, requireTls, body } = first(load)
  const recipients = load.rows.map(({ id, recipient, domain, notify, originalRecipient }) => ({
    ...{ id, domain, notify, originalRecipient },
    address: recipient,
  }))
  const tlsOptional = !requireTls && saysTlsOptional(header)
  return { queueId, sender, recipients, ret, envelopeId, requireTls, tlsOptional, body, message }
}
