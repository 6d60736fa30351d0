// The planners of receiving, submission and relay: each asks the inbox's rules with what it knows of a message, and what became of it is
// told by one line in the mail log, and counted.

import type { ArrivedText, Planner } from '@postern/inbound'
import type { DeliveryOutcome, Inbox, LocalPlaces, RefusalCode, SentOn, Store } from '@postern/mailbox-store'
import type { RelayOptions } from '@postern/relay'
import { arrivedHeader, rawValue, receivedField } from '@postern/smtp'
import type { SubmissionServerOptions } from '@postern/submission'
import type { Logger, MailLog, Metrics } from '@postern/telemetry'
import {
  type InboxPlan,
  type InboxPlanOptions,
  type InboxQuestion,
  inboxPlan,
  type PlannedSending,
} from './inbox-plan.js'

export interface PlannedMailOptions extends InboxPlanOptions {
  readonly store: Store
  readonly logger: Logger
  readonly metrics: Metrics
  readonly mailLog: MailLog
}

/** For mail from elsewhere. */
export function arrivalPlanner(options: PlannedMailOptions): Planner {
  return {
    async plan(text, { arrival, verdict, inbox, address }) {
      const spam = verdict.action === 'spam'
      const { sender } = arrival
      const facts = { ...aboutText(text), sender, recipient: address, spam, dmarc: verdict.dmarc ?? 'none' }
      const plan = await inboxPlan({ inbox, facts, foreign: true }, options)
      if (plan === undefined) return { places: [spam ? { mailbox: '\\Junk' } : {}] }
      const about = { inbox, plan, queueId: arrival.id, sender, header: text.header }
      const settled = (outcomes: readonly DeliveryOutcome[]): void =>
        note({ ...about, instead: outcomes.flatMap(insteadOf)[0] }, options)
      return { ...plan, settled }
    },
  }
}

const aboutText = ({ header, sizeBytes }: Pick<ArrivedText, 'header' | 'sizeBytes'>) => ({ header, sizeBytes })

const insteadOf = (outcome: DeliveryOutcome): RefusalCode[] =>
  outcome.outcome === 'delivered' && outcome.instead !== undefined ? [outcome.instead] : []

/**
 * For submissions. What sends on is left to the relay: it has the text that is sent on, and makes a commit of its own of both. Where the inbox's
 * mail is encrypted, the relay would see nothing of it: then the encrypted text itself is sent on, in the commit of the submission.
 */
export function submissionPlanner(options: PlannedMailOptions): NonNullable<SubmissionServerOptions['planHere']> {
  return async ({ account, recipient, sender, header, sizeBytes, queueId }) => {
    if ((await options.rules.of(account)).length === 0) return { places: { account }, settled: () => undefined }
    const inbox = await options.store.directory.getInbox(account)
    const facts = { header, sizeBytes, sender, recipient, spam: false, dmarc: 'pass' as const }
    const plan = await inboxPlan({ inbox, facts, foreign: false }, options)
    if (plan === undefined) return { places: { account }, settled: () => undefined }
    const isSealed = (await options.store.directory.getDomain(inbox.domain)).mode === 'encrypted'
    if (plan.sendings.length > 0 && !isSealed) return undefined
    const sentOn = await Promise.all(plan.sendings.map((sending) => asItIs(sending, options)))
    const settled = (): void => note({ inbox, plan, queueId, sender, header, instead: undefined }, options)
    return { places: plan.places, sentOn, settled }
  }
}

/** With the text that is delivered, or an answer's own. */
async function asItIs({ text, ...sending }: PlannedSending, { store }: PlannedMailOptions): Promise<SentOn> {
  if (text === undefined) return { ...sending, body: '8bitmime' }
  return { ...sending, message: await store.stage(text), body: '7bit' }
}

type RelayPlanner = NonNullable<RelayOptions['planHere']>

