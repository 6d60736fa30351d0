// Whom rules have answered, so that each sender hears it once within its days (RFC 5230 §4.2): asked and written in the commit that delivers what is
// answered, by whatever process.

import { repliedKeptMs, repliedPerRuleMax, repliedPruneMax } from '../outbox/limits.js'
import type { SentOn } from '../outbox/outbox.js'
import type { Connection } from './connection.js'
import type { Transaction } from './transaction.js'

type Reply = NonNullable<SentOn['reply']>

/** True also where the rule has gone, or has answered too many. */
export function hasReplied(tx: Transaction, { rule, withinMs }: Reply, recipients: readonly string[]): boolean {
  const id = idOf(tx.db, rule)
  if (id === undefined) return true
  const since = tx.now - withinMs
  const sql = 'SELECT 1 FROM replied WHERE rule = ? AND sender = ? AND at > ?'
  if (recipients.some((sender) => tx.db.get(sql, id, keyOf(sender), since) !== undefined)) return true
  const { n } = tx.db.get<{ n: number }>('SELECT count(*) AS n FROM replied WHERE rule = ? AND at > ?', id, since) ?? {
    n: 0,
  }
  return n >= repliedPerRuleMax
}

export function noteReply(tx: Transaction, { rule }: Reply, recipients: readonly string[]): void {
  const id = idOf(tx.db, rule)
  if (id === undefined) return
  for (const sender of recipients)
    tx.db.run('INSERT OR REPLACE INTO replied VALUES (?, ?, ?)', id, keyOf(sender), tx.now)
}

const idOf = (db: Connection, rule: string): number | undefined =>
  db.get<{ id: number }>('SELECT id FROM rule WHERE public_id = ?', rule)?.id

const keyOf = (sender: string): string => sender.toLowerCase()

export const oldReplies = (db: Connection, now: number): boolean =>
  db.get('SELECT 1 FROM replied WHERE at <= ? LIMIT 1', now - repliedKeptMs) !== undefined

/** One slice. True when there may be more. */
export function forgetReplies(tx: Transaction): boolean {
  const sql = 'DELETE FROM replied WHERE (rule, sender) IN (SELECT rule, sender FROM replied WHERE at <= ? LIMIT ?)'
  return tx.db.change(sql, tx.now - repliedKeptMs, repliedPruneMax) === repliedPruneMax
}
