// DATA: the message (RFC 5321 §4.1.1.4). SMTP's 250 says that it's on the disk for every recipient; LMTP says so for each of them, in their
// order (RFC 2033 §4.2). Whatever is answered, the transaction is over.

import { randomBytes } from 'node:crypto'
import { publicId } from '@postern/mailbox-store'
import { ClientGone, type Command, type Reply, SmtpError } from '@postern/smtp'
import type { Arrival, Outcome } from '../../arrival.js'
import { deliver } from '../../deliver.js'
import { replyTo } from '../../reply-to.js'
import type { Session } from '../session.js'
import type { Transaction } from '../transaction.js'

export const smtpData: Command<Session> = {
  name: 'DATA',
  async run(session, words): Promise<Reply> {
    const { transaction, arrival } = begin(session, words)
    const outcomes = await take(session, { transaction, arrival, together: true })
    const [trouble] = outcomes.toSorted((a, b) => rank(a) - rank(b)).filter(({ kind }) => kind !== 'delivered')
    if (trouble === undefined) return `250 2.0.0 Ok: received as ${arrival.id}`
    if (outcomes.length > 1) await session.guest.hadNoRoom(outcomes, transaction.sender)
    throw new SmtpError(trouble.reply)
  },
}

/** Who keeps the message for one recipient keeps it for all; the one who had no room says why. */
const rank = ({ kind, account }: Outcome): number => (kind === 'deferred' ? (account === undefined ? 1 : 0) : 2)

export const lmtpData: Command<Session> = {
  name: 'DATA',
  async run(session, words): Promise<undefined> {
    const { transaction, arrival } = begin(session, words)
    for (const reply of await replies(session, { transaction, arrival })) session.wire.say(reply)
  },
}

async function replies(
  session: Session,
  { transaction, arrival }: { readonly transaction: Transaction; readonly arrival: Arrival },
): Promise<readonly Reply[]> {
  try {
    const outcomes = await take(session, { transaction, arrival, together: false })
    return outcomes.map(
      ({ kind, reply }): Reply => (kind === 'delivered' ? `250 2.1.5 Ok: received as ${arrival.id}` : reply),
    )
  } catch (error) {
    // Nobody reads the rest of the message: it takes a goodbye.
    if (error instanceof ClientGone || session.wire.isReceiving) throw error
    const reply = replyTo(error) ?? failed(error, session)
    return transaction.recipients.map(() => reply)
  }
}

function failed(error: unknown, session: Session): Reply {
  const correlation = randomBytes(6).toString('hex')
  session.logger.error({ err: error, command: 'DATA', correlation }, 'command failed')
  return `451 4.3.0 Something went wrong on the server, try again later (${correlation})`
}

interface Begun {
  readonly transaction: Transaction
  readonly arrival: Arrival
}

function begin(session: Session, words: string): Begun {
  const { transaction, wire, via, hello, context } = session
  if (words !== '') throw new SmtpError('501 5.5.4 DATA stands alone')
  if (transaction === undefined) throw new SmtpError('503 5.5.1 Send MAIL first')
  if (transaction.recipients.length === 0)
    throw new SmtpError(via === 'lmtp' ? '503 5.5.1 No recipient was accepted' : '554 5.5.1 No recipient was accepted')
  session.transaction = undefined
  const { remoteAddress } = wire.incoming
  return {
    transaction,
    arrival: {
      ...{ id: publicId('q'), via, sender: transaction.sender, helo: hello?.name },
      clientAddress: remoteAddress === '' ? undefined : remoteAddress,
      ...{ tls: wire.tls, smtpUtf8: transaction.parameters.smtpUtf8, receivedAt: context.inbound.clock() },
    },
  }
}

async function take(
  session: Session,
  { transaction, arrival, together }: Begun & { readonly together: boolean },
): Promise<readonly Outcome[]> {
  const { wire, context, measures } = session
  const { inbound, limits } = context
  wire.say('354 Send the message, and end it with a line that has a dot alone')
  const data = wire.startData({ bytesMax: limits.messageBytesMax + limits.overrunBytesMax })
  const { recipients } = transaction
  const delivering = { arrival, recipients, together, bytesMax: limits.messageBytesMax }
  const outcomes = await deliver(data, { delivering, context: inbound })
  measures.message(data.byteLength)
  return outcomes
}
