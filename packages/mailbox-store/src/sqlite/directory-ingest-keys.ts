// Ingest keys (contract F3): what lets somebody hand mail over by HTTP, for one domain or for all domains of an environment. The
// secret comes sealed. A key that was revoked stays on record.

import type { By, IngestKeyFilter, NewIngestKey, Page } from '../directory/directory.js'
import { ingestKeysMax, nameCharactersMax } from '../directory/limits.js'
import { pageOf, pageSize } from '../directory/paging.js'
import { type IngestKey, ingestProviders } from '../directory/records.js'
import { cleanSealed } from '../directory/sealed-text.js'
import type { DomainId } from '../model.js'
import { refuse } from '../refusals.js'
import { auditIn } from './audit.js'
import type { Connection } from './connection.js'
import { getDomain } from './directory-domains.js'
import { getEnvironment } from './directory-tenants.js'
import type { Transaction } from './transaction.js'

const columns = `id, public_id AS publicId, environment, domain, provider, label, secret, created_at AS createdAt,
  revoked_at AS revokedAt`

type IngestKeyRow = Omit<IngestKey, 'revokedAt' | 'domain'> & {
  readonly domain: DomainId | null
  readonly revokedAt: number | null
}

const keyOf = (row: IngestKeyRow): IngestKey => ({
  ...row,
  domain: row.domain ?? undefined,
  revokedAt: row.revokedAt ?? undefined,
})

export function createIngestKey(tx: Transaction, options: NewIngestKey & By): IngestKey {
  const { publicId, environment, domain, provider, label, secret, by } = options
  getEnvironment(tx.db, environment)
  if (domain !== undefined && getDomain(tx.db, domain).environment !== environment)
    refuse('invalid', 'The domain is of another environment.')
  if (!/^ing_\w{10,40}$/.test(publicId)) refuse('invalid', 'The public id of an ingest key begins with ing_.')
  if (!ingestProviders.includes(provider)) refuse('invalid', `A provider is one of ${ingestProviders.join(', ')}.`)
  const name = label.trim()
  if (name === '' || name.length > nameCharactersMax)
    refuse('invalid', `A label has 1 to ${nameCharactersMax} characters.`)
  if (heldOf(tx, options) >= ingestKeysMax)
    refuse('invalid', `There are ${ingestKeysMax} ingest keys already.`, 'Revoke those that nobody uses.')
  tx.db.run(
    `INSERT INTO ingest_key (public_id, environment, domain, provider, label, secret, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    publicId,
    environment,
    domain ?? null,
    provider,
    name,
    cleanSealed(secret, 'The secret of an ingest key'),
    tx.now,
  )
  auditIn(tx, environment, { by, action: 'ingest-key.create', object: publicId, detail: { provider, label: name } })
  return getIngestKey(tx.db, publicId)
}

function heldOf(tx: Transaction, { environment, domain }: NewIngestKey): number {
  const sql = 'SELECT count(*) AS n FROM ingest_key WHERE environment = ? AND domain IS ? AND revoked_at IS NULL'
  return tx.db.get<{ n: number }>(sql, environment, domain ?? null)?.n ?? 0
}

export function revokeIngestKey(tx: Transaction, publicId: string, { by }: By): IngestKey {
  const key = getIngestKey(tx.db, publicId)
  if (key.revokedAt !== undefined) return key
  tx.db.run('UPDATE ingest_key SET revoked_at = ? WHERE id = ?', tx.now, key.id)
  auditIn(tx, key.environment, { by, action: 'ingest-key.revoke', object: publicId })
  return getIngestKey(tx.db, publicId)
}

export function findIngestKey(db: Connection, publicId: string): IngestKey | undefined {
  const row = db.get<IngestKeyRow>(`SELECT ${columns} FROM ingest_key WHERE public_id = ?`, publicId)
  return row && keyOf(row)
}

const getIngestKey = (db: Connection, publicId: string): IngestKey =>
  findIngestKey(db, publicId) ?? refuse('not-found', 'There is no such ingest key.')

export function listIngestKeys(db: Connection, filter: IngestKeyFilter): Page<IngestKey> {
  const { afterId = 0, environment, domain } = filter
  const size = pageSize(filter)
  const rows = db.all<IngestKeyRow>(
    `SELECT ${columns} FROM ingest_key WHERE id > ? ${environment === undefined ? '' : 'AND environment = ?'}
     ${domain === undefined ? '' : 'AND domain = ?'} ORDER BY id LIMIT ?`,
    afterId,
    ...(environment === undefined ? [] : [environment]),
    ...(domain === undefined ? [] : [domain]),
    size + 1,
  )
  return pageOf(rows.map(keyOf), size)
}
