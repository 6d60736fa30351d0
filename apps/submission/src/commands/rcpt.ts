// RCPT: one recipient (RFC 5321 §4.1.1.3). The first so many stand when there are too many (contract D2, RFC 5321 §4.5.3.1.10). A
// bare <Postmaster> is that of the sender's domain.

import type { Command } from '../command.js'
import { destinationOf } from '../destinations.js'
import { readPath } from '../path.js'
import { type Reply, SmtpError } from '../reply.js'
import { checkAlphabet } from './mail.js'
import { readRcptParameters } from './rcpt-parameters.js'

export const rcpt: Command = {
  name: 'RCPT',
  needs: 'login',
  async run(session, words): Promise<Reply> {
    const { transaction, context, login } = session
    if (transaction === undefined) throw new SmtpError('503 5.5.1 Send MAIL first')
    const [, text] = /^TO:[ \t]*(.*)$/isu.exec(words) ?? []
    if (text === undefined) throw new SmtpError('501 5.5.4 RCPT has the form RCPT TO:<name@domain>')
    const path = readPath(text)
    if (path === undefined || path.address === '')
      throw new SmtpError('501 5.1.3 That is no recipient: RCPT TO:<name@domain>')
    const parameters = readRcptParameters(path.rest)
    checkAlphabet(path.address, transaction.parameters)
    if (transaction.recipients.length >= session.limits.recipientsMax)
      throw new SmtpError(`452 4.5.3 Too many recipients: ${session.limits.recipientsMax} is the most for one message`)
    const address = path.address.includes('@') ? path.address : `${path.address}@${login.sender.domain.name}`
    const destination = await destinationOf(address, { context, admission: login })
    transaction.recipients.push({ ...parameters, address, destination })
    return '250 2.1.5 Ok'
  },
}
