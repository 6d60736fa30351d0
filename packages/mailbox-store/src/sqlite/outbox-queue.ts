// The queue as people see it (contract G2): submissions with their recipients, newest first, each caller's own only.

import type { Page } from '../directory/directory.js'
import { pageSize } from '../directory/paging.js'
import type { AccountId, CredentialId, EnvironmentId, MessageId } from '../model.js'
import { purgeMax } from '../outbox/limits.js'
import type {
  OutboxStats,
  QueueEntry,
  QueueFilter,
  QueueRecipient,
  QueueScope,
  RecipientState,
} from '../outbox/outbox.js'
import { refuse } from '../refusals.js'
import type { Connection } from './connection.js'
import type { Transaction } from './transaction.js'

const submissionColumns = `id, queue_id AS queueId, account, credential, environment, sender, created_at AS createdAt,
  closed_at AS closedAt, cancelled_at AS cancelledAt, sink`

interface SubmissionRow {
  id: number
  queueId: string
  account: AccountId | null
  credential: CredentialId | null
  environment: EnvironmentId | null
  sender: string
  createdAt: number
  closedAt: number | null
  cancelledAt: number | null
  sink: string | null
}

interface RecipientRow {
  id: number
  recipient: string
  domain: string
  state: RecipientState
  attempts: number
  nextTryAt: number
  lastCode: string | null
  lastText: string | null
  lastRemote: string | null
  doneAt: number | null
}

export function submissionOf(db: Connection, queueId: string, scope: QueueScope): QueueEntry {
  const row = db.get<SubmissionRow>(`SELECT ${submissionColumns} FROM submission WHERE queue_id = ?`, queueId)
  const reached =
    row !== undefined &&
    (scope.environment === undefined || row.environment === scope.environment) &&
    (scope.account === undefined || row.account === scope.account)
  return reached ? entryOf(db, row) : refuse('not-found', 'There is no such submission.')
}

export function listQueue(db: Connection, filter: QueueFilter): Page<QueueEntry> {
  const size = pageSize(filter)
  const wanted = conditionsOf(filter)
  const rows = db.all<SubmissionRow>(
    `SELECT ${submissionColumns} FROM submission WHERE ${wanted.map(([sql]) => sql).join(' AND ')} ORDER BY id DESC LIMIT ?`,
    ...wanted.flatMap(([, ...values]) => values),
    size + 1,
  )
  const items = rows.slice(0, size).map((row) => entryOf(db, row))
  return { items, next: rows.length > size ? items.at(-1)?.id : undefined }
}

type Condition = readonly [sql: string, ...values: (string | number)[]]

function conditionsOf(filter: QueueFilter): Condition[] {
  const { environment, account, tenant, open, sender, domain, state, afterId = Number.MAX_SAFE_INTEGER } = filter
  const conditions: Condition[] = [['id < ?', afterId]]
  if (environment !== undefined) conditions.push(['environment = ?', environment])
  if (account !== undefined) conditions.push(['account = ?', account])
  if (tenant !== undefined) conditions.push(['environment IN (SELECT id FROM environment WHERE tenant = ?)', tenant])
  if (open !== undefined) conditions.push([`closed_at IS ${open ? 'NULL' : 'NOT NULL'}`])
  if (sender !== undefined) conditions.push(['sender = ? COLLATE NOCASE', sender])
  if (domain === undefined && state === undefined) return conditions
  const ofRecipient = [
    ...(domain === undefined ? [] : [['domain = ?', domain.toLowerCase()] as const]),
    ...(state === undefined ? [] : [['state = ?', state] as const]),
  ]
  const both = ofRecipient.map(([sql]) => ` AND ${sql}`).join('')
  const sql = `EXISTS (SELECT 1 FROM outbox WHERE outbox.submission = submission.id${both})`
  return [...conditions, [sql, ...ofRecipient.map(([, value]) => value)]]
}

export function messageOf(db: Connection, queueId: string): MessageId | undefined {
  const row = db.get<{ message: MessageId | null }>('SELECT message FROM submission WHERE queue_id = ?', queueId)
  return row?.message ?? undefined
}

export function stats(db: Connection): OutboxStats {
  const count = (state: 'waiting' | 'leased' | 'held'): number =>
    db.get<{ n: number }>(`SELECT count(*) AS n FROM outbox WHERE state = '${state}'`)?.n ?? 0
  const first = db.get<{ at: number | null }>("SELECT min(next_try_at) AS at FROM outbox WHERE state = 'waiting'")
  const oldest = db.get<{ at: number }>(
    'SELECT created_at AS at FROM submission WHERE closed_at IS NULL ORDER BY id LIMIT 1',
  )
  return {
    ...{ waiting: count('waiting'), leased: count('leased'), held: count('held') },
    ...{ oldestDueAt: first?.at ?? undefined, openSince: oldest?.at },
  }
}

export function retryNow(tx: Transaction, queueId: string, scope: QueueScope): number {
  const { id } = submissionOf(tx.db, queueId, scope)
  return tx.db.change(
    "UPDATE outbox SET state = 'waiting', next_try_at = ? WHERE submission = ? AND state IN ('waiting', 'held')",
    tx.now,
    id,
  )
}

export const retryAllOf = (tx: Transaction, domain: string): number =>
  tx.db.change(
    "UPDATE outbox SET state = 'waiting', next_try_at = ? WHERE domain = ? AND state IN ('waiting', 'held')",
    tx.now,
    domain.toLowerCase(),
  )

export function purge(tx: Transaction, { closedBefore, limit }: { closedBefore: number; limit: number }): number {
  return tx.db.change(
    'DELETE FROM submission WHERE id IN (SELECT id FROM submission WHERE closed_at < ? ORDER BY closed_at LIMIT ?)',
    closedBefore,
    Math.min(limit, purgeMax),
  )
}

function entryOf(db: Connection, row: SubmissionRow): QueueEntry {
  const recipients = db.all<RecipientRow>(
    `SELECT id, recipient, domain, state, attempts, next_try_at AS nextTryAt, last_code AS lastCode,
     last_text AS lastText, last_remote AS lastRemote, done_at AS doneAt FROM outbox WHERE submission = ? ORDER BY id`,
    row.id,
  )
  return {
    ...row,
    account: row.account ?? undefined,
    credential: row.credential ?? undefined,
    environment: row.environment ?? undefined,
    closedAt: row.closedAt ?? undefined,
    cancelledAt: row.cancelledAt ?? undefined,
    sink: row.sink ?? undefined,
    recipients: recipients.map(recipientOf),
  }
}

const recipientOf = (row: RecipientRow): QueueRecipient => ({
  ...row,
  lastCode: row.lastCode ?? undefined,
  lastText: row.lastText ?? undefined,
  lastRemote: row.lastRemote ?? undefined,
  doneAt: row.doneAt ?? undefined,
})
