// How many recipients a credential and an inbox have sent to within the last hour and day (contract D6). Counted in the commit
// that takes the mail, so that the number is exact for all processes of a folder and survives each of them. A row holds what
// was sent until a moment: of the last hour minute by minute, of the day before that by the quarter of an hour. So a recipient
// counts for the whole window, and for less than a minute more (in the day's window a quarter of an hour), never for less.

import type { SendingLimits } from '../directory/sending-rules.js'
import { sendingCountsPruneMax } from '../outbox/limits.js'
import type { SendingAsk, SendingRoom } from '../outbox/outbox.js'
import { StoreRefusal } from '../refusals.js'
import type { Connection } from './connection.js'
import type { Transaction } from './transaction.js'

const minuteMs = 60_000
const quarterMs = 900_000
const hourMs = 3_600_000
const dayMs = 86_400_000

interface Holder {
  readonly kind: 'credential' | 'inbox'
  readonly id: number
  readonly limits: SendingLimits | undefined
}

function holdersOf({ credential, account, sending }: Omit<SendingAsk, 'recipients'>): Holder[] {
  const holders: Holder[] = []
  if (credential !== undefined) holders.push({ kind: 'credential', id: credential, limits: sending?.credentialLimits })
  if (account !== undefined) holders.push({ kind: 'inbox', id: account, limits: sending?.inboxLimits })
  return holders
}

/** Whether so many more recipients fit, or when they will. */
export function sendingRoom(db: Connection, now: number, ask: SendingAsk): SendingRoom {
  let opensAt = now
  for (const holder of holdersOf(ask)) {
    const windows = [
      { limit: holder.limits?.perHour, windowMs: hourMs },
      { limit: holder.limits?.perDay, windowMs: dayMs },
    ]
    for (const { limit, windowMs } of windows) {
      if (limit === undefined) continue
      if (ask.recipients > limit) return { fits: false, opensAt: undefined }
      opensAt = Math.max(opensAt, whenOpen(db, holder, { now, windowMs, room: limit - ask.recipients }))
    }
  }
  return opensAt === now ? { fits: true } : { fits: false, opensAt }
}

/** When what was sent within the window has come down to `room`. */
function whenOpen(
  db: Connection,
  { kind, id }: Holder,
  { now, windowMs, room }: { now: number; windowMs: number; room: number },
): number {
  const statement = db.prepareRaw(
    'SELECT until, recipients FROM sending_count WHERE kind = ? AND holder = ? AND until > ? ORDER BY until',
  )
  const rows = db.reading(() => statement.all(kind, id, now - windowMs)) as [until: number, recipients: number][]
  let sum = rows.reduce((total, [, recipients]) => total + recipients, 0)
  let at = now
  for (const [until, recipients] of rows) {
    if (sum <= room) break
    sum -= recipients
    at = until + windowMs
  }
  return at
}

/** Counts them, or refuses. Mail that is cancelled later stays counted: it may have left. */
export function countSending(tx: Transaction, ask: SendingAsk): void {
  const room = sendingRoom(tx.db, tx.now, ask)
  if (!room.fits) throw sendingLimit(room.opensAt)
  for (const holder of holdersOf(ask)) addTo(tx, holder, ask.recipients)
}

function sendingLimit(opensAt: number | undefined): StoreRefusal {
  if (opensAt === undefined)
    return new StoreRefusal('sending-limit', 'The message has more recipients than may be sent to at all.')
  const message = `The sending limit is reached until ${new Date(opensAt).toISOString()}.`
  return new StoreRefusal('sending-limit', message, { opensAt })
}

function addTo(tx: Transaction, { kind, id }: Holder, recipients: number): void {
  const until = (Math.floor(tx.now / minuteMs) + 1) * minuteMs
  if (add(tx, { kind, id, until, recipients })) return
  tx.db.run('INSERT INTO sending_count VALUES (?, ?, ?, ?)', kind, id, until, recipients)
  gatherOld(tx, { kind, id })
}

function add(
  tx: Transaction,
  { kind, id, until, recipients }: Omit<Holder, 'limits'> & { until: number; recipients: number },
): boolean {
  const sql = 'UPDATE sending_count SET recipients = recipients + ? WHERE kind = ? AND holder = ? AND until = ?'
  return tx.db.change(sql, recipients, kind, id, until) > 0
}

/** Minutes that the hour has passed become quarters of an hour; what the day has passed goes. */
function gatherOld(tx: Transaction, { kind, id }: Omit<Holder, 'limits'>): void {
  const hourAgo = tx.now - hourMs
  tx.db.run('DELETE FROM sending_count WHERE kind = ? AND holder = ? AND until <= ?', kind, id, tx.now - dayMs)
  const minutes = tx.db.all<{ until: number; recipients: number }>(
    `SELECT until, recipients FROM sending_count WHERE kind = ? AND holder = ? AND until <= ? AND until % ${quarterMs} <> 0`,
    kind,
    id,
    hourAgo,
  )
  for (const { until, recipients } of minutes) {
    const quarter = Math.ceil(until / quarterMs) * quarterMs
    // It would count in the hour's window again.
    if (quarter > hourAgo) continue
    if (!add(tx, { kind, id, until: quarter, recipients }))
      tx.db.run('INSERT INTO sending_count VALUES (?, ?, ?, ?)', kind, id, quarter, recipients)
    tx.db.run('DELETE FROM sending_count WHERE kind = ? AND holder = ? AND until = ?', kind, id, until)
  }
}

export const oldSendingCounts = (db: Connection, now: number): boolean =>
  db.get('SELECT 1 FROM sending_count WHERE until <= ? LIMIT 1', now - dayMs) !== undefined

/** One slice of what holders have left behind that send no more. True when there may be more. */
export function pruneSendingCounts(tx: Transaction): boolean {
  const sql = `DELETE FROM sending_count WHERE (kind, holder, until) IN (
    SELECT kind, holder, until FROM sending_count WHERE until <= ? LIMIT ?)`
  return tx.db.change(sql, tx.now - dayMs, sendingCountsPruneMax) === sendingCountsPruneMax
}
