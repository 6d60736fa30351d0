// The two commits that bring mail in from outside IMAP: `submit`, behind the 250 of a submission (contract D4, E1, E3,
// E5), and `deliver`, behind the 250 of a message from elsewhere. Each is one mutation: all of it or nothing.

import { queueIdAt } from '../directory/public-id.js'
import { type AccountId, type EnvironmentId, type Flags, type MessageId, systemFlag } from '../model.js'
import { cleanRecipient, cleanSender, cleanWord } from '../outbox/envelope.js'
import { queueIdCharactersMax, recipientsPerSubmissionMax } from '../outbox/limits.js'
import type { Delivery, DeliveryOutcome, Placed, Submission, SubmitRecipient, Submitted } from '../outbox/outbox.js'
import { refuse } from '../refusals.js'
import { cameBefore, notePlaces, noteTaken, placesBefore } from './once.js'
import { boxFor, freshParcel, placeParcel, type Room, type TakenRoom, takeRooms } from './outbox-parcel.js'
import { countSending } from './sending-counts.js'
import { noteSentCandidate, takeForSubmission } from './sent-candidates.js'
import { mergeInto, type SentTwins } from './sent-merge.js'
import { placeAndSendOn } from './sent-on.js'
import type { Transaction } from './transaction.js'

const seen: Flags = { system: systemFlag.seen, keywords: [] }

export function submit(tx: Transaction, submission: Submission, twins: SentTwins): Submitted {
  const earlier = resendOf(tx, submission)
  if (earlier !== undefined)
    return { queueId: earlier, repeated: true, sent: undefined, delivered: [], undelivered: [] }
  const recipients = recipientsOf(submission)
  const { credential, account, sending } = submission
  countSending(tx, { credential, account, sending, recipients: recipients.length })
  const sentPlace = takeSentPlace(tx, submission, twins)
  const rooms = takeLocalRooms(tx, recipients, submission.message.size)
  const taken = ({ address }: Recipient): boolean => rooms.get(address)?.every((room) => 'box' in room) === true
  const stays = !recipients.every(taken)
  const { message, sent, delivered } = placeAll(tx, submission, { sentPlace, rooms: [...rooms.values()].flat(), stays })
  const { id, queueId } = insertSubmission(tx, submission, { message: stays ? message : undefined })
  for (const recipient of recipients) insertRecipient(tx, id, recipient, taken(recipient))
  const undelivered = Array.from(rooms).flatMap(([address, ofOne]) => {
    const why = whyNot(ofOne)
    return why === undefined ? [] : [{ address, why }]
  })
  return { queueId, repeated: false, sent, delivered, undelivered }
}

const whyNot = (rooms: readonly Room[]): 'over-quota' | 'gone' | undefined =>
  rooms.flatMap((room) => ('why' in room ? [room.why] : []))[0]

/** Where the Sent copy goes; or the client's own, which it became. */
interface SentPlace {
  readonly room?: TakenRoom
  readonly merged?: Placed
}

interface Places {
  readonly sentPlace: SentPlace
  readonly rooms: readonly Room[]
  readonly stays: boolean
}

/** One row for all, unless the Sent copy is another text. */
function placeAll(
  tx: Transaction,
  { message, internalDate, sentCopy }: Submission,
  { sentPlace: { room, merged }, rooms, stays }: Places,
): { message: MessageId | undefined; sent: Placed | undefined; delivered: Placed[] } {
  const ofOwnText = sentCopy?.message
  const shared = room === undefined || ofOwnText !== undefined ? [] : [room]
  const placed = placeParcel(tx, freshParcel(tx, message, internalDate), {
    ...{ rooms: [...shared, ...rooms], staying: stays ? 1 : 0 },
  })
  const delivered = placed.outcomes.slice(shared.length).flatMap(placedOf)
  if (room === undefined) return { message: placed.message, sent: merged, delivered }
  const filed =
    ofOwnText === undefined
      ? placed
      : placeParcel(tx, freshParcel(tx, ofOwnText, internalDate), { rooms: [room], staying: 0 })
  const sent = filed.outcomes.flatMap(placedOf)[0] as Placed
  const of = { uid: sent.uid, message: filed.message as MessageId, prepared: ofOwnText ?? message }
  noteSentCandidate(tx, room.box, { ...of, submitted: true })
  return { message: placed.message, sent, delivered }
}

