// The part of a notification that people read: what happened to which recipient, and what they can do about it. Plain words; the
// other server's own come below them.

import { decodeWords } from '@postern/message'
import { fieldValue, type OutgoingHeader } from '../outgoing-header.js'
import { dateTime } from './fields.js'
import type { Occasion, Told } from './told.js'
import type { Action } from './wishes.js'

export const subjects: { readonly [A in Action]: string } = {
  failed: 'Your message could not be delivered',
  delayed: 'Your message is delayed',
  delivered: 'Your message was delivered',
  relayed: 'Your message was passed on',
}

const openings: { readonly [A in Action]: (many: boolean) => string } = {
  failed: (many) => `Your message could not be delivered to ${many ? 'these recipients' : 'this recipient'}:`,
  delayed: (many) =>
    `Your message has not reached ${many ? 'these recipients' : 'this recipient'} yet. You need not do anything: it is tried again until it arrives or its time is over.`,
  delivered: (many) =>
    `Your message was delivered to ${many ? 'these recipients' : 'this recipient'}, as you asked to be told:`,
  relayed: (many) =>
    `Your message was passed on to the mail server of ${many ? 'these recipients' : 'this recipient'}. That server tells nobody what becomes of it there, so that this is the last you hear:`,
}

/** What is worst comes first. */
const order: readonly Action[] = ['failed', 'delayed', 'relayed', 'delivered']

export const worstOf = (told: readonly Told[]): Action =>
  order.find((action) => told.some((each) => each.action === action)) ?? 'failed'

export function humanText(occasion: Occasion, header: OutgoingHeader): string {
  const groups = order.flatMap((action) => {
    const told = occasion.told.filter((each) => each.action === action)
    return told.length === 0 ? [] : [openings[action](told.length > 1), ...told.map(aboutRecipient)]
  })
  const text = [`This is the mail system at ${occasion.hostname}.`, ...groups, aboutMessage(occasion, header)].join(
    '\n\n',
  )
  return `${text.replace(/\n/g, '\r\n')}\r\n`
}

function aboutRecipient({ row, action, status, code, text, remote, retryUntil }: Told): string {
  const lines = [`  ${row.recipient}`]
  const { what, fix } = explain(status)
  if (action === 'failed') lines.push(`    ${what} (${status})`, `    What you can do: ${fix}`)
  if (action === 'delayed' && retryUntil !== undefined) lines.push(`    It is tried until ${dateTime(retryUntil)}.`)
  if (action === 'failed' || action === 'delayed') lines.push(`    ${sayer(code, remote)}: ${oneLine(text)}`)
  return lines.join('\n')
}

const sayer = (code: string | undefined, remote: string | undefined): string =>
  remote === undefined || code === undefined ? 'The last try ended with' : `${oneLine(remote)} said`

function aboutMessage({ submission: { createdAt, queueId } }: Occasion, header: OutgoingHeader): string {
  const shown = (['subject', 'to', 'message-id'] as const).flatMap((name) => {
    const value = fieldValue(header, name)
    return value ? [`  ${labels[name]}: ${oneLine(decodeWords(value)).slice(0, 300)}`] : []
  })
  return ['The message:', ...shown, `  Taken in: ${dateTime(createdAt)}`, `  Queue id: ${queueId}`].join('\n')
}

const labels = { subject: 'Subject', to: 'To', 'message-id': 'Message-ID' } as const

interface Explanation {
  readonly what: string
  readonly fix: string
}

/** RFC 3463 §3, by the longest beginning that is listed. Class 4 and 5 mean the same once it's over. */
const explanations: { readonly [detail: string]: Explanation } = {
  '1.1': {
    what: 'There is no such address.',
    fix: 'look for a typing mistake, or ask for the right address in another way.',
  },
  '1.2': { what: 'The part behind the @ does not exist.', fix: 'look for a typing mistake in the part behind the @.' },
  '1.10': { what: 'The domain takes no mail at all.', fix: 'look for a typing mistake in the part behind the @.' },
  '1': { what: 'The address was not accepted.', fix: 'look for a typing mistake in the address.' },
  '2.1': { what: 'The mailbox is closed.', fix: 'reach the person in another way.' },
  '2.2': { what: 'The mailbox is full.', fix: 'send it again later, or tell the person in another way.' },
  '2.3': { what: 'The message is too large for this mailbox.', fix: 'send it without large attachments.' },
  '2': {
    what: 'The mailbox did not take the message.',
    fix: 'send it again later, or reach the person in another way.',
  },
  '3.4': { what: 'The message is too large for the other server.', fix: 'send it without large attachments.' },
  '3': { what: "The recipient's mail server could not take the message.", fix: 'send it again later.' },
  '4.4': {
    what: 'There was no way to the recipient.',
    fix: 'look for a typing mistake in the part behind the @, or ask who runs your mail server.',
  },
  '4.6': {
    what: 'The message went round in circles.',
    fix: 'tell who runs the mail servers; forwarding is set wrongly somewhere.',
  },
  '4.7': {
    what: 'It was tried for days, and the time is over.',
    fix: 'send it again; if it fails again, reach the person in another way.',
  },
  '4': { what: "The recipient's mail server could not be reached.", fix: 'send it again later.' },
  '6.7': {
    what: "The recipient's mail server does not take addresses with such letters.",
    fix: 'use an address with plain letters.',
  },
  '6': {
    what: "The recipient's mail server could not take the message in its form.",
    fix: 'send it again as plain text.',
  },
  '7.30': {
    what: 'The message asked for encryption on the whole way, and the way has none.',
    fix: 'send it without that demand, or in another way.',
  },
  '7': {
    what: "The recipient's mail server refused it by its rules.",
    fix: 'read what it said below; who runs your mail server may be able to help.',
  },
}
const unknown: Explanation = { what: 'The message was refused.', fix: 'read what the server said below.' }

export function explain(status: string): Explanation {
  const [, subject = '', detail = ''] = status.split('.')
  return explanations[`${subject}.${detail}`] ?? explanations[subject] ?? unknown
}

const oneLine = (text: string): string => text.replace(/[\p{Cc}\s]+/gu, ' ').trim()
