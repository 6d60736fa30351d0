// The password that comes with an inbox (contract G1): an app password like any other, but the one that is meant when
// somebody asks for the inbox's password, or for a new one.

import type { By, NewSecret } from '../directory/directory.js'
import type { Credential } from '../directory/records.js'
import type { AccountId } from '../model.js'
import { inboxPasswordOf } from './directory-credential-rows.js'
import { createCredential, updateCredential } from './directory-credentials.js'
import { getInbox } from './directory-inboxes.js'
import { addSecret } from './directory-secrets.js'
import type { Transaction } from './transaction.js'

/** A password that was disabled or had ended works again: who asks for a new one wants to come in. */
export function setInboxPassword(
  tx: Transaction,
  id: AccountId,
  { secret, by }: { secret: NewSecret } & By,
): Credential {
  const inbox = getInbox(tx.db, id)
  const old = inboxPasswordOf(tx.db, id)
  if (old === undefined) {
    const { environment } = inbox
    const label = 'Inbox password'
    const made = { kind: 'app', environment, inbox: id, label, scopes: ['imap', 'smtp'], secret, by } as const
    return createCredential(tx, { ...made, inboxPassword: true })
  }
  if (old.disabled || old.expiresAt !== undefined)
    updateCredential(tx, old.id, { disabled: false, expiresAt: null, by })
  return addSecret(tx, old.id, { secret, overlapMs: 0, by })
}
