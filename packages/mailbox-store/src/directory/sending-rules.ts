// What somebody may send (contract D2, D3, D6): one record of rules, which a tenant, a domain, an inbox and a credential each
// may say a part of. Here such a part is checked and changed, and `sendingRules` finds which one holds. Hour and day limits
// are counted apart: a credential's own against what the credential sent, all others against what the inbox sent.

import { refuse } from '../refusals.js'
import type { SendingChanges } from './directory.js'
import type { Json, SendingRules } from './records.js'

type Rule = keyof SendingRules
type CountedRule = 'messageBytesMax' | 'recipientsMax' | 'sessionMsMax' | 'recipientsPerHour' | 'recipientsPerDay'

/** What each number may be. */
export const sendingRuleRanges: Readonly<Record<CountedRule, { readonly from: number; readonly to: number }>> = {
  messageBytesMax: { from: 1_024, to: 1_073_741_824 },
  recipientsMax: { from: 1, to: 1_000 },
  sessionMsMax: { from: 1_000, to: 86_400_000 },
  recipientsPerHour: { from: 0, to: 10_000_000 },
  recipientsPerDay: { from: 0, to: 100_000_000 },
}

const checks: Readonly<Record<Rule, (value: unknown, rule: string) => void>> = {
  messageBytesMax: checkNumber,
  recipientsMax: checkNumber,
  sessionMsMax: checkNumber,
  recipientsPerHour: checkNumber,
  recipientsPerDay: checkNumber,
  from: oneOf('reject', 'rewrite'),
  malformed: oneOf('refuse', 'mend'),
  showClientAddress: oneOf(true, false),
}

function checkNumber(value: unknown, rule: string): void {
  const { from, to } = sendingRuleRanges[rule as CountedRule]
  if (!Number.isSafeInteger(value) || (value as number) < from || (value as number) > to)
    refuse('invalid', `The sending rule ${rule} is a whole number from ${from} to ${to}.`)
}

function oneOf(...values: readonly (string | boolean)[]): (value: unknown, rule: string) => void {
  return (value, rule) => {
    if (!values.some((each) => each === value))
      refuse('invalid', `The sending rule ${rule} is ${values.map(String).join(' or ')}.`)
  }
}

/** The rules as they may be kept; refuses what is none, and values that a rule doesn't take. */
export function cleanSending(rules: SendingRules): SendingRules {
  if (typeof rules !== 'object' || rules === null || Array.isArray(rules))
    return refuse('invalid', 'Sending rules are an object.')
  const said = Object.entries(rules).filter(([, value]) => value !== undefined)
  for (const [rule, value] of said) {
    if (!Object.hasOwn(checks, rule))
      refuse('invalid', `There is no such sending rule; rules are ${Object.keys(checks).join(', ')}.`)
    checks[rule as Rule](value, rule)
  }
  return Object.fromEntries(said)
}

/** What is not named stays, null takes a rule away. */
export function changedSending(old: SendingRules, changes: SendingChanges): SendingRules {
  const merged = new Map<string, unknown>(Object.entries(old))
  for (const [rule, value] of Object.entries(changes)) {
    if (value === null) merged.delete(rule)
    else if (value !== undefined) merged.set(rule, value)
  }
  return cleanSending(Object.fromEntries(merged))
}

export const sendingColumn = (rules: SendingRules): string => JSON.stringify(cleanSending(rules))

/** For the audit log. */
export const toldSending = (changes: SendingChanges): Json =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as Json

/** So many recipients within an hour and within a day; undefined: any number. */
export interface SendingLimits {
  readonly perHour: number | undefined
  readonly perDay: number | undefined
}

export interface SendingSources {
  readonly credential?: SendingRules | undefined
  /** Undefined where the sender has no inbox; an inbox that says nothing says `{}`. */
  readonly inbox?: SendingRules | undefined
  readonly domain?: SendingRules | undefined
  readonly tenant?: SendingRules | undefined
  readonly defaults: SendingDefaults
}

export type SendingDefaults = SendingRules &
  Required<Pick<SendingRules, 'messageBytesMax' | 'recipientsMax' | 'sessionMsMax' | 'showClientAddress'>>

/** The rules that hold. */
export interface HeldSendingRules extends Required<Omit<SendingRules, 'recipientsPerHour' | 'recipientsPerDay'>> {
  /** Of what the credential sends. */
  readonly credentialLimits: SendingLimits
  /** Of what the inbox sends, by whatever credential. */
  readonly inboxLimits: SendingLimits
}

/** The nearest one that says something wins: credential, inbox, domain, tenant, then the defaults. */
export function sendingRules({
  credential = {},
  inbox,
  domain = {},
  tenant = {},
  defaults,
}: SendingSources): HeldSendingRules {
  const shared = [inbox ?? {}, domain, tenant, defaults]
  const nearest = <R extends Rule>(rule: R, sources: readonly SendingRules[]): SendingRules[R] | undefined =>
    sources.find((source) => source[rule] !== undefined)?.[rule]
  const all = [credential, ...shared]
  const limits = (sources: readonly SendingRules[]): SendingLimits => ({
    perHour: nearest('recipientsPerHour', sources),
    perDay: nearest('recipientsPerDay', sources),
  })
  return {
    messageBytesMax: nearest('messageBytesMax', all) ?? defaults.messageBytesMax,
    recipientsMax: nearest('recipientsMax', all) ?? defaults.recipientsMax,
    sessionMsMax: nearest('sessionMsMax', all) ?? defaults.sessionMsMax,
    from: nearest('from', all) ?? 'reject',
    malformed: nearest('malformed', all) ?? 'refuse',
    showClientAddress: nearest('showClientAddress', all) ?? defaults.showClientAddress,
    // Where there's no inbox to count for, what would hold for it holds for the credential.
    credentialLimits: limits(inbox === undefined ? all : [credential]),
    inboxLimits: inbox === undefined ? { perHour: undefined, perDay: undefined } : limits(shared),
  }
}
