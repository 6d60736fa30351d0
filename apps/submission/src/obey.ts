// One line of a client: the command in it is found, checked against what has to come before it, run and answered. Lines that are
// no commands are answered too, so many in a row. RFC 5321 §4.2.4, §4.5.3, contract A2.

import { randomBytes } from 'node:crypto'
import type { Command } from './command.js'
import { commands, notOffered } from './commands/list.js'
import type { Outcome } from './measures.js'
import { type Reply, SmtpError } from './reply.js'
import type { Session } from './session.js'
import { storeTrouble } from './store-trouble.js'
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
  if (httpLine.test(`${name} ${words}`)) throw new SmtpError('421 4.7.0 This is SMTP, not HTTP', { closes: true })
  return notOffered.has(name) ? '502 5.5.1 This command is not offered' : '500 5.5.2 There is no such command'
}

/** What a browser sends where a page makes it speak to a mail server. */
const httpLine = /^(?:OPTIONS|GET|HEAD|POST|PUT|DELETE|TRACE|CONNECT) .* HTTP\/\d(?:\.\d)?$/

function bad(session: Session, reply: Reply): never {
  session.badCommands++
  if (session.badCommands < session.context.limits.badCommandsMax) throw new SmtpError(reply)
  throw new SmtpError('421 4.7.0 Too many bad commands', { closes: true })
}

/** In clear nothing is taken but the way out of it (RFC 3207 §4). */
function checkOrder({ wire, admission }: Session, { needs }: Command): void {
  if (needs === undefined) return
  if (!wire.secure) throw new SmtpError('530 5.7.0 Must issue a STARTTLS command first')
  if (admission === undefined) throw new SmtpError('530 5.7.0 Authentication required')
}

function refuse(session: Session, { asked, error }: { readonly asked: Asked; readonly error: unknown }): Outcome {
  if (error instanceof SmtpError) {
    if (error.closes) void session.bye(error.reply, { reason: error.reply.slice('421 4.7.0 '.length) })
    else session.wire.say(error.reply)
    return 'refused'
  }
  const command = asked.command?.name
  const refusal = storeTrouble(error)
  if (refusal !== undefined) {
    session.logger.warn({ err: error, command }, 'the store refused')
    session.wire.say(refusal)
    return 'refused'
  }
  const correlation = randomBytes(6).toString('hex')
  session.logger.error({ err: error, command, correlation }, 'command failed')
  session.wire.say(`451 4.3.0 Something went wrong on the server, try again later (${correlation})`)
  return 'bug'
}
