// The reads of mailboxes and entries: listing, status, a whole index, what changed since a modseq. Each runs on one
// snapshot (`Connection.snapshot`), so that what it returns was true at one moment.

import { Entries } from '../messages/entries.js'
import { type IndexDelta, MailboxIndex } from '../messages/mailbox-index.js'
import { parseUidSet, uidSet } from '../messages/uid-set.js'
import {
  type AccountId,
  type MailboxId,
  type MailboxStatus,
  type SpaceId,
  type SpecialUse,
  type UidRange,
  type UidSet,
  uidMax,
} from '../model.js'
import { refuse } from '../refusals.js'
import type { MailboxListing } from '../store.js'
import { decodeChunk } from './chunks.js'
import type { Connection } from './connection.js'

/** As `listedSql` names them. */
type ListedRow = readonly [
  id: MailboxId,
  account: AccountId,
  name: string,
  specialUse: SpecialUse | null,
  subscribed: number,
  uidValidity: number,
  objectNumber: number,
  uidNext: number,
  modSeq: number,
  messages: number,
  unseen: number,
  deleted: number,
  bytes: number,
  recentAfter: number,
  recent: number,
]

const listedSql = `SELECT m.id, m.account, m.name, m.special_use, s.name IS NOT NULL,
  coalesce(m.uid_validity, u.uid_validity), coalesce(m.object_id, m.id), m.uid_next, m.mod_seq, m.messages, m.unseen,
  m.deleted, m.bytes, m.recent_after, m.recent FROM mailbox m JOIN uid_space u ON u.id = m.space
  LEFT JOIN subscription s ON s.account = m.account AND s.name = m.name WHERE m.account = ?`
const allSql = `${listedSql} ORDER BY m.name`
const namedSql = `${listedSql} AND m.name = ?`
const withIdSql = `${listedSql} AND m.id = ?`

export function listMailboxes(db: Connection, account: AccountId): MailboxListing[] {
  return db.reading(() => (db.prepareRaw(allSql).all(account) as ListedRow[]).map(listing))
}

export function mailboxNamed(db: Connection, account: AccountId, name: string): MailboxListing | undefined {
  const row = db.reading(() => db.prepareRaw(namedSql).get(account, name) as ListedRow | undefined)
  return row === undefined ? undefined : listing(row)
}

export function mailboxById(db: Connection, account: AccountId, id: MailboxId): MailboxListing {
  const row = db.reading(() => db.prepareRaw(withIdSql).get(account, id) as ListedRow | undefined)
  return row === undefined ? refuse('no-such-mailbox', 'That mailbox is gone.') : listing(row)
}

function listing(row: ListedRow): MailboxListing {
  const [id, account, name, specialUse, subscribed, uidValidity, objectNumber, uidNext, highestModSeq, ...counts] = row
  const [messages, unseen, deleted, bytes, recentAfter, recent] = counts
  return {
    id,
    account,
    name,
    specialUse: specialUse ?? undefined,
    subscribed: subscribed === 1,
    objectId: `F${objectNumber}`,
    uidValidity,
    status: { messages, unseen, deleted, bytes, uidNext, uidValidity, highestModSeq, recentAfter, recent },
  }
}

/** The merged INBOX of a space: sums of its mailboxes, and the space's own counters. Nothing is recent there. */
export function spaceStatus(db: Connection, space: SpaceId): MailboxStatus {
  const row = db.get<MailboxStatus>(
    `SELECT total(m.messages) AS messages, total(m.unseen) AS unseen, total(m.deleted) AS deleted,
     total(m.bytes) AS bytes, u.uid_next AS uidNext, u.uid_validity AS uidValidity, u.mod_seq AS highestModSeq,
     ${uidMax} AS recentAfter, 0 AS recent FROM uid_space u LEFT JOIN mailbox m ON m.space = u.id AND m.shared = 1 WHERE u.id = ?`,
    space,
  )
  return row ?? refuse('not-found', 'That domain is gone.')
}

/** Which mailboxes an index spans: one, or all that share a space. */
export type Scope = { readonly mailbox: MailboxId } | { readonly space: SpaceId }

function scopeMailboxes(db: Connection, scope: Scope, after = -1): MailboxId[] {
  if ('mailbox' in scope) return [scope.mailbox]
  return db
    .all<{ id: MailboxId }>(
      'SELECT id FROM mailbox WHERE space = ? AND shared = 1 AND mod_seq > ? ORDER BY mod_seq',
      scope.space,
      after,
    )
    .map(({ id }) => id)
}

function scopeModSeq(db: Connection, scope: Scope): number {
  const row =
    'mailbox' in scope
      ? db.get<{ modSeq: number }>('SELECT mod_seq AS modSeq FROM mailbox WHERE id = ?', scope.mailbox)
      : db.get<{ modSeq: number }>('SELECT mod_seq AS modSeq FROM uid_space WHERE id = ?', scope.space)
  return row?.modSeq ?? refuse('no-such-mailbox', 'That mailbox is gone.')
}

