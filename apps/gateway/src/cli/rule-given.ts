// Rules as they're given to a command: read from its words, a file or standard input, checked whole, and made ready for the store. A rule with a
// sink gets a secret, which is shown this once.

import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { type Domain, defaultLimits, type Inbox, type NewRule, publicId, validName } from '@postern/mailbox-store'
import { type Rule, RuleMistakes, writeRule } from '@postern/rules'
import { hasRoute } from '../rules/has-route.js'
import { sinkUrlOf } from '../rules/rule-sink.js'
import type { SealedRecords } from '../sending/sealed-records.js'
import type { SendingLookups } from '../sending/sending-lookups.js'
import type { Invocation } from './command.js'
import { Usage } from './usage.js'

const formFix = 'docs/operations.md says under "Rules" how one is written.'
const secretBytes = 32

/** `-` is standard input. */
export async function fileText(
  file: string,
  { stdin }: Pick<Invocation<Record<never, never>>, 'stdin'>,
): Promise<string> {
  return file === '-' ? text(stdin()) : readFile(file, 'utf8')
}

export function parsed<Value>(json: string, read: (value: unknown) => Value): Value {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw new Usage(`That is no JSON: ${(error as Error).message}.`, formFix)
  }
  try {
    return read(value)
  } catch (error) {
    if (!(error instanceof RuleMistakes)) throw error
    const { mistakes } = error
    const lines = mistakes.map(({ at, wrong }) => `  ${at}: ${wrong}`)
    throw new Usage(['The rule is wrong:', ...lines].join('\n'), formFix)
  }
}

/** Mail that is kept nowhere can't be filed. */
export function refuseDomain({ name, mode }: Domain): void {
  if (mode === 'zero-retention')
    throw new Usage(
      `${name} keeps no mail (zero-retention): its mail goes to the sink of the domain, and rules of an inbox are not asked.`,
      `Set where its mail goes: postern domain sink ${name} <url>.`,
    )
}

/** What the rules package can't know. */
export function checkMailboxes({ name, actions }: Rule): void {
  for (const action of actions)
    if (action.kind === 'file' && action.into.kind === 'name') {
      try {
        validName(action.into.name, defaultLimits)
      } catch (error) {
        throw new Usage(`The rule ${name} files into ${action.into.name}: ${(error as Error).message}`, formFix)
      }
    }
}

export interface MadeRule extends NewRule {
  /** In clear, where it has a sink. */
  readonly shownSecret: string | undefined
}

export const newSecret = (): string => `ps_sink_${randomBytes(secretBytes).toString('hex')}`

export function madeRule(rule: Rule, sealed: SealedRecords): MadeRule {
  checkMailboxes(rule)
  const id = publicId('rul')
  const shownSecret = sinkUrlOf(rule) === undefined ? undefined : newSecret()
  return {
    ...{ publicId: id, name: rule.name, enabled: rule.enabled, body: bodyOf(rule), shownSecret },
    secret: shownSecret === undefined ? undefined : sealed.sealRuleSecret(shownSecret, id),
  }
}

/** Name and state stand beside it. */
export function bodyOf(rule: Rule): string {
  const { name: _, enabled: __, ...body } = writeRule(rule)
  return JSON.stringify(body)
}

/** What works as it's written and not as it may be meant. */
export async function warningsOf(
  rules: readonly Rule[],
  { inbox, domain, lookups }: { readonly inbox: Inbox; readonly domain: Domain; readonly lookups: SendingLookups },
): Promise<string[]> {
  const warnings = new Set<string>()
  const targets = rules.flatMap(({ actions }) => actions.flatMap((each) => (each.kind === 'forward' ? [each.to] : [])))
  const { route } = await lookups.routeFor({ account: inbox.id, senderDomain: domain.name })
  for (const to of targets) {
    const facts = await lookups.recipientFor(to)
    if (facts.kind === 'inbox' && facts.inbox.id === inbox.id)
      warnings.add(`${to} leads back to ${inbox.address}: its mail is kept and not forwarded.`)
    else if (facts.kind === 'unknown') warnings.add(`There is no inbox ${to}: its mail will be kept here.`)
    else if (facts.kind === 'remote' && !(await hasRoute(inbox, lookups)))
      warnings.add(`There is no route for mail of ${inbox.address}: mail for ${to} is kept here until one is set.`)
    else if (facts.kind === 'remote' && (route.kind === 'ses' || route.kind === 'resend'))
      warnings.add(
        `${route.kind} sends mail from verified senders only: forwards of other people's mail will be refused there.`,
      )
  }
  if (domain.mode === 'encrypted' && rules.some(({ actions }) => actions.some(sendsOn)))
    warnings.add(`${domain.name} keeps mail encrypted: what is forwarded or posted is the encrypted text.`)
  return [...warnings]
}

const sendsOn = ({ kind }: Rule['actions'][number]): boolean => kind === 'forward' || kind === 'sink'
