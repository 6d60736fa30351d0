// The fields that submission adds: Received on top, and Date and Message-ID where the client has left them out (RFC 6409 §8.2, §8.3).
// Where the client is, is nobody's business: its network address stands in Received only if a setting says so, and an EHLO name
// that tells the address is left out with it. RFC 5321 §4.4; RFC 3848 and RFC 6531 §4.3 for the word behind `with`.
import { isIP } from 'node:net'
import { addressLiteral, isMachineName, receivedField } from '@postern/smtp'

export interface TraceFacts {
  readonly hostname: string
  readonly queueId: string
  /** What the client called itself in EHLO. */
  readonly helo: string
  readonly clientAddress: string
  readonly showClientAddress: boolean
  readonly secured: boolean
}

export interface Moment {
  readonly now: number
  readonly smtpUtf8: boolean
  /** The one recipient, where naming it tells nobody anything. */
  readonly recipient: string | undefined
}

export function submissionReceived(facts: TraceFacts, { now, smtpUtf8, recipient }: Moment): string {
  const protocol = `${smtpUtf8 ? 'UTF8SMTP' : 'ESMTP'}${facts.secured ? 'SA' : 'A'}`
  return receivedField({ from: fromClause(facts), by: facts.hostname, protocol, id: facts.queueId, recipient, now })
}

/** Extended-Domain, and in a comment where the connection came from. */
function fromClause({ helo, clientAddress, showClientAddress }: TraceFacts): string {
  if (!showClientAddress) return isMachineName(helo) && !tellsAddress(helo, clientAddress) ? helo : hiddenName
  const literal = addressLiteral(clientAddress)
  return `${isMachineName(helo) ? helo : literal} (${literal})`
}

/** No machine can have a name in `invalid`. */
const hiddenName = 'client.invalid'

/** As an address, or in the way that providers name their lines: host-192-0-2-7.example.net, either way round. */
function tellsAddress(helo: string, clientAddress: string): boolean {
  const bare = helo.replace(/^\[(?:IPv6:)?|\]$/gi, '')
  if (isIP(bare) !== 0 || helo.startsWith('[')) return true
  const numbers = helo.match(/\d+/g)?.map(Number).join('.') ?? ''
  const parts = clientAddress.replace(/^::ffff:/i, '').split('.')
  return parts.length === 4 && [parts, parts.toReversed()].some((order) => numbers.includes(order.join('.')))
}

const messageIdBytes = 15

/** Unique by chance alone (RFC 5322 §3.6.4), under a name of the sender's own. */
export function newMessageId(domain: string, random: (bytes: number) => Uint8Array): string {
  return `<${Buffer.from(random(messageIdBytes)).toString('base64url')}@${domain}>`
}
