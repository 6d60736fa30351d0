// Commands that are heard at any time. VRFY and EXPN tell nobody who has an inbox here. RFC 5321 §3.5.3, §4.1.1.5–4.1.1.10.

import { noWords, SmtpError } from '@postern/smtp'
import type { Command } from '../command.js'

export const rset: Command = {
  name: 'RSET',
  run(session, words) {
    noWords(words)
    session.transaction = undefined
    return '250 2.0.0 Ok'
  },
}

export const noop: Command = { name: 'NOOP', run: () => '250 2.0.0 Ok' }

export const help: Command = {
  name: 'HELP',
  run: () => '214 2.0.0 EHLO STARTTLS AUTH MAIL RCPT DATA RSET NOOP VRFY QUIT; see RFC 6409 and RFC 5321',
}

export const vrfy: Command = {
  name: 'VRFY',
  needs: 'login',
  run(_, words) {
    if (words === '') throw new SmtpError('501 5.5.4 VRFY needs an address')
    return '252 2.5.0 Whether that is an inbox is not told; send it a message'
  },
}

export const expn: Command = {
  name: 'EXPN',
  needs: 'login',
  run() {
    throw new SmtpError('502 5.5.1 Lists are not told')
  },
}

export const quit: Command = {
  name: 'QUIT',
  run(session, words) {
    noWords(words)
    void session.bye('221 2.0.0 Goodbye', { reason: 'QUIT' })
    return undefined
  },
}
