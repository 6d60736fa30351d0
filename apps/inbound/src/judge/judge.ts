// Judges a message that came from elsewhere (contract F1): looks at it once, whoever it's for, and decides for recipients whose domains think
// alike. What is found stands on top of the message (Authentication-Results) and in the mail log.

import { randomInt } from 'node:crypto'
import type { DmarcLimit } from '@postern/mailbox-store'
import { type DmarcResult, dmarcResults } from '@postern/rules'
import type { Networks } from '@postern/service'
import type { Logger, MailLog, Metrics } from '@postern/telemetry'
import type { Action, Addressed, Arrival, ArrivalRecipient, ArrivedText, Judge, Verdict } from '../arrival.js'
import { messageIdOf } from '../mail-events.js'
import { check } from './check.js'
import type { Checks } from './checks.js'
import type { NameLookups } from './name-lookups.js'
import { type Decision, decide } from './policy.js'
import { resultsField } from './results-field.js'
import { decisionOf, type Opinion, type Rspamd } from './rspamd.js'

export interface JudgeOptions {
  readonly names: NameLookups
  /** In Authentication-Results. */
  readonly hostname: string
  /** In lower case. */
  readonly trustedSealers: ReadonlySet<string>
  /** Servers in front, which look at mail themselves; who speaks LMTP is one anyhow. */
  readonly fronts: Networks
  /** What they hand over is judged all the same. */
  readonly judgesFronts: boolean
  readonly rspamd: Rspamd | undefined
  /** Unix milliseconds. */
  readonly clock: () => number
  /** 0 ≤ lot < 100. */
  readonly lot?: () => number
  readonly logger: Logger
  readonly metrics: Metrics
  readonly mailLog: MailLog
}

export function createJudge(options: JudgeOptions): Judge {
  const looked = new WeakMap<ArrivedText, Promise<Looked>>()
  return {
    laneOf: limitOf,
    async judge(text, addressed) {
      const { recipients } = addressed
      const isFront = isFromFront(addressed.arrival, options.fronts)
      if (isFront && !options.judgesFronts) return { action: 'accept', authenticationResults: undefined }
      // Its address is not that of who sent the message.
      const arrival = isFront ? { ...addressed.arrival, clientAddress: undefined } : addressed.arrival
      const known = looked.get(text) ?? look(text, { arrival, options })
      looked.set(text, known)
      const { checks, lot } = await known
      const limit = limitFor(addressed)
      const decision = decide(checks, { limit, trustedSealers: options.trustedSealers, lot })
      const opinion = isOver(decision.action) ? undefined : await options.rspamd?.ask(text, { arrival, recipients })
      const verdict = verdictOf({ checks, decision, opinion, arrival, hostname: options.hostname })
      note(verdict, { text, addressed, checks, options })
      return verdict
    },
  }
}

function isFromFront({ via, clientAddress }: Arrival, fronts: Networks): boolean {
  return via === 'lmtp' || (via === 'smtp' && (clientAddress === undefined || fronts.has(clientAddress)))
}

interface Looked {
  readonly checks: Checks
  readonly lot: number
}

async function look(
  text: ArrivedText,
  { arrival, options }: { readonly arrival: Arrival; readonly options: JudgeOptions },
): Promise<Looked> {
  const { names, hostname, clock, logger, lot = () => randomInt(100) } = options
  return { checks: await check(text, { arrival, ask: names.forMessage(), hostname, now: clock(), logger }), lot: lot() }
}

/** As published, unless the domain wants less. */
const limitOf = ({ domain }: ArrivalRecipient): DmarcLimit => domain.settings.dmarc ?? 'refuse'

/** What nobody would hear of is put aside and not refused. */
function limitFor({ arrival, recipients: [first] }: Addressed): DmarcLimit {
  const limit = first === undefined ? 'refuse' : limitOf(first)
  return arrival.before?.isTaken && limit === 'refuse' ? 'spam' : limit
}

/** Whether there is nothing left to ask. */
const isOver = (action: Action): boolean => action === 'refuse' || action === 'defer'

const severity: readonly Action[] = ['accept', 'spam', 'defer', 'refuse']

function verdictOf(found: {
  readonly checks: Checks
  readonly decision: Decision
  readonly opinion: Opinion | undefined
  readonly arrival: Arrival
  readonly hostname: string
}): Verdict {
  const { checks, decision, opinion, arrival, hostname } = found
  const other = opinion === undefined ? undefined : decisionOf(opinion, { isTaken: arrival.before?.isTaken ?? false })
  const isWorse = other !== undefined && severity.indexOf(other.action) > severity.indexOf(decision.action)
  const { action, reply } = isWorse ? other : decision
  const authenticationResults = resultsField(hostname, { checks, action: decision.action, opinion })
  return { action, reply, authenticationResults, dmarc: dmarcOf(checks) }
}

const dmarcOf = ({ dmarc }: Checks): DmarcResult | undefined => dmarcResults.find((each) => each === dmarc?.result)

function note(
  { action }: Verdict,
  {
    text,
    addressed,
    checks,
    options,
  }: {
    readonly text: ArrivedText
    readonly addressed: Addressed
    readonly checks: Checks
    readonly options: JudgeOptions
  },
): void {
  const { arrival, recipients } = addressed
  const { spf, dkim, arc, dmarc } = checks
  options.metrics.mailJudged.inc({ action, dmarc: dmarc?.result ?? 'unknown' })
  options.mailLog({
    ...{ event: 'judged', queueId: arrival.id, messageId: messageIdOf(text), from: arrival.sender },
    ...{ to: recipients.map(({ address }) => address), verdict: action },
    ...{ spf: spf?.result ?? 'unknown', dkim: dkim.map(({ result }) => result).join(' ') || 'none', arc: arc.result },
    ...{ dmarc: dmarc?.result ?? 'unknown', author: dmarc?.domain ?? '' },
  })
}
