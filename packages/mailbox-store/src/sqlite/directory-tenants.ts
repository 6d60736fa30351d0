// Tenants and environments (contract B1): the two levels above domains, which separate customers, and within one
// customer production from staging.

import type { By, Page, PageOptions, Ref, SendingChanges } from '../directory/directory.js'
import { pageOf, pageSize } from '../directory/paging.js'
import { publicId } from '../directory/public-id.js'
import type { Environment, SendingRules, Tenant } from '../directory/records.js'
import { changedSending, sendingColumn, toldSending } from '../directory/sending-rules.js'
import { cleanName } from '../directory/words.js'
import type { EnvironmentId, TenantId } from '../model.js'
import { refuse } from '../refusals.js'
import { audit } from './audit.js'
import type { Connection } from './connection.js'
import type { Transaction } from './transaction.js'

const tenantColumns = 'id, public_id AS publicId, name, sending, created_at AS createdAt'
const environmentColumns = 'id, public_id AS publicId, tenant, name, created_at AS createdAt'

type TenantRow = Omit<Tenant, 'sending'> & { readonly sending: string }

const tenantOf = (row: TenantRow): Tenant => ({ ...row, sending: JSON.parse(row.sending) as SendingRules })

export function createTenant(tx: Transaction, { name, by }: { name: string } & By): Tenant {
  const clean = freeTenantName(tx.db, name)
  const publicTenant = publicId('ten')
  const id = tx.db.run('INSERT INTO tenant (public_id, name, created_at) VALUES (?, ?, ?)', publicTenant, clean, tx.now)
  audit(tx, { by, tenant: id as TenantId, action: 'tenant.create', object: publicTenant, detail: { name: clean } })
  return getTenant(tx.db, id as TenantId)
}

export function renameTenant(tx: Transaction, id: TenantId, { name, by }: { name: string } & By): Tenant {
  const old = getTenant(tx.db, id)
  if (cleanName(name, 'A name') === old.name) return old
  const clean = freeTenantName(tx.db, name)
  tx.db.run('UPDATE tenant SET name = ? WHERE id = ?', clean, id)
  audit(tx, { by, tenant: id, action: 'tenant.rename', object: old.publicId, detail: { from: old.name, to: clean } })
  return getTenant(tx.db, id)
}

export function updateTenant(
  tx: Transaction,
  id: TenantId,
  { sending = {}, by }: { sending?: SendingChanges } & By,
): Tenant {
  const old = getTenant(tx.db, id)
  tx.db.run('UPDATE tenant SET sending = ? WHERE id = ?', sendingColumn(changedSending(old.sending, sending)), id)
  audit(tx, {
    by,
    tenant: id,
    action: 'tenant.update',
    object: old.publicId,
    detail: { sending: toldSending(sending) },
  })
  return getTenant(tx.db, id)
}

function freeTenantName(db: Connection, name: string): string {
  const clean = cleanName(name, 'A name')
  if (findTenant(db, clean) !== undefined) refuse('exists', 'There is a tenant of that name already.')
  return clean
}

export function createEnvironment(tx: Transaction, options: { tenant: TenantId; name: string } & By): Environment {
  const { tenant, name, by } = options
  getTenant(tx.db, tenant)
  const clean = freeEnvironmentName(tx.db, tenant, name)
  const object = publicId('env')
  const id = tx.db.run(
    'INSERT INTO environment (public_id, tenant, name, created_at) VALUES (?, ?, ?, ?)',
    object,
    tenant,
    clean,
    tx.now,
  )
  audit(tx, { by, tenant, action: 'environment.create', object, detail: { name: clean } })
  return getEnvironment(tx.db, id as EnvironmentId)
}

export function renameEnvironment(
  tx: Transaction,
  id: EnvironmentId,
  { name, by }: { name: string } & By,
): Environment {
  const old = getEnvironment(tx.db, id)
  if (cleanName(name, 'A name') === old.name) return old
  const clean = freeEnvironmentName(tx.db, old.tenant, name)
  tx.db.run('UPDATE environment SET name = ? WHERE id = ?', clean, id)
  const detail = { from: old.name, to: clean }
  audit(tx, { by, tenant: old.tenant, action: 'environment.rename', object: old.publicId, detail })
  return getEnvironment(tx.db, id)
}

