// The package's only door.

export { type Facts, Header } from './facts.js'
export { limits } from './limits.js'
export { type Plan, planOf, type Withheld, type WithheldWhy } from './plan.js'
export { readRule, readRules } from './read-rules.js'
export {
  type Action,
  type AddressField,
  type AddressPart,
  type Condition,
  type DmarcResult,
  dmarcResults,
  type Into,
  type Rule,
  type SystemFlag,
  specialUses,
  type TextTest,
} from './rule.js'
export { type Mistake, RuleMistakes } from './rule-mistakes.js'
export { writeRule, writeRules } from './write-rules.js'
