// All that's known when DATA begins, and what the message is judged by.
import type { Address } from '@postern/mailbox-store'
import type { TraceFacts } from './trace.js'

export interface MessageFacts {
  /** As MAIL's policies have left it; empty for a null reverse-path. */
  readonly sender: string
  readonly recipients: readonly string[]
  /** Whether MAIL said SMTPUTF8. */
  readonly smtpUtf8: boolean
  readonly bytesMax: number
  /** Whether lines and header are mended that would be refused otherwise. */
  readonly malformed?: 'refuse' | 'mend' | undefined
  /** In the mode `rewrite`: what takes the place of every address that the login may not send as. */
  readonly ownAddress?: string | undefined
  /** Whether the login may send as this address (policies/sender-scope.ts). */
  readonly maySend: (address: Address) => Promise<boolean>
  readonly trace: TraceFacts
  readonly clock: () => number
  readonly random: (bytes: number) => Uint8Array
}
