// A mail transaction: what MAIL and RCPT have said so far, and the rules that hold for it (RFC 5321 §3.3). RSET, EHLO and the end of
// DATA throw it away.

import type { Address, Domain, HeldSendingRules } from '@postern/mailbox-store'
import type { MailParameters } from './commands/mail-parameters.js'
import type { RcptParameters } from './commands/rcpt-parameters.js'
import type { LocalDestination } from './destinations.js'

export interface Recipient extends RcptParameters {
  /** As the client wrote it. */
  readonly address: string
  /** Neither of both: it goes away by the route. */
  readonly local: LocalDestination | undefined
  /** The domain that keeps no mail, whose sink takes it. */
  readonly sink: Domain | undefined
}

export interface Transaction {
  /** What MAIL's policies have left of the sender; empty for a null reverse-path. */
  readonly from: string
  readonly parameters: MailParameters
  readonly recipients: Recipient[]
  readonly rules: HeldSendingRules
  /** Whether the login may send as this address. */
  readonly maySend: (address: Address) => Promise<boolean>
  /** In the mode `rewrite`: what takes the place of every address that the login may not send as. */
  readonly ownAddress: string | undefined
}
