// DATA: the message (RFC 5321 §4.1.1.4). Its 250 says that it's on the disk, queued for every recipient and filed in Sent (contract
// D4). Whatever is answered, the transaction is over.

import { type Reply, SmtpError } from '@postern/smtp'
import { accept } from '../accept.js'
import type { Command } from '../command.js'

export const data: Command = {
  name: 'DATA',
  needs: 'login',
  async run(session, words): Promise<Reply> {
    const { transaction, wire } = session
    if (words !== '') throw new SmtpError('501 5.5.4 DATA stands alone')
    if (transaction === undefined) throw new SmtpError('503 5.5.1 Send MAIL first')
    if (transaction.recipients.length === 0) throw new SmtpError('554 5.5.1 No recipient was accepted')
    session.transaction = undefined
    wire.say('354 Send the message, and end it with a line that has a dot alone')
    const bytesMax = transaction.rules.messageBytesMax + session.context.limits.overrunBytesMax
    return `250 2.0.0 Ok: queued as ${await accept(wire.startData({ bytesMax }), { session, transaction })}`
  },
}
