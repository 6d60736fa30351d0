// How a recipient's turn ends: delivered, to be tried later, failed, or cancelled. One transaction checks the lease,
// writes the state, delivers the notice to the sender, and closes the submission behind its last recipient, which lets
// go of the message.

import type { AccountId, MessageId } from '../model.js'
import { replyTextCharactersMax } from '../outbox/limits.js'
import type {
  DeliveryOutcome,
  Outcome,
  QueueScope,
  RecipientState,
  Reply,
  Report,
  Reported,
  ReportedTogether,
  ReportTogether,
} from '../outbox/outbox.js'
import { refuse } from '../refusals.js'
import { discard } from './garbage.js'
import { freshParcel, placeParcel, storedParcel, takeRooms } from './outbox-parcel.js'
import { submissionOf } from './outbox-queue.js'
import { placeAndSendOn } from './sent-on.js'
import { deliver, placedOf } from './submit.js'
import type { Transaction } from './transaction.js'

interface Leased {
  submission: number
  message: MessageId
  cancelledAt: number | null
}

export function report(tx: Transaction, { id, owner, outcome, notice }: Report): Reported {
  const leased = tx.db.get<Leased>(
    `SELECT submission, coalesce(outbox.message, submission.message) AS message, cancelled_at AS cancelledAt FROM outbox
     JOIN submission ON submission.id = outbox.submission
     WHERE outbox.id = ? AND state = 'leased' AND lease_owner = ?`,
    id,
    owner,
  )
  if (leased === undefined) return refuse('lease-lost', 'The recipient is no longer leased to this relay.')
  const { submission, message, cancelledAt } = leased
  const here = outcome.kind === 'delivered' && outcome.to ? deliverStored(tx, message, outcome) : undefined
  const delivered = here === undefined ? undefined : placedOf(here[0])[0]
  const instead = here?.flatMap((each) => (each.outcome === 'delivered' ? (each.instead ?? []) : []))[0]
  if (outcome.kind !== 'cancelled') keepReply(tx, id, outcome)
  const told = notice === undefined ? [] : deliver(tx, notice)
  if (outcome.kind === 'deferred' && cancelledAt === null) {
    defer(tx, id, outcome)
    return { state: 'waiting', delivered, instead, kept: false, notice: told, closed: false }
  }
  const state = outcome.kind === 'deferred' ? 'cancelled' : outcome.kind
  return { state, delivered, instead, notice: told, ...settle(tx, { id, submission, state }) }
}

export function reportTogether(tx: Transaction, { owner, recipients, notice }: ReportTogether): ReportedTogether {
  const reported = recipients.map(({ id, outcome }) => report(tx, { id, owner, outcome }))
  const states = reported.map(({ state }) => state)
  return { states, kept: reported.some(({ kept }) => kept), notice: notice === undefined ? [] : deliver(tx, notice) }
}

/** Settles what waits. What is leased is marked: it is not tried again after this try. */
export function cancel(tx: Transaction, queueId: string, scope: QueueScope): { cancelled: number; inFlight: number } {
  const { id: submission, closedAt } = submissionOf(tx.db, queueId, scope)
  if (closedAt !== undefined) return { cancelled: 0, inFlight: 0 }
  tx.db.run('UPDATE submission SET cancelled_at = coalesce(cancelled_at, ?) WHERE id = ?', tx.now, submission)
  const open = tx.db.all<{ id: number; state: RecipientState }>(
    "SELECT id, state FROM outbox WHERE submission = ? AND state IN ('waiting', 'held', 'leased')",
    submission,
  )
  const waiting = open.filter(({ state }) => state !== 'leased')
  for (const { id } of waiting) settle(tx, { id, submission, state: 'cancelled' })
  return { cancelled: waiting.length, inFlight: open.length - waiting.length }
}

