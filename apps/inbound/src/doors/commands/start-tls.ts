// STARTTLS (RFC 3207): from here on nobody can listen in, and nothing that was said before counts (§4.2).

import { type Command, noWords, SmtpError } from '@postern/smtp'
import type { Session } from '../session.js'

export const startTls: Command<Session> = {
  name: 'STARTTLS',
  async run(session, words) {
    noWords(words)
    const { wire, context } = session
    if (context.certificates === undefined) throw new SmtpError('502 5.5.1 This command is not offered')
    if (wire.secure) throw new SmtpError('503 5.5.1 The connection is encrypted already')
    await wire.startTls('220 2.0.0 Ready to start TLS', context.certificates)
    session.hello = undefined
    session.transaction = undefined
    return undefined
  },
}
