// Reads rules from JSON, one or a list, or throws all that is wrong with them.
//
//   { "name": …, "enabled"?: true, "if"?: <condition>, "do": [ <action>, … ], "stop"?: false }

import { limits } from './limits.js'
import { readAction } from './read-action.js'
import { readCondition } from './read-condition.js'
import { type JsonObject, Reading } from './reading.js'
import type { Action, Rule } from './rule.js'
import { RuleMistakes } from './rule-mistakes.js'

/** @param json a list, or `{ "rules": [ … ] }` as `writeRules` gives it */
export function readRules(json: unknown): readonly Rule[] {
  const reading = new Reading()
  const given = Array.isArray(json) ? json : (reading.object(json, 'rules')?.rules ?? undefined)
  const list = reading.mistakes.length > 0 ? undefined : reading.list(given, 'rules')
  if (list !== undefined && list.length > limits.rulesPerInboxMax)
    reading.wrong('rules', `An inbox has at most ${limits.rulesPerInboxMax} rules.`)
  const rules = list?.slice(0, limits.rulesPerInboxMax).map((each, i) => read(each, reading, `rules[${i}]`)) ?? []
  return whole(rules, reading)
}

export function readRule(json: unknown): Rule {
  const reading = new Reading()
  return whole([read(json, reading, '')], reading)[0] as Rule
}

function whole(rules: readonly (Rule | undefined)[], { mistakes }: Reading): readonly Rule[] {
  if (mistakes.length > 0) throw new RuleMistakes(mistakes)
  return rules.filter((rule) => rule !== undefined)
}

const known = ['name', 'enabled', 'if', 'do', 'stop']

function read(value: unknown, reading: Reading, at: string): Rule | undefined {
  const object = reading.object(value, at === '' ? 'rule' : at)
  if (object === undefined) return undefined
  const inside = (key: string): string => (at === '' ? key : `${at}.${key}`)
  reading.conditions = 0
  reading.onlyKnown(object, at, known)
  const rule = {
    name: reading.text(object.name, inside('name'), limits.nameCharactersMax) ?? '',
    enabled: object.enabled === undefined || reading.flag(object.enabled, inside('enabled')) === true,
    condition: object.if === undefined ? undefined : readCondition(object.if, reading, { at: inside('if'), depth: 1 }),
    actions: readActions(object, { reading, at: inside('do') }),
    stop: object.stop !== undefined && reading.flag(object.stop, inside('stop')) === true,
  }
  if (JSON.stringify(object).length > limits.ruleCharactersMax)
    reading.wrong(at === '' ? 'rule' : at, `A rule has at most ${limits.ruleCharactersMax} characters of JSON.`)
  return rule
}

function readActions(object: JsonObject, { reading, at }: { reading: Reading; at: string }): Action[] {
  const list = reading.list(object.do, at)
  if (list === undefined) return []
  if (list.length === 0 || list.length > limits.actionsPerRuleMax)
    reading.wrong(at, `A rule has 1 to ${limits.actionsPerRuleMax} actions.`)
  const actions = list
    .slice(0, limits.actionsPerRuleMax)
    .map((each, i) => readAction(each, { reading, at: `${at}[${i}]` }))
    .filter((action) => action !== undefined)
  for (const [kind, why] of [
    ['sink', 'A rule has one sink at most: its secret is the rule’s.'],
    ['reply', 'A rule has one reply at most: who has had it is remembered for the rule.'],
  ])
    if (actions.filter((action) => action.kind === kind).length > 1) reading.wrong(at, why as string)
  return actions
}
