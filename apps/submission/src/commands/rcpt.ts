// RCPT: one recipient (RFC 5321 §4.1.1.3), judged by `policies/rcpt-policies.ts`. A bare <Postmaster> is that of the sender's domain.

import { tryParseAddress } from '@postern/mailbox-store'
import { enforce, type Reply, readPath, SmtpError } from '@postern/smtp'
import type { Command } from '../command.js'
import { destinationOf } from '../destinations.js'
import { rcptPolicies } from '../policies/rcpt-policies.js'
import { roomFor } from '../sending-room.js'
import { readRcptParameters } from './rcpt-parameters.js'

export const rcpt: Command = {
  name: 'RCPT',
  needs: 'login',
  async run(session, words): Promise<Reply> {
    const { transaction, login } = session
    if (transaction === undefined) throw new SmtpError('503 5.5.1 Send MAIL first')
    const [, text] = /^TO:[ \t]*(.*)$/isu.exec(words) ?? []
    if (text === undefined) throw new SmtpError('501 5.5.4 RCPT has the form RCPT TO:<name@domain>')
    const path = readPath(text, isAddress)
    if (path === undefined || path.address === '')
      throw new SmtpError('501 5.1.3 That is no recipient: RCPT TO:<name@domain>')
    const parameters = readRcptParameters(path.rest)
    const { rules, recipients } = transaction
    const address = path.address.includes('@') ? path.address : `${path.address}@${login.sender.domain.name}`
    const { kind, local, sink } = await destinationOf(address, { session, sender: transaction.from })
    enforce(rcptPolicies, {
      ...{ recipient: address, destination: kind, standing: recipients.length, recipientsMax: rules.recipientsMax },
      smtpUtf8: transaction.parameters.smtpUtf8,
      room: await roomFor(recipients.length + 1, { session, rules }),
    })
    recipients.push({ ...parameters, address, local, sink })
    return '250 2.1.5 Ok'
  },
}

const isAddress = (text: string): boolean => tryParseAddress(text) !== undefined
