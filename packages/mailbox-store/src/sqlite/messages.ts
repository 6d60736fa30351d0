// The mutations of messages that are there: flags, expunge, copy and move; and the steps of those that bring some in
// (append.ts, submit.ts). Each is a function of an open transaction; the writer runs it under a savepoint and answers after
// the commit. Nothing here reads message bytes.

import { chunkEntriesMax, Entries, type Entry, keywordSetShift, systemFlagMask } from '../messages/entries.js'
import type { PreparedMessage } from '../messages/prepare.js'
import { formatUidSet, UidCursor, uidSetOf } from '../messages/uid-set.js'
import {
  type AccountId,
  type Flags,
  type MailboxId,
  type MessageId,
  systemFlag,
  type UidSet,
  uidMax,
} from '../model.js'
import { refuse } from '../refusals.js'
import type { Copied, Expunged, FlagChange, FlagsStored } from '../store.js'
import { letGo } from './held.js'
import type { AccountRow, MailboxRow } from './remembered-rows.js'
import type { Transaction } from './transaction.js'

export interface Owned {
  readonly account: AccountId
  readonly mailbox: MailboxId
}

/** RFC 9051 §6.4.6 and RFC 7162. Uids that are gone are passed over (contract C10). */
export function setFlags(
  tx: Transaction,
  { account, mailbox, uids, store }: Owned & { uids: UidSet; store: FlagChange },
): FlagsStored {
  const box = tx.mailboxOf(account, mailbox)
  const change = keeping(store.keep ?? 0, flagChange(tx, account, store))
  const since = store.unchangedSince ?? Number.POSITIVE_INFINITY
  const changed: number[] = []
  const flags: number[] = []
  const failed: number[] = []
  const cursor = new UidCursor(uids)
  const last = uids[uids.length - 1]?.[1] ?? 0
  let modSeq = 0
  for (const chunk of tx.chunks.covering(mailbox, uids)) {
    const { entries } = chunk
    const before = changed.length
    for (let i = entries.lowerBound(firstOf(uids)); i < entries.length && (entries.uids[i] as number) <= last; i++) {
      const uid = entries.uids[i] as number
      if (!cursor.has(uid)) continue
      if ((entries.modSeqs[i] as number) > since) {
        failed.push(uid)
        continue
      }
      const old = entries.flags[i] as number
      const now = change(old)
      if (now === old) continue
      if (modSeq === 0) modSeq = tx.nextModSeq(box)
      if (changed.length === before) tx.chunks.changing(chunk)
      entries.flags[i] = now
      entries.modSeqs[i] = modSeq
      changed.push(uid)
      flags.push(now)
      recount(box, old, -1)
      recount(box, now, 1)
    }
  }
  const uidsOfChanged = Uint32Array.from(changed)
  if (modSeq > 0) tx.deltas.flags(box, { uids: uidsOfChanged, flags: Uint32Array.from(flags) })
  return {
    modSeq: modSeq === 0 ? box.modSeq : modSeq,
    changed: uidsOfChanged,
    failed: Uint32Array.from(failed),
  }
}

/** RFC 9051 §6.4.3 and §6.4.9: of these uids those with \Deleted, or all of them when `always`. */
export function expunge(
  tx: Transaction,
  { account, mailbox, uids, always }: Owned & { uids: UidSet; always: boolean },
): Expunged {
  const box = tx.mailboxOf(account, mailbox)
  const taken = take(tx, box, uids, always ? 0 : systemFlag.deleted)
  if (taken.length === 0) return { uids: new Uint32Array(0), modSeq: box.modSeq }
  const removed = taken.uids.slice(0, taken.length)
  const modSeq = bury(tx, box, removed)
  letGo(tx, box, taken)
  chargeQuota(tx, tx.account(account), { bytes: -bytesOf(taken), messages: -taken.length })
  return { uids: removed, modSeq }
}

