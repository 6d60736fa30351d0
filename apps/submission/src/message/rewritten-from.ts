// Who a message says it's from, written anew where the login may not say so (the mode `rewrite`, contract D3): From becomes the login's
// own address under the name that stood there, and the author goes into Reply-To unless there is one. Resent-From becomes it too. A Sender
// that isn't covered is left out: the one author is the sender (RFC 5322 §3.6.2). What nobody can read alike, or what is there
// twice, is written anew without being repeated anywhere.

import type { Address } from '@postern/mailbox-store'
import type { PlainMailbox } from '@postern/message'
import { type Edit, firstNamed, type Header, rawValue } from '@postern/smtp'
import type { Originator, OriginatorName } from './originators.js'

export interface Rewriting {
  readonly originators: readonly Originator[]
  readonly covered: ReadonlySet<string>
  readonly own: Address
}

/** Who a message is from, as it leaves, and what has to be changed for it. */
export interface Authorship {
  /** Whole fields, or nothing. */
  readonly onTop: string
  readonly edits: readonly Edit[]
  readonly from: readonly [Address, ...Address[]]
}

export function rewrittenFrom(header: Header, { originators, covered, own }: Rewriting): Authorship {
  const named = (name: OriginatorName): Originator[] => originators.filter((each) => each.name === name)
  const stands = (each: Originator): boolean =>
    each.unclear === undefined && each.addresses.length > 0 && each.addresses.every((one) => covered.has(one.address))
  const edits: Edit[] = []
  const senders = named('sender')
  if (senders.length > 1 || !senders.every(stands)) edits.push(...senders.map(without))
  edits.push(
    ...named('resent-sender')
      .filter((each) => !stands(each))
      .map(without),
  )
  for (const each of named('resent-from'))
    if (!stands(each)) edits.push({ ...without(each), text: `Resent-From: ${inNameOf(each.mailboxes[0], own)}\r\n` })

  const froms = named('from')
  const [from] = froms
  if (from !== undefined && froms.length === 1 && stands(from)) return { onTop: '', edits, from: authorsOf(from) }
  edits.push(...froms.map(without))
  const authors = froms.length === 1 ? (from?.mailboxes ?? []) : []
  const replyTo = hasReplyTo(header) ? '' : replyToField(authors)
  return { onTop: `From: ${inNameOf(authors[0], own)}\r\n${replyTo}`, edits, from: [own] }
}

/** Of a From that isn't empty. */
export function authorsOf({ addresses }: Originator): Authorship['from'] {
  return [addresses[0] as Address, ...addresses.slice(1)]
}

const without = ({ field: { start, end } }: Originator): Edit => ({ start, end, text: '' })

function hasReplyTo(header: Header): boolean {
  const field = firstNamed(header, 'reply-to')
  return field !== undefined && rawValue(header, field) !== ''
}

function replyToField(authors: readonly PlainMailbox[]): string {
  if (authors.length === 0) return ''
  const shown = authors.map((author) => mailbox(author.phrase, `${author.local}@${author.domain}`))
  return `Reply-To: ${shown.join(',\r\n ')}\r\n`
}

function inNameOf(author: PlainMailbox | undefined, { address }: Address): string {
  return mailbox(author?.phrase ?? '', address)
}

/** A longer name would want folding. */
const phraseCharactersMax = 200

function mailbox(phrase: string, address: string): string {
  return phrase === '' || phrase.length > phraseCharactersMax ? address : `${phrase} <${address}>`
}