function freeEnvironmentName(db: Connection, tenant: TenantId, name: string): string {
  const clean = cleanName(name, 'A name')
  if (findEnvironment(db, tenant, clean) !== undefined)
    refuse('exists', 'The tenant has an environment of that name already.')
  return clean
}

/** The first environment is where the first start looks whether it's over: it stays. */
export function deleteEnvironment(tx: Transaction, id: EnvironmentId, { by }: By): void {
  const old = getEnvironment(tx.db, id)
  if (tx.db.get<{ id: number }>('SELECT min(id) AS id FROM environment')?.id === id)
    refuse('invalid', 'The first environment cannot be deleted.', 'Rename it.')
  if (tx.db.get('SELECT 1 FROM domain WHERE environment = ? LIMIT 1', id) !== undefined)
    refuse('invalid', `The environment ${old.name} has domains.`, 'Delete its domains first.')
  tx.db.run('DELETE FROM credential WHERE environment = ?', id)
  tx.db.run('DELETE FROM environment WHERE id = ?', id)
  audit(tx, { by, tenant: old.tenant, action: 'environment.delete', object: old.publicId, detail: { name: old.name } })
}

export function deleteTenant(tx: Transaction, id: TenantId, { by }: By): void {
  const old = getTenant(tx.db, id)
  const environments = tx.db.all<{ id: EnvironmentId }>('SELECT id FROM environment WHERE tenant = ? ORDER BY id', id)
  for (const environment of environments) deleteEnvironment(tx, environment.id, { by })
  tx.db.run('DELETE FROM tenant WHERE id = ?', id)
  audit(tx, { by, tenant: id, action: 'tenant.delete', object: old.publicId, detail: { name: old.name } })
}

export function ensureDefault(
  tx: Transaction,
  options: { tenant: string; environment: string } & By,
): { tenant: Tenant; environment: Environment } {
  const { by } = options
  const tenantName = cleanName(options.tenant, 'A name')
  const name = cleanName(options.environment, 'A name')
  const tenant = findTenant(tx.db, tenantName) ?? createTenant(tx, { name: tenantName, by })
  const environment = findEnvironment(tx.db, tenant.id, name) ?? createEnvironment(tx, { tenant: tenant.id, name, by })
  return { tenant, environment }
}

export function getTenant(db: Connection, ref: Ref<TenantId>): Tenant {
  const by = typeof ref === 'number' ? 'id' : 'public_id'
  const row = db.get<TenantRow>(`SELECT ${tenantColumns} FROM tenant WHERE ${by} = ?`, ref)
  return row === undefined ? refuse('not-found', 'There is no such tenant.') : tenantOf(row)
}

export function getEnvironment(db: Connection, ref: Ref<EnvironmentId>): Environment {
  const by = typeof ref === 'number' ? 'id' : 'public_id'
  const row = db.get<Environment>(`SELECT ${environmentColumns} FROM environment WHERE ${by} = ?`, ref)
  return row ?? refuse('not-found', 'There is no such environment.')
}

function findTenant(db: Connection, name: string): Tenant | undefined {
  const row = db.get<TenantRow>(`SELECT ${tenantColumns} FROM tenant WHERE name = ?`, name)
  return row === undefined ? undefined : tenantOf(row)
}

const findEnvironment = (db: Connection, tenant: TenantId, name: string): Environment | undefined =>
  db.get<Environment>(`SELECT ${environmentColumns} FROM environment WHERE tenant = ? AND name = ?`, tenant, name)

export function listTenants(db: Connection, page: PageOptions): Page<Tenant> {
  const size = pageSize(page)
  const sql = `SELECT ${tenantColumns} FROM tenant WHERE id > ? ORDER BY id LIMIT ?`
  return pageOf(db.all<TenantRow>(sql, page.afterId ?? 0, size + 1).map(tenantOf), size)
}

export function listEnvironments(db: Connection, filter: { tenant?: TenantId } & PageOptions): Page<Environment> {
  const size = pageSize(filter)
  const { tenant, afterId = 0 } = filter
  const rows = db.all<Environment>(
    `SELECT ${environmentColumns} FROM environment WHERE id > ? ${tenant === undefined ? '' : 'AND tenant = ?'}
     ORDER BY id LIMIT ?`,
    afterId,
    ...(tenant === undefined ? [] : [tenant]),
    size + 1,
  )
  return pageOf(rows, size)
}
