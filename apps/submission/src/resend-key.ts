// What makes a submission the same as an earlier one whose 250 was lost: the same login, the same envelope and the same bytes, within
// ten minutes (contract E5). Never the Message-ID: a client may send two messages with one.

import { createHash } from 'node:crypto'
import type { Session } from './session.js'
import type { Transaction } from './transaction.js'

export const resendWithinMs = 600_000

/** `digest`: of the bytes as the client sent them. */
export function resendKey(
  digest: Uint8Array,
  { session, transaction }: { readonly session: Session; readonly transaction: Transaction },
): Uint8Array {
  const { credential, inbox, domain } = session.login.sender
  const recipients = transaction.recipients.map(({ address }) => address).sort()
  const envelope = [credential?.id, inbox?.id, domain.id, transaction.from, recipients]
  return createHash('sha256').update(JSON.stringify(envelope)).update(digest).digest()
}
