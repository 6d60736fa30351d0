// What the two doors hear. SMTP has no AUTH here: who sends comes by the submission ports. LMTP has LHLO in place of EHLO and HELO, and
// an answer of DATA for each recipient (RFC 2033 §4.1, §4.2).

import type { Command, CommandSet } from '@postern/smtp'
import { replyTo } from '../reply-to.js'
import { auth, expn, help, noop, quit, rset, vrfy } from './commands/any-time.js'
import { lmtpData, smtpData } from './commands/data.js'
import { ehlo, helo, lhlo } from './commands/hello.js'
import { mail } from './commands/mail.js'
import { rcpt } from './commands/rcpt.js'
import { startTls } from './commands/start-tls.js'
import type { InboundLimits } from './limits.js'
import type { Session } from './session.js'

const common: readonly Command<Session>[] = [mail, rcpt, rset, noop, help, vrfy, expn, quit]
const smtp: readonly Command<Session>[] = [ehlo, helo, startTls, auth, smtpData, ...common]
const lmtp: readonly Command<Session>[] = [lhlo, lmtpData, ...common]

const notOffered: ReadonlySet<string> = new Set([
  ...['BDAT', 'BURL', 'ETRN', 'ATRN', 'TURN', 'SEND', 'SOML', 'SAML', 'XCLIENT', 'XFORWARD', 'AUTH', 'STARTTLS'],
])

export function heardBySmtp(limits: InboundLimits): CommandSet<Session> {
  return heard(smtp, limits)
}

export function heardByLmtp(limits: InboundLimits): CommandSet<Session> {
  return heard(lmtp, limits)
}

function heard(list: readonly Command<Session>[], limits: InboundLimits): CommandSet<Session> {
  const { badCommandsMax, commandBytesMax } = limits
  return {
    commands: new Map(list.map((command) => [command.name, command])),
    ...{ notOffered, badCommandsMax, replyTo },
    lineBytesMax: () => commandBytesMax,
    checkOrder: () => {},
  }
}
