// Reading credentials: their rows as records. The mutations are in directory-credentials.ts and directory-secrets.ts.

import type { Page, PageOptions, Ref } from '../directory/directory.js'
import { pageOf, pageSize } from '../directory/paging.js'
import type { Credential, CredentialKind, LastUsed, Scope, SendingRules } from '../directory/records.js'
import type { AccountId, CredentialId, EnvironmentId } from '../model.js'
import { refuse } from '../refusals.js'
import type { Connection } from './connection.js'

export const credentialColumns = `credential.id, credential.public_id AS publicId, kind, environment, inbox, label, scopes,
  grants, networks, any_username AS anyUsername, quiet_read_only AS quietReadOnly,
  inbox_password AS inboxPassword, credential.sending, disabled,
  credential.expires_at AS expiresAt, revoked_at AS revokedAt, credential.created_at AS createdAt,
  last_used_at AS lastUsedAt, last_used_protocol AS lastUsedProtocol, last_used_network AS lastUsedNetwork,
  last_used_client AS lastUsedClient,
  (SELECT json_group_array(json_object('publicPart', s.public_part, 'createdAt', s.created_at, 'expiresAt', s.expires_at))
   FROM credential_secret s WHERE s.credential = credential.id) AS secrets`

export interface CredentialRow {
  id: CredentialId
  publicId: string
  kind: CredentialKind
  environment: EnvironmentId
  inbox: AccountId | null
  label: string
  scopes: string
  grants: string
  networks: string
  anyUsername: number
  quietReadOnly: number
  inboxPassword: number
  sending: string
  disabled: number
  expiresAt: number | null
  revokedAt: number | null
  createdAt: number
  lastUsedAt: number | null
  lastUsedProtocol: string | null
  lastUsedNetwork: string | null
  lastUsedClient: string | null
  secrets: string
}

export function credentialOf(row: CredentialRow): Credential {
  const secrets = JSON.parse(row.secrets) as { publicPart: string; createdAt: number; expiresAt: number | null }[]
  return {
    id: row.id,
    publicId: row.publicId,
    kind: row.kind,
    environment: row.environment,
    inbox: row.inbox ?? undefined,
    label: row.label,
    scopes: JSON.parse(row.scopes) as Scope[],
    grants: JSON.parse(row.grants) as string[],
    networks: JSON.parse(row.networks) as string[],
    anyUsername: row.anyUsername === 1,
    quietReadOnly: row.quietReadOnly === 1,
    inboxPassword: row.inboxPassword === 1,
    sending: JSON.parse(row.sending) as SendingRules,
    disabled: row.disabled === 1,
    expiresAt: row.expiresAt ?? undefined,
    revokedAt: row.revokedAt ?? undefined,
    lastUsed: lastUsedOf(row),
    secrets: secrets
      .map((secret) => ({ ...secret, expiresAt: secret.expiresAt ?? undefined }))
      .sort((a, b) => b.createdAt - a.createdAt),
    createdAt: row.createdAt,
  }
}

const lastUsedOf = (row: CredentialRow): LastUsed | undefined =>
  row.lastUsedAt === null
    ? undefined
    : {
        at: row.lastUsedAt,
        protocol: row.lastUsedProtocol ?? '',
        network: row.lastUsedNetwork ?? '',
        client: row.lastUsedClient ?? undefined,
      }

export function getCredential(db: Connection, ref: Ref<CredentialId>): Credential {
  const by = typeof ref === 'number' ? 'id' : 'public_id'
  const row = db.get<CredentialRow>(`SELECT ${credentialColumns} FROM credential WHERE ${by} = ?`, ref)
  return row === undefined ? refuse('not-found', 'There is no such credential.') : credentialOf(row)
}

/** The one that comes with the inbox, unless it's revoked. */
export function inboxPasswordOf(db: Connection, inbox: AccountId): Credential | undefined {
  const sql = `SELECT ${credentialColumns} FROM credential WHERE inbox = ? AND inbox_password = 1 AND revoked_at IS NULL`
  const row = db.get<CredentialRow>(sql, inbox)
  return row === undefined ? undefined : credentialOf(row)
}

/** One that may still be changed. */
export function liveCredential(db: Connection, id: CredentialId): Credential {
  const credential = getCredential(db, id)
  if (credential.revokedAt !== undefined) refuse('invalid', 'The credential is revoked.', 'Make a new one.')
  return credential
}

export function listCredentials(
  db: Connection,
  filter: { environment?: EnvironmentId; inbox?: AccountId; revoked?: boolean } & PageOptions,
): Page<Credential> {
  const size = pageSize(filter)
  const { environment, inbox, revoked, afterId = 0 } = filter
  const rows = db.all<CredentialRow>(
    `SELECT ${credentialColumns} FROM credential WHERE id > ? ${environment === undefined ? '' : 'AND environment = ?'}
     ${inbox === undefined ? '' : 'AND inbox = ?'}
     ${revoked === undefined ? '' : `AND revoked_at IS ${revoked ? 'NOT NULL' : 'NULL'}`} ORDER BY id LIMIT ?`,
    afterId,
    ...(environment === undefined ? [] : [environment]),
    ...(inbox === undefined ? [] : [inbox]),
    size + 1,
  )
  return pageOf(rows.map(credentialOf), size)
}
