// Reads an action from JSON: an object whose first key says what is done.
//
//   { "file": "Projects/2026" }  { "file": "\\Archive" }  { "keep": true }  { "discard": true }
//   { "flag": [ "\\Seen", "\\Flagged", "todo" ] }
//   { "reply": "I'm away until Monday.", "subject"?: "Away", "days"?: 7 }
//   { "forward": "ada@example.net", "copy"?: false }  { "sink": "https://hooks.example.net/mail" }

import { limits } from './limits.js'
import type { JsonObject, Reading } from './reading.js'
import { type Action, type Into, type SystemFlag, specialUses } from './rule.js'

const kinds = ['file', 'keep', 'flag', 'forward', 'sink', 'reply', 'discard'] as const
/** What may stand beside an action's own key. */
const beside: Readonly<Record<string, readonly string[]>> = { forward: ['copy'], reply: ['subject', 'days'] }
const systemFlags: readonly SystemFlag[] = ['\\Seen', '\\Flagged', '\\Answered']

interface Asked {
  readonly reading: Reading
  readonly at: string
}

export function readAction(value: unknown, { reading, at }: Asked): Action | undefined {
  const object = reading.object(value, at)
  if (object === undefined) return undefined
  const given = kinds.filter((kind) => object[kind] !== undefined)
  const [kind] = given
  if (kind === undefined || given.length > 1)
    return reading.wrong(at, `An action is one of ${kinds.map((each) => `"${each}"`).join(', ')}.`)
  reading.onlyKnown(object, at, [kind, ...(beside[kind] ?? [])])
  const place = { reading, at: `${at}.${kind}` }
  switch (kind) {
    case 'file': {
      const into = readInto(object.file, place)
      return into && { kind, into }
    }
    case 'keep':
    case 'discard':
      return object[kind] === true ? { kind } : reading.wrong(place.at, 'This is true, or left out.')
    case 'flag':
      return readFlags(object.flag, place)
    case 'forward':
      return readForward(object, { reading, at })
    case 'sink':
      return readSink(object.sink, place)
    case 'reply':
      return readReply(object, { reading, at })
  }
}

function readInto(value: unknown, { reading, at }: Asked): Into | undefined {
  const text = reading.text(value, at, limits.mailboxNameCharactersMax)
  if (text === undefined) return undefined
  if (text.startsWith('\\')) {
    const use = specialUses.find((each) => each.toLowerCase() === text.toLowerCase())
    return use ? { kind: 'use', use } : reading.wrong(at, `A special use is one of ${specialUses.join(', ')}.`)
  }
  if (text.split('/').includes('')) return reading.wrong(at, 'A mailbox has no empty level: A/B.')
  return { kind: 'name', name: text }
}

/** flag-keyword = atom: RFC 9051 §9 */
const keyword = /^[!#$&'*+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]+$/

function readFlags(value: unknown, { reading, at }: Asked): Action | undefined {
  const list = Array.isArray(value) ? value : [value]
  if (list.length === 0 || list.length > limits.keywordsPerRuleMax)
    return reading.wrong(at, `Name 1 to ${limits.keywordsPerRuleMax} flags.`)
  const system: SystemFlag[] = []
  const keywords: string[] = []
  for (const each of list) {
    const text = reading.text(each, at, limits.keywordCharactersMax)
    if (text === undefined) continue
    const known = systemFlags.find((one) => one.toLowerCase() === text.toLowerCase())
    if (known !== undefined) system.push(known)
    else if (text.startsWith('\\')) reading.wrong(at, `A system flag is one of ${systemFlags.join(', ')}.`)
    else if (keyword.test(text)) keywords.push(text)
    else reading.wrong(at, 'A keyword has letters, digits and signs of ASCII, without blanks, quotes and brackets.')
  }
  return { kind: 'flag', system, keywords }
}

/** Whether it's an address that mail can go to is for who takes the rule to say; that it could stand in no command is said here. */
const address = /^[^\s<>()[\],;:\\"@]+@[^\s<>()[\],;:\\"@]+$/

function readForward(object: JsonObject, { reading, at }: Asked): Action | undefined {
  const to = reading.text(object.forward, `${at}.forward`, limits.addressCharactersMax)
  const copy = object.copy === undefined ? true : reading.flag(object.copy, `${at}.copy`)
  if (to === undefined || copy === undefined) return undefined
  if (!address.test(to)) return reading.wrong(`${at}.forward`, 'This is an address: name@domain.')
  return { kind: 'forward', to, copy }
}

/** A week where nothing is said: who writes again is told again. */
const daysDefault = 7

function readReply(object: JsonObject, { reading, at }: Asked): Action | undefined {
  const { subject: given, days = daysDefault } = object
  const text = reading.lines(object.reply, `${at}.reply`, limits.replyCharactersMax)
  const subject =
    given === undefined ? undefined : reading.text(given, `${at}.subject`, limits.replySubjectCharactersMax)
  if (typeof days !== 'number' || !Number.isInteger(days) || days < 1 || days > limits.replyDaysMax)
    return reading.wrong(`${at}.days`, `This is a whole number of days from 1 to ${limits.replyDaysMax}.`)
  return text === undefined ? undefined : { kind: 'reply', text, subject, days }
}

/** The scheme, no user and password, a host. */
const url = /^https:\/\/[^\s/?#@\\]+(?:[/?][^\s#\\]*)?$/i

function readSink(value: unknown, { reading, at }: Asked): Action | undefined {
  const text = reading.text(value, at, limits.urlCharactersMax)
  if (text === undefined) return undefined
  return url.test(text)
    ? { kind: 'sink', url: text }
    : reading.wrong(at, 'A sink is a URL of https, without user, password and fragment.')
}
