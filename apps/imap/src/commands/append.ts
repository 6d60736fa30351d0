// APPEND, with several messages (RFC 3502), and with UTF-8 headers (RFC 6855 §4). RFC 9051 §6.3.12. A message is never held:
// it goes from the network to the store piece by piece. All are placed in one commit, or none. What follows a refusal is
// passed over by the session.

import { type AppendMessage, appendMessage, appendMessageEnd, ImapError, type Parser } from '@postern/imap-wire'
import { command, type Done } from '../command.js'
import { destination } from '../destination.js'
import { ClientGone } from '../input.js'
import { orTryCreate } from '../refusals.js'
import type { Session } from '../session.js'
import { submissionsSettled, type TakenAppend } from './sent-copy.js'

export const append = command('APPEND', {
  in: ['authenticated', 'selected'],
  streams: true,
  parse(p) {
    p.sp()
    const name = p.mailbox()
    return { p, name, first: appendMessage(p) }
  },
  async run(session, { p, name, first }): Promise<Done> {
    const mailbox = await destination(session, name)
    const messages: TakenAppend[] = []
    for (let next: AppendMessage | undefined = first; next !== undefined; next = await following(session, p, next)) {
      const refusal = refusalOf(session, next, messages.length)
      if (refusal !== undefined) throw refusal
      messages.push(await take(session, next))
    }
    await submissionsSettled(session, mailbox, messages)
    const appended = await orTryCreate(session.account.append(mailbox.id, messages))
    if (appended.uids.length === 0) return { text: 'Appended' }
    return { code: { name: 'APPENDUID', uidValidity: appended.uidValidity, uids: appended.uids }, text: 'Appended' }
  },
})

export function refusalOf(session: Session, { literal }: AppendMessage, before: number): ImapError | undefined {
  const { messageBytesMax, messagesPerAppendMax } = session.context.limits
  if (literal.size > messageBytesMax) return new ImapError('NO', 'The message is too big', { code: 'TOOBIG' })
  // RFC 3502 §6.3.11: how a client cancels.
  if (literal.size === 0) return new ImapError('NO', 'The message is empty: nothing was appended')
  if (before >= messagesPerAppendMax) return new ImapError('NO', 'These are too many messages', { code: 'LIMIT' })
  return undefined
}

export async function take(session: Session, { flags, date, literal }: AppendMessage): Promise<TakenAppend> {
  const pieces = session.input.stream()
  if (literal.synchronising) await session.goAhead()
  const message = await session.context.store.stage(pieces)
  return { message, ...(flags && { flags }), ...(date && { internalDate: date.seconds }) }
}

/** The next message of the command, or undefined at its end. */
export async function following(session: Session, p: Parser, last: AppendMessage): Promise<AppendMessage | undefined> {
  const frame = await session.input.next()
  if (frame === undefined) throw new ClientGone()
  if (frame.kind === 'fault') throw frame.error
  p.resume()
  appendMessageEnd(p, last)
  if (frame.kind === 'literal') return appendMessage(p)
  p.end()
  return undefined
}