/** The recipient's last state; and whether it was the submission's last one that was open. */
export function settle(
  tx: Transaction,
  { id, submission, state }: { id: number; submission: number; state: 'delivered' | 'failed' | 'cancelled' },
): { readonly closed: boolean; readonly kept: boolean } {
  const kept = state !== 'delivered' && keep(tx, submission)
  const own = tx.db.get<{ message: number }>('SELECT message FROM outbox WHERE id = ? AND message IS NOT NULL', id)
  if (own !== undefined) discard(tx, Uint32Array.of(own.message))
  tx.db.run(
    'UPDATE outbox SET state = ?, done_at = ?, message = NULL, lease_owner = NULL, lease_until = NULL WHERE id = ?',
    state,
    tx.now,
    id,
  )
  const open = tx.db.get(
    "SELECT 1 FROM outbox WHERE submission = ? AND state IN ('waiting', 'held', 'leased') LIMIT 1",
    submission,
  )
  if (open === undefined) close(tx, submission)
  return { closed: open === undefined, kept }
}

/** What an inbox has sent on, and nothing else has, comes back into its INBOX, once. */
function keep(tx: Transaction, submission: number): boolean {
  const row = tx.db.get<{ account: AccountId | null; message: MessageId | null }>(
    'SELECT keep_for AS account, message FROM submission WHERE id = ?',
    submission,
  )
  if (row === undefined || row.account === null || row.message === null) return false
  tx.db.run('UPDATE submission SET keep_for = NULL WHERE id = ?', submission)
  const parcel = storedParcel(tx, row.message)
  const rooms = takeRooms(tx, [{ account: row.account, beyondQuota: true }], parcel.size)
  return placeParcel(tx, parcel, { rooms, staying: 0 }).message !== undefined
}

/** The outbox lets go of the message: the sweep takes it away when no mailbox holds it either. */
function close(tx: Transaction, submission: number): void {
  const { message } =
    tx.db.get<{ message: number | null }>('SELECT message FROM submission WHERE id = ?', submission) ?? {}
  if (message === undefined) throw new Error(`submission ${submission} is missing`)
  tx.db.run('UPDATE submission SET closed_at = ?, message = NULL WHERE id = ?', tx.now, submission)
  if (message !== null) discard(tx, Uint32Array.of(message))
}

function deliverStored(
  tx: Transaction,
  message: MessageId,
  { to = [], sentOn = [], message: own }: Pick<Extract<Outcome, { kind: 'delivered' }>, 'to' | 'sentOn' | 'message'>,
): readonly DeliveryOutcome[] {
  const stored = storedParcel(tx, message)
  const parcel = own === undefined ? stored : freshParcel(tx, own, stored.internalDate)
  const rooms = takeRooms(tx, [to].flat(), parcel.size)
  const why = rooms.flatMap((room) => ('why' in room ? [room.why] : []))[0]
  if (why === 'over-quota') return refuse('over-quota', 'The inbox is over its quota.')
  if (why === 'gone') return refuse('not-found', 'That inbox is gone.')
  return placeAndSendOn(tx, parcel, { rooms, sentOn, internalDate: parcel.internalDate }).outcomes
}

function keepReply(tx: Transaction, id: number, { code, text, remote }: Reply): void {
  tx.db.run(
    'UPDATE outbox SET last_code = ?, last_text = ?, last_remote = ? WHERE id = ?',
    cut(code),
    cut(text),
    cut(remote),
    id,
  )
}

function defer(tx: Transaction, id: number, outcome: Extract<Outcome, { kind: 'deferred' }>): void {
  const { nextTryAt, delayTold = false } = outcome
  if (!Number.isSafeInteger(nextTryAt)) refuse('invalid', 'The next try is at a time in milliseconds.')
  tx.db.run(
    `UPDATE outbox SET state = 'waiting', next_try_at = ?, delay_told = max(delay_told, ?), lease_owner = NULL,
     lease_until = NULL WHERE id = ?`,
    nextTryAt,
    delayTold ? 1 : 0,
    id,
  )
}

const cut = (text: string | undefined): string | null => text?.slice(0, replyTextCharactersMax) ?? null
