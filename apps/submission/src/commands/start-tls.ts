// STARTTLS (RFC 3207): from here on nobody can listen in, and nothing that was said before counts (§4.2).

import { noWords, SmtpError } from '@postern/smtp'
import type { Command } from '../command.js'

export const startTls: Command = {
  name: 'STARTTLS',
  async run(session, words) {
    noWords(words)
    const { wire, context } = session
    if (wire.secure) throw new SmtpError('503 5.5.1 The connection is encrypted already')
    await wire.startTls('220 2.0.0 Ready to start TLS', context.certificates)
    session.hello = undefined
    session.transaction = undefined
    return undefined
  },
}
