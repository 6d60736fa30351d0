// Reads a condition from JSON: an object with one key, which says what it asks. Depth and number are limited, since whoever writes a rule has
// every message of the inbox looked at by it.
//
//   { "all": [ … ] }  { "any": [ … ] }  { "not": … }
//   { "from" | "to" | "cc" | "replyTo" | "sender" | "recipient": { <test>, "part"?: … } }
//   { "subject": { <test> } }  { "header": { "name": …, <test> } }
//   { "size": { "over"?: n, "under"?: n } }  { "spam": true }  { "dmarc": "fail" }
//   <test>: "is" | "contains" | "matches": text or [ texts ], or "exists": true

import { limits } from './limits.js'
import type { JsonObject, Reading } from './reading.js'
import { type AddressField, type AddressPart, type Condition, dmarcResults, type TextTest } from './rule.js'

export const addressFields: Readonly<Record<string, AddressField>> = {
  from: 'from',
  to: 'to',
  cc: 'cc',
  replyTo: 'reply-to',
  sender: 'sender',
  recipient: 'recipient',
}
const addressParts: readonly AddressPart[] = ['address', 'local', 'domain', 'detail', 'name']
const tests = ['is', 'contains', 'matches', 'exists'] as const
const keys = ['all', 'any', 'not', ...Object.keys(addressFields), 'subject', 'header', 'size', 'spam', 'dmarc']

interface Place {
  readonly at: string
  readonly depth: number
}

export function readCondition(value: unknown, reading: Reading, { at, depth }: Place): Condition | undefined {
  const object = reading.object(value, at)
  if (object === undefined) return undefined
  const [key, ...more] = Object.keys(object)
  if (key === undefined || more.length > 0)
    return reading.wrong(at, 'A condition has one key; put several into { "all": [ … ] }.')
  if (++reading.conditions > limits.conditionsPerRuleMax)
    return reading.wrong(at, `A rule has at most ${limits.conditionsPerRuleMax} conditions.`)
  if (depth > limits.conditionDepthMax)
    return reading.wrong(at, `Conditions stand at most ${limits.conditionDepthMax} deep in each other.`)
  return readKey(key, object[key], { reading, at: `${at}.${key}`, depth })
}

interface Asked extends Place {
  readonly reading: Reading
}

function readKey(key: string, value: unknown, asked: Asked): Condition | undefined {
  const { reading, at, depth } = asked
  const field = Object.hasOwn(addressFields, key) ? addressFields[key] : undefined
  if (field !== undefined) return readAddress(field, value, asked)
  switch (key) {
    case 'all':
    case 'any':
      return readList(key, value, asked)
    case 'not': {
      const condition = readCondition(value, reading, { at, depth: depth + 1 })
      return condition && { kind: 'not', condition }
    }
    case 'subject':
    case 'header':
      return readHeader(key, value, asked)
    case 'size':
      return readSize(value, asked)
    case 'spam': {
      const spam = reading.flag(value, at)
      return spam === undefined ? undefined : { kind: 'spam', spam }
    }
    case 'dmarc': {
      const results = (Array.isArray(value) ? value : [value]).map((each) => reading.word(each, at, dmarcResults))
      if (results.length === 0) return reading.wrong(at, 'Name a result at least.')
      return { kind: 'dmarc', results: results.filter((each) => each !== undefined) }
    }
    default:
      return reading.wrong(at, `There is no condition "${key}": ${keys.join(', ')}.`)
  }
}

function readList(kind: 'all' | 'any', value: unknown, { reading, at, depth }: Asked): Condition | undefined {
  const list = reading.list(value, at)
  if (list === undefined) return undefined
  if (list.length === 0) return reading.wrong(at, 'Name a condition at least; a rule for every message has no "if".')
  const conditions: Condition[] = []
  for (const [i, one] of list.entries()) {
    const condition = readCondition(one, reading, { at: `${at}[${i}]`, depth: depth + 1 })
    if (condition !== undefined) conditions.push(condition)
    if (reading.conditions > limits.conditionsPerRuleMax) break
  }
  return { kind, conditions }
}

function readAddress(field: AddressField, value: unknown, { reading, at }: Asked): Condition | undefined {
  const object = reading.object(value, at)
  if (object === undefined) return undefined
  reading.onlyKnown(object, at, [...tests, 'part'])
  const part = object.part === undefined ? 'address' : reading.word(object.part, `${at}.part`, addressParts)
  const test = readTest(object, reading, at)
  const isEnvelope = field === 'sender' || field === 'recipient'
  if (isEnvelope && part === 'name') return reading.wrong(`${at}.part`, 'An address of the envelope has no name.')
  return part && test && { kind: 'address', field, part, test }
}

/** RFC 5322 §3.6.8 */
const fieldName = /^[!-9;-~]+$/

function readHeader(key: 'subject' | 'header', value: unknown, { reading, at }: Asked): Condition | undefined {
  const object = reading.object(value, at)
  if (object === undefined) return undefined
  reading.onlyKnown(object, at, key === 'header' ? ['name', ...tests] : tests)
  const name = key === 'subject' ? 'Subject' : reading.text(object.name, `${at}.name`, limits.headerNameCharactersMax)
  const test = readTest(object, reading, at)
  if (name !== undefined && !fieldName.test(name))
    return reading.wrong(`${at}.name`, 'The name of a field has letters, digits and hyphens, and no colon.')
  return name === undefined || test === undefined ? undefined : { kind: 'header', name, test }
}

function readTest(object: JsonObject, reading: Reading, at: string): TextTest | undefined {
  const given = tests.filter((test) => object[test] !== undefined)
  const [kind] = given
  if (kind === undefined || given.length > 1)
    return reading.wrong(at, `This asks one of ${tests.map((test) => `"${test}"`).join(', ')}.`)
  if (kind === 'exists') {
    const exists = reading.flag(object.exists, `${at}.exists`)
    return exists === undefined ? undefined : { kind, exists }
  }
  const list = Array.isArray(object[kind]) ? (object[kind] as unknown[]) : [object[kind]]
  if (list.length === 0) return reading.wrong(`${at}.${kind}`, 'Name a text at least.')
  if (list.length > limits.valuesPerTestMax)
    return reading.wrong(`${at}.${kind}`, `A test has at most ${limits.valuesPerTestMax} texts.`)
  const values = list.map((each) => reading.text(each, `${at}.${kind}`, limits.valueCharactersMax))
  return { kind, values: values.filter((each) => each !== undefined) }
}

function readSize(value: unknown, { reading, at }: Asked): Condition | undefined {
  const object = reading.object(value, at)
  if (object === undefined) return undefined
  reading.onlyKnown(object, at, ['over', 'under'])
  if (object.over === undefined && object.under === undefined)
    return reading.wrong(at, 'A size is "over" or "under" a number of bytes.')
  const over = object.over === undefined ? undefined : reading.count(object.over, `${at}.over`)
  const under = object.under === undefined ? undefined : reading.count(object.under, `${at}.under`)
  return { kind: 'size', over, under }
}
