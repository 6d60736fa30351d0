// From the body of DATA to the commit behind the 250 (contract D4, E1, E3). The message is judged and changed on its way in
// (`message/receive.ts`) and staged, as one text or several (`modes/`); then one `submit` writes the queue, the Sent copy and every local
// inbox. Each message has its line in the mail log, accepted or refused; what a client breaks off leaves nothing.

import { randomBytes } from 'node:crypto'
import { queueIdAt, type Submitted } from '@postern/mailbox-store'
import { checkRoute } from './destinations.js'
import { localPlaces } from './local-places.js'
import { noteAccepted, noteRefused } from './mail-events.js'
import { type ReceivedMessage, receiveMessage } from './message/receive.js'
import { asksForMore, textsByMode } from './modes/by-mode.js'
import { type Texts, textsAsSent } from './modes/texts.js'
import { resendWithinMs } from './resend-key.js'
import { beginSending, type SentPlace, sentPlaceOf } from './sent-place.js'
import type { Session } from './session.js'
import type { Transaction } from './transaction.js'

export interface Accepting {
  readonly session: Session
  readonly transaction: Transaction
  readonly queueId: string
}

/** Answers the queue id. */
export async function accept(
  data: AsyncIterable<Uint8Array>,
  { session, transaction }: Pick<Accepting, 'session' | 'transaction'>,
): Promise<string> {
  const accepting = { session, transaction, queueId: queueIdAt(session.context.clock()) }
  let message: ReceivedMessage | undefined
  try {
    message = await received(data, accepting)
    return await stored(message, accepting)
  } catch (error) {
    noteRefused(error, { ...accepting, message })
    await message?.drop()
    throw error
  }
}

function received(
  data: AsyncIterable<Uint8Array>,
  { session, transaction, queueId }: Accepting,
): Promise<ReceivedMessage> {
  const { context, wire, hello } = session
  const { from, parameters, recipients, rules, maySend, ownAddress } = transaction
  const { hostname, clock } = context
  return receiveMessage(data, {
    sender: from,
    recipients: recipients.map(({ address }) => address),
    smtpUtf8: parameters.smtpUtf8,
    bytesMax: rules.messageBytesMax,
    malformed: rules.malformed,
    ownAddress,
    maySend,
    trace: {
      ...{ hostname, queueId, helo: hello?.name ?? '', clientAddress: wire.incoming.remoteAddress },
      ...{ showClientAddress: rules.showClientAddress, secured: wire.secure },
    },
    clock,
    random: randomBytes,
  })
}

async function stored(message: ReceivedMessage, accepting: Accepting): Promise<string> {
  const { session, transaction } = accepting
  const place = await sentPlaceOf(message, session)
  await checkRoute(place.account, { session, transaction })
  const settled = beginSending(message, { place, context: session.context })
  try {
    const way = { accepting, place }
    const texts = asksForMore(transaction, place) ? await textsByMode(message, way) : await textsAsSent(message, way)
    const submitted = 'queueId' in texts ? { ...texts, repeated: true } : await submit(texts, way)
    session.confirms(texts.key)
    if (!submitted.repeated && 'sizeBytes' in texts) noteAccepted({ ...accepting, message, sizeBytes: texts.sizeBytes })
    return submitted.queueId
  } finally {
    settled()
  }
}

async function submit(
  { wire, sentCopy, identity, own, header, sizeBytes, body, key }: Texts,
  { accepting, place }: { readonly accepting: Accepting; readonly place: SentPlace },
): Promise<Submitted> {
  const { session, transaction, queueId } = accepting
  const { context, login } = session
  const { from, parameters, recipients, rules } = transaction
  const question = { sender: from, header, sizeBytes, queueId }
  const places = await localPlaces(recipients, { ...question, context })
  const submitted = await context.store.outbox.submit({
    queueId,
    account: place.account,
    credential: login.sender.credential?.id,
    environment: login.sender.domain.environment,
    sender: from,
    recipients: places.recipients.map((recipient, i) => ({
      ...recipient,
      message: own.get(recipient.address),
      handedOver: recipients[i]?.sink !== undefined,
    })),
    message: wire,
    internalDate: Math.floor(context.clock() / 1000),
    ...(place.filed &&
      place.account !== undefined && { sentCopy: { account: place.account, message: sentCopy, identity } }),
    ret: parameters.ret,
    envelopeId: parameters.envelopeId,
    requireTls: parameters.requireTls,
    body,
    sending: rules,
    resendKey: context.heardAnswers.keyNow(key),
    resendWithinMs,
  })
  if (!submitted.repeated) places.settled(submitted.undelivered.map(({ address }) => address))
  return submitted
}
