// One message on its way to several holders: places in mailboxes, and the outbox until it has left. First room is
// taken for each place, then the message's row is written, knowing whose it will be, then the entries. Where nobody
// takes it there's no row.

import type { PreparedMessage } from '../messages/prepare.js'
import { type AccountId, type Flags, type MailboxId, type MessageId, noFlags } from '../model.js'
import type { Delivery, DeliveryOutcome, LocalPlace } from '../outbox/outbox.js'
import { type RefusalCode, StoreRefusal } from '../refusals.js'
import { ensureNamed, ensureSpecialUse } from './mailboxes.js'
import { chargeQuota, insertMessage, packFlags, place } from './messages.js'
import type { MailboxRow } from './remembered-rows.js'
import type { Transaction } from './transaction.js'

export interface Parcel {
  readonly size: number
  /** Unix seconds. */
  readonly internalDate: number
  /** Writes the message's row, for the accounts that will have it. */
  readonly store: (accounts: readonly AccountId[]) => MessageId
}

/** A message that has no row yet. */
export function freshParcel(tx: Transaction, message: PreparedMessage, internalDate: number): Parcel {
  return {
    size: message.size,
    internalDate,
    store: (accounts) => insertMessage(tx, message, { internalDate, accounts }),
  }
}

/**
 * One that the outbox holds, for an account that was not known when it came: a row of its own, since the search index
 * keeps the accounts of a row. Bytes in a file are shared.
 */
export function storedParcel(tx: Transaction, message: MessageId): Parcel {
  const contents = tx.db.get<{ size: number; internalDate: number }>(
    'SELECT size, internal_date AS internalDate FROM message WHERE id = ?',
    message,
  )
  if (contents === undefined) throw new Error(`message ${message} of the outbox is missing`)
  const store = (accounts: readonly AccountId[]): MessageId => {
    const id = tx.newMessageId()
    tx.db.run(
      `INSERT INTO message SELECT ?, size, internal_date, body_start, listing, parts, preview, thread, sort, refs, hash, ?,
       file, fields, header, body FROM message WHERE id = ?`,
      id,
      new Uint8Array(Uint32Array.from(accounts).buffer),
      message,
    )
    return id
  }
  return { ...contents, store }
}

/** A place that has taken its share of the quota. */
export interface TakenRoom {
  readonly account: AccountId
  readonly box: MailboxRow
  readonly flags: Flags
  readonly orInbox?: boolean
  /** Why it's INBOX. */
  readonly instead?: RefusalCode | undefined
}
/** Or why there's none. */
export type Room = TakenRoom | { readonly account: AccountId; readonly why: 'over-quota' | 'gone' }

/**
 * The same mailbox a second time is the same room, and takes its share once. Of several places of an account all have room, or none: what
 * comes again shall not be in one of them already.
 */
export function takeRooms(tx: Transaction, places: Delivery['recipients'], size: number): Room[] {
  const taken = new Map<MailboxId, Room>()
  const rooms = places.map((place): Room => {
    const { account, flags = noFlags, beyondQuota = false, orInbox = false } = place
    const { box, instead } = orInbox ? boxOrInbox(tx, place) : { box: boxFor(tx, account, place.mailbox) }
    if (box === undefined) return { account, why: 'gone' }
    const room =
      taken.get(box.id) ??
      (fits(tx, account, { bytes: size, beyondQuota })
        ? { account, box, flags, orInbox, instead }
        : { account, why: 'over-quota' })
    taken.set(box.id, room)
    return room
  })
  const full = new Set(rooms.flatMap((room) => ('why' in room && room.why === 'over-quota' ? [room.account] : [])))
  if (full.size === 0) return rooms
  for (const room of taken.values())
    if ('box' in room && full.has(room.account))
      chargeQuota(tx, tx.account(room.account), { bytes: -size, messages: -1 })
  return rooms.map((room) => (full.has(room.account) ? { account: room.account, why: 'over-quota' } : room))
}

export interface PlacedParcel {
  readonly message: MessageId | undefined
  /** One for each room, in their order. */
  readonly outcomes: readonly DeliveryOutcome[]
}

