// The secrets of credentials (contract B4): a public part that finds the row, and a hash. Hashing is the auth
// package's; here is the rotation, in which an old secret may go on for a while beside the new one.

import { checkSecret } from '../directory/credential-rules.js'
import type { By, NewSecret } from '../directory/directory.js'
import { secretOverlapMsMax, secretsPerCredentialMax } from '../directory/limits.js'
import type { Credential, FoundSecret } from '../directory/records.js'
import { cleanCount } from '../directory/words.js'
import type { CredentialId, TenantId } from '../model.js'
import { refuse } from '../refusals.js'
import { auditIn } from './audit.js'
import type { Connection } from './connection.js'
import {
  type CredentialRow,
  credentialColumns,
  credentialOf,
  getCredential,
  liveCredential,
} from './directory-credential-rows.js'
import type { Transaction } from './transaction.js'

export function insertSecret(tx: Transaction, credential: CredentialId, secret: NewSecret): void {
  checkSecret(secret)
  if (tx.db.get('SELECT 1 FROM credential_secret WHERE public_part = ?', secret.publicPart) !== undefined)
    refuse('exists', 'There is a secret with that public part already.')
  tx.db.run(
    'INSERT INTO credential_secret (public_part, credential, hash, created_at) VALUES (?, ?, ?, ?)',
    secret.publicPart,
    credential,
    secret.hash,
    tx.now,
  )
}

/** The secrets that still work end when the overlap does; none of them is given longer than it had. */
export function addSecret(
  tx: Transaction,
  id: CredentialId,
  { secret, overlapMs, by }: { secret: NewSecret; overlapMs: number } & By,
): Credential {
  const credential = liveCredential(tx.db, id)
  if (cleanCount(overlapMs, 'An overlap') > secretOverlapMsMax)
    refuse('invalid', `The old secret goes on for ${secretOverlapMsMax / 86_400_000} days at most.`)
  const endsAt = tx.now + overlapMs
  tx.db.run(
    'UPDATE credential_secret SET expires_at = ? WHERE credential = ? AND (expires_at IS NULL OR expires_at > ?)',
    endsAt,
    id,
    endsAt,
  )
  forgetOldest(tx, credential)
  insertSecret(tx, id, secret)
  const detail = { overlapMs, publicPart: secret.publicPart }
  auditIn(tx, credential.environment, { by, action: 'credential.rotate', object: credential.publicId, detail })
  return getCredential(tx.db, id)
}

/** Makes room for one more: a secret that ended long ago is not worth a row. */
function forgetOldest(tx: Transaction, { id, secrets }: Credential): void {
  for (const { publicPart } of secrets.slice(secretsPerCredentialMax - 1))
    tx.db.run('DELETE FROM credential_secret WHERE public_part = ? AND credential = ?', publicPart, id)
}

type SecretRow = CredentialRow & { hash: Uint8Array; secretExpiresAt: number | null; tenant: TenantId }

export function findSecret(db: Connection, publicPart: string): FoundSecret | undefined {
  const row = db.get<SecretRow>(
    `SELECT found.hash, found.expires_at AS secretExpiresAt,
     (SELECT tenant FROM environment WHERE environment.id = credential.environment) AS tenant, ${credentialColumns}
     FROM credential_secret found JOIN credential ON credential.id = found.credential WHERE found.public_part = ?`,
    publicPart,
  )
  if (row === undefined) return undefined
  const { hash, secretExpiresAt, tenant } = row
  return { publicPart, hash, expiresAt: secretExpiresAt ?? undefined, credential: credentialOf(row), tenant }
}
