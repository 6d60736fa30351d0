// What this door hears, and what has to come before it. In clear nothing is taken but the way out of it (RFC 3207 §4).

import { type CommandSet, SmtpError } from '@postern/smtp'
import type { Command } from './command.js'
import { commands, notOffered } from './commands/list.js'
import type { SubmissionLimits } from './limits.js'
import { replyTo } from './reply-to.js'
import type { Session } from './session.js'

export function heard(limits: SubmissionLimits): CommandSet<Session, 'login'> {
  const { authBytesMax, commandBytesMax, badCommandsMax } = limits
  const lineBytesMax = (name: string): number => (name === 'AUTH' ? authBytesMax : commandBytesMax)
  return { commands, notOffered, badCommandsMax, lineBytesMax, checkOrder, replyTo }
}

function checkOrder({ wire, admission }: Session, { needs }: Command): void {
  if (needs === undefined) return
  if (!wire.secure) throw new SmtpError('530 5.7.0 Must issue a STARTTLS command first')
  if (admission === undefined) throw new SmtpError('530 5.7.0 Authentication required')
}
