// One line of a client: the command in it is found, checked against what has to come before it, run and answered. Lines that are
// no commands are answered too, so many in a row. RFC 5321 §4.2.4, §4.5.3, contract A2.

import { randomBytes } from 'node:crypto'
import type { Command } from './command.js'
import { commands, notOffered } from './commands/list.js'
import type { Outcome } from './measures.js'
import { type Reply, SmtpError } from './reply.js'
import { replyTo } from './reply-to.js'
import type { Session } from './session.js'
import { ClientGone } from './wire.js'

interface Asked {
  /** In upper case. Only names that are known get as far as a log. */
  readonly name: string
  readonly words: string
  readonly command: Command | undefined
  readonly isTooLong: boolean
}

export async function obey(session: Session, line: Buffer): Promise<void> {
  const beganMs = performance.now()
  const asked = askedBy(line, session)
  let outcome: Outcome = 'gone'
  try {
    outcome = await answer(session, asked)
  } finally {
    session.measures.command(asked.command?.name ?? 'unknown', { outcome, beganMs })
  }
}

function askedBy(line: Buffer, { context: { limits } }: Session): Asked {
  const text = line.toString('utf8').trimEnd()
  const [, name = '', words = ''] = /^(\S*)[ \t]*(.*)$/s.exec(text) ?? []
  const upper = name.toUpperCase()
  const bytesMax = upper === 'AUTH' ? limits.authBytesMax : limits.commandBytesMax
  return { name: upper, words, command: commands.get(upper), isTooLong: line.length > bytesMax }
}

async function answer(session: Session, asked: Asked): Promise<Outcome> {
  try {
    const reply = await run(session, asked)
    if (reply !== undefined) session.wire.say(reply)
    return 'ok'
  } catch (error) {
    if (error instanceof ClientGone) throw error
    return refuse(session, { asked, error })
  }
}

function run(session: Session, asked: Asked): ReturnType<Command['run']> {
  const { command } = asked
  if (asked.isTooLong) return bad(session, '500 5.5.2 The line is too long')
  if (command === undefined) return bad(session, whatItIsNot(asked))
  session.badCommands = 0
  checkOrder(session, command)
  return command.run(session, asked.words)
}

function whatItIsNot({ name, words }: Asked): Reply {
  if (httpLine.test(`${name} ${words}`)) throw new SmtpError('421 4.7.0 This is SMTP, not HTTP')
  return notOffered.has(name) ? '502 5.5.1 This command is not offered' : '500 5.5.2 There is no such command'
}

/** What a browser sends where a page makes it speak to a mail server. */
const httpLine = /^(?:OPTIONS|GET|HEAD|POST|PUT|DELETE|TRACE|CONNECT) .* HTTP\/\d(?:\.\d)?$/

function bad(session: Session, reply: Reply): never {
  session.badCommands++
  if (session.badCommands < session.context.limits.badCommandsMax) throw new SmtpError(reply)
  throw new SmtpError('421 4.7.0 Too many bad commands')
}

/** In clear nothing is taken but the way out of it (RFC 3207 §4). */
function checkOrder({ wire, admission }: Session, { needs }: Command): void {
  if (needs === undefined) return
  if (!wire.secure) throw new SmtpError('530 5.7.0 Must issue a STARTTLS command first')
  if (admission === undefined) throw new SmtpError('530 5.7.0 Authentication required')
}

function refuse(session: Session, { asked, error }: { readonly asked: Asked; readonly error: unknown }): Outcome {
  const reply = replyTo(error)
  if (reply === undefined) return failed(session, { asked, error })
  if (!(error instanceof SmtpError))
    session.logger.warn({ err: error, command: asked.command?.name }, 'the store refused')
  // Who is in the middle of a message that nobody reads any more can't be answered in any other way.
  if (reply.startsWith('421') || session.wire.isReceiving)
    void session.bye(reply, { reason: reply.slice('421 4.7.0 '.length), givenUp: true })
  else session.wire.say(reply)
  return 'refused'
}

function failed(session: Session, { asked, error }: { readonly asked: Asked; readonly error: unknown }): Outcome {
  const correlation = randomBytes(6).toString('hex')
  session.logger.error({ err: error, command: asked.command?.name, correlation }, 'command failed')
  const reply: Reply = `451 4.3.0 Something went wrong on the server, try again later (${correlation})`
  if (session.wire.isReceiving) void session.bye(reply, { reason: 'Failed', givenUp: true })
  else session.wire.say(reply)
  return 'bug'
}
