// What an inbox sends on by itself: a forward, or a post to the sink of one of its rules, queued in the commit that delivers the message, so
// that neither is there without the other. What its sending limits don't let go is kept in its INBOX.

import { cleanRecipient } from '../outbox/envelope.js'
import type { SentOn } from '../outbox/outbox.js'
import { StoreRefusal } from '../refusals.js'
import { freshParcel, type Parcel, type PlacedParcel, placeParcel, type Room, takeRooms } from './outbox-parcel.js'
import { hasReplied, noteReply } from './replied.js'
import { countSending } from './sending-counts.js'
import { insertRecipient, insertSubmission } from './submit.js'
import type { Transaction } from './transaction.js'

interface Placing {
  readonly rooms: readonly Room[]
  readonly sentOn: readonly SentOn[]
  /** Who holds it besides. */
  readonly staying?: number
  /** Unix seconds. */
  readonly internalDate: number
}

/** One outcome for each room, then one for each INBOX that took what could not be sent on. */
export function placeAndSendOn(
  tx: Transaction,
  parcel: Parcel,
  { rooms, sentOn, staying = 0, internalDate }: Placing,
): PlacedParcel {
  const without = new Set(rooms.flatMap((room) => ('why' in room ? [room.account] : [])))
  const going: SentOn[] = []
  const kept: Room[] = []
  for (const one of sentOn) {
    // Whoever sends it will send it again.
    if (without.has(one.account)) continue
    if (one.reply !== undefined && hasReplied(tx, one.reply, one.recipients)) continue
    if (isCounted(tx, one)) going.push(one)
    else if (one.reply === undefined) kept.push(...inboxFor(tx, one, { size: parcel.size, rooms: [...rooms, ...kept] }))
  }
  const sharing = going.filter(({ message }) => message === undefined)
  const placed = placeParcel(tx, parcel, { rooms: [...rooms, ...kept], staying: staying + sharing.length })
  for (const one of going) {
    const own = one.message && placeParcel(tx, freshParcel(tx, one.message, internalDate), { rooms: [], staying: 1 })
    queue(tx, one, own === undefined ? placed.message : own.message)
  }
  return placed
}

/** False where the limits of the inbox are reached. */
function isCounted(tx: Transaction, { account, recipients, sink, sending }: SentOn): boolean {
  if (sink !== undefined) return true
  try {
    countSending(tx, { account, sending, recipients: recipients.length })
    return true
  } catch (error) {
    if (error instanceof StoreRefusal && error.code === 'sending-limit') return false
    throw error
  }
}

/** Where the account has it already, that is enough. */
function inboxFor(
  tx: Transaction,
  { account }: SentOn,
  { size, rooms }: { size: number; rooms: readonly Room[] },
): Room[] {
  const has = rooms.find((room) => room.account === account && 'box' in room)
  const taken = has === undefined ? takeRooms(tx, [{ account, beyondQuota: true }], size) : [has]
  return taken.map((room) => ('box' in room ? { ...room, instead: 'sending-limit' } : room))
}

function queue(tx: Transaction, one: SentOn, message: Parameters<typeof insertSubmission>[2]['message']): void {
  if (one.reply !== undefined) noteReply(tx, one.reply, one.recipients)
  const { account, queueId, sender, recipients, notify, body, sink, keep, foreign } = one
  const submission = { account, queueId, sender, body, sink, foreign, keepFor: keep ? account : undefined }
  const { id } = insertSubmission(tx, submission, { message, isOpen: true })
  for (const address of new Set(recipients))
    insertRecipient(tx, id, { notify, ...cleanRecipient(address) }, { isWaiting: true })
}
