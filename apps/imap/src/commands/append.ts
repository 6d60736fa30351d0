// APPEND, with several messages (RFC 3502), and with UTF-8 headers (RFC 6855 §4). RFC 9051 §6.3.12. A message is never held:
// it goes from the network to the store piece by piece. All are placed in one commit, or none.

import { type AppendMessage, appendMessage, appendMessageEnd, ImapError, type Parser } from '@postern/imap-wire'
import type { Append } from '@postern/mailbox-store'
import { command, type Done } from '../command.js'
import { orTryCreate, tryCreate } from '../refusals.js'
import type { Session } from '../session.js'

const messagesMax = 1_000

export const append = command('APPEND', {
  in: ['authenticated', 'selected'],
  streams: true,
  parse(p) {
    p.sp()
    const name = p.mailbox()
    return { p, name, first: appendMessage(p) }
  },
  async run(session, { p, name, first }): Promise<Done> {
    const mailbox = await session.account.mailbox(name)
    const messages: Append[] = []
    let next: AppendMessage | undefined = first
    let refusal = mailbox === undefined ? tryCreate() : undefined
    while (next !== undefined) {
      refusal ??= refusalOf(session, next, messages.length)
      if (refusal !== undefined && next.literal.synchronising) {
        session.input.framer.refuse()
        throw refusal
      }
      if (refusal === undefined) messages.push(await take(session, next))
      else await passOver(session)
      next = await following(session, p, next)
    }
    if (refusal !== undefined || mailbox === undefined) throw refusal ?? tryCreate()
    const appended = await orTryCreate(session.account.append(mailbox.id, messages))
    return { code: { name: 'APPENDUID', uidValidity: appended.uidValidity, uids: appended.uids }, text: 'Appended' }
  },
})

function refusalOf(session: Session, { literal }: AppendMessage, before: number): ImapError | undefined {
  if (literal.size > session.context.limits.messageBytesMax)
    return new ImapError('NO', 'The message is too big', { code: 'TOOBIG' })
  if (before >= messagesMax) return new ImapError('NO', 'These are too many messages', { code: 'LIMIT' })
  return undefined
}

async function take(session: Session, { flags, date, literal }: AppendMessage): Promise<Append> {
  session.input.framer.stream()
  if (literal.synchronising) await session.goAhead()
  const message = await session.context.store.stage(session.input.chunks())
  return { message, ...(flags && { flags }), ...(date && { internalDate: date.seconds }) }
}

/** The client sends it all the same: it's read and dropped, so that the command can be answered behind it. */
async function passOver(session: Session): Promise<void> {
  session.input.framer.stream()
  for await (const _ of session.input.chunks());
}

/** The next message of the command, or undefined at its end. */
async function following(session: Session, p: Parser, last: AppendMessage): Promise<AppendMessage | undefined> {
  const frame = await session.input.next()
  if (frame === undefined || frame.kind === 'chunk') throw new Error('the client went away within a command')
  if (frame.kind === 'fault') throw frame.error
  try {
    p.resume()
    appendMessageEnd(p, last)
    if (frame.kind === 'literal') return appendMessage(p)
    p.end()
    return undefined
  } catch (error) {
    if (frame.kind === 'literal') session.input.framer.refuse()
    throw error
  }
}
