// Mail that a restored queue has open, and that may have been sent since the backup. Where the store that is replaced knows
// what became of it, that holds; where nobody knows, it's held, and `postern queue retry` lets it go. Nothing is sent twice
// for a restore (contract E5).

import type { Connection } from './connection.js'
import { columnsInBoth } from './restore-lineage.js'

export interface QueueRestored {
  /** Recipients that were settled since the backup, and aren't sent to again. */
  readonly settled: number
  readonly held: number
  /** Submissions of after the backup that wait in the store that is put aside, and only there. */
  readonly leftBehind: number
}

interface OpenSubmission {
  id: number
  queueId: string
  message: number | null
  /** Set where the message comes back into an inbox that nothing else of it is left in: what was undelivered is in the old data alone. */
  keepFor: number | null
}

const openSql = 'SELECT id, queue_id AS queueId, message, keep_for AS keepFor FROM submission WHERE closed_at IS NULL'

export function compareQueue(copy: Connection, old: Connection, now: number): QueueRestored {
  let [settled, held] = [0, 0]
  const newest = copy.get<{ id: number | null }>('SELECT max(id) AS id FROM submission')?.id ?? 0
  const columns = columnsInBoth(copy, old, 'outbox').filter((name) => !['id', 'submission', 'message'].includes(name))
  for (const submission of copy.all<OpenSubmission>(openSql)) {
    const before = waitingOf(copy, submission.id)
    const other = old.get<{ closedAt: number | null; cancelledAt: number | null }>(
      'SELECT closed_at AS closedAt, cancelled_at AS cancelledAt FROM submission WHERE id = ? AND queue_id = ?',
      submission.id,
      submission.queueId,
    )
    if (other === undefined && submission.keepFor !== null) {
      held += hold(copy, submission.id, ['waiting', 'leased'])
      continue
    }
    if (other === undefined) {
      // Its last recipient was settled so long ago that it was forgotten.
      copy.run("UPDATE outbox SET state = 'delivered' WHERE submission = ?", submission.id)
      discardOwn(copy, submission.id, now)
      discard(copy, submission.message, now)
      copy.run('DELETE FROM submission WHERE id = ?', submission.id)
      settled += before
      continue
    }
    takeRecipients(copy, old, { submission: submission.id, columns })
    if (submission.keepFor !== null) held += hold(copy, submission.id, ['failed', 'cancelled'])
    else copy.run('UPDATE submission SET cancelled_at = ? WHERE id = ?', other.cancelledAt, submission.id)
    discardOwn(copy, submission.id, now)
    const left = waitingOf(copy, submission.id)
    settled += before - left
    if (left > 0) continue
    discard(copy, submission.message, now)
    copy.run('UPDATE submission SET closed_at = ?, message = NULL WHERE id = ?', other.closedAt ?? now, submission.id)
  }
  const leftBehind =
    old.get<{ n: number }>('SELECT count(*) AS n FROM submission WHERE closed_at IS NULL AND id > ?', newest)?.n ?? 0
  return { settled, held, leftBehind }
}

const waitingOf = (db: Connection, submission: number): number =>
  db.get<{ n: number }>(
    "SELECT count(*) AS n FROM outbox WHERE submission = ? AND state IN ('waiting', 'held', 'leased')",
    submission,
  )?.n ?? 0

type Value = number | string | Uint8Array | null

function takeRecipients(
  copy: Connection,
  old: Connection,
  { submission, columns }: { submission: number; columns: readonly string[] },
): void {
  const rows = old.all<Record<string, Value>>(
    `SELECT id, ${columns.join(', ')} FROM outbox WHERE submission = ?`,
    submission,
  )
  for (const row of rows)
    copy.run(
      `UPDATE outbox SET ${columns.map((name) => `${name} = ?`).join(', ')} WHERE id = ?`,
      ...columns.map((name) => row[name] as Value),
      row.id as number,
    )
}

/** As settling does. */
function discard(copy: Connection, message: number | null, now: number): void {
  if (message !== null)
    copy.run('INSERT INTO garbage (at, messages) VALUES (?, ?)', now, new Uint8Array(Uint32Array.of(message).buffer))
}

/** The messages of settled recipients that have one of their own. */
function discardOwn(copy: Connection, submission: number, now: number): void {
  const settled = `submission = ? AND message IS NOT NULL AND state NOT IN ('waiting', 'held', 'leased')`
  for (const { message } of copy.all<{ message: number }>(`SELECT message FROM outbox WHERE ${settled}`, submission))
    discard(copy, message, now)
  copy.run(`UPDATE outbox SET message = NULL WHERE ${settled}`, submission)
}

const hold = (copy: Connection, submission: number, states: readonly string[]): number =>
  copy.change(
    `UPDATE outbox SET state = 'held', done_at = NULL, lease_owner = NULL, lease_until = NULL
     WHERE submission = ? AND state IN (${states.map((state) => `'${state}'`).join(', ')})`,
    submission,
  )

/** Nobody knows what became of it. */
export const holdQueue = (copy: Connection): QueueRestored => ({
  settled: 0,
  held: copy.all<{ id: number }>(openSql).reduce((sum, { id }) => sum + hold(copy, id, ['waiting', 'leased']), 0),
  leftBehind: 0,
})
