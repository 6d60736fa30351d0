// The part of a notification that machines read: message/delivery-status (RFC 3464 §2), or message/global-delivery-status where
// addresses have other letters (RFC 6533 §4).

import { diagnosticCharactersMax } from '../relay-limits.js'
import type { Occasion, Told } from './told.js'

/** The fields of the message, then those of each recipient. */
export function deliveryStatus({ told, submission, hostname, now }: Occasion, { utf8 }: { utf8: boolean }): string {
  const group = (fields: readonly (string | undefined)[]): string =>
    `${fields.filter((field) => field !== undefined).join('\r\n')}\r\n`
  const ofMessage = group([
    submission.envelopeId === undefined ? undefined : field('Original-Envelope-Id', fromXtext(submission.envelopeId)),
    field('Reporting-MTA', `dns; ${hostname}`),
    field('Arrival-Date', dateTime(submission.createdAt)),
  ])
  return [ofMessage, ...told.map((each) => group(recipientFields(each, { now, utf8 })))].join('\r\n')
}

function recipientFields(told: Told, { now, utf8 }: { now: number; utf8: boolean }): (string | undefined)[] {
  const { row, action, status, code, text, remote, retryUntil } = told
  const type = isAscii(row.recipient) ? 'rfc822' : 'utf-8'
  return [
    originalRecipient(row.originalRecipient, utf8),
    field('Final-Recipient', `${type}; ${row.recipient}`),
    field('Action', action),
    field('Status', status),
    remote === undefined ? undefined : field('Remote-MTA', `dns; ${nameOf(remote)}`),
    code === undefined ? undefined : field('Diagnostic-Code', `smtp; ${diagnostic(code, text, utf8)}`),
    field('Last-Attempt-Date', dateTime(now)),
    retryUntil === undefined ? undefined : field('Will-Retry-Until', dateTime(retryUntil)),
  ]
}

/** RFC 3461 §4.2: `orcpt-parameter = "ORCPT=" original-recipient-address`, which is `addr-type ";" xtext`. */
function originalRecipient(orcpt: string | undefined, utf8: boolean): string | undefined {
  const [, type, address] = /^([\w-]+);(.+)$/.exec(orcpt ?? '') ?? []
  if (type === undefined || address === undefined) return undefined
  const decoded = type.toLowerCase() === 'utf-8' ? fromUtf8Xtext(address) : fromXtext(address)
  return utf8 || isAscii(decoded) ? field('Original-Recipient', `${type}; ${decoded}`) : undefined
}

/** RFC 3461 §4: xtext = *( xchar / hexchar ) */
const fromXtext = (text: string): string =>
  text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

/** RFC 6533 §3: also `\x{…}` with the number of a character. */
const fromUtf8Xtext = (text: string): string =>
  fromXtext(text).replace(/\\x\{([0-9A-F]{2,6})\}/gi, (all, hex: string) => {
    const point = Number.parseInt(hex, 16)
    return point > 0x10ffff ? all : String.fromCodePoint(point)
  })

/** `mx.example.org [192.0.2.1]` is told by its name. */
const nameOf = (remote: string): string => plain(remote.split(' ')[0] ?? remote)

function diagnostic(code: string, text: string, utf8: boolean): string {
  const said = plain(text.startsWith(code) ? text : `${code} ${text}`)
  return (utf8 ? said : said.replace(/[^\x20-\x7e]/g, '?')).slice(0, diagnosticCharactersMax)
}

/** Folded where it is long: a line has at most 998 bytes, and should have 78 characters. */
function field(name: string, value: string): string {
  const lines: string[] = []
  let line = `${name}:`
  for (const word of plain(value).split(' ')) {
    if (line.length + word.length > 76 && line.length > name.length + 1) {
      lines.push(line)
      line = ''
    }
    line += ` ${word}`
  }
  return [...lines, line].join('\r\n')
}

/** RFC 5322 §3.3, in UTC. */
export const dateTime = (ms: number): string => new Date(ms).toUTCString().replace('GMT', '+0000')

const plain = (text: string): string => text.replace(/[\p{Cc}\s]+/gu, ' ').trim()
export const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text)
