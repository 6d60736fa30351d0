// What submission changes in a header, as edits: trace fields and what was missing on top, Return-Path out, Bcc out of the text
// that's sent. Both texts have the same fields but for Bcc, so that they're one message. RFC 6409 §8, RFC 5322 §3.6.3 (Bcc),
// RFC 5321 §4.4 (Return-Path is the delivering server's), RFC 8601 §5 (results that claim to be ours).
import {
  dateTime,
  type Edit,
  type Edits,
  type Field,
  firstNamed,
  type Header,
  rawValue,
  textValue,
} from '@postern/smtp'
import type { MessageFacts } from './message-facts.js'
import type { Authorship } from './rewritten-from.js'
import { newMessageId, submissionReceived } from './trace.js'

export interface Changes {
  readonly wire: Edits
  /** Where it's another text than the wire's. */
  readonly sentCopy: Edits | undefined
  /** With its angle brackets: the client's, or the one it's given here. */
  readonly messageId: string
  /** It's the client's. */
  readonly namesItself: boolean
}

const blind: readonly string[] = ['bcc', 'resent-bcc']

export function changesOf(
  header: Header,
  { authorship, facts }: { authorship: Authorship; facts: MessageFacts },
): Changes {
  const blindFields = header.fields.filter(({ name }) => blind.includes(name))
  const gone = header.fields.filter((field) => isGone(header, { field, hostname: facts.trace.hostname })).map(removed)
  const given = messageIdOf(header)
  const messageId = given ?? newMessageId(authorship.from[0].domain, facts.random)
  const namesItself = given !== undefined
  const onTop = fieldsOnTop(header, { facts, messageId, blind: blindFields.length > 0 }) + authorship.onTop
  const edits = [...gone, ...authorship.edits]
  if (blindFields.length === 0) return { wire: { onTop, edits }, sentCopy: undefined, messageId, namesItself }
  const wire = { onTop, edits: [...edits, ...blindFields.map(removed)] }
  return { wire, sentCopy: { onTop, edits }, messageId, namesItself }
}

interface OnTop {
  readonly facts: MessageFacts
  readonly messageId: string
  readonly blind: boolean
}

function fieldsOnTop(header: Header, { facts, messageId, blind }: OnTop): string {
  const { recipients, smtpUtf8, trace } = facts
  const now = facts.clock()
  const recipient = recipients.length === 1 && !blind ? recipients[0] : undefined
  const fields = [submissionReceived(trace, { now, smtpUtf8, recipient })]
  if (!isSaid(header, 'date')) fields.push(`Date: ${dateTime(now)}\r\n`)
  if (!isSaid(header, 'message-id')) fields.push(`Message-ID: ${messageId}\r\n`)
  return fields.join('')
}

/** An empty field says nothing. */
function isSaid(header: Header, name: string): boolean {
  const field = firstNamed(header, name)
  return field !== undefined && rawValue(header, field) !== ''
}

function messageIdOf(header: Header): string | undefined {
  const field = firstNamed(header, 'message-id')
  return field === undefined || rawValue(header, field) === '' ? undefined : textValue(header, field)
}

/** Empty, so that there's one with a value on top; or what only a receiving server writes, and could be taken for its word. */
function isGone(header: Header, { field, hostname }: { field: Field; hostname: string }): boolean {
  switch (field.name) {
    case 'date':
    case 'message-id':
    case 'reply-to':
      return rawValue(header, field) === ''
    case 'return-path':
      return true
    case 'authentication-results':
      return /^[^\s;]*/.exec(rawValue(header, field))?.[0].toLowerCase() === hostname.toLowerCase()
    default:
      return false
  }
}

const removed = ({ start, end }: Field): Edit => ({ start, end, text: '' })
