// What was taken away since the backup stays taken away: revoked, disabled and narrowed credentials, changed secrets,
// disabled inboxes, revoked ingest keys; and a legal hold stays. Credentials that were made since stay as well, and the audit
// log isn't turned back. All of this is known only where the store that is replaced is there; else who comes in is as it was
// when the backup was made, and the report lists it.

import type { Connection } from './connection.js'
import { columnsInBoth } from './restore-lineage.js'

export interface DirectoryRestored {
  /** False where credentials are as they were when the backup was made. */
  readonly isKnown: boolean
  readonly credentials: readonly CredentialRestored[]
  /** Addresses that were deleted since the backup and are back; what let somebody in is revoked. */
  readonly inboxesBack: readonly string[]
  /** Addresses that were made since the backup, and are in the old data alone. */
  readonly inboxesLost: readonly string[]
}

export interface CredentialRestored {
  readonly id: string
  readonly label: string
  /** `lost`: made since, and its inbox isn't in the backup. `works`: nobody knows whether it was revoked since. */
  readonly how: 'revoked' | 'disabled' | 'changed' | 'added' | 'lost' | 'works'
}

type Value = number | string | Uint8Array | null
type Row = Record<string, Value>

export interface CompareDirectory {
  readonly old: Connection
  /** Hashes of secrets mean something under the server key alone. */
  readonly sameKey: boolean
  readonly now: number
}

export function compareDirectory(copy: Connection, options: CompareDirectory): DirectoryRestored {
  const { old } = options
  takeInboxMarks(copy, old)
  copyColumn(copy, old, { table: 'ingest_key', set: 'revoked_at = coalesce(?, revoked_at)', column: 'revoked_at' })
  const credentials = [...compareCredentials(copy, options), ...addCredentials(copy, options)]
  takeAudit(copy, old)
  return {
    ...{ isKnown: true, credentials },
    inboxesBack: onlyIn(copy, old),
    inboxesLost: onlyIn(old, copy),
  }
}

export const credentialsAsTheyWere = (copy: Connection, now: number): DirectoryRestored => ({
  isKnown: false,
  credentials: copy
    .all<{ id: string; label: string }>(
      `SELECT public_id AS id, label FROM credential
       WHERE revoked_at IS NULL AND disabled = 0 AND coalesce(expires_at, ?) >= ? ORDER BY id`,
      now,
      now,
    )
    .map((row): CredentialRestored => ({ ...row, how: 'works' })),
  inboxesBack: [],
  inboxesLost: [],
})

function onlyIn(one: Connection, other: Connection): string[] {
  const there = idsOf(other, 'inbox')
  return one
    .all<{ id: number; address: string }>('SELECT id, address FROM inbox ORDER BY address')
    .filter(({ id }) => !there.has(id))
    .map(({ address }) => address)
}

function takeInboxMarks(copy: Connection, old: Connection): void {
  for (const { id, disabled, hold } of old.all<{ id: number; disabled: number; hold: number }>(
    'SELECT id, disabled, legal_hold AS hold FROM inbox WHERE disabled = 1 OR legal_hold = 1',
  ))
    copy.run(
      'UPDATE inbox SET disabled = max(disabled, ?), legal_hold = max(legal_hold, ?) WHERE id = ?',
      disabled,
      hold,
      id,
    )
}

function copyColumn(
  copy: Connection,
  old: Connection,
  { table, set, column }: { table: string; set: string; column: string },
): void {
  if (!columnsInBoth(copy, old, table).includes(column)) return
  for (const { id, value } of old.all<{ id: number; value: Value }>(
    `SELECT id, ${column} AS value FROM ${table} WHERE ${column} IS NOT NULL`,
  ))
    copy.run(`UPDATE ${table} SET ${set} WHERE id = ?`, value, id)
}

