// The audit log: one row for every change of the directory, written in the change's own transaction (contract G2, I5).
// Rows are only ever added here. A detail holds what was changed, never a secret: settings are told by their keys alone.

import type { AuditFilter, NewAuditEntry, Page } from '../directory/directory.js'
import { auditDetailBytesMax, auditWordCharactersMax } from '../directory/limits.js'
import { pageOf, pageSize } from '../directory/paging.js'
import { type AuditEntry, system } from '../directory/records.js'
import type { EnvironmentId, TenantId } from '../model.js'
import type { Connection } from './connection.js'
import type { Transaction } from './transaction.js'

export function audit(tx: Transaction, { by = system, tenant, action, object, detail }: NewAuditEntry): void {
  tx.db.run(
    `INSERT INTO audit (at, tenant, actor, action, object, network, correlation, detail)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    tx.now,
    tenant ?? null,
    cut(by.name),
    cut(action),
    cut(object),
    cut(by.network),
    cut(by.correlation),
    detailColumn(detail),
  )
}

/** As `audit`, for what belongs to an environment. */
export function auditIn(tx: Transaction, environment: EnvironmentId, entry: Omit<NewAuditEntry, 'tenant'>): void {
  const row = tx.db.get<{ tenant: TenantId }>('SELECT tenant FROM environment WHERE id = ?', environment)
  audit(tx, { ...entry, tenant: row?.tenant })
}

function cut(word: string): string
function cut(word: string | undefined): string | null
function cut(word: string | undefined): string | null {
  return word === undefined ? null : word.slice(0, auditWordCharactersMax)
}

function detailColumn(detail: NewAuditEntry['detail']): string | null {
  if (detail === undefined) return null
  const text = JSON.stringify(detail)
  return Buffer.byteLength(text) > auditDetailBytesMax ? '{"omitted":"longer than an audit row holds"}' : text
}

interface AuditRow {
  id: number
  at: number
  tenant: TenantId | null
  actor: string
  action: string
  object: string
  network: string | null
  correlation: string | null
  detail: string | null
}

export function listAudit(db: Connection, filter: AuditFilter): Page<AuditEntry> {
  const { tenant, newestFirst = false } = filter
  const afterId = filter.afterId ?? (newestFirst ? Number.MAX_SAFE_INTEGER : 0)
  const size = pageSize(filter)
  const rows = db.all<AuditRow>(
    `SELECT id, at, tenant, actor, action, object, network, correlation, detail FROM audit
     WHERE id ${newestFirst ? '<' : '>'} ? ${tenant === undefined ? '' : 'AND tenant = ?'}
     ORDER BY id ${newestFirst ? 'DESC' : ''} LIMIT ?`,
    afterId,
    ...(tenant === undefined ? [] : [tenant]),
    size + 1,
  )
  return pageOf(rows.map(auditEntry), size)
}

const auditEntry = (row: AuditRow): AuditEntry => ({
  ...row,
  tenant: row.tenant ?? undefined,
  network: row.network ?? undefined,
  correlation: row.correlation ?? undefined,
  detail: row.detail === null ? undefined : JSON.parse(row.detail),
})
