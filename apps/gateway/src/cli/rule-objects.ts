// A rule as --json shows it, and as a person reads it: its place, its name, and what it says in the form that it's given in.

import type { Inbox, InboxRule } from '@postern/mailbox-store'
import { writeRule } from '@postern/rules'
import { storedRule, wrongWith } from '../rules/stored-rules.js'
import { fields } from './table.js'

export interface RuleObject {
  readonly id: string
  readonly inbox: string
  readonly place: number
  readonly name: string
  readonly enabled: boolean
  readonly rule: Readonly<Record<string, unknown>>
  /** Null, or why it's passed over. */
  readonly unreadable: string | null
  readonly created_at: string
  readonly updated_at: string
}

export interface RuleShown extends RuleObject {
  /** Of a sink that was set just now. */
  readonly secret?: string
}

export function ruleObject(stored: InboxRule, { address }: Inbox): RuleObject {
  const { publicId: id, position: place, name, enabled, createdAt, updatedAt } = stored
  const about = { id, inbox: address, place, name, enabled }
  const times = { created_at: new Date(createdAt).toISOString(), updated_at: new Date(updatedAt).toISOString() }
  try {
    return { ...about, rule: writeRule(storedRule(stored)), unreadable: null, ...times }
  } catch (error) {
    return { ...about, rule: {}, unreadable: wrongWith(error), ...times }
  }
}

export const stateOf = ({ enabled, unreadable }: RuleObject): string =>
  unreadable !== null ? 'unreadable' : enabled ? 'on' : 'off'

export const ruleLines = (shown: RuleShown): string[] => [
  ...fields([
    ['Rule', shown.name],
    ['Id', shown.id],
    ['Inbox', shown.inbox],
    ['Place', String(shown.place)],
    ['State', shown.unreadable === null ? stateOf(shown) : `unreadable: ${shown.unreadable}`],
    ['Made', shown.created_at],
    ['Secret', shown.secret === undefined ? undefined : `${shown.secret}  (of its sink, shown this once)`],
  ]),
  ...(shown.unreadable === null ? ['', ...JSON.stringify(shown.rule, null, 2).split('\n')] : []),
]
