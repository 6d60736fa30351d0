// The integrity check: reads everything and holds it against itself. Each finding is one sentence that names the row.
// It runs beside a working store, on one snapshot.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { keywordSetShift } from '../messages/entries.js'
import { digest } from '../messages/prepare.js'
import { type MailboxId, systemFlag } from '../model.js'
import { decodeChunk } from './chunks.js'
import type { Connection } from './connection.js'
import { rawColumn } from './message-reads.js'

const findingsMax = 1_000

interface CheckedMailbox {
  id: MailboxId
  account: number
  name: string
  space: number
  uidNext: number
  modSeq: number
  messages: number
  unseen: number
  deleted: number
  bytes: number
  recentAfter: number
  recent: number
  spaceUidNext: number
  spaceModSeq: number
}

/** A message whose file isn't there. */
interface MissingFile {
  readonly message: number
  readonly name: string
}

class Findings {
  readonly list: string[] = []
  readonly missing: MissingFile[] = []
  add(finding: string): void {
    if (this.list.length < findingsMax) this.list.push(finding)
  }
}

export function verifyStore(db: Connection, { blobsFolder }: { blobsFolder: string }): string[] {
  const findings = new Findings()
  db.snapshot(() => {
    checkDatabase(db, findings)
    const uses = new Map<number, number>()
    checkMailboxes(db, findings, uses)
    checkSendingCounts(db, findings)
    checkHeld(db, findings)
    countOtherUses(db, uses)
    checkMessages(db, findings, { uses, blobsFolder })
  })
  // A message that was purged while the check went on has taken its file along.
  for (const { message, name } of findings.missing)
    if (db.get('SELECT 1 FROM message WHERE id = ?', message) !== undefined)
      findings.add(`message ${message}: its file ${name} is missing`)
  return findings.list
}

function checkDatabase(db: Connection, findings: Findings): void {
  for (const { integrity_check: said } of db.raw.pragma('integrity_check(100)') as { integrity_check: string }[])
    if (said !== 'ok') findings.add(`database: ${said}`)
  for (const row of db.raw.pragma('foreign_key_check') as { table: string; rowid: number }[])
    findings.add(`database: row ${row.rowid} of ${row.table} names a row that is gone`)
}

function checkMailboxes(db: Connection, findings: Findings, uses: Map<number, number>): void {
  const seen = new Map<number, Set<number>>()
  const used = new Map<number, { bytes: number; messages: number }>()
  const mailboxes = db.all<CheckedMailbox>(
    `SELECT m.id, m.account, m.name, m.space, m.uid_next AS uidNext, m.mod_seq AS modSeq, m.messages, m.unseen, m.deleted,
     m.bytes, m.recent_after AS recentAfter, m.recent, s.uid_next AS spaceUidNext, s.mod_seq AS spaceModSeq FROM mailbox m JOIN uid_space s ON s.id = m.space`,
  )
  for (const mailbox of mailboxes) {
    checkMailbox(db, findings, { mailbox, uses, seen })
    const sum = used.get(mailbox.account) ?? { bytes: 0, messages: 0 }
    used.set(mailbox.account, { bytes: sum.bytes + mailbox.bytes, messages: sum.messages + mailbox.messages })
  }
  for (const [id, { bytes, messages }] of used) {
    const inbox = db.get<{ bytes: number; messages: number }>(
      'SELECT used_bytes AS bytes, used_messages AS messages FROM inbox WHERE id = ?',
      id,
    )
    if (inbox?.bytes !== bytes || inbox.messages !== messages)
      findings.add(
        `inbox ${id}: uses ${bytes} bytes in ${messages} messages, its row says ${inbox?.bytes} in ${inbox?.messages}`,
      )
  }
}

interface MailboxCheck {
  readonly mailbox: CheckedMailbox
  readonly uses: Map<number, number>
  /** Uids met so far in each space: shared spaces must not hold one twice. */
  readonly seen: Map<number, Set<number>>
}

function checkMailbox(db: Connection, findings: Findings, { mailbox, uses, seen }: MailboxCheck): void {
  const where = `mailbox ${mailbox.id} (${mailbox.name})`
  const counted = { messages: 0, unseen: 0, deleted: 0, bytes: 0, recent: 0 }
  const uids = seen.get(mailbox.space) ?? new Set<number>()
  seen.set(mailbox.space, uids)
  const candidates = sentCandidatesOf(db, mailbox.id)
  let last = 0
  for (const row of db.all<{ first: number; last: number; modSeq: number; data: Uint8Array }>(
    'SELECT first_uid AS first, last_uid AS last, mod_seq AS modSeq, data FROM chunk WHERE mailbox = ? ORDER BY first_uid',
    mailbox.id,
  )) {
    const entries = decodeChunk(row.data)
    if (entries.length === 0) findings.add(`${where}: an empty chunk`)
    if (
      entries.uids[0] !== row.first ||
      entries.uids[entries.length - 1] !== row.last ||
      entries.maxModSeq() > row.modSeq
    )
      findings.add(`${where}: chunk ${row.first}:${row.last} does not match its columns`)
    for (let i = 0; i < entries.length; i++) {
      const { uid, flags, modSeq, message, size } = entries.at(i)
      if (uid <= last) findings.add(`${where}: uid ${uid} after ${last}`)
      if (uids.has(uid)) findings.add(`${where}: uid ${uid} is twice in its space`)
      if (uid >= mailbox.uidNext || uid >= mailbox.spaceUidNext)
        findings.add(`${where}: uid ${uid} is not below UIDNEXT`)
      if (modSeq > mailbox.modSeq || modSeq > mailbox.spaceModSeq)
        findings.add(`${where}: uid ${uid} has a modseq of the future`)
      if ((candidates.get(uid) ?? message) !== message)
        findings.add(`${where}: uid ${uid} is known for another message among those that may merge`)
      if (flags >>> keywordSetShift !== 0 && !keywordSetExists(db, flags >>> keywordSetShift))
        findings.add(`${where}: uid ${uid} names a keyword set that is gone`)
      last = uid
      uids.add(uid)
      uses.set(message, (uses.get(message) ?? 0) + 1)
      counted.messages++
      counted.bytes += size
      if ((flags & systemFlag.seen) === 0) counted.unseen++
      if ((flags & systemFlag.deleted) !== 0) counted.deleted++
      if (uid > mailbox.recentAfter) counted.recent++
    }
  }
  for (const key of ['messages', 'unseen', 'deleted', 'bytes', 'recent'] as const)
    if (counted[key] !== mailbox[key]) findings.add(`${where}: ${key} is ${mailbox[key]}, counted ${counted[key]}`)
}

