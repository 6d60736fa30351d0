// Rules as JSON, in the form that read-rules.ts reads: what is the default is left out.

import { addressFields } from './read-condition.js'
import type { Action, Condition, Rule, TextTest } from './rule.js'

type Json = Readonly<Record<string, unknown>>

export const writeRules = (rules: readonly Rule[]): Json => ({ rules: rules.map(writeRule) })

export function writeRule({ name, enabled, condition, actions, stop }: Rule): Json {
  return {
    name,
    ...(enabled ? {} : { enabled }),
    ...(condition === undefined ? {} : { if: writeCondition(condition) }),
    do: actions.map(writeAction),
    ...(stop ? { stop } : {}),
  }
}

const keyOfField = new Map(Object.entries(addressFields).map(([key, field]) => [field, key]))

function writeCondition(condition: Condition): Json {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return { [condition.kind]: condition.conditions.map(writeCondition) }
    case 'not':
      return { not: writeCondition(condition.condition) }
    case 'address': {
      const { field, part, test } = condition
      const key = keyOfField.get(field) as string
      return { [key]: { ...writeTest(test), ...(part === 'address' ? {} : { part }) } }
    }
    case 'header':
      return condition.name === 'Subject'
        ? { subject: writeTest(condition.test) }
        : { header: { name: condition.name, ...writeTest(condition.test) } }
    case 'size': {
      const { over, under } = condition
      return { size: { ...(over === undefined ? {} : { over }), ...(under === undefined ? {} : { under }) } }
    }
    case 'spam':
      return { spam: condition.spam }
    case 'dmarc':
      return { dmarc: oneOrMany(condition.results) }
  }
}

const oneOrMany = (values: readonly string[]): string | readonly string[] =>
  values.length === 1 ? (values[0] as string) : values

const writeTest = (test: TextTest): Json =>
  test.kind === 'exists' ? { exists: test.exists } : { [test.kind]: oneOrMany(test.values) }

function writeAction(action: Action): Json {
  switch (action.kind) {
    case 'file':
      return { file: action.into.kind === 'name' ? action.into.name : action.into.use }
    case 'keep':
    case 'discard':
      return { [action.kind]: true }
    case 'flag':
      return { flag: [...action.system, ...action.keywords] }
    case 'forward':
      return { forward: action.to, ...(action.copy ? {} : { copy: false }) }
    case 'sink':
      return { sink: action.url }
    case 'reply': {
      const { text, subject, days } = action
      return { reply: text, ...(subject === undefined ? {} : { subject }), days }
    }
  }
}