/** Undoes a delivery that some can't take, and says who. */
export class NotForAll extends Error {
  override readonly name = 'NotForAll'
  readonly outcomes: readonly DeliveryOutcome[]
  constructor(rooms: readonly Room[]) {
    super('somebody can not take the message')
    this.outcomes = rooms.map((room) => ({ outcome: 'why' in room ? room.why : 'held-back', account: room.account }))
  }
}

export function deliver(tx: Transaction, delivery: Delivery): readonly DeliveryOutcome[] {
  const { message, internalDate, recipients, allOrNone = false, once, sentOn = [] } = delivery
  const before = once === undefined ? [] : placesBefore(tx, once, recipients)
  const missing = recipients.filter((_, i) => before[i] === undefined)
  const rooms = takeRooms(tx, missing, message.size)
  if (allOrNone && rooms.some((room) => 'why' in room)) throw new NotForAll(rooms)
  const fresh = once === undefined ? sentOn : sentOn.filter(({ account }) => !cameBefore(tx, once, account))
  const parcel = freshParcel(tx, message, internalDate)
  const { outcomes } = placeAndSendOn(tx, parcel, { rooms, sentOn: fresh, internalDate })
  if (once !== undefined) {
    notePlaces(tx, once, outcomes.flatMap(placedOf))
    const without = new Set(outcomes.filter(({ outcome }) => outcome !== 'delivered').map(({ account }) => account))
    for (const { account } of fresh) if (!without.has(account)) noteTaken(tx, once, account)
  }
  const now = outcomes.values()
  const answers = recipients.map((_, i): DeliveryOutcome => {
    const earlier = before[i]
    return earlier === undefined ? (now.next().value as DeliveryOutcome) : { outcome: 'delivered', ...earlier }
  })
  return [...answers, ...now]
}

export function placedOf(outcome: DeliveryOutcome | undefined): Placed[] {
  if (outcome?.outcome !== 'delivered') return []
  const { account, mailbox, uid } = outcome
  return [{ account, mailbox, uid }]
}

/** The queue id of the same submission, when the client did not hear its 250. One that was cancelled may be sent again. */
function resendOf(tx: Transaction, { resendKey, resendWithinMs = 0, account }: Submission): string | undefined {
  if (resendKey === undefined) return undefined
  return tx.db.get<{ queueId: string }>(
    `SELECT queue_id AS queueId FROM submission WHERE resend_key = ? AND created_at > ? AND account IS ?
     AND cancelled_at IS NULL ORDER BY created_at DESC LIMIT 1`,
    resendKey,
    tx.now - resendWithinMs,
    account ?? null,
  )?.queueId
}

/** What the queue is told of a submission, or of what an inbox sends on. */
export type QueuedSubmission = Omit<Submission, 'recipients' | 'message' | 'internalDate'> & {
  readonly keepFor?: AccountId | undefined
  readonly sink?: string | undefined
  readonly foreign?: boolean | undefined
}

type Recipient = SubmitRecipient & { readonly domain: string }

/** Checked, and each address once: naming it twice does not send twice. */
function recipientsOf({ recipients }: Submission): Recipient[] {
  if (recipients.length === 0) return refuse('invalid', 'A submission has at least one recipient.')
  if (recipients.length > recipientsPerSubmissionMax)
    return refuse('invalid', `A submission has at most ${recipientsPerSubmissionMax} recipients.`)
  const byAddress = new Map<string, Recipient>()
  for (const recipient of recipients)
    if (!byAddress.has(recipient.address))
      byAddress.set(recipient.address, { ...recipient, ...cleanRecipient(recipient.address) })
  return Array.from(byAddress.values())
}

