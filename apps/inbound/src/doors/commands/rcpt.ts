// RCPT: one recipient (RFC 5321 §4.1.1.3), who is here or is refused at once (contract F1). By SMTP all recipients of a message are of one
// lane, since they get one answer (docs/decisions/one-answer-for-all.md).

import { tryParseAddress } from '@postern/mailbox-store'
import { type Command, needsSmtpUtf8, type Reply, readParameters, readPath, SmtpError } from '@postern/smtp'
import type { ArrivalRecipient } from '../../arrival.js'
import { laneOf } from '../../deliver.js'
import { findRecipient } from '../../recipients.js'
import type { Session } from '../session.js'
import type { Transaction } from '../transaction.js'

export const rcpt: Command<Session> = {
  name: 'RCPT',
  async run(session, words): Promise<Reply> {
    const { transaction, context, guest } = session
    if (transaction === undefined) throw new SmtpError('503 5.5.1 Send MAIL first')
    const address = readRecipient(words)
    const { recipients, parameters } = transaction
    const { recipientsMax } = context.limits
    if (recipients.length >= recipientsMax)
      throw new SmtpError(`452 4.5.3 A message has at most ${recipientsMax} recipients here`)
    if (needsSmtpUtf8(address) && !parameters.smtpUtf8)
      throw new SmtpError('553 5.6.7 The address is not ASCII: send with SMTPUTF8')
    const asked = { address, sizeBytes: parameters.sizeBytes }
    const recipient = await guest.asks(() => findRecipient(asked, context.inbound))
    await guest.mayWriteTo(recipient, transaction.sender)
    if (session.via === 'smtp') checkLane(recipient, { transaction, session })
    recipients.push(recipient)
    return '250 2.1.5 Ok'
  },
}

const noParameters: ReadonlySet<string> = new Set()

function readRecipient(words: string): string {
  const [, text] = /^TO:[ \t]*(.*)$/isu.exec(words) ?? []
  if (text === undefined) throw new SmtpError('501 5.5.4 RCPT has the form RCPT TO:<name@domain>')
  const path = readPath(text, (address) => tryParseAddress(address) !== undefined)
  if (path === undefined || path.address === '')
    throw new SmtpError('501 5.1.3 That is no recipient: RCPT TO:<name@domain>')
  readParameters(path.rest, noParameters)
  return path.address
}

function checkLane(
  recipient: ArrivalRecipient,
  {
    transaction: {
      recipients: [first],
    },
    session,
  }: { readonly transaction: Transaction; readonly session: Session },
): void {
  const { inbound } = session.context
  if (first === undefined || laneOf(first, inbound) === laneOf(recipient, inbound)) return
  throw new SmtpError('452 4.5.3 That recipient takes mail in another way: send it a message of its own')
}
