// The two commits that bring mail in from outside IMAP: `submit`, behind the 250 of a submission (contract D4, E1, E3,
// E5), and `deliver`, behind the 250 of a message from elsewhere. Each is one mutation: all of it or nothing.

import { queueIdAt } from '../directory/public-id.js'
import type { PreparedMessage } from '../messages/prepare.js'
import { type AccountId, type EnvironmentId, type Flags, type MessageId, systemFlag } from '../model.js'
import { cleanRecipient, cleanSender, cleanWord } from '../outbox/envelope.js'
import { queueIdCharactersMax, recipientsPerSubmissionMax } from '../outbox/limits.js'
import type {
  Delivery,
  DeliveryOutcome,
  Placed,
  ResendAsk,
  SentOn,
  Submission,
  SubmitRecipient,
  Submitted,
} from '../outbox/outbox.js'
import { refuse } from '../refusals.js'
import { cameBefore, notePlaces, noteTaken, placesBefore } from './once.js'
import { boxFor, freshParcel, type Room, type TakenRoom, takeRooms } from './outbox-parcel.js'
import { countSending } from './sending-counts.js'
import { noteSentCandidate, takeForSubmission } from './sent-candidates.js'
import { mergeInto, type SentTwins, withdraw } from './sent-merge.js'
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
  const texts = textsOf(tx, submission, { recipients, sentRoom: sentPlace.room })
  const placed = texts.map((text) => placeText(tx, text, submission))
  const waiting = new Map(texts.flatMap(({ waits }, i) => waits.map(({ address }) => [address, placed[i]?.message])))
  const shared = texts.findIndex(({ prepared, waits }) => prepared === submission.message && waits.length > 0)
  const message = placed[shared]?.message
  const { id, queueId } = insertSubmission(tx, submission, { message, isOpen: waiting.size > 0 })
  for (const recipient of recipients)
    insertRecipient(tx, id, recipient, {
      isWaiting: waiting.has(recipient.address),
      message: recipient.message && waiting.get(recipient.address),
    })
  const sent = sentPlace.merged ?? placed.flatMap((each) => each.sent ?? [])[0]
  const rooms = texts.flatMap((text) => Array.from(text.rooms))
  const undelivered = rooms.flatMap(([address, ofOne]) => {
    const why = whyNot(ofOne)
    return why === undefined ? [] : [{ address, why }]
  })
  return { queueId, repeated: false, sent, delivered: placed.flatMap((each) => each.delivered), undelivered }
}

const whyNot = (rooms: readonly Room[]): 'over-quota' | 'gone' | undefined =>
  rooms.flatMap((room) => ('why' in room ? [room.why] : []))[0]

/** Where the Sent copy goes; or the client's own, which it became. */
interface SentPlace {
  readonly room?: TakenRoom
  readonly merged?: Placed
}

/** One text, and everybody who gets it: one for all nearly always. */
interface Text {
  readonly prepared: PreparedMessage
  readonly sentRoom: TakenRoom | undefined
  /** By recipient's address. */
  readonly rooms: ReadonlyMap<string, readonly Room[]>
  /** Those who have to wait for it. */
  readonly waits: readonly Recipient[]
  readonly sentOn: readonly SentOn[]
}

function textsOf(
  tx: Transaction,
  submission: Submission,
  { recipients, sentRoom }: { recipients: readonly Recipient[]; sentRoom: TakenRoom | undefined },
): Text[] {
  const readers = new Map<PreparedMessage, Recipient[]>()
  if (sentRoom !== undefined) readers.set(sentTextOf(submission), [])
  for (const recipient of recipients) {
    if (recipient.handedOver) continue
    const prepared = recipient.message ?? submission.message ?? refuse('invalid', 'A recipient has no text to get.')
    const others = readers.get(prepared)
    if (others === undefined) readers.set(prepared, [recipient])
    else others.push(recipient)
  }
  return Array.from(readers, ([prepared, own]) => {
    const rooms = takeLocalRooms(tx, own, prepared.size)
    const waits = own.filter(({ address }) => rooms.get(address)?.every((room) => 'box' in room) !== true)
    const sentOn = own.flatMap((recipient) => recipient.sentOn ?? [])
    return { prepared, rooms, waits, sentOn, sentRoom: isSentText(submission, prepared) ? sentRoom : undefined }
  })
}

