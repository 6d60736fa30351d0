// Entries of \Sent mailboxes that may turn out to be the same message as one that comes within a day (contract E3): what a
// submission filed there, and what a client put there itself. They are found by mailbox and Message-ID. A row is only a hint:
// whoever finds it looks whether the entry is still there.

import type { PreparedMessage } from '../messages/prepare.js'
import { messageIdHashOf } from '../messages/same-message.js'
import { type MessageId, systemFlag } from '../model.js'
import { sentCandidatesPruneMax } from '../outbox/limits.js'
import type { Connection } from './connection.js'
import type { MailboxRow } from './remembered-rows.js'
import type { Transaction } from './transaction.js'

/** Contract E3. */
const mergeWithinMs = 86_400_000
/** Of those with one Message-ID the newest are looked at. */
const lookedAtMax = 8

export interface SentCandidate {
  readonly id: number
  readonly uid: number
  readonly message: MessageId
}

export const isSent = (box: MailboxRow): boolean => box.specialUse === '\\Sent'

export function noteSentCandidate(
  tx: Transaction,
  box: MailboxRow,
  entry: { uid: number; message: MessageId; prepared: PreparedMessage; submitted: boolean },
): void {
  const messageId = messageIdHashOf(entry.prepared)
  if (messageId === undefined) return
  tx.db.run(
    'INSERT INTO sent_candidate (mailbox, message_id, submitted, uid, message, at) VALUES (?, ?, ?, ?, ?, ?)',
    box.id,
    messageId,
    entry.submitted ? 1 : 0,
    entry.uid,
    entry.message,
    tx.now,
  )
}

/** Those that are still there, the newest first. */
export function sentCandidates(
  tx: Transaction,
  box: MailboxRow,
  { message, submitted }: { message: PreparedMessage; submitted: boolean },
): SentCandidate[] {
  const messageId = messageIdHashOf(message)
  if (messageId === undefined) return []
  return tx.db
    .all<SentCandidate>(
      `SELECT id, uid, message FROM sent_candidate WHERE mailbox = ? AND message_id = ? AND submitted = ? AND at > ?
       ORDER BY id DESC LIMIT ?`,
      box.id,
      messageId,
      submitted ? 1 : 0,
      tx.now - mergeWithinMs,
      lookedAtMax,
    )
    .filter((candidate) => isThere(tx, box, candidate))
}

/** A message that its owner is about to expunge takes nothing else along. */
function isThere(tx: Transaction, box: MailboxRow, { uid, message }: SentCandidate): boolean {
  return tx.chunks.covering(box.id, [[uid, uid]]).some(({ entries }) => {
    const i = entries.find(uid)
    return i >= 0 && entries.messages[i] === message && ((entries.flags[i] as number) & systemFlag.deleted) === 0
  })
}

/** What a client had filed is a submission's from now on. */
export function takeForSubmission(tx: Transaction, { id }: SentCandidate): void {
  tx.db.run('UPDATE sent_candidate SET submitted = 1 WHERE id = ?', id)
}

export const oldSentCandidates = (db: Connection, now: number): boolean =>
  (db.get<{ at: number }>('SELECT at FROM sent_candidate ORDER BY id LIMIT 1')?.at ?? now) <= now - mergeWithinMs

/** One slice. True when there may be more. */
export function pruneSentCandidates(tx: Transaction): boolean {
  const sql = 'DELETE FROM sent_candidate WHERE id IN (SELECT id FROM sent_candidate ORDER BY id LIMIT ?) AND at <= ?'
  return tx.db.change(sql, sentCandidatesPruneMax, tx.now - mergeWithinMs) === sentCandidatesPruneMax
}
