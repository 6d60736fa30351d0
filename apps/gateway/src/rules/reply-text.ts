// The answer that a rule gives (RFC 3834, RFC 5230 §5): plain text from the inbox, which says that a machine has written it and what it answers. All
// of it is 7-bit, so that every server takes it.

import type { Inbox } from '@postern/mailbox-store'
import { encodeWords } from '@postern/message'
import { type Action, Header } from '@postern/rules'
import { dateTime } from '@postern/smtp'

export interface Replying {
  readonly inbox: Pick<Inbox, 'address' | 'displayName'>
  readonly to: string
  /** Of the message that is answered. */
  readonly header: Uint8Array
  /** Its Subject is nobody's to read. */
  readonly isSecret: boolean
  readonly hostname: string
  readonly queueId: string
  /** Unix milliseconds. */
  readonly now: number
}

const subjectCharactersMax = 200

export function replyText(action: Extract<Action, { kind: 'reply' }>, replying: Replying): Uint8Array {
  const { inbox, to, hostname, queueId, now } = replying
  const answered = new Header(replying.header).values('message-id')[0]?.match(/^<[!-;=?-~]{1,250}>$/)?.[0]
  const name = inbox.displayName === undefined ? '' : `${phrase(inbox.displayName)} `
  const fields = [
    `From: ${name}<${inbox.address}>`,
    `To: <${to}>`,
    ...folded('Subject', action.subject ?? subjectOf(replying)),
    `Date: ${dateTime(now)}`,
    `Message-ID: <${queueId}@${hostname}>`,
    ...(answered === undefined ? [] : [`In-Reply-To: ${answered}`, `References: ${answered}`]),
    'Auto-Submitted: auto-replied',
    'X-Auto-Response-Suppress: All',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
  ]
  const body = Buffer.from(`${action.text.replace(/\r?\n/g, '\r\n')}\r\n`)
  return Buffer.from(`${fields.join('\r\n')}\r\n\r\n${inLines(body.toString('base64'))}`)
}

/** RFC 3834 §3.1.5 */
function subjectOf({ header, isSecret }: Replying): string {
  const subject = isSecret ? undefined : new Header(header).values('subject')[0]?.trim()
  return subject ? `Auto: ${Array.from(subject).slice(0, subjectCharactersMax).join('')}` : 'Automatic reply'
}

/** Encoded words are a line each: RFC 2047 §2. */
function folded(name: string, text: string): string[] {
  const clean = text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
  const words = encodeWords(clean)
  return words === clean ? [`${name}: ${clean}`] : [`${name}: ${words.replaceAll('= =?', '=\r\n =?')}`]
}

const phrase = (name: string): string =>
  /^[\w !#$%&'*+\-/=?^`{|}~]+$/.test(name)
    ? name
    : encodeWords(name) === name
      ? `"${name.replace(/["\\]/g, '\\$&')}"`
      : encodeWords(name)

const inLines = (base64: string): string => `${base64.replace(/.{76}(?=.)/g, '$&\r\n')}\r\n`
