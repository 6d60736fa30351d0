// A command of this door: some are only for who is logged in (RFC 6409 §4.3). In clear nobody is.

import type { Command as SmtpCommand } from '@postern/smtp'
import type { Session } from './session.js'

export type Command = SmtpCommand<Session, 'login'>
