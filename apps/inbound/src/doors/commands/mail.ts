// MAIL: who the message is from (RFC 5321 §4.1.1.2). Whoever it is, it's believed until the judge has looked; what is no address to the
// directory may be one elsewhere.

import { type Command, needsSmtpUtf8, type Reply, readPath, SmtpError } from '@postern/smtp'
import type { Session } from '../session.js'
import { readMailParameters } from './mail-parameters.js'

export const mail: Command<Session> = {
  name: 'MAIL',
  async run(session, words): Promise<Reply> {
    const { limits } = session.context
    if (session.hello === undefined)
      throw new SmtpError(`503 5.5.1 Say ${session.via === 'lmtp' ? 'LHLO' : 'EHLO'} first`)
    if (session.transaction !== undefined) throw new SmtpError('503 5.5.1 There is a sender already: send RSET first')
    const [, text] = /^FROM:[ \t]*(.*)$/isu.exec(words) ?? []
    if (text === undefined) throw new SmtpError('501 5.5.4 MAIL has the form MAIL FROM:<name@domain>')
    const path = readPath(text, isSender)
    if (path === undefined) throw new SmtpError('501 5.1.7 That is no sender: MAIL FROM:<name@domain>')
    const parameters = readMailParameters(path.rest)
    if (needsSmtpUtf8(path.address) && !parameters.smtpUtf8)
      throw new SmtpError('550 5.6.7 The address is not ASCII: send with SMTPUTF8')
    if ((parameters.sizeBytes ?? 0) > limits.messageBytesMax)
      throw new SmtpError(
        `552 5.3.4 The message is larger than ${limits.messageBytesMax} bytes, which is the most taken here`,
      )
    await session.guest.sends()
    session.transaction = { sender: path.address, parameters, recipients: [] }
    return '250 2.1.0 Ok'
  },
}

/** Local-part "@" domain or address-literal, in characters that can be seen. */
const isSender = (text: string): boolean => /^[^\p{Cc}\p{Zl}\p{Zp}]+@[^\s\p{Cc}@"<>()]+$/u.test(text)