/** RFC 9051 §6.4.7: flags and internal date are kept, the save date is now. */
export function copy(tx: Transaction, { account, mailbox, uids, to }: Owned & { uids: UidSet; to: MailboxId }): Copied {
  tx.mailboxOf(account, mailbox)
  const target = tx.mailboxOf(account, to)
  const found = gather(tx, mailbox, uids)
  chargeQuota(tx, tx.account(account), { bytes: bytesOf(found), messages: found.length })
  for (let i = 0; i < found.length; i++)
    tx.db.run(
      'INSERT INTO message_copies VALUES (?, 1) ON CONFLICT (message) DO UPDATE SET copies = copies + 1',
      found.messages[i] as number,
    )
  return placeAll(tx, target, found)
}

/** RFC 6851. One commit: no moment shows the messages twice or not at all. */
export function move(tx: Transaction, { account, mailbox, uids, to }: Owned & { uids: UidSet; to: MailboxId }): Copied {
  const box = tx.mailboxOf(account, mailbox)
  const target = tx.mailboxOf(account, to)
  const taken = take(tx, box, uids, 0)
  if (taken.length > 0) bury(tx, box, taken.uids.slice(0, taken.length))
  return placeAll(tx, target, taken)
}

/** A file is named by the whole of its hash; a message in its row only proves its bytes and gives the EMAILID. */
const inlineHashBytes = 16

export interface MessagePlace {
  /** Unix seconds. */
  readonly internalDate: number
  /** Whose mailboxes it goes to: the search index keeps the accounts apart by it. */
  readonly accounts: readonly AccountId[]
}

export function insertMessage(
  tx: Transaction,
  m: PreparedMessage,
  { internalDate, accounts }: MessagePlace,
): MessageId {
  if (m.file) tx.requireFile(m.hash)
  const id = tx.newMessageId()
  tx.db.run(
    'INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    id,
    m.size,
    internalDate,
    m.bodyStart,
    m.listing,
    m.parts,
    m.preview,
    m.thread,
    m.sort,
    m.refs,
    m.file ? m.hash : m.hash.subarray(0, inlineHashBytes),
    new Uint8Array(Uint32Array.from(accounts).buffer),
    m.file ? 1 : 0,
    m.fields,
    m.raw.subarray(0, m.bodyStart),
    m.raw.subarray(m.bodyStart),
  )
  return id
}

/** Puts an entry at the mailbox's end and returns its uid. */
export function place(tx: Transaction, box: MailboxRow, entry: Omit<Entry, 'uid'>): number {
  const space = tx.touchSpace(tx.space(box.space))
  if (space.uidNext > uidMax) refuse('uids-exhausted', 'This mailbox has no uids left.')
  const uid = space.uidNext++
  tx.touchMailbox(box)
  box.uidNext = uid + 1
  box.messages++
  box.recent++
  box.bytes += entry.size
  recount(box, entry.flags, 1)
  const placed = { ...entry, uid }
  tx.chunks.append(box.id, placed)
  tx.deltas.placed(box, placed)
  return uid
}

export function packFlags(tx: Transaction, account: AccountId, { system, keywords }: Flags): number {
  return ((system & systemFlagMask) | (tx.keywords.number(account, keywords) << keywordSetShift)) >>> 0
}

/** Frees or takes room. Taking more than there is is refused unless it may; what is over already may still shrink. */
export function chargeQuota(
  tx: Transaction,
  owner: AccountRow,
  { bytes, messages, beyondQuota = false }: { bytes: number; messages: number; beyondQuota?: boolean },
): void {
  const over =
    (bytes > 0 && owner.quotaBytes !== undefined && owner.usedBytes + bytes > owner.quotaBytes) ||
    (messages > 0 && owner.quotaMessages !== undefined && owner.usedMessages + messages > owner.quotaMessages)
  if (over && !beyondQuota) refuse('over-quota', 'The inbox is over its quota.')
  tx.touchAccount(owner)
  owner.usedBytes += bytes
  owner.usedMessages += messages
}

const firstOf = (uids: UidSet): number => uids[0]?.[0] ?? 1
export const bytesOf = (entries: Entries): number =>
  entries.sizes.subarray(0, entries.length).reduce((sum, n) => sum + n, 0)

function recount(box: MailboxRow, flags: number, by: 1 | -1): void {
  if ((flags & systemFlag.seen) === 0) box.unseen += by
  if ((flags & systemFlag.deleted) !== 0) box.deleted += by
}

