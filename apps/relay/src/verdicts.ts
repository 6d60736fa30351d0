// What a try means: the transport's word on one recipient becomes what is written into the queue, what the sender is told, and what
// stands in the mail log. Pure: clock and chance are arguments.

import type {
  AccountId,
  Claimed,
  Content,
  LocalPlaces,
  Outcome,
  RefusalCode,
  SentOn,
  StagedMessage,
} from '@postern/mailbox-store'
import { nextTryAt } from './backoff.js'
import type { Told } from './dsn/told.js'
import { type Action, wantsToHear } from './dsn/wishes.js'
import type { RelayLimits } from './relay-limits.js'
import type { Sent } from './transport.js'

export interface Verdict {
  readonly row: Claimed
  readonly outcome: Exclude<Outcome, { kind: 'cancelled' }>
  readonly told: Told | undefined
  readonly event: 'delivered' | 'deferred' | 'failed' | 'expired'
  /** RFC 3463. */
  readonly status: string
  readonly here?: Here | undefined
}

/** What an inbox of this gateway does with it, by its rules. */
export interface Here {
  readonly to: LocalPlaces
  /** What is filed in the place of the text that the queue has. */
  readonly message?: StagedMessage | undefined
  readonly sentOn?: readonly SentOn[]
  /** It's done; with why INBOX has it in the place of another one. */
  readonly settled?: (instead: RefusalCode | undefined) => void
}

export type PlanHere = (question: {
  readonly row: Claimed
  readonly account: AccountId
  readonly header: Uint8Array
  readonly content: Content
  /** What the inbox keeps of it: encrypted where its domain wants it so. */
  readonly storedText: () => Promise<AsyncIterable<Uint8Array>>
}) => Promise<Here>

export interface At {
  /** Unix milliseconds. */
  readonly now: number
  /** Between 0 and 1. */
  readonly random: number
  readonly limits: RelayLimits
  readonly here?: Here | undefined
}

export function verdictOf(row: Claimed, sent: Sent, at: At): Verdict {
  switch (sent.kind) {
    case 'delivered':
      return delivered(row, sent, at)
    case 'deferred':
      return deferred(row, sent, at)
    case 'failed':
      return failed(row, sent, { event: 'failed', status: sent.status ?? '5.0.0' })
  }
}

function delivered(row: Claimed, sent: Extract<Sent, { kind: 'delivered' }>, { here }: At): Verdict {
  const status = sent.status ?? '2.0.0'
  const action = here === undefined ? 'relayed' : 'delivered'
  const told = sent.relaysDsn ? undefined : toldOf(row, sent, { action, status })
  const { to, message, sentOn } = here ?? {}
  const outcome: Outcome = { kind: 'delivered', to, message, sentOn, ...replyOf(sent, status) }
  return { row, outcome, told, event: 'delivered', status, here }
}

function deferred(row: Claimed, sent: Extract<Sent, { kind: 'deferred' }>, { now, random, limits }: At): Verdict {
  const { attempts, createdAt } = row
  const next = nextTryAt({ attempts, createdAt, now, random, retryAfterMs: sent.retryAfterMs }, limits)
  const status = sent.status ?? '4.0.0'
  if (next === undefined) return failed(row, sent, { event: 'expired', status: expiredStatus(sent) })
  const retryUntil = createdAt + limits.giveUpMs
  const told =
    now < createdAt + limits.delayMs ? undefined : toldOf(row, sent, { action: 'delayed', status, retryUntil })
  const outcome: Outcome = {
    kind: 'deferred',
    nextTryAt: told === undefined ? notBeyondDelay(row, next, { now, limits }) : next,
    delayTold: told !== undefined,
    ...replyOf(sent, status),
  }
  return { row, outcome, told, event: 'deferred', status }
}

/** Who asked to be told of a delay is told in time. */
function notBeyondDelay(row: Claimed, next: number, { now, limits }: Pick<At, 'now' | 'limits'>): number {
  const delayAt = row.createdAt + limits.delayMs
  return delayAt > now && wantsToHear(row, 'delayed') ? Math.min(next, delayAt) : next
}

function failed(row: Claimed, sent: Sent, { event, status }: { event: 'failed' | 'expired'; status: string }): Verdict {
  const told = toldOf(row, sent, { action: 'failed', status })
  return { row, outcome: { kind: 'failed', ...replyOf(sent, status) }, told, event, status }
}

/** A full mailbox stays what it was; of the rest counts that the time is over (RFC 3463 §3.5). */
const expiredStatus = ({ status }: Sent): string => (status?.endsWith('.2.2') ? '5.2.2' : '4.4.7')

interface Telling {
  readonly action: Action
  readonly status: string
  readonly retryUntil?: number
}

function toldOf(row: Claimed, { code, text, remote }: Sent, { action, status, retryUntil }: Telling): Told | undefined {
  return wantsToHear(row, action) ? { row, action, status, code, text, remote, retryUntil } : undefined
}

const replyOf = ({ code, text, remote }: Sent, status: string) => ({
  code: code === undefined ? status : `${code} ${status}`,
  text,
  remote,
})
