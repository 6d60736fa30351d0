// The one way from a post into the mailboxes: whose it is and what it holds is known by now, or will be at the end of its text, and
// then it goes the way of all mail (deliver.ts). Idempotent by the id: what was answered is remembered, and where the answer was lost,
// or a recipient had no room, whoever has the message isn't given it again (once.ts of the store). Contract F3.

import { createHash, type Hash } from 'node:crypto'
import { type Once, publicId, StoreRefusal } from '@postern/mailbox-store'
import { needsSmtpUtf8 } from '@postern/smtp'
import type { Arrival, ArrivalRecipient, Before } from '../arrival.js'
import type { InboundContext } from '../context.js'
import { deliver } from '../deliver.js'
import { findRecipient } from '../recipients.js'
import { Withdrawn } from '../withdrawn.js'
import { type Answer, IngestError, type RecipientResult, refusedResult, resultsOf, verdictOn } from './answer.js'
import type { IngestContext, IngestSecret } from './context.js'
import { mailLineEnds } from './line-ends.js'
import type { Turns } from './turns.js'

export interface Handed {
  /** Undefined is nobody's, whose text throws at its end: till then it goes the same way, so that it takes as long. */
  readonly key: IngestSecret | undefined
  /** The caller's id of the message. */
  readonly id: string
  /** Empty for a null reverse-path. */
  readonly sender: string
  readonly recipients: readonly string[]
  readonly clientAddress: string | undefined
  readonly before: Before
  /** Throws at its end where nobody vouches for it. */
  readonly text: AsyncIterable<Uint8Array>
}

export async function handOver(
  handed: Handed,
  { context, turns }: { readonly context: IngestContext; readonly turns: Turns },
): Promise<Answer> {
  const { inbound, limits } = context
  const once = new HandedOnce(handed)
  const turn: { leave?: () => void } = {}
  const text = (async function* () {
    for await (const piece of handed.text) {
      once.hash.update(piece)
      yield piece
    }
    turn.leave = await turns.take(`${once.scope} ${once.id}`)
    await refuseRepeated(once, inbound)
  })()
  try {
    const { known, refused } = await findAll(handed, inbound)
    const arrival = arrivalOf(handed, { once, inbound })
    const delivering = { arrival, recipients: known, bytesMax: limits.messageBytesMax, together: false }
    const outcomes =
      known.length === 0 ? await readThrough(text) : await deliver(mailLineEnds(text), { delivering, context: inbound })
    return await answerFor([...resultsOf(outcomes), ...refused], { arrival, once, inbound })
  } catch (error) {
    if (error instanceof Repeated) return error.answer
    return asConflict(error)
  } finally {
    turn.leave?.()
  }
}

/** The digest is known when the text has been read. */
class HandedOnce implements Once {
  readonly scope: string
  readonly id: string
  readonly hash: Hash
  constructor({ key, id, sender, recipients }: Handed) {
    this.scope = key === undefined ? 'nobody' : `${key.owner} ${key.provider}`
    this.id = id
    this.hash = createHash('sha256').update(`${JSON.stringify([sender, recipients])}\n`)
  }
  get digest(): Uint8Array {
    return this.hash.copy().digest()
  }
}

class Repeated extends Withdrawn {
  readonly answer: Answer
  constructor(answer: Answer) {
    super('the message was handed over before')
    this.answer = answer
  }
}

/** What the store says of an id that stood for something else. */
export function asConflict(error: unknown): never {
  if (!(error instanceof StoreRefusal) || error.code !== 'exists') throw error
  throw new IngestError('ingest_conflict', 'Another message came under this id before.')
}

async function refuseRepeated(once: Once, { store }: InboundContext): Promise<void> {
  const earlier = await store.outbox.answered(once).catch(asConflict)
  if (earlier?.answer === undefined) return
  throw new Repeated({ status: 200, body: { ...JSON.parse(earlier.answer), repeated: true } })
}

async function readThrough(text: AsyncIterable<unknown>): Promise<readonly []> {
  for await (const _ of text);
  return []
}

interface Found {
  readonly known: ArrivalRecipient[]
  readonly refused: RecipientResult[]
}

async function findAll({ recipients, key }: Handed, inbound: InboundContext): Promise<Found> {
  const found: Found = { known: [], refused: [] }
  for (const address of new Set(recipients)) {
    const recipient = await findRecipient({ address }, inbound).catch((error) => refusedResult(address, error))
    if ('status' in recipient) found.refused.push(recipient)
    else if (isOf(recipient, key)) found.known.push(recipient)
    else found.refused.push({ address, status: 'refused', reply: '550 5.7.1 The key is for another domain' })
  }
  return found
}

const isOf = ({ domain }: ArrivalRecipient, key: IngestSecret | undefined): boolean =>
  key?.domain === undefined ? domain.environment === key?.environment : domain.id === key.domain

function arrivalOf(
  { sender, recipients, clientAddress, before }: Handed,
  { once, inbound }: { readonly once: Once; readonly inbound: InboundContext },
): Arrival {
  return {
    ...{ id: publicId('q'), via: 'ingest', sender, helo: undefined, clientAddress, before, tls: undefined, once },
    smtpUtf8: [sender, ...recipients].some(needsSmtpUtf8),
    receivedAt: inbound.clock(),
  }
}

async function answerFor(
  results: readonly RecipientResult[],
  { arrival, once, inbound }: { readonly arrival: Arrival; readonly once: Once; readonly inbound: InboundContext },
): Promise<Answer> {
  const trouble = verdictOn(results)
  if (trouble !== undefined) throw trouble
  const body = { id: arrival.id, results }
  await inbound.store.outbox.rememberAnswer(once, { answer: JSON.stringify(body) })
  return { status: 200, body: { ...body, repeated: false } }
}
