// The audit log: one row for every change of the directory, written in the change's own transaction (contract G2, I5),
// and with it the directory's version, by which other processes notice the change. A detail holds what was changed,
// never a secret: settings are told by their keys alone. Rows are added here, and removed only when they are old.

import type { AuditFilter, NewAuditEntry, Page } from '../directory/directory.js'
import {
  auditDetailBytesMax,
  auditPruneRowsMax,
  auditWordCharactersMax,
  refusedLoginsMax,
} from '../directory/limits.js'
import { pageOf, pageSize } from '../directory/paging.js'
import { type AuditEntry, system } from '../directory/records.js'
import type { EnvironmentId, TenantId } from '../model.js'
import type { Connection } from './connection.js'
import type { Transaction } from './transaction.js'

/** For a change of the directory. */
export function audit(tx: Transaction, entry: NewAuditEntry): void {
  tx.db.run("UPDATE meta SET value = value + 1 WHERE key = 'directory_version'")
  note(tx, entry)
}

export const directoryVersion = (db: Connection): number =>
  db.get<{ value: number }>("SELECT value FROM meta WHERE key = 'directory_version'")?.value ?? 0

/** For what is worth a row and changes nothing. */
export function note(tx: Transaction, { by = system, tenant, action, object, detail }: NewAuditEntry): void {
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
  const { tenant, objects, since, newestFirst = false } = filter
  const afterId = filter.afterId ?? (newestFirst ? Number.MAX_SAFE_INTEGER : 0)
  const size = pageSize(filter)
  const rows = db.all<AuditRow>(
    `SELECT id, at, tenant, actor, action, object, network, correlation, detail FROM audit
     WHERE id ${newestFirst ? '<' : '>'} ? ${tenant === undefined ? '' : 'AND tenant = ?'}
     ${objects === undefined ? '' : `AND object IN (${objects.map(() => '?').join(', ')})`}
     ${since === undefined ? '' : 'AND at >= ?'}
     ORDER BY id ${newestFirst ? 'DESC' : ''} LIMIT ?`,
    afterId,
    ...(tenant === undefined ? [] : [tenant]),
    ...(objects ?? []),
    ...(since === undefined ? [] : [since]),
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

/** One slice of what is older than `before`, and of the refused logins over their number. True when there may be more. */
export function pruneAudit(tx: Transaction, { before }: { before: number }): boolean {
  const old = tx.db.change(
    'DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? LIMIT ?)',
    before,
    auditPruneRowsMax,
  )
  const tooMany = tx.db.change(
    `DELETE FROM audit WHERE id IN (
       SELECT id FROM audit WHERE action = 'login.refused' AND id <= (
         SELECT id FROM audit WHERE action = 'login.refused' ORDER BY id DESC LIMIT 1 OFFSET ?)
       ORDER BY id LIMIT ?)`,
    refusedLoginsMax,
    auditPruneRowsMax,
  )
  return old === auditPruneRowsMax || tooMany === auditPruneRowsMax
}
