// The trace field that every server on the way puts on top, and the date in it (RFC 5321 §4.4, RFC 5322 §3.3).
import { isIPv6 } from 'node:net'

export interface Stamp {
  /** Where it came from: a name, with what is known of the client in a comment. */
  readonly from: string
  /** This server. */
  readonly by: string
  /** The word behind `with`: RFC 3848, RFC 6531 §4.3. */
  readonly protocol: string
  readonly id: string
  /** The one recipient, where naming it tells nobody anything. */
  readonly recipient: string | undefined
  /** Unix milliseconds. */
  readonly now: number
}

export function receivedField({ from, by, protocol, id, recipient, now }: Stamp): string {
  const lines = [
    `Received: from ${from}`,
    ` by ${by} with ${protocol} id ${id}`,
    ...(recipient === undefined ? [] : [` for <${recipient}>`]),
  ]
  return `${lines.join('\r\n')};\r\n ${dateTime(now)}\r\n`
}

const nameCharactersMax = 255

/** Whether what a client called itself can stand in a field: a name, or an address in brackets. */
export function isMachineName(helo: string): boolean {
  if (helo.length > nameCharactersMax) return false
  return /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?$/.test(helo) || /^\[[A-Za-z0-9:.]+\]$/.test(helo)
}

export function addressLiteral(address: string): string {
  const mapped = address.replace(/^::ffff:(?=\d+\.)/i, '')
  return isIPv6(mapped) ? `[IPv6:${mapped}]` : `[${mapped}]`
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** date-time of RFC 5322 §3.3, in UTC. */
export function dateTime(now: number): string {
  const date = new Date(now)
  const two = (number: number): string => String(number).padStart(2, '0')
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':')
  return `${days[date.getUTCDay()]}, ${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()} ${time} +0000`
}