/** For what the relay delivers here, which another inbox of this gateway may have sent on. */
export function relayPlanner(options: PlannedMailOptions): RelayPlanner {
  const { store } = options
  return async ({ row, account, header, content, storedText }) => {
    if ((await options.rules.of(account)).length === 0) return { to: { account } }
    const inbox = await store.directory.getInbox(account)
    const { sender, recipient, foreign, queueId } = row
    const facts = { header, sizeBytes: content.size, sender, recipient, spam: false }
    const question: InboxQuestion = { inbox, facts: { ...facts, dmarc: foreign ? 'none' : 'pass' }, foreign }
    const plan = await inboxPlan(question, options)
    if (plan === undefined) return { to: { account }, sentOn: [], settled: () => undefined }
    const sentOn: SentOn[] = []
    for (const sending of plan.sendings) {
      if (sending.text !== undefined || sending.sink !== undefined) sentOn.push(await asItIs(sending, options))
      else {
        const { text: _, ...forward } = sending
        const own = sentOnText(await storedText(), { inbox, queueId: sending.queueId, options })
        sentOn.push({ ...forward, message: await store.stage(own), body: row.body })
      }
    }
    const to: LocalPlaces = plan.places
    const about = { inbox, plan, queueId, sender, header }
    return { to, sentOn, settled: (instead) => note({ ...about, instead }, options) }
  }
}

/** With what every inbox that had it puts on top, by which a circle is known (RFC 5321 §6.3). */
async function* sentOnText(
  pieces: AsyncIterable<Uint8Array>,
  {
    inbox,
    queueId,
    options,
  }: { readonly inbox: Inbox; readonly queueId: string; readonly options: PlannedMailOptions },
): AsyncGenerator<Uint8Array> {
  const { hostname, clock } = options
  const stamp = { from: hostname, by: hostname, protocol: 'ESMTP', id: queueId, recipient: inbox.address, now: clock() }
  yield Buffer.from(`Delivered-To: ${inbox.address}\r\n${receivedField(stamp)}`)
  yield* pieces
}

interface Noted {
  readonly inbox: Inbox
  readonly plan: InboxPlan
  readonly queueId: string
  readonly sender: string
  readonly header: Uint8Array
  readonly instead: RefusalCode | undefined
}

function note({ inbox, plan, queueId, sender, header, instead }: Noted, options: PlannedMailOptions): void {
  const { mailLog, metrics, logger } = options
  const { met, places, sendings, notForwarded } = plan
  if (met.length === 0) return
  const forwards = sendings.filter(({ sink, reply }) => sink === undefined && reply === undefined)
  const posts = sendings.filter(({ sink }) => sink !== undefined)
  mailLog({
    ...{ event: 'ruled', queueId, messageId: messageIdOf(header), from: sender, to: inbox.address },
    rules: met.map(({ publicId }) => publicId),
    mailboxes: mailboxNames(places),
    forwarded: forwards.flatMap(({ recipients }) => recipients),
    sentOn: sendings.map((each) => each.queueId),
  })
  for (const { publicId } of met) logger.debug({ rule: publicId, queueId }, 'a rule was met')
  if (places.length > 0) metrics.ruledMessages.inc({ outcome: 'filed' })
  if (forwards.length > 0) metrics.ruledMessages.inc({ outcome: 'forwarded' })
  if (posts.length > 0) metrics.ruledMessages.inc({ outcome: 'posted' })
  if (sendings.length > forwards.length + posts.length) metrics.ruledMessages.inc({ outcome: 'answered' })
  if (places.length === 0 && forwards.length + posts.length === 0) metrics.ruledMessages.inc({ outcome: 'discarded' })
  for (const why of [...notForwarded.map((each) => each.why), ...(instead === undefined ? [] : [instead])]) {
    metrics.rulesNotFollowed.inc({ why })
    logger.warn({ inbox: inbox.address, queueId, why }, 'a rule could not be followed, and the message was kept')
  }
}

/** Each once, as a message is in each once: INBOX may be meant by its name, too, in any case (RFC 9051 §5.1). */
export const mailboxNames = (places: InboxPlan['places']): string[] => [
  ...new Set(places.map(({ mailbox }) => nameOf(mailbox))),
]

function nameOf(mailbox: InboxPlan['places'][number]['mailbox']): string {
  if (mailbox === undefined) return 'INBOX'
  const name = typeof mailbox === 'object' ? mailbox.name : String(mailbox)
  return name.toUpperCase() === 'INBOX' ? 'INBOX' : name
}

function messageIdOf(header: Uint8Array): string | undefined {
  const read = arrivedHeader(Buffer.from(header))
  const field = read.fields.find(({ name }) => name === 'message-id')
  return field && rawValue(read, field)
}