/** Contract D4: a 250 says that it is filed, so that a sender without room for it is refused. */
function takeSentPlace(tx: Transaction, { sentCopy, message }: Submission, twins: SentTwins): SentPlace {
  if (sentCopy === undefined) return {}
  const { account, message: copy = message } = sentCopy
  const box = boxFor(tx, account, '\\Sent') ?? refuse('not-found', "The sender's inbox is gone.")
  const [twin] = twins.find(tx, box, { messages: [copy], submitted: true })
  if (twin !== undefined) {
    takeForSubmission(tx, box, twin)
    return { merged: { account, mailbox: box.id, uid: mergeInto(tx, box, { twin, flags: seen }) } }
  }
  const room = takeRooms(tx, [{ account, mailbox: box.id, flags: seen }], copy.size)[0] as Room
  if ('box' in room) return { room }
  return refuse('over-quota', "The sender's inbox has no room for the Sent copy.")
}

/** By recipient's address. */
function takeLocalRooms(tx: Transaction, recipients: readonly Recipient[], size: number): Map<string, readonly Room[]> {
  const here = recipients.flatMap(({ address, local }) =>
    local === undefined ? [] : [{ address, places: [local].flat() }],
  )
  const rooms = takeRooms(
    tx,
    here.flatMap(({ places }) => places),
    size,
  ).values()
  return new Map(here.map(({ address, places }) => [address, places.map(() => rooms.next().value as Room)]))
}

export function insertSubmission(
  tx: Transaction,
  s: QueuedSubmission,
  { message }: { message: MessageId | undefined },
): { id: number; queueId: string } {
  const queueId = s.queueId ?? queueIdAt(tx.now)
  if (queueId === '' || queueId.length > queueIdCharactersMax || !/^[\w.-]+$/.test(queueId))
    refuse('invalid', `A queue id has 1 to ${queueIdCharactersMax} letters, digits, dots and hyphens.`)
  if (tx.db.get('SELECT 1 FROM submission WHERE queue_id = ?', queueId) !== undefined)
    refuse('exists', 'There is a submission of that queue id already.')
  const id = tx.db.run(
    `INSERT INTO submission (queue_id, account, credential, environment, sender, message, ret, envelope_id, require_tls,
     body, resend_key, created_at, closed_at, keep_for, sink, foreign_text)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    queueId,
    s.account ?? null,
    s.credential ?? null,
    environmentOf(tx, s) ?? null,
    cleanSender(s.sender),
    message ?? null,
    s.ret ?? null,
    cleanWord(s.envelopeId),
    s.requireTls ? 1 : 0,
    s.body,
    s.resendKey ?? null,
    tx.now,
    message === undefined ? tx.now : null,
    s.keepFor ?? null,
    s.sink ?? null,
    s.foreign ? 1 : 0,
  )
  return { id, queueId }
}

function environmentOf(tx: Transaction, { account, environment }: QueuedSubmission): EnvironmentId | undefined {
  if (environment !== undefined || account === undefined) return environment
  return tx.db.get<{ environment: EnvironmentId }>('SELECT environment FROM inbox WHERE id = ?', account)?.environment
}

export function insertRecipient(tx: Transaction, submission: number, recipient: Recipient, delivered: boolean): void {
  tx.db.run(
    `INSERT INTO outbox (submission, recipient, domain, notify, original_recipient, state, attempts, next_try_at,
     delay_told, done_at) VALUES (?, ?, ?, ?, ?, ?, 0, ?, 0, ?)`,
    submission,
    recipient.address,
    recipient.domain,
    cleanWord(recipient.notify),
    cleanWord(recipient.originalRecipient),
    delivered ? 'delivered' : 'waiting',
    tx.now,
    delivered ? tx.now : null,
  )
}
