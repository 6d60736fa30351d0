// The mode in which a domain keeps its mail: one text for all recipients, one commit (contract D4's promise, for what comes in), then
// the doorbell. Where one answer has to do for all, all have the message or none has it: see docs/decisions/one-answer-for-all.md.

import type { Delivery, DeliveryOutcome, Inbox, Store } from '@postern/mailbox-store'
import type { MailText } from '@postern/smtp'
import type { ArrivalRecipient, ArrivedText, Mode, ModeDelivery, Outcome, Planner, RecipientPlan } from '../arrival.js'
import { inboxOf } from '../made-inbox.js'
import { deliveredAtOnce, deliveredText } from '../text/delivered-text.js'
import { sentOnBy } from './sent-on.js'

export interface RetainedOptions {
  readonly store: Store
  readonly planner: Planner
  readonly hostname: string
  /** The text that is stored in the place of the one that came. */
  readonly storedText?: (text: ArrivedText, recipients: readonly ArrivalRecipient[]) => Promise<MailText>
}

interface Planned extends RecipientPlan {
  readonly recipient: ArrivalRecipient
  readonly inbox: Inbox
}

interface Arrived {
  readonly text: ArrivedText
  readonly delivery: ModeDelivery
}

export function retained({ store, planner, hostname, storedText = asItCame }: RetainedOptions): Mode {
  return {
    disk: 'plain',
    laneOf: () => 'retained',
    async deliver(text, delivery) {
      const arrived = { text, delivery }
      const planned = await Promise.all(delivery.recipients.map((recipient) => plan(recipient, arrived)))
      const isWanted = planned.some(({ places, sendings = [] }) => places.length + sendings.length > 0)
      const outcomes = isWanted ? await store.outbox.deliver(await staged(planned, arrived)) : []
      return outcomesOf(planned, outcomes)
    },
  }

  async function plan(recipient: ArrivalRecipient, { text, delivery }: Arrived): Promise<Planned> {
    const inbox = await inboxOf(recipient, store.directory)
    const { arrival, verdict } = delivery
    return { ...(await planner.plan(text, { arrival, verdict, inbox, address: recipient.address })), recipient, inbox }
  }

  async function staged(planned: readonly Planned[], { text, delivery }: Arrived): Promise<Delivery> {
    const { arrival, recipients, verdict, together } = delivery
    const { authenticationResults } = verdict
    const stamped = { arrival, recipients, authenticationResults, hostname }
    const stored = await storedText(text, recipients)
    const message = await store.stage(deliveredAtOnce(stored, stamped) ?? deliveredText(stored, stamped))
    return {
      ...{ message, internalDate: Math.floor(arrival.receivedAt / 1000), allOrNone: together, once: arrival.once },
      recipients: planned.flatMap(({ inbox, places }) => places.map((place) => ({ account: inbox.id, ...place }))),
      sentOn: await sentOnBy(planned, { store, text: stored, stamped }),
    }
  }
}

const asItCame = async (text: ArrivedText): Promise<MailText> => text

/** The store answers place by place, in their order. A recipient has it when it's in all of its places. */
function outcomesOf(planned: readonly Planned[], outcomes: readonly DeliveryOutcome[]): Outcome[] {
  let at = 0
  const owns = planned.map(({ places }) => {
    at += places.length
    return outcomes.slice(at - places.length, at)
  })
  const instead = outcomes.slice(at)
  return planned.map(({ recipient, inbox, settled }, i) => {
    const own = owns[i] as readonly DeliveryOutcome[]
    const trouble = own.find(({ outcome }) => outcome !== 'delivered')
    if (trouble === undefined) settled?.([...own, ...instead.filter(({ account }) => account === inbox.id)])
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
