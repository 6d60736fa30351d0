// What a submitted message's header must be, in the order in which it's looked at: text, one of each field that says what the
// message is, from somebody the login covers, and not here for the tenth time. RFC 5322 §3.6, RFC 6409 §6.1, RFC 5321 §6.3.

import { isAscii, isUtf8 } from 'node:buffer'
import { fieldsNamed, type Header, type Policy, type Reply, rawValue } from '@postern/smtp'
import { ownReceivedFieldsMax, receivedFieldsMax } from '../message/limits.js'
import type { Originator } from '../message/originators.js'

export interface HeaderCase {
  readonly header: Header
  readonly originators: readonly Originator[]
  /** Of the originators' addresses, as the directory spells them: those that the login may send as. */
  readonly covered: ReadonlySet<string>
  /** Whether MAIL said SMTPUTF8. */
  readonly smtpUtf8: boolean
  /** This server's. */
  readonly hostname: string
}

/** RFC 5322 §3.6 has each once at most; RFC 2045 §3 and RFC 8689 §3 theirs. To, Cc, Bcc and References are lists all the same. */
export const onceOnly: readonly string[] = [
  'date',
  'subject',
  'message-id',
  'reply-to',
  'content-type',
  'content-transfer-encoding',
  'tls-required',
]

export const headerPolicies: readonly Policy<HeaderCase>[] = [
  utf8Header,
  asciiHeader,
  repeatedFields,
  manyReceived,
  ownReceived,
]

/** Where what says who it's from isn't written anew (message/rewritten-from.ts). */
export const originatorPolicies: readonly Policy<HeaderCase>[] = [oneFrom, clearOriginators, coveredOriginators]

/** RFC 6532 §3: what isn't ASCII is UTF-8. */
function utf8Header({ header, smtpUtf8 }: HeaderCase): Reply | undefined {
  if (!smtpUtf8 || isUtf8(header.bytes)) return undefined
  return '554 5.6.7 The header of the message is not UTF-8'
}

function asciiHeader({ header, smtpUtf8 }: HeaderCase): Reply | undefined {
  if (smtpUtf8 || isAscii(header.bytes)) return undefined
  const field = header.fields.find(({ start, end }) => !isAscii(header.bytes.subarray(start, end)))
  const shown = field === undefined ? 'header' : `${field.name} field`
  return `554 5.6.7 The ${shown} is not ASCII: encode it (RFC 2047), or send with SMTPUTF8`
}

function repeatedFields({ header }: HeaderCase): Reply | undefined {
  const seen = new Set<string>()
  for (const { name } of header.fields) {
    if (!onceOnly.includes(name)) continue
    if (seen.has(name)) return `554 5.6.0 The message has more than one ${name} field`
    seen.add(name)
  }
  return undefined
}

function oneFrom({ originators }: HeaderCase): Reply | undefined {
  const froms = originators.filter(({ name }) => name === 'from').length
  if (froms === 0) return '554 5.6.0 The message has no From field: say who it is from'
  if (froms > 1) return notAuthorized('the message has more than one From field')
  if (originators.filter(({ name }) => name === 'sender').length > 1)
    return notAuthorized('the message has more than one Sender field')
  return undefined
}

function clearOriginators({ originators }: HeaderCase): Reply | undefined {
  for (const { name, unclear } of originators)
    if (unclear !== undefined) return notAuthorized(`the ${name} field cannot be read: ${unclear}`)
  return undefined
}

/** A From with an empty group names nobody, and nobody is not covered. */
function coveredOriginators({ originators, covered }: HeaderCase): Reply | undefined {
  for (const { name, addresses } of originators) {
    if (addresses.length === 0) return notAuthorized(`the ${name} field has no address`)
    const foreign = addresses.find(({ address }) => !covered.has(address))
    if (foreign !== undefined) return notAuthorized(`this login may not send as ${foreign.address} (${name} field)`)
  }
  return undefined
}

function manyReceived({ header }: HeaderCase): Reply | undefined {
  if (fieldsNamed(header, 'received').length <= receivedFieldsMax) return undefined
  return `554 5.4.6 The message has more than ${receivedFieldsMax} Received fields: it goes in a circle`
}

function ownReceived({ header, hostname }: HeaderCase): Reply | undefined {
  const by = ` by ${hostname.toLowerCase()} `
  const own = fieldsNamed(header, 'received').filter((field) =>
    rawValue(header, field).replace(/\s+/g, ' ').toLowerCase().includes(by),
  )
  if (own.length <= ownReceivedFieldsMax) return undefined
  return `554 5.4.6 The message was here more than ${ownReceivedFieldsMax} times already: it goes in a circle`
}

export function notAuthorized(why: string): Reply {
  return `553 5.7.1 Sender not authorized: ${why}`
}
