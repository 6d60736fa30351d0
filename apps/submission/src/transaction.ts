// A mail transaction: what MAIL and RCPT have said so far (RFC 5321 §3.3). RSET, EHLO and the end of DATA throw it away.

import type { MailParameters } from './commands/mail-parameters.js'
import type { RcptParameters } from './commands/rcpt-parameters.js'
import type { Destination } from './destinations.js'

export interface Recipient extends RcptParameters {
  /** As the client wrote it. */
  readonly address: string
  readonly destination: Destination
}

export interface Transaction {
  /** Empty for a null reverse-path. */
  readonly from: string
  readonly parameters: MailParameters
  readonly recipients: Recipient[]
}