/** Into its rooms, and into the outbox, where so many hold it. */
export function placeParcel(
  tx: Transaction,
  parcel: Parcel,
  { rooms, staying }: { rooms: readonly Room[]; staying: number },
): PlacedParcel {
  const distinct = new Map<MailboxId, TakenRoom>()
  for (const room of rooms) if ('box' in room) distinct.set(room.box.id, room)
  const holders = distinct.size + staying
  const message = holders === 0 ? undefined : parcel.store(accountsOf(distinct.values()))
  if (holders > 1) tx.db.run('INSERT INTO message_copies VALUES (?, ?)', message as MessageId, holders - 1)
  const uids = new Map<MailboxId, number>()
  for (const { box, ...room } of distinct.values())
    uids.set(
      box.id,
      place(tx, box, {
        flags: packed(tx, room),
        modSeq: tx.nextModSeq(box),
        message: message as MessageId,
        size: parcel.size,
        internalDate: parcel.internalDate,
        saveDate: Math.floor(tx.now / 1000),
      }),
    )
  const outcomes = rooms.map((room): DeliveryOutcome => {
    if ('why' in room) return { outcome: room.why, account: room.account }
    const { account, box, instead } = room
    const placed = { account, mailbox: box.id, uid: uids.get(box.id) as number }
    return { outcome: 'delivered', ...placed, ...(instead === undefined ? {} : { instead }) }
  })
  return { message, outcomes }
}

const accountsOf = (rooms: Iterable<Room>): AccountId[] =>
  Array.from(new Set(Array.from(rooms, ({ account }) => account)))

function packed(tx: Transaction, { account, flags, orInbox }: Omit<TakenRoom, 'box'>): number {
  try {
    return packFlags(tx, account, flags)
  } catch (error) {
    if (!orInbox || !hasCode(error, 'keyword-limit')) throw error
    return packFlags(tx, account, { ...flags, keywords: [] })
  }
}

/** What a mailbox that somebody's rule names may be refused for. */
const refusalsOfNamed: readonly StoreRefusal['code'][] = [
  ...(['mailbox-limit', 'mailbox-name-invalid', 'mailbox-protected', 'special-use-taken'] as const),
]

function boxOrInbox(
  tx: Transaction,
  { account, mailbox }: LocalPlace,
): { readonly box: MailboxRow | undefined; readonly instead?: RefusalCode } {
  try {
    const box = boxFor(tx, account, mailbox)
    if (box !== undefined) return { box }
    return { box: boxFor(tx, account, undefined), instead: 'no-such-mailbox' }
  } catch (error) {
    if (!(error instanceof StoreRefusal) || !refusalsOfNamed.includes(error.code)) throw error
    return { box: boxFor(tx, account, undefined), instead: error.code }
  }
}

export function boxFor(tx: Transaction, account: AccountId, mailbox: LocalPlace['mailbox']): MailboxRow | undefined {
  try {
    tx.account(account)
    if (typeof mailbox === 'number') return tx.mailboxOf(account, mailbox)
    if (typeof mailbox === 'object') return tx.mailbox(ensureNamed(tx, account, mailbox.name))
    if (mailbox !== undefined) return tx.mailbox(ensureSpecialUse(tx, account, mailbox))
    const inbox = tx.db.get<{ id: MailboxId }>("SELECT id FROM mailbox WHERE account = ? AND name = 'INBOX'", account)
    return inbox === undefined ? undefined : tx.mailbox(inbox.id)
  } catch (error) {
    if (hasCode(error, 'not-found') || hasCode(error, 'no-such-mailbox')) return undefined
    throw error
  }
}

function fits(tx: Transaction, account: AccountId, room: { bytes: number; beyondQuota: boolean }): boolean {
  try {
    chargeQuota(tx, tx.account(account), { ...room, messages: 1 })
    return true
  } catch (error) {
    if (hasCode(error, 'over-quota')) return false
    throw error
  }
}

const hasCode = (error: unknown, code: StoreRefusal['code']): boolean =>
  error instanceof StoreRefusal && error.code === code
