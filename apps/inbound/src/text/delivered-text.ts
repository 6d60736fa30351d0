// The text that is stored: what this server has to say on top, and every other byte as it came, but for fields that only this server
// writes (arrived-header.ts). Return-Path and Delivered-To stand where there's one recipient alone for Delivered-To: with several, each
// would learn of the others, of whom some may have been in Bcc. RFC 5321 §4.4; RFC 3848 and RFC 6531 §4.3 for the word behind `with`.

import { addressLiteral, arrivedHeader, editedHeader, isMachineName, type MailText, receivedField } from '@postern/smtp'
import type { Arrival, ArrivalRecipient } from '../arrival.js'
import { forged } from './arrived-header.js'

export interface Stamped {
  readonly arrival: Arrival
  readonly recipients: readonly Pick<ArrivalRecipient, 'address'>[]
  readonly authenticationResults: string | undefined
  readonly hostname: string
  /** It goes on to somebody else, where a server that delivers puts a Return-Path of its own. */
  readonly goesOn?: boolean
}

/** Undefined where some of it is in a file. */
export function deliveredAtOnce(text: MailText, stamped: Stamped): Buffer | undefined {
  const { inMemory } = text
  return inMemory && Buffer.concat([stampedHeader(text, stamped), ...inMemory.slice(1)])
}

export async function* deliveredText(text: MailText, stamped: Stamped): AsyncGenerator<Buffer> {
  yield stampedHeader(text, stamped)
  let isHeader = true
  for await (const piece of text.read()) {
    if (!isHeader) yield piece
    isHeader = false
  }
}

function stampedHeader(text: MailText, stamped: Stamped): Buffer {
  const header = arrivedHeader(text.header)
  const edits = forged(header, stamped.hostname).map(({ start, end }) => ({ start, end, text: '' }))
  return editedHeader(header, { onTop: fieldsOnTop(stamped), edits })
}

function fieldsOnTop({ arrival, recipients, authenticationResults, hostname, goesOn = false }: Stamped): string {
  const [recipient, ...others] = recipients
  const only = others.length === 0 ? recipient?.address : undefined
  return [
    ...(goesOn ? [] : [`Return-Path: <${arrival.sender}>\r\n`]),
    ...(only === undefined ? [] : [`Delivered-To: ${only}\r\n`]),
    ...(authenticationResults === undefined ? [] : [`Authentication-Results: ${authenticationResults}\r\n`]),
    receivedField({
      from: fromClause(arrival),
      by: hostname,
      protocol: protocolOf(arrival),
      id: arrival.id,
      recipient: only,
      now: arrival.receivedAt,
    }),
  ].join('')
}

/** What the client called itself, and where it really is. */
function fromClause({ helo = '', clientAddress }: Arrival): string {
  const literal = clientAddress === undefined ? undefined : addressLiteral(clientAddress)
  const name = isMachineName(helo) ? helo : (literal ?? 'unknown')
  return literal === undefined ? name : `${name} (${literal})`
}

function protocolOf({ via, smtpUtf8, tls }: Arrival): string {
  if (via === 'ingest') return 'HTTP'
  const kind = via === 'lmtp' ? 'LMTP' : smtpUtf8 ? 'SMTP' : 'ESMTP'
  return `${smtpUtf8 ? 'UTF8' : ''}${kind}${tls === undefined ? '' : 'S'}`
}
