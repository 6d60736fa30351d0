// The rules of inboxes, in their order. What a rule says is JSON that the store doesn't read; the secret of its sink comes sealed. Positions
// are 1, 2, 3 … without a gap, in each inbox.

import type { By, NewRule, RuleChanges } from '../directory/directory.js'
import { ruleBodyBytesMax, rulesPerInboxMax } from '../directory/limits.js'
import type { InboxRule } from '../directory/records.js'
import { cleanSealed } from '../directory/sealed-text.js'
import { cleanName } from '../directory/words.js'
import type { AccountId } from '../model.js'
import { refuse } from '../refusals.js'
import { auditIn } from './audit.js'
import type { Connection } from './connection.js'
import { getInbox } from './directory-inboxes.js'
import type { Transaction } from './transaction.js'

const columns = `id, public_id AS publicId, inbox, position, name, enabled, body, secret, created_at AS createdAt,
  updated_at AS updatedAt`

type RuleRow = Omit<InboxRule, 'enabled' | 'secret'> & { readonly enabled: number; readonly secret: string | null }

const ruleOf = (row: RuleRow): InboxRule => ({ ...row, enabled: row.enabled === 1, secret: row.secret ?? undefined })

interface Adding {
  readonly rules: readonly NewRule[]
  readonly at?: number | undefined
  readonly replacing?: boolean | undefined
}

export function addRules(
  tx: Transaction,
  inbox: AccountId,
  { rules, at, replacing = false, by }: Adding & By,
): readonly InboxRule[] {
  getInbox(tx.db, inbox)
  if (replacing) for (const rule of listRules(tx.db, inbox)) remove(tx, rule, { by })
  const before = listRules(tx.db, inbox)
  if (before.length + rules.length > rulesPerInboxMax)
    refuse('invalid', `An inbox has at most ${rulesPerInboxMax} rules.`, 'Remove those that nobody needs.')
  const position = placeOf(at, before.length + 1)
  shift(tx, inbox, { from: position, by: rules.length })
  for (const [i, rule] of rules.entries()) insert(tx, inbox, { ...rule, position: position + i, by })
  const added = new Set(rules.map(({ publicId }) => publicId))
  return listRules(tx.db, inbox).filter(({ publicId }) => added.has(publicId))
}

function insert(tx: Transaction, inbox: AccountId, rule: NewRule & By & { readonly position: number }): void {
  const { publicId, name, enabled = true, body, secret, position, by } = rule
  if (!/^rul_\w{10,40}$/.test(publicId)) refuse('invalid', 'The public id of a rule begins with rul_.')
  if (findRule(tx.db, publicId) !== undefined) refuse('exists', 'There is a rule of that id already.')
  tx.db.run(
    `INSERT INTO rule (public_id, inbox, position, name, enabled, body, secret, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    publicId,
    inbox,
    position,
    cleanName(name, 'The name of a rule'),
    enabled ? 1 : 0,
    cleanBody(body),
    secretColumn(secret),
    tx.now,
    tx.now,
  )
  note(tx, getRule(tx.db, publicId), { action: 'rule.create', by })
}

export function updateRule(tx: Transaction, publicId: string, changes: RuleChanges & By): InboxRule {
  const old = getRule(tx.db, publicId)
  const { name = old.name, enabled = old.enabled, body = old.body, secret = old.secret, by } = changes
  tx.db.run(
    'UPDATE rule SET name = ?, enabled = ?, body = ?, secret = ?, updated_at = ? WHERE id = ?',
    cleanName(name, 'The name of a rule'),
    enabled ? 1 : 0,
    cleanBody(body),
    secretColumn(secret),
    tx.now,
    old.id,
  )
  const now = getRule(tx.db, publicId)
  note(tx, now, { action: 'rule.update', by })
  return now
}

export function moveRule(tx: Transaction, publicId: string, { to, by }: { readonly to: number } & By): InboxRule {
  const rule = getRule(tx.db, publicId)
  const count = listRules(tx.db, rule.inbox).length
  const position = placeOf(to, count)
  shift(tx, rule.inbox, { from: rule.position + 1, by: -1 })
  shift(tx, rule.inbox, { from: position, by: 1, but: rule.id })
  tx.db.run('UPDATE rule SET position = ? WHERE id = ?', position, rule.id)
  const now = getRule(tx.db, publicId)
  note(tx, now, { action: 'rule.move', by })
  return now
}

export const removeRule = (tx: Transaction, publicId: string, by: By): void => remove(tx, getRule(tx.db, publicId), by)

function remove(tx: Transaction, rule: InboxRule, { by }: By): void {
  tx.db.run('DELETE FROM rule WHERE id = ?', rule.id)
  shift(tx, rule.inbox, { from: rule.position + 1, by: -1 })
  note(tx, rule, { action: 'rule.remove', by })
}

/** In their order; an inbox has so few that there are no pages. */
export const listRules = (db: Connection, inbox: AccountId): InboxRule[] =>
  db.all<RuleRow>(`SELECT ${columns} FROM rule WHERE inbox = ? ORDER BY position`, inbox).map(ruleOf)

export function findRule(db: Connection, publicId: string): InboxRule | undefined {
  const row = db.get<RuleRow>(`SELECT ${columns} FROM rule WHERE public_id = ?`, publicId)
  return row && ruleOf(row)
}

const getRule = (db: Connection, publicId: string): InboxRule =>
  findRule(db, publicId) ?? refuse('not-found', 'There is no such rule.')

function shift(
  tx: Transaction,
  inbox: AccountId,
  { from, by, but = 0 }: { readonly from: number; readonly by: number; readonly but?: number },
): void {
  tx.db.run(
    'UPDATE rule SET position = position + ? WHERE inbox = ? AND position >= ? AND id <> ?',
    by,
    inbox,
    from,
    but,
  )
}

function placeOf(at: number | undefined, last: number): number {
  if (at === undefined) return last
  if (!Number.isSafeInteger(at) || at < 1) refuse('invalid', 'The place of a rule is a whole number from 1.')
  return Math.min(at, last)
}

function cleanBody(body: string): string {
  if (Buffer.byteLength(body) > ruleBodyBytesMax) refuse('invalid', `A rule has at most ${ruleBodyBytesMax} bytes.`)
  return body
}

const secretColumn = (secret: string | null | undefined): string | null =>
  secret === undefined || secret === null ? null : cleanSealed(secret, 'The secret of a rule')

function note(tx: Transaction, rule: InboxRule, { action, by }: { readonly action: string } & By): void {
  const { environment, publicId: inbox } = getInbox(tx.db, rule.inbox)
  const { publicId: object, name, enabled, position } = rule
  auditIn(tx, environment, { by, action, object, detail: { inbox, name, enabled, position } })
}