/** Those that the backup has: they are as they became. */
function compareCredentials(copy: Connection, { old, sameKey, now }: CompareDirectory): CredentialRestored[] {
  const columns = columnsInBoth(copy, old, 'credential').filter((name) => name !== 'id')
  const changed: CredentialRestored[] = []
  for (const before of copy.all<Row>('SELECT * FROM credential ORDER BY id')) {
    const id = before.id as number
    const other = old.get<Row>(
      'SELECT * FROM credential WHERE id = ? AND public_id = ?',
      id,
      before.public_id as string,
    )
    const told = { id: before.public_id as string, label: (other ?? before).label as string }
    if (other === undefined) {
      copy.run('UPDATE credential SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?', now, id)
      if (before.revoked_at === null) changed.push({ ...told, how: 'revoked' })
      continue
    }
    copy.run(
      `UPDATE credential SET ${columns.map((name) => `${name} = ?`).join(', ')} WHERE id = ?`,
      ...columns.map((name) => other[name] as Value),
      id,
    )
    const hasNewSecrets = takeSecrets(copy, { old, sameKey, credential: id })
    const how = howChanged(before, other) ?? (hasNewSecrets ? 'changed' : undefined)
    if (how !== undefined) changed.push({ ...told, how })
  }
  return changed
}

const rightColumns = [
  'scopes',
  'grants',
  'networks',
  'any_username',
  'quiet_read_only',
  'expires_at',
  'disabled',
] as const

function howChanged(before: Row, other: Row): CredentialRestored['how'] | undefined {
  if (before.revoked_at === null && other.revoked_at !== null) return 'revoked'
  if (before.disabled === 0 && other.disabled === 1) return 'disabled'
  return rightColumns.some((name) => before[name] !== other[name]) ? 'changed' : undefined
}

/** With another server key the new secrets mean nothing; those that are gone go all the same. */
function takeSecrets(
  copy: Connection,
  { old, sameKey, credential }: { old: Connection; sameKey: boolean; credential: number },
): boolean {
  const sql =
    'SELECT public_part, hash, created_at, expires_at FROM credential_secret WHERE credential = ? ORDER BY public_part'
  const theirs = old.all<Row>(sql, credential)
  const own = copy.all<Row>(sql, credential)
  const names = (rows: readonly Row[]): string => rows.map((row) => `${row.public_part} ${row.expires_at}`).join()
  if (names(theirs) === names(own)) return false
  copy.run('DELETE FROM credential_secret WHERE credential = ?', credential)
  const mine = new Map(own.map((row) => [row.public_part, row]))
  for (const row of theirs) {
    const hash = sameKey ? row.hash : mine.get(row.public_part as string)?.hash
    if (hash !== undefined)
      copy.run(
        'INSERT INTO credential_secret (public_part, credential, hash, created_at, expires_at) VALUES (?, ?, ?, ?, ?)',
        ...[row.public_part as Value, credential, hash, row.created_at as Value, row.expires_at as Value],
      )
  }
  return true
}

/** Those that were made since: they come along where what they open is in the backup. */
function addCredentials(copy: Connection, { old, sameKey }: CompareDirectory): CredentialRestored[] {
  const columns = columnsInBoth(copy, old, 'credential')
  const own = new Set(copy.all<{ id: number }>('SELECT id FROM credential').map(({ id }) => id))
  const environments = idsOf(copy, 'environment')
  const inboxes = idsOf(copy, 'inbox')
  const added: CredentialRestored[] = []
  for (const row of old.all<Row>('SELECT * FROM credential ORDER BY id')) {
    if (own.has(row.id as number)) continue
    const fits = environments.has(row.environment as number) && (row.inbox === null || inboxes.has(row.inbox as number))
    const isAdded = fits && sameKey
    if (isAdded) {
      copy.run(
        `INSERT INTO credential (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
        ...columns.map((name) => row[name] as Value),
      )
      takeSecrets(copy, { old, sameKey, credential: row.id as number })
    }
    if (row.revoked_at === null)
      added.push({ id: row.public_id as string, label: row.label as string, how: isAdded ? 'added' : 'lost' })
  }
  return added
}

const idsOf = (db: Connection, table: 'environment' | 'inbox'): Set<number> =>
  new Set(db.all<{ id: number }>(`SELECT id FROM ${table}`).map(({ id }) => id))

function takeAudit(copy: Connection, old: Connection): void {
  const columns = columnsInBoth(copy, old, 'audit')
  const newest = copy.get<{ id: number | null }>('SELECT max(id) AS id FROM audit')?.id ?? 0
  const into = `INSERT INTO audit (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
  const rows = old.prepare(`SELECT ${columns.join(', ')} FROM audit WHERE id > ? ORDER BY id`)
  for (const row of rows.iterate(newest) as IterableIterator<Row>)
    copy.run(into, ...columns.map((name) => row[name] as Value))
}
