// Credentials (contract B2–B6): who may come in, for what, to which addresses. Reading
// them is in directory-credential-rows.ts, their secrets are in directory-secrets.ts. A revoked credential stays, so
// that a refused login can name its cause.

import { cleanGrants, cleanNetworks, cleanScopes } from '../directory/credential-rules.js'
import type { By, CredentialChanges, NewCredential } from '../directory/directory.js'
import { clientCharactersMax, credentialsPerInboxMax } from '../directory/limits.js'
import { publicId } from '../directory/public-id.js'
import type { Credential, CredentialKind, Inbox, LastUsed } from '../directory/records.js'
import { changedSending, sendingColumn, toldSending } from '../directory/sending-rules.js'
import { cleanCount, cleanName } from '../directory/words.js'
import type { AccountId, CredentialId, EnvironmentId } from '../model.js'
import { refuse } from '../refusals.js'
import { auditIn } from './audit.js'
import { getCredential, inboxPasswordOf, liveCredential } from './directory-credential-rows.js'
import { getInbox } from './directory-inboxes.js'
import { insertSecret } from './directory-secrets.js'
import { getEnvironment } from './directory-tenants.js'
import type { Transaction } from './transaction.js'

export function createCredential(tx: Transaction, options: NewCredential & By): Credential {
  const { kind, environment, label, networks = [], anyUsername = false, quietReadOnly = false, secret, by } = options
  const { inboxPassword = false, sending } = options
  getEnvironment(tx.db, environment)
  const inbox = options.inbox === undefined ? undefined : inboxFor(tx, options.inbox, environment)
  if (anyUsername) checkAnyUsername(inbox?.id)
  if (inboxPassword) checkInboxPassword(tx, { kind, inbox })
  const scopes = cleanScopes(kind, options.scopes)
  const grants = cleanGrants(options.grants ?? (inbox === undefined ? [] : [inbox.address]))
  const object = publicId('cred')
  const id = tx.db.run(
    `INSERT INTO credential (public_id, kind, environment, inbox, label, scopes, grants, networks, any_username,
     quiet_read_only, inbox_password, disabled, expires_at, sending, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)`,
    object,
    kind,
    environment,
    inbox?.id ?? null,
    cleanName(label, 'A label'),
    JSON.stringify(scopes),
    JSON.stringify(grants),
    JSON.stringify(cleanNetworks(networks)),
    anyUsername ? 1 : 0,
    quietReadOnly ? 1 : 0,
    inboxPassword ? 1 : 0,
    expiryColumn(options.expiresAt),
    sendingColumn(changedSending({}, sending ?? {})),
    tx.now,
  ) as CredentialId
  insertSecret(tx, id, secret)
  const about = { kind, label, scopes, grants, inbox: inbox?.publicId ?? null }
  const detail = { ...about, ...(sending === undefined ? {} : { sending: toldSending(sending) }) }
  auditIn(tx, environment, { by, action: 'credential.create', object, detail })
  return getCredential(tx.db, id)
}

export function updateCredential(tx: Transaction, id: CredentialId, changes: CredentialChanges & By): Credential {
  const old = liveCredential(tx.db, id)
  const { label = old.label, scopes = old.scopes, grants = old.grants, networks = old.networks, by } = changes
  const { anyUsername = old.anyUsername, quietReadOnly = old.quietReadOnly, disabled = old.disabled } = changes
  const { expiresAt = old.expiresAt } = changes
  if (anyUsername) checkAnyUsername(old.inbox)
  tx.db.run(
    `UPDATE credential SET label = ?, scopes = ?, grants = ?, networks = ?, any_username = ?, quiet_read_only = ?,
     disabled = ?, expires_at = ?, sending = ? WHERE id = ?`,
    cleanName(label, 'A label'),
    JSON.stringify(cleanScopes(old.kind, scopes)),
    JSON.stringify(cleanGrants(grants)),
    JSON.stringify(cleanNetworks(networks)),
    anyUsername ? 1 : 0,
    quietReadOnly ? 1 : 0,
    disabled ? 1 : 0,
    expiryColumn(expiresAt),
    sendingColumn(changedSending(old.sending, changes.sending ?? {})),
    id,
  )
  const { by: _, sending, ...asked } = changes
  const detail = {
    ...Object.fromEntries(Object.entries(asked).map(([key, value]) => [key, value ?? null])),
    ...(sending === undefined ? {} : { sending: toldSending(sending) }),
  }
  auditIn(tx, old.environment, { by, action: 'credential.update', object: old.publicId, detail })
  return getCredential(tx.db, id)
}

/** Once and for all. Revoking what is revoked changes nothing, not even the time. */
export function revokeCredential(tx: Transaction, id: CredentialId, { by }: By): Credential {
  const old = getCredential(tx.db, id)
  if (old.revokedAt !== undefined) return old
  tx.db.run('UPDATE credential SET revoked_at = ? WHERE id = ?', tx.now, id)
  auditIn(tx, old.environment, { by, action: 'credential.revoke', object: old.publicId, detail: { label: old.label } })
  return getCredential(tx.db, id)
}

export function deleteCredential(tx: Transaction, id: CredentialId, { by }: By): void {
  const old = getCredential(tx.db, id)
  tx.db.run('DELETE FROM credential WHERE id = ?', id)
  auditIn(tx, old.environment, { by, action: 'credential.delete', object: old.publicId, detail: { label: old.label } })
}

/** Contract B5. A use that is older than the one on record, or a credential that is gone, changes nothing. */
export function writeLastUsed(tx: Transaction, id: CredentialId, { at, protocol, network, client }: LastUsed): void {
  tx.db.run(
    `UPDATE credential SET last_used_at = ?, last_used_protocol = ?, last_used_network = ?, last_used_client = ?
     WHERE id = ? AND coalesce(last_used_at, 0) <= ?`,
    at,
    protocol.slice(0, clientCharactersMax),
    network.slice(0, clientCharactersMax),
    client?.slice(0, clientCharactersMax) ?? null,
    id,
    at,
  )
}

/** Contract B7: a credential and its inbox are of one environment. */
function inboxFor(tx: Transaction, id: AccountId, environment: EnvironmentId): Inbox {
  const inbox = getInbox(tx.db, id)
  if (inbox.environment !== environment) refuse('invalid', 'The inbox is in another environment than its credential.')
  const live = tx.db.get<{ n: number }>(
    'SELECT count(*) AS n FROM credential WHERE inbox = ? AND revoked_at IS NULL',
    id,
  )
  if ((live?.n ?? 0) >= credentialsPerInboxMax)
    refuse('invalid', `An inbox has at most ${credentialsPerInboxMax} credentials.`, 'Revoke those that nobody uses.')
  return inbox
}

/** Contract B6. */
function checkAnyUsername(inbox: AccountId | undefined): void {
  if (inbox === undefined) refuse('invalid', 'Only a credential of one inbox can open it under any user name.')
}

function checkInboxPassword(
  tx: Transaction,
  { kind, inbox }: { kind: CredentialKind; inbox: Inbox | undefined },
): void {
  if (kind !== 'app' || inbox === undefined) refuse('invalid', "An inbox's password is an app password of it.")
  else if (inboxPasswordOf(tx.db, inbox.id) !== undefined) refuse('exists', 'The inbox has a password already.')
}

const expiryColumn = (at: number | null | undefined): number | null =>
  at === undefined || at === null ? null : cleanCount(at, 'An expiry time')