/** By uid the message that a row for merging names there. */
const sentCandidatesOf = (db: Connection, mailbox: MailboxId): Map<number, number> =>
  new Map(
    db
      .all<{ uid: number; message: number }>('SELECT uid, message FROM sent_candidate WHERE mailbox = ?', mailbox)
      .map(({ uid, message }) => [uid, message]),
  )

/** A count is of something that was sent. */
function checkSendingCounts(db: Connection, findings: Findings): void {
  const wrong = db.all<{ kind: string; holder: number; recipients: number }>(
    'SELECT kind, holder, recipients FROM sending_count WHERE recipients < 1',
  )
  for (const { kind, holder, recipients } of wrong)
    findings.add(`${kind} ${holder}: has sent to ${recipients} recipients at some time`)
}

function keywordSetExists(db: Connection, set: number): boolean {
  return db.prepareRaw('SELECT 1 FROM keyword_set WHERE id = ?').get(set) !== undefined
}

/** A message is also held by garbage that hasn't been swept, by the outbox, and for a legal hold. */
function countOtherUses(db: Connection, uses: Map<number, number>): void {
  const hold = (message: number): void => {
    uses.set(message, (uses.get(message) ?? 0) + 1)
  }
  for (const { messages } of db.all<{ messages: Uint8Array }>('SELECT messages FROM garbage'))
    for (const message of new Uint32Array(Uint8Array.from(messages).buffer)) hold(message)
  for (const { message } of db.all<{ message: number }>('SELECT message FROM submission WHERE message IS NOT NULL'))
    hold(message)
  for (const { message } of db.all<{ message: number }>('SELECT message FROM outbox WHERE message IS NOT NULL'))
    hold(message)
  for (const { message } of db.all<{ message: number }>('SELECT message FROM held_message')) hold(message)
}

/** Held is what an inbox under legal hold has lost, and nothing of another one. */
function checkHeld(db: Connection, findings: Findings): void {
  const rows = db.all<{ id: number; flags: number; size: number; stored: number | null; legalHold: number | null }>(
    `SELECT h.id, h.flags, h.size, m.size AS stored, i.legal_hold AS legalHold FROM held_message h
     LEFT JOIN message m ON m.id = h.message LEFT JOIN inbox i ON i.id = h.account`,
  )
  for (const { id, flags, size, stored, legalHold } of rows) {
    if (legalHold !== 1) findings.add(`held message ${id}: its inbox is not under legal hold`)
    if (stored !== null && stored !== size) findings.add(`held message ${id}: has ${size} bytes, its message ${stored}`)
    if (flags >>> keywordSetShift !== 0 && !keywordSetExists(db, flags >>> keywordSetShift))
      findings.add(`held message ${id}: names a keyword set that is gone`)
  }
}

interface CheckedMessage {
  id: number
  size: number
  hash: Uint8Array
  file: number
  raw: Uint8Array
  copies: number
}

function checkMessages(
  db: Connection,
  findings: Findings,
  { uses, blobsFolder }: { uses: Map<number, number>; blobsFolder: string },
): void {
  const statement = db.prepare(
    `SELECT m.id, m.size, m.hash, m.file, ${rawColumn}, coalesce(c.copies, 0) AS copies
     FROM message m LEFT JOIN message_copies c ON c.message = m.id`,
  )
  for (const message of statement.iterate() as IterableIterator<CheckedMessage>) {
    const held = uses.get(message.id) ?? 0
    uses.delete(message.id)
    if (held !== 1 + message.copies)
      findings.add(`message ${message.id}: held ${held} times, counted ${1 + message.copies}`)
    if (message.file === 1) checkFile(findings, message, blobsFolder)
    else if (message.raw.length !== message.size || !sameHash(digest(message.raw), message.hash))
      findings.add(`message ${message.id}: its bytes are not those that were stored`)
  }
  for (const id of uses.keys()) findings.add(`message ${id}: named, but not there`)
}

function checkFile(findings: Findings, message: CheckedMessage, blobsFolder: string): void {
  const name = Buffer.from(message.hash).toString('hex')
  const path = join(blobsFolder, name.slice(0, 2), name.slice(2))
  if (!existsSync(path)) findings.missing.push({ message: message.id, name })
  else if (statSync(path).size !== message.size || !sameHash(digest(readFileSync(path)), message.hash))
    findings.add(`message ${message.id}: its file ${name} is damaged`)
}

/** A row may hold only the beginning of the hash. */
const sameHash = (whole: Uint8Array, stored: Uint8Array): boolean =>
  stored.length >= 16 && Buffer.compare(whole.subarray(0, stored.length), stored) === 0
