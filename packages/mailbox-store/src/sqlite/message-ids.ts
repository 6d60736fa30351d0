// The numbers of messages, which are never used twice, not even after the newest messages are gone. The next one is behind the
// highest that there is; only who deletes messages writes it down, so that those who bring some dirty no page for it.

import type { Connection } from './connection.js'

const key = 'message_next'

export function nextMessageId(db: Connection): number {
  const row = db.get<{ next: number }>(
    `SELECT max(coalesce((SELECT value FROM meta WHERE key = ?), 1), coalesce((SELECT max(id) FROM message), 0) + 1) AS next`,
    key,
  )
  return row?.next ?? 1
}

/** Before messages are deleted, or when those that were lost may have had numbers above. */
export function keepNextMessageId(db: Connection, next = nextMessageId(db)): void {
  db.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', key, next)
}
