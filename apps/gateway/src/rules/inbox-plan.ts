// What an inbox's own rules do with a message, in the words of the store: places, and what is sent on in the same commit. The same for
// mail from elsewhere, for submissions to inboxes of this gateway, and for what the relay delivers here. Whatever of it can't be done, the
// message is kept.

import { type Inbox, type LocalPlace, queueIdAt, type SentOn, systemFlag } from '@postern/mailbox-store'
import { type Facts, type Into, type Plan, planOf, type SystemFlag } from '@postern/rules'
import type { Logger } from '@postern/telemetry'
import type { SendingLookups } from '../sending/sending-lookups.js'
import { hasRoute } from './has-route.js'
import { replyText } from './reply-text.js'
import type { StoredRule, StoredRules } from './stored-rules.js'

/** Without what only who has the text can say. */
export type PlannedSending = Omit<SentOn, 'message' | 'body'> & {
  readonly queueId: string
  /** Of an answer, 7-bit. */
  readonly text?: Uint8Array | undefined
}

/** A forward that isn't made, and why. */
export interface NotForwarded {
  readonly to: string
  readonly why: string
}

export interface InboxPlan {
  /** None: the message is nowhere in the inbox. */
  readonly places: readonly LocalPlace[]
  readonly sendings: readonly PlannedSending[]
  readonly met: readonly StoredRule[]
  readonly notForwarded: readonly NotForwarded[]
}

export interface InboxQuestion {
  readonly inbox: Inbox
  readonly facts: Omit<Facts, 'inbox'>
  /** It didn't come from a login of this gateway. */
  readonly foreign: boolean
}

export interface InboxPlanOptions {
  readonly rules: Pick<StoredRules, 'of'>
  readonly lookups: Pick<SendingLookups, 'findAddress' | 'findDomain' | 'recipientFor' | 'routeFor' | 'sendingRulesFor'>
  readonly logger: Logger
  readonly hostname: string
  /** Unix milliseconds. */
  readonly clock: () => number
}

/** Undefined where the inbox has no rules. */
export async function inboxPlan(question: InboxQuestion, options: InboxPlanOptions): Promise<InboxPlan | undefined> {
  const rules = await options.rules.of(question.inbox.id)
  if (rules.length === 0) return undefined
  const plan = planOf(rules, { ...question.facts, inbox: question.inbox.address })
  const { going, staying } = await sorted(plan, { question, options })
  const isKept = plan.kept || (staying.length > 0 && plan.keptUnsent)
  const places = placesOf(plan, { question, isKept })
  const keep = places.length === 0
  return {
    places,
    sendings: [
      ...(await forwardOf(going, { question, options, keep })),
      ...plan.sinks.map((rule) => postOf(rule, { question, options, keep })),
      ...(await replyOf(plan.reply, { question, options })),
    ],
    met: plan.met,
    notForwarded: [...plan.withheld, ...staying],
  }
}

interface Asked {
  readonly question: InboxQuestion
  readonly options: InboxPlanOptions
}

/** What the rules could not know: whose an address is, and whether there's a way to it. */
async function sorted(
  { forwards }: Plan,
  { question: { inbox }, options }: Asked,
): Promise<{ readonly going: readonly string[]; readonly staying: readonly NotForwarded[] }> {
  const going: string[] = []
  const staying: NotForwarded[] = []
  for (const to of forwards) {
    const why = await whyNot(to, { inbox, options })
    if (why === undefined) going.push(to)
    else staying.push({ to, why })
  }
  return { going, staying }
}

async function whyNot(
  to: string,
  { inbox, options: { lookups, logger } }: { readonly inbox: Inbox; readonly options: InboxPlanOptions },
): Promise<string | undefined> {
  try {
    const facts = await lookups.recipientFor(to)
    if (facts.kind === 'inbox' && facts.inbox.id === inbox.id) return 'itself'
    return facts.kind !== 'remote' || (await hasRoute(inbox, lookups)) ? undefined : 'no route'
  } catch (err) {
    logger.error({ err, inbox: inbox.address }, 'the way of a forward could not be looked up')
    return 'route unreadable'
  }
}

const domainOf = ({ address }: Inbox): string => address.slice(address.lastIndexOf('@') + 1)

const bits: Readonly<Record<SystemFlag, number>> = {
  '\\Seen': systemFlag.seen,
  '\\Flagged': systemFlag.flagged,
  '\\Answered': systemFlag.answered,
}

function placesOf(
  plan: Plan,
  { question, isKept }: { readonly question: InboxQuestion; readonly isKept: boolean },
): LocalPlace[] {
  const { inbox, facts } = question
  const flags = { system: plan.system.reduce((all, flag) => all | bits[flag], 0), keywords: plan.keywords }
  const ofAll = { account: inbox.id, flags, orInbox: true }
  const home: LocalPlace = { ...ofAll, mailbox: facts.spam ? '\\Junk' : undefined }
  const filed = plan.filed.map((into): LocalPlace => ({ ...ofAll, mailbox: mailboxOf(into) }))
  return isKept ? [home, ...filed] : filed
}

const mailboxOf = (into: Into): LocalPlace['mailbox'] => (into.kind === 'use' ? into.use : { name: into.name })

/** In the inbox's own name, so that who takes it may check that, and tells the inbox of trouble; a notification stays without a sender. */
async function forwardOf(
  recipients: readonly string[],
  { question, options, keep }: Asked & { readonly keep: boolean },
): Promise<readonly PlannedSending[]> {
  if (recipients.length === 0) return []
  const { inbox, facts, foreign } = question
  const { lookups, clock } = options
  const sending = await lookups.sendingRulesFor({ credential: undefined, inbox: inbox.id, domain: inbox.domain })
  const sender = facts.sender === '' ? '' : inbox.address
  const queueId = queueIdAt(clock())
  return [{ account: inbox.id, queueId, sender, recipients, notify: 'FAILURE', keep, foreign, sending }]
}

const dayMs = 86_400_000

/** Nobody is told where it can't go: who wrote isn't waiting for it (RFC 3834 §2). */
async function replyOf(rule: StoredRule | undefined, { question, options }: Asked): Promise<readonly PlannedSending[]> {
  const action = rule?.actions.find(({ kind }) => kind === 'reply')
  if (rule === undefined || action?.kind !== 'reply') return []
  const { inbox, facts } = question
  const { lookups, clock, hostname } = options
  const to = facts.sender
  if ((await whyNot(to, { inbox, options })) !== undefined) return []
  const sending = await lookups.sendingRulesFor({ credential: undefined, inbox: inbox.id, domain: inbox.domain })
  const queueId = queueIdAt(clock())
  const isSecret = (await lookups.findDomain(domainOf(inbox)))?.mode === 'encrypted'
  const text = replyText(action, { inbox, to, header: facts.header, isSecret, hostname, queueId, now: clock() })
  return [
    {
      ...{ account: inbox.id, queueId, sender: '', recipients: [to], notify: 'NEVER', keep: false, foreign: false },
      ...{ sending, text, reply: { rule: rule.publicId, withinMs: action.days * dayMs } },
    },
  ]
}

/** It shows in the queue as mail for the inbox. */
function postOf(
  { publicId }: StoredRule,
  { question: { inbox, facts, foreign }, options, keep }: Asked & { readonly keep: boolean },
): PlannedSending {
  const { sender } = facts
  const queueId = queueIdAt(options.clock())
  return {
    ...{ account: inbox.id, queueId, sender, recipients: [inbox.address] },
    ...{ notify: 'NEVER', sink: publicId, keep, foreign },
  }
}
