// Entries of \Sent mailboxes that may turn out to be the same message as one that comes within a day (contract E3): what a
// submission filed there, and what a client put there itself. They are found by mailbox and Message-ID. A row is only a hint:
// whoever finds it looks whether the entry is still there. Submissions are many, and their rows stand in the order of time, where
// a client's copy looks from the newest one back; those that clients filed have an index, since every submission asks for them.

import { setImmediate as turn } from 'node:timers/promises'
import type { PreparedMessage } from '../messages/prepare.js'
import { messageIdHashOf } from '../messages/same-message.js'
import { type MailboxId, type MessageId, systemFlag } from '../model.js'
import { sentCandidatesPruneMax } from '../outbox/limits.js'
import type { Connection } from './connection.js'
import type { MailboxRow } from './remembered-rows.js'
import type { Transaction } from './transaction.js'
import type { Writer } from './writer.js'

/** Contract E3. */
const mergeWithinMs = 86_400_000
/** A client's copy looks back over so many submissions at most. */
const lookedBackMax = 20_000
/** As many rows of a mailbox are written between two looks at those that are too old. */
const pruneEvery = 64

/** An entry that was filed at that time. */
export interface SentCandidate {
  readonly at: number
  readonly uid: number
  readonly message: MessageId
  /** Of one whose stored text is encrypted: that of the plain one. */
  readonly identity: Uint8Array | null
}

export const isSent = (box: MailboxRow): boolean => box.specialUse === '\\Sent'

export function noteSentCandidate(
  tx: Transaction,
  box: MailboxRow,
  entry: {
    uid: number
    message: MessageId
    prepared: PreparedMessage
    submitted: boolean
    identity?: Uint8Array | undefined
  },
): void {
  const messageId = messageIdHashOf(entry.prepared)
  if (messageId === undefined) return
  const { uid, message, submitted, identity = null } = entry
  const sql = `INSERT INTO sent_candidate (mailbox, submitted, at, uid, message_id, message, identity)
    VALUES (?, ?, ?, ?, ?, ?, ?)`
  tx.db.run(sql, box.id, submitted ? 1 : 0, tx.now, uid, messageId, message, identity)
  if (uid % pruneEvery === 0) forgetOld(tx, box.id)
}

const bySubmissionSql = `SELECT at, uid, message, identity FROM (
    SELECT at, uid, message, message_id, identity FROM sent_candidate
    WHERE mailbox = ? AND submitted = 1 AND at > ? ORDER BY at DESC, uid DESC LIMIT ${lookedBackMax})
  WHERE message_id = ? AND (at, uid) < (?, ?) LIMIT 1`
const byClientSql = `SELECT at, uid, message, identity FROM sent_candidate
  WHERE mailbox = ? AND submitted = 0 AND at > ? AND message_id = ? AND (at, uid) < (?, ?)
  ORDER BY at DESC, uid DESC LIMIT 1`

/** Those that are still there, from the newest one back; each is looked for when it's asked for. */
export function* sentCandidates(
  tx: Transaction,
  box: MailboxRow,
  { message, submitted }: { message: PreparedMessage; submitted: boolean },
): Generator<SentCandidate> {
  const messageId = messageIdHashOf(message)
  if (messageId === undefined) return
  const sql = submitted ? bySubmissionSql : byClientSql
  let before = { at: Number.MAX_SAFE_INTEGER, uid: 0 }
  for (;;) {
    const since = tx.now - mergeWithinMs
    const found = tx.db.get<SentCandidate>(sql, box.id, since, messageId, before.at, before.uid)
    if (found === undefined) return
    if (isThere(tx, box, found)) yield found
    before = found
  }
}

/** A message that its owner is about to expunge takes nothing else along. */
function isThere(tx: Transaction, box: MailboxRow, { uid, message }: SentCandidate): boolean {
  return tx.chunks.covering(box.id, [[uid, uid]]).some(({ entries }) => {
    const i = entries.find(uid)
    return i >= 0 && entries.messages[i] === message && ((entries.flags[i] as number) & systemFlag.deleted) === 0
  })
}

/** What a client had filed is a submission's from now on. */
export function takeForSubmission(tx: Transaction, box: MailboxRow, { at, uid }: SentCandidate): void {
  const sql = 'UPDATE sent_candidate SET submitted = 1 WHERE mailbox = ? AND submitted = 0 AND at = ? AND uid = ?'
  tx.db.run(sql, box.id, at, uid)
}

/** One slice. True when there may be more. */
function forgetOld(tx: Transaction, mailbox: MailboxId): boolean {
  const sql = `DELETE FROM sent_candidate WHERE (mailbox, submitted, at, uid) IN (
    SELECT mailbox, submitted, at, uid FROM sent_candidate WHERE mailbox = ? AND submitted = ? AND at <= ? LIMIT ?)`
  const until = tx.now - mergeWithinMs
  const gone = [0, 1].map((submitted) => tx.db.change(sql, mailbox, submitted, until, sentCandidatesPruneMax))
  return gone.includes(sentCandidatesPruneMax)
}

/** What mailboxes have left behind in which nothing is filed any more: one after the other, with turns for others in between. */
export async function forgetOldSentCandidates({
  db,
  writer,
  now,
}: {
  readonly db: Connection
  readonly writer: Writer
  readonly now: () => number
}): Promise<void> {
  for (let mailbox = next(db, 0); mailbox !== undefined; mailbox = next(db, mailbox)) {
    const id = mailbox
    if (!hasOld(db, id, now() - mergeWithinMs)) await turn()
    else while (await writer.submit({ flush: false, run: (tx) => forgetOld(tx, id) }));
  }
}

const next = (db: Connection, after: number): MailboxId | undefined =>
  db.get<{ mailbox: MailboxId }>('SELECT mailbox FROM sent_candidate WHERE mailbox > ? ORDER BY mailbox LIMIT 1', after)
    ?.mailbox

const hasOld = (db: Connection, mailbox: MailboxId, until: number): boolean =>
  [0, 1].some(
    (submitted) =>
      db.get(
        'SELECT 1 FROM sent_candidate WHERE mailbox = ? AND submitted = ? AND at <= ? LIMIT 1',
        mailbox,
        submitted,
        until,
      ) !== undefined,
  )