/** Old packed flags to new; keyword sets met before are looked up once. */
function flagChange(tx: Transaction, account: AccountId, { how, flags }: FlagChange): (old: number) => number {
  const { system } = flags
  if (how === 'replace') {
    const packed = packFlags(tx, account, flags)
    return () => packed
  }
  const sets = new Map<number, number>()
  const set = (old: number): number => {
    if (flags.keywords.length === 0) return old
    let now = sets.get(old)
    if (now === undefined) {
      now = tx.keywords.number(account, combine(tx.keywords.names(account, old), flags.keywords, how))
      sets.set(old, now)
    }
    return now
  }
  if (how === 'add')
    return (old) => (((old | system) & systemFlagMask) | (set(old >>> keywordSetShift) << keywordSetShift)) >>> 0
  return (old) => ((old & ~system & systemFlagMask) | (set(old >>> keywordSetShift) << keywordSetShift)) >>> 0
}

const keeping = (keep: number, change: (old: number) => number): ((old: number) => number) =>
  keep === 0 ? change : (old) => ((change(old) & ~keep) | (old & keep)) >>> 0

function combine(old: readonly string[], change: readonly string[], how: 'add' | 'remove'): string[] {
  if (how === 'add') return [...old, ...change]
  const gone = new Set(change.map((keyword) => keyword.toLowerCase()))
  return old.filter((keyword) => !gone.has(keyword.toLowerCase()))
}

/** The entries of the set, copied out. */
function gather(tx: Transaction, mailbox: MailboxId, uids: UidSet): Entries {
  const found = new Entries(chunkEntriesMax)
  const cursor = new UidCursor(uids)
  for (const { entries } of tx.chunks.covering(mailbox, uids)) pick(entries, cursor, found, 0)
  return found
}

/** The entries of the set that have these flags, taken out of the mailbox and its counters. */
export function take(tx: Transaction, box: MailboxRow, uids: UidSet, having: number): Entries {
  const taken = new Entries(chunkEntriesMax)
  const cursor = new UidCursor(uids)
  for (const chunk of tx.chunks.taking(box.id, uids)) {
    const positions = pick(chunk.entries, cursor, taken, having)
    if (positions.length === 0) continue
    chunk.entries.removeAt(positions)
    tx.chunks.save(chunk)
  }
  if (taken.length === 0) return taken
  tx.touchMailbox(box)
  box.messages -= taken.length
  box.bytes -= bytesOf(taken)
  for (let i = 0; i < taken.length; i++) recount(box, taken.flags[i] as number, -1)
  box.recent -= taken.length - taken.lowerBound(box.recentAfter + 1)
  return taken
}

function pick(entries: Entries, cursor: UidCursor, into: Entries, having: number): number[] {
  const positions: number[] = []
  for (let i = 0; i < entries.length; i++) {
    if (!cursor.has(entries.uids[i] as number) || ((entries.flags[i] as number) & having) !== having) continue
    positions.push(i)
    if (into.length === into.capacity) into.grow(into.capacity * 2)
    into.pushFrom(entries, i)
  }
  return positions
}

/** Remembers that these uids are gone, for VANISHED (RFC 7162 §3.2.10). The sweep drops the oldest. */
export function bury(tx: Transaction, box: MailboxRow, uids: Uint32Array): number {
  const modSeq = tx.nextModSeq(box)
  // A move within one mailbox takes and places at one modseq, so this mutation may bury there a second time.
  tx.db.run(
    `INSERT INTO tombstone VALUES (?, ?, ?)
     ON CONFLICT (mailbox, mod_seq) DO UPDATE SET uids = tombstone.uids || ',' || excluded.uids`,
    box.id,
    modSeq,
    formatUidSet(uidSetOf(uids)),
  )
  tx.deltas.gone(box, uids)
  return modSeq
}

function placeAll(tx: Transaction, target: MailboxRow, found: Entries): Copied {
  const to = new Uint32Array(found.length)
  if (found.length > 0) {
    const modSeq = tx.nextModSeq(target)
    const saveDate = Math.floor(tx.now / 1000)
    for (let i = 0; i < found.length; i++) to[i] = place(tx, target, { ...found.at(i), modSeq, saveDate })
  }
  return { uidValidity: tx.uidValidityOf(target), from: found.uids.slice(0, found.length), to }
}