const isSentText = ({ sentCopy, message }: Submission, prepared: PreparedMessage): boolean =>
  sentCopy !== undefined && prepared === (sentCopy.message ?? message)

const sentTextOf = ({ sentCopy, message }: Submission): PreparedMessage =>
  sentCopy?.message ?? message ?? refuse('invalid', 'There is no text for the Sent copy.')

interface PlacedText {
  readonly message: MessageId | undefined
  readonly sent: Placed | undefined
  readonly delivered: readonly Placed[]
}

/** The submission holds its own text once, whoever waits for it; each other one is held by who waits for it. */
function placeText(
  tx: Transaction,
  { prepared, sentRoom, rooms, waits, sentOn }: Text,
  { message: common, internalDate, sentCopy }: Submission,
): PlacedText {
  const filed = sentRoom === undefined ? [] : [sentRoom]
  const staying = prepared === common ? Math.min(waits.length, 1) : waits.length
  const parcel = freshParcel(tx, prepared, internalDate)
  const allRooms = [...filed, ...[...rooms.values()].flat()]
  const { message, outcomes } = placeAndSendOn(tx, parcel, { rooms: allRooms, sentOn, staying, internalDate })
  const delivered = outcomes.slice(filed.length).flatMap(placedOf)
  if (sentRoom === undefined) return { message, delivered, sent: undefined }
  const sent = outcomes.flatMap(placedOf)[0] as Placed
  const entry = { uid: sent.uid, message: message as MessageId, prepared, identity: sentCopy?.identity }
  noteSentCandidate(tx, sentRoom.box, { ...entry, submitted: true })
  return { message, sent, delivered }
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
export function resendOf(
  { db, now }: Pick<Transaction, 'db' | 'now'>,
  { resendKey, resendWithinMs = 0, account }: ResendAsk,
): string | undefined {
  if (resendKey === undefined) return undefined
  return db.get<{ queueId: string }>(
    `SELECT queue_id AS queueId FROM submission WHERE resend_key = ? AND created_at > ? AND account IS ?
     AND cancelled_at IS NULL ORDER BY created_at DESC LIMIT 1`,
    resendKey,
    now - resendWithinMs,
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
function takeSentPlace(tx: Transaction, submission: Submission, twins: SentTwins): SentPlace {
  const { sentCopy } = submission
  if (sentCopy === undefined) return {}
  const { account, identity } = sentCopy
  const copy = sentTextOf(submission)
  const box = boxFor(tx, account, '\\Sent') ?? refuse('not-found', "The sender's inbox is gone.")
  const [twin] = twins.find(tx, box, { messages: [copy], submitted: true, identity })
  if (twin !== undefined && identity === undefined) {
    takeForSubmission(tx, box, twin)
    return { merged: { account, mailbox: box.id, uid: mergeInto(tx, box, { twin, flags: seen }) } }
  }
  const flags = twin === undefined ? seen : withdraw(tx, box, { twin, flags: seen })
  const room = takeRooms(tx, [{ account, mailbox: box.id, flags }], copy.size)[0] as Room
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
  { message, isOpen }: { message: MessageId | undefined; isOpen: boolean },
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
    isOpen ? null : tx.now,
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

export function insertRecipient(
  tx: Transaction,
  submission: number,
  recipient: Recipient,
  { isWaiting, message }: { isWaiting: boolean; message?: MessageId | undefined },
): void {
  tx.db.run(
    `INSERT INTO outbox (submission, recipient, domain, notify, original_recipient, state, attempts, next_try_at,
     delay_told, done_at, message) VALUES (?, ?, ?, ?, ?, ?, 0, ?, 0, ?, ?)`,
    submission,
    recipient.address,
    recipient.domain,
    cleanWord(recipient.notify),
    cleanWord(recipient.originalRecipient),
    isWaiting ? 'waiting' : 'delivered',
    tx.now,
    isWaiting ? null : tx.now,
    message ?? null,
  )
}
