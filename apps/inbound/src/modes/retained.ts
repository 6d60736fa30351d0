// The mode in which a domain keeps its mail: one text for all recipients, one commit (contract D4's promise, for what comes in), then
// the doorbell. Where one answer has to do for all, all have the message or none has it: see docs/decisions/one-answer-for-all.md.

import type { Delivery, DeliveryOutcome, Inbox, Store } from '@postern/mailbox-store'
import type { MailText } from '@postern/smtp'
import type { ArrivalRecipient, ArrivedText, Mode, ModeDelivery, Outcome, Place, Planner } from '../arrival.js'
import { inboxOf } from '../made-inbox.js'
import { deliveredAtOnce, deliveredText } from '../text/delivered-text.js'

export interface RetainedOptions {
  readonly store: Store
  readonly planner: Planner
  readonly hostname: string
  /** The text that is stored in the place of the one that came. */
  readonly storedText?: (text: ArrivedText, recipients: readonly ArrivalRecipient[]) => Promise<MailText>
}

interface Planned {
  readonly recipient: ArrivalRecipient
  readonly inbox: Inbox
  readonly places: readonly Place[]
}

export function retained({ store, planner, hostname, storedText = asItCame }: RetainedOptions): Mode {
  return {
    disk: 'plain',
    laneOf: () => 'retained',
    async deliver(text, delivery) {
      const planned = await Promise.all(delivery.recipients.map((recipient) => plan(text, { delivery, recipient })))
      const placed = planned.flatMap(({ inbox, places }) => places.map((place) => ({ account: inbox.id, ...place })))
      const outcomes = placed.length === 0 ? [] : await store.outbox.deliver(await staged(text, { delivery, placed }))
      return outcomesOf(planned, outcomes)
    },
  }

  async function plan(
    text: ArrivedText,
    { delivery, recipient }: { readonly delivery: ModeDelivery; readonly recipient: ArrivalRecipient },
  ): Promise<Planned> {
    const inbox = await inboxOf(recipient, store.directory)
    const { arrival, verdict } = delivery
    const { places } = await planner.plan(text, { arrival, verdict, inbox, address: recipient.address })
    return { recipient, inbox, places }
  }

  async function staged(
    text: ArrivedText,
    { delivery, placed }: { readonly delivery: ModeDelivery; readonly placed: Delivery['recipients'] },
  ): Promise<Delivery> {
    const { arrival, recipients, verdict, together } = delivery
    const { authenticationResults } = verdict
    const stamped = { arrival, recipients, authenticationResults, hostname }
    const stored = await storedText(text, recipients)
    const message = await store.stage(deliveredAtOnce(stored, stamped) ?? deliveredText(stored, stamped))
    const internalDate = Math.floor(arrival.receivedAt / 1000)
    return { message, internalDate, recipients: placed, allOrNone: together, once: arrival.once }
  }
}

const asItCame = async (text: ArrivedText): Promise<MailText> => text

/** The store answers place by place, in their order. A recipient has it when it's in all of its places. */
function outcomesOf(planned: readonly Planned[], outcomes: readonly DeliveryOutcome[]): Outcome[] {
  let at = 0
  return planned.map(({ recipient, inbox, places }) => {
    const own = outcomes.slice(at, at + places.length)
    at += places.length
    const trouble = own.find(({ outcome }) => outcome !== 'delivered')
    return outcomeOf(trouble, { recipient, inbox })
  })
}

function outcomeOf(
  trouble: DeliveryOutcome | undefined,
  { recipient, inbox }: { readonly recipient: ArrivalRecipient; readonly inbox: Inbox },
): Outcome {
  switch (trouble?.outcome) {
    case undefined:
    case 'delivered':
      return { recipient, kind: 'delivered', reply: '250 2.1.5 Ok' }
    case 'over-quota':
      return {
        ...{ recipient, kind: 'deferred', account: inbox.id },
        reply: `452 4.2.2 The inbox ${recipient.address} is full`,
      }
    case 'gone':
      return { recipient, kind: 'refused', reply: `550 5.1.1 There is no inbox ${recipient.address}` }
    case 'held-back':
      return {
        recipient,
        kind: 'deferred',
        reply: '452 4.2.2 The inbox of another recipient of this message is full, send it again',
      }
  }
}
