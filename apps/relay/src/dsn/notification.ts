// A delivery status notification (RFC 3464, RFC 6522; RFC 6533 where addresses have other letters): a text for people, one for
// machines, and the message or its header. It is written as a stream, so that a large message that comes back is never held.

import type { Content } from '@postern/mailbox-store'
import { fieldValue, type OutgoingHeader } from '../outgoing-header.js'
import { returnedBytes, returnedBytesMax } from '../relay-limits.js'
import { dateTime, deliveryStatus, isAscii } from './fields.js'
import type { Occasion } from './told.js'
import { humanText, subjects, worstOf } from './words.js'

export interface Returned {
  readonly content: Content
  readonly header: OutgoingHeader
}

/** `id` is unlike any other, and stands in no message. */
export function* notification(
  occasion: Occasion,
  { returned, id }: { returned: Returned; id: string },
): Generator<Uint8Array | AsyncIterable<Uint8Array>> {
  const { told, submission, now, hostname } = occasion
  const { content, header } = returned
  const utf8 = submission.body === 'smtputf8' || !told.every(({ row }) => isAscii(row.recipient))
  const boundary = `=_${id}`
  const messageId = fieldValue(header, 'message-id')
  const part = (fields: readonly string[]): string => `\r\n--${boundary}\r\n${fields.join('\r\n')}\r\n\r\n`
  const head = [
    'Return-Path: <>',
    `From: Mail delivery at ${hostname} <MAILER-DAEMON@${hostname}>`,
    `To: <${submission.sender}>`,
    `Subject: ${subjects[worstOf(told)]}`,
    `Date: ${dateTime(now)}`,
    `Message-ID: <${id}@${hostname}>`,
    ...(messageId !== undefined && /^<[\x21-\x7e]{1,500}>$/.test(messageId)
      ? [`In-Reply-To: ${messageId}`, `References: ${messageId}`]
      : []),
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=${utf8 ? 'global-delivery-status' : 'delivery-status'};`,
    ` boundary="${boundary}"`,
    'Content-Transfer-Encoding: 8bit',
    '',
    'Your mail program does not know delivery reports; what follows is one.',
  ].join('\r\n')
  const human = `${part(['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit'])}${humanText(occasion, header)}`
  const status = `${part(statusPart(utf8))}${deliveryStatus(occasion, { utf8 })}`
  const whole = returnsWhole(occasion, content.size)
  yield Buffer.from(`${head}\r\n${human}${status}${part(returnedPart(whole, utf8))}`)
  yield whole ? content.stream() : header.bytes
  yield Buffer.from(`\r\n--${boundary}--\r\n`)
}

const statusPart = (utf8: boolean): string[] =>
  utf8
    ? ['Content-Type: message/global-delivery-status', 'Content-Transfer-Encoding: 8bit']
    : ['Content-Type: message/delivery-status']

function returnedPart(whole: boolean, utf8: boolean): string[] {
  const [message, headers] = utf8
    ? ['message/global', 'message/global-headers']
    : ['message/rfc822', 'text/rfc822-headers']
  return [`Content-Type: ${whole ? message : headers}`, 'Content-Transfer-Encoding: 8bit']
}

/** RFC 3461 §4.3: RET counts for failures; of anything else the header comes back. Without it small messages come whole. */
function returnsWhole({ told, submission: { ret } }: Occasion, size: number): boolean {
  if (ret === 'hdrs' || !told.some(({ action }) => action === 'failed')) return false
  return size <= (ret === 'full' ? returnedBytesMax : returnedBytes)
}

export async function* inOneStream(
  pieces: Iterable<Uint8Array | AsyncIterable<Uint8Array>>,
): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) yield piece
    else yield* piece
  }
}
