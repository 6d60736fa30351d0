// A mail transaction: what MAIL and RCPT have said so far (RFC 5321 §3.3). RSET, a hello and the end of DATA throw it away.

import type { ArrivalRecipient } from '../arrival.js'
import type { MailParameters } from './commands/mail-parameters.js'

export interface Transaction {
  /** Empty for a null reverse-path. */
  readonly sender: string
  readonly parameters: MailParameters
  readonly recipients: ArrivalRecipient[]
}
