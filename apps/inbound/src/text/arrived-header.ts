// What is looked at in the header of a message from elsewhere: what only this server writes, and what tells that mail goes in circles.
// RFC 5321 §4.4 and §6.3, RFC 8601 §5.

import { type Field, fieldsNamed, type Header, rawValue, SmtpError } from '@postern/smtp'
import { claimsToBe } from '../judge/forged-results.js'

/** 554 5.4.6. RFC 5321 §6.3: a large number, so that long ways are not taken for a circle. */
export const receivedFieldsMax = 100

/** A first line that begins with white space would go on with the last field that is put above it. */
export function refuseBrokenBeginning({ text }: Header): void {
  if (/^[ \t]/.test(text))
    throw new SmtpError('554 5.6.0 The message begins with white space, where its first header field has to be')
}

/** `delivered`: the recipients' addresses, in lower case. Who has delivered it to them already sent it round. */
export function refuseCircles(header: Header, delivered: ReadonlySet<string>): void {
  if (fieldsNamed(header, 'received').length > receivedFieldsMax)
    throw new SmtpError(`554 5.4.6 The message has more than ${receivedFieldsMax} Received fields: it goes in a circle`)
  const own = fieldsNamed(header, 'delivered-to').find((field) => delivered.has(rawValue(header, field).toLowerCase()))
  if (own !== undefined)
    throw new SmtpError(`554 5.4.6 The message was delivered to ${rawValue(header, own)} before: it goes in a circle`)
}

/** What only a delivering server writes: Return-Path, and results that claim to be ours. */
export function forged(header: Header, hostname: string): readonly Field[] {
  return header.fields.filter((field) => {
    if (field.name === 'return-path') return true
    if (field.name !== 'authentication-results') return false
    return claimsToBe(hostname, rawValue(header, field))
  })
}
