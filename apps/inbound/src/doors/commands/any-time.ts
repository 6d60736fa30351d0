// Commands that are heard at any time. VRFY and EXPN tell nobody who has an inbox here. RFC 5321 §3.5.3, §4.1.1.5–4.1.1.10.

import { type Command, noWords, SmtpError } from '@postern/smtp'
import type { Session } from '../session.js'

export const rset: Command<Session> = {
  name: 'RSET',
  run(session, words) {
    noWords(words)
    session.transaction = undefined
    return '250 2.0.0 Ok'
  },
}

export const noop: Command<Session> = { name: 'NOOP', run: () => '250 2.0.0 Ok' }

export const help: Command<Session> = {
  name: 'HELP',
  run: ({ via }) =>
    via === 'smtp'
      ? '214 2.0.0 EHLO STARTTLS MAIL RCPT DATA RSET NOOP VRFY QUIT; see RFC 5321'
      : '214 2.0.0 LHLO MAIL RCPT DATA RSET NOOP VRFY QUIT; see RFC 2033',
}

export const vrfy: Command<Session> = {
  name: 'VRFY',
  run(_, words) {
    if (words === '') throw new SmtpError('501 5.5.4 VRFY needs an address')
    return '252 2.5.0 Whether that is an inbox is not told; send it a message'
  },
}

export const expn: Command<Session> = {
  name: 'EXPN',
  run() {
    throw new SmtpError('502 5.5.1 Lists are not told')
  },
}

export const auth: Command<Session> = {
  name: 'AUTH',
  run() {
    throw new SmtpError('502 5.5.1 There is no login on this port: mail programs send by the submission ports')
  },
}

export const quit: Command<Session> = {
  name: 'QUIT',
  run(session, words) {
    noWords(words)
    void session.bye('221 2.0.0 Goodbye', { reason: 'QUIT' })
    return undefined
  },
}