export function loadIndex(db: Connection, scope: Scope): MailboxIndex {
  const modSeq = scopeModSeq(db, scope)
  const mailboxes = scopeMailboxes(db, scope)
  const { n } = mailboxes.reduce(
    (sum, id) => ({ n: sum.n + (db.get<{ n: number }>('SELECT messages AS n FROM mailbox WHERE id = ?', id)?.n ?? 0) }),
    { n: 0 },
  )
  const entries = new Entries(n)
  const owners = 'space' in scope ? new Uint32Array(n) : undefined
  for (const mailbox of mailboxes) {
    const before = entries.length
    const statement = db.prepareRaw('SELECT data FROM chunk WHERE mailbox = ? ORDER BY first_uid')
    for (const [data] of statement.iterate(mailbox) as IterableIterator<[Uint8Array]>) entries.decodeInto(data)
    owners?.fill(mailbox, before, entries.length)
  }
  if (owners === undefined || mailboxes.length === 1)
    return new MailboxIndex({ entries, modSeq, ...(owners && { mailboxes: owners }) })
  return sortedIndex({ entries, owners, modSeq })
}

/** Mailboxes of one space interleave by uid. */
function sortedIndex({
  entries,
  owners,
  modSeq,
}: {
  entries: Entries
  owners: Uint32Array
  modSeq: number
}): MailboxIndex {
  const order = Uint32Array.from({ length: entries.length }, (_, i) => i).sort(
    (a, b) => (entries.uids[a] as number) - (entries.uids[b] as number),
  )
  const sorted = new Entries(entries.length)
  const mailboxes = new Uint32Array(entries.length)
  order.forEach((i, at) => {
    sorted.pushFrom(entries, i)
    mailboxes[at] = owners[i] as number
  })
  return new MailboxIndex({ entries: sorted, modSeq, mailboxes })
}

/** What an index that stands at `since` lacks. */
export function deltaSince(db: Connection, scope: Scope, since: number): IndexDelta {
  const modSeq = scopeModSeq(db, scope)
  if (modSeq <= since) return { modSeq, entries: new Entries(0), vanished: [] }
  const found: { mailbox: MailboxId; entries: Entries; at: number }[] = []
  const vanished: UidRange[] = 'space' in scope ? [...forgottenInSpace(db, scope.space, since)] : []
  for (const mailbox of scopeMailboxes(db, scope, since)) {
    for (const entries of chunksChangedSince(db, mailbox, since))
      for (let at = 0; at < entries.length; at++)
        if ((entries.modSeqs[at] as number) > since) found.push({ mailbox, entries, at })
    vanished.push(...('space' in scope ? remembered(db, mailbox, since) : vanishedSince(db, mailbox, since)))
  }
  found.sort((a, b) => (a.entries.uids[a.at] as number) - (b.entries.uids[b.at] as number))
  const entries = new Entries(found.length)
  for (const { entries: from, at } of found) entries.pushFrom(from, at)
  return { modSeq, entries, mailboxes: Uint32Array.from(found, ({ mailbox }) => mailbox), vanished: uidSet(vanished) }
}

function chunksChangedSince(db: Connection, mailbox: MailboxId, since: number): Entries[] {
  const statement = db.prepareRaw('SELECT data FROM chunk WHERE mailbox = ? AND mod_seq > ?')
  return (statement.all(mailbox, since) as [Uint8Array][]).map(([data]) => decodeChunk(data))
}

/**
 * Where expunges after `since` have been forgotten, one by one or with an INBOX that was deleted: every uid that is in no INBOX
 * of the space. What one of them lacks may be in another.
 */
function forgottenInSpace(db: Connection, space: SpaceId, since: number): UidSet {
  const row = db.get<{ from: number; uidNext: number }>(
    'SELECT tombstones_from AS "from", uid_next AS uidNext FROM uid_space WHERE id = ?',
    space,
  )
  if (row === undefined || since >= row.from) return []
  return missing(loadIndex(db, { space }).entries, row.uidNext)
}

/** Uids gone after `since`; where the log no longer reaches back so far, all that are not there (RFC 7162 §3.2.5.1). */
export function vanishedSince(db: Connection, mailbox: MailboxId, since: number): UidSet {
  const row = db.get<{ from: number; uidNext: number }>(
    'SELECT tombstones_from AS "from", uid_next AS uidNext FROM mailbox WHERE id = ?',
    mailbox,
  )
  if (row === undefined) refuse('no-such-mailbox', 'That mailbox is gone.')
  if (since < row.from) return missing(loadIndex(db, { mailbox }).entries, row.uidNext)
  return remembered(db, mailbox, since)
}

function remembered(db: Connection, mailbox: MailboxId, since: number): UidSet {
  const rows = db.all<{ uids: string }>('SELECT uids FROM tombstone WHERE mailbox = ? AND mod_seq > ?', mailbox, since)
  return uidSet(rows.flatMap(({ uids }) => parseUidSet(uids)))
}

/** The uids below `uidNext` that these entries don't hold. */
function missing({ uids, length }: Entries, uidNext: number): UidSet {
  const gaps: UidRange[] = []
  let next = 1
  for (let i = 0; i < length; i++) {
    const uid = uids[i] as number
    if (uid > next) gaps.push([next, uid - 1])
    next = uid + 1
  }
  if (next < uidNext) gaps.push([next, uidNext - 1])
  return gaps
}
