// Cleaning, in slices short enough to run between other writes: messages that lost their last entry, the files of
// large ones, old expunges, files that no row names, and mail past its retention. Nothing here changes what a client
// may still see, but retention, which an operator has asked for.

import { randomUUID } from 'node:crypto'
import { rmSync, statSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import type { FileBlobs } from '../blobs/file-blobs.js'
import type { StoreLimits } from '../limits.js'
import { uidSetOf } from '../messages/uid-set.js'
import type { AccountId, MailboxId } from '../model.js'
import { refuse } from '../refusals.js'
import type { RetentionRule, SweepOptions } from '../store.js'
import { decodeChunk } from './chunks.js'
import type { Connection } from './connection.js'
import { keepNextMessageId } from './message-ids.js'
import { expunge } from './messages.js'
import { forgetOnce, oldOnce } from './once.js'
import { forgetReplies, oldReplies } from './replied.js'
import { oldSendingCounts, pruneSendingCounts } from './sending-counts.js'
import { forgetOldSentCandidates } from './sent-candidates.js'
import type { Transaction } from './transaction.js'
import type { Writer } from './writer.js'

/** Long enough for a session that has not told its client yet, and for a file whose row is about to be written. */
const graceDefaultMs = 600_000
const fileGraceMs = 3_600_000
const messagesPerSlice = 200

export interface Sweep {
  readonly db: Connection
  readonly writer: Writer
  readonly blobs: FileBlobs
  readonly now: () => number
  readonly limits: StoreLimits
}

/** One slice. True when more is left. */
export async function sweep(parts: Sweep, options: SweepOptions = {}): Promise<boolean> {
  const { graceMs = graceDefaultMs, messagesMax = messagesPerSlice, retention = [] } = options
  const expired = await expireSlice(parts, retention, messagesMax)
  const purged = await parts.writer.submit({
    flush: false,
    run: (tx) => purgeSlice(tx, { before: tx.now - graceMs, messagesMax }),
  })
  for (const hash of purged.files) await removeFile(parts, hash)
  const forgotten = await forgetSending(parts)
  if (expired || purged.more || forgotten) return true
  await forgetOldTombstones(parts)
  return false
}

/** What limits and merging look at for a day. True when there may be more. */
async function forgetSending({ db, writer, now }: Sweep): Promise<boolean> {
  const counts = oldSendingCounts(db, now()) && (await writer.submit({ flush: false, run: pruneSendingCounts }))
  await forgetOldSentCandidates({ db, writer, now })
  const onces = oldOnce(db, now()) && (await writer.submit({ flush: false, run: forgetOnce }))
  const replies = oldReplies(db, now()) && (await writer.submit({ flush: false, run: forgetReplies }))
  return counts || onces || replies
}

/** One that was killed lets go by it. */
const holdMs = 86_400_000

export interface FileHold {
  /** For who takes longer than a day. */
  renew(): void
  letGo(): void
}

/** While anybody holds the files (a backup copies them) none is removed. */
export function holdFiles(db: Connection): FileHold {
  const key = `files_held:${randomUUID()}`
  db.run("DELETE FROM meta WHERE key GLOB 'files_held:*' AND value < ?", Date.now())
  db.run('INSERT INTO meta VALUES (?, ?)', key, Date.now() + holdMs)
  return {
    renew() {
      db.run('UPDATE meta SET value = ? WHERE key = ?', Date.now() + holdMs, key)
    },
    letGo() {
      db.run('DELETE FROM meta WHERE key = ?', key)
    },
  }
}

const filesHeld = (tx: Transaction): boolean =>
  tx.db.get("SELECT 1 FROM meta WHERE key GLOB 'files_held:*' AND value > ?", tx.now) !== undefined

interface Purged {
  readonly files: Uint8Array[]
  readonly more: boolean
}

/** Takes the oldest garbage: a message that has other entries loses a copy, one that has none goes. */
function purgeSlice(tx: Transaction, { before, messagesMax }: { before: number; messagesMax: number }): Purged {
  const files: Uint8Array[] = []
  let isKept = false
  for (let left = messagesMax; left > 0; ) {
    const row = tx.db.get<{ id: number; messages: Uint8Array }>(
      'SELECT id, messages FROM garbage WHERE at <= ? ORDER BY id LIMIT 1',
      before,
    )
    if (row === undefined) return { files, more: false }
    if (!isKept) keepNextMessageId(tx.db)
    isKept = true
    const messages = new Uint32Array(Uint8Array.from(row.messages).buffer)
    for (const message of messages.subarray(0, left)) {
      const file = dropUse(tx, message)
      if (file !== undefined) files.push(file)
    }
    const rest = messages.slice(left)
    if (rest.length === 0) tx.db.run('DELETE FROM garbage WHERE id = ?', row.id)
    else tx.db.run('UPDATE garbage SET messages = ? WHERE id = ?', new Uint8Array(rest.buffer), row.id)
    left -= messages.length - rest.length
  }
  return { files, more: true }
}

/** Returns the hash of the file that may now be needless. */
function dropUse(tx: Transaction, message: number): Uint8Array | undefined {
  const copies =
    tx.db.get<{ copies: number }>('SELECT copies FROM message_copies WHERE message = ?', message)?.copies ?? 0
  if (copies > 1) tx.db.run('UPDATE message_copies SET copies = copies - 1 WHERE message = ?', message)
  else if (copies === 1) tx.db.run('DELETE FROM message_copies WHERE message = ?', message)
  if (copies > 0) return undefined
  const row = tx.db.get<{ hash: Uint8Array; file: number }>('SELECT hash, file FROM message WHERE id = ?', message)
  tx.db.run('DELETE FROM message WHERE id = ?', message)
  return row?.file === 1 ? row.hash : undefined
}

/**
 * Removes a file no row names. Under the write lock, since an append that found the same bytes there checks for the
 * file under that lock too; and never a young one, which may be waiting for its row.
 */
function removeFile({ writer, blobs }: Sweep, hash: Uint8Array): Promise<boolean> {
  const path = blobs.pathOf(hash)
  return writer.submit({
    flush: false,
    run: (tx) => {
      if (filesHeld(tx) || isNamed(tx.db, hash)) return false
      const found = statSync(path, { throwIfNoEntry: false })
      if (found === undefined || tx.now - found.mtimeMs <= fileGraceMs) return false
      rmSync(path, { force: true })
      return true
    },
  })
}

const isNamed = (db: Connection, hash: Uint8Array): boolean =>
  db.get('SELECT 1 FROM message WHERE file = 1 AND hash = ?', hash) !== undefined

/** Files left by a crash between flush and commit, or kept above because they were young. Reads every file's name. */
export async function sweepOrphans(parts: Sweep): Promise<number> {
  let removed = 0
  for await (const { path, hash, modifiedMs } of parts.blobs.files()) {
    if (parts.now() - modifiedMs <= fileGraceMs) continue
    if (hash === undefined) {
      await parts.blobs.remove(path)
      removed++
    } else if (!isNamed(parts.db, hash) && (await removeFile(parts, hash))) removed++
  }
  return removed
}

/** Looks at one mailbox after the other, with turns for others in between. */
async function forgetOldTombstones({ db, writer, limits }: Sweep): Promise<void> {
  const next = (after: number): MailboxId | undefined =>
    db.get<{ mailbox: MailboxId }>('SELECT mailbox FROM tombstone WHERE mailbox > ? ORDER BY mailbox LIMIT 1', after)
      ?.mailbox
  for (let mailbox = next(0); mailbox !== undefined; mailbox = next(mailbox)) {
    const newest = db.get<{ modSeq: number }>(
      'SELECT mod_seq AS modSeq FROM tombstone WHERE mailbox = ? ORDER BY mod_seq DESC LIMIT 1 OFFSET ?',
      mailbox,
      limits.tombstonesPerMailboxMax,
    )
    if (newest === undefined) await turn()
    else await writer.submit({ flush: false, run: forgetTombstones({ mailbox, upTo: newest.modSeq }) })
  }
}

const forgetTombstones =
  ({ mailbox, upTo }: { mailbox: MailboxId; upTo: number }) =>
  (tx: Transaction): void => {
    // None where the mailbox has been deleted meanwhile, or another process was here first.
    if (tx.db.change('DELETE FROM tombstone WHERE mailbox = ? AND mod_seq <= ?', mailbox, upTo) === 0) return
    const box = tx.touchMailbox(tx.mailbox(mailbox))
    box.tombstonesFrom = upTo
    if (!box.shared) return
    const space = tx.touchSpace(tx.space(box.space))
    space.tombstonesFrom = Math.max(space.tombstonesFrom, upTo)
  }

/** Mail saved longer ago than its mailbox keeps it goes, oldest first; inboxes under legal hold are left alone. */
async function expireSlice(
  { db, writer, now }: Sweep,
  rules: readonly RetentionRule[],
  messagesMax: number,
): Promise<boolean> {
  for (const { days } of rules)
    if (!(days >= 1)) refuse('invalid', `Retention of ${days} days would remove new mail.`, 'Keep it a day at least.')
  let left = messagesMax
  for (const rule of rules) {
    if (rule.days === Infinity) continue
    const before = Math.floor(now() / 1000) - rule.days * 86_400
    const named = rules.filter(({ domain, mailbox }) => domain === rule.domain && mailbox !== '*')
    for (const { account, mailbox } of mailboxesUnder(db, rule, named)) {
      const uids = savedBefore(db, { mailbox, before, messagesMax: left })
      if (uids.length === 0) await turn()
      else left -= await writer.submit({ flush: true, run: (tx) => expire(tx, { account, mailbox, uids }) })
      if (left === 0) return true
    }
  }
  return false
}

/** The inbox may have come under legal hold, and the mailbox may have gone, since they were looked up. */
function expire(
  tx: Transaction,
  { account, mailbox, uids }: { account: AccountId; mailbox: MailboxId; uids: readonly number[] },
): number {
  const free = tx.db.get(
    'SELECT 1 FROM mailbox m JOIN inbox i ON i.id = m.account WHERE m.id = ? AND i.legal_hold = 0',
    mailbox,
  )
  return free === undefined ? 0 : expunge(tx, { account, mailbox, uids: uidSetOf(uids), always: true }).uids.length
}

interface RuledMailbox {
  readonly account: AccountId
  readonly mailbox: MailboxId
  readonly name: string
  readonly specialUse: string | null
}

function mailboxesUnder(db: Connection, rule: RetentionRule, named: readonly RetentionRule[]): RuledMailbox[] {
  const mailboxes = db.all<RuledMailbox>(
    `SELECT m.account, m.id AS mailbox, m.name, m.special_use AS specialUse FROM inbox i JOIN mailbox m ON m.account = i.id
     WHERE i.domain = ? AND i.legal_hold = 0 AND m.messages > 0`,
    rule.domain,
  )
  const names = ({ name, specialUse }: RuledMailbox, { mailbox }: RetentionRule): boolean =>
    mailbox === name || mailbox === specialUse
  return mailboxes.filter((mailbox) =>
    rule.mailbox === '*' ? !named.some((other) => names(mailbox, other)) : names(mailbox, rule),
  )
}

/** Save dates rise with the uids, so that a mailbox without old mail is known by its first chunk. */
function savedBefore(db: Connection, options: { mailbox: MailboxId; before: number; messagesMax: number }): number[] {
  const { mailbox, before, messagesMax } = options
  const old: number[] = []
  const statement = db.prepareRaw('SELECT data FROM chunk WHERE mailbox = ? ORDER BY first_uid')
  for (const [data] of statement.iterate(mailbox) as IterableIterator<[Uint8Array]>) {
    const { saveDates, uids, length } = decodeChunk(data)
    const found = old.length
    for (let i = 0; i < length && old.length < messagesMax; i++)
      if ((saveDates[i] as number) < before) old.push(uids[i] as number)
    if (old.length === found || old.length === messagesMax) break
  }
  return old
}
