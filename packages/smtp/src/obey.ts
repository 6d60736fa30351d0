// One line of a client: the command in it is found, checked against what has to come before it, run and answered. Lines that are
// no commands are answered too, so many in a row. RFC 5321 §4.2.4, §4.5.3, contract A2.

import { randomBytes } from 'node:crypto'
import type { Command } from './command.js'
import type { Conversation } from './conversation.js'
import type { Outcome } from './measures.js'
import { type Reply, SmtpError } from './reply.js'
import { ClientGone } from './wire.js'

/** What a door hears. */
export interface CommandSet<Session extends Conversation, Needs extends string = never> {
  readonly commands: ReadonlyMap<string, Command<Session, Needs>>
  /** Commands of SMTP that this door doesn't have (RFC 5321 §4.2.4: 502, where others are 500). */
  readonly notOffered: ReadonlySet<string>
  readonly badCommandsMax: number
  /** Of a line with this command. */
  lineBytesMax(name: string): number
  /** Throws where the command may not come yet. */
  checkOrder(session: Session, command: Command<Session, Needs>): void
  /** Undefined where what was thrown is no answer to a client. */
  replyTo(error: unknown): Reply | undefined
}

interface Asked<Session extends Conversation, Needs extends string> {
  readonly set: CommandSet<Session, Needs>
  /** In upper case. Only names that are known get as far as a log. */
  readonly name: string
  readonly words: string
  readonly command: Command<Session, Needs> | undefined
  readonly isTooLong: boolean
}

export async function obey<Session extends Conversation, Needs extends string>(
  session: Session,
  { line, set }: { readonly line: Buffer; readonly set: CommandSet<Session, Needs> },
): Promise<void> {
  const beganMs = performance.now()
  const asked = askedBy(line, set)
  let outcome: Outcome = 'gone'
  session.doing = asked.command?.name
  try {
    outcome = await answer(session, asked)
  } finally {
    session.doing = undefined
    session.measures.command(asked.command?.name ?? 'unknown', { outcome, beganMs })
  }
}

function askedBy<Session extends Conversation, Needs extends string>(
  line: Buffer,
  set: CommandSet<Session, Needs>,
): Asked<Session, Needs> {
  const text = line.toString('utf8').trimEnd()
  const [, name = '', words = ''] = /^(\S*)[ \t]*(.*)$/s.exec(text) ?? []
  const upper = name.toUpperCase()
  return { set, name: upper, words, command: set.commands.get(upper), isTooLong: line.length > set.lineBytesMax(upper) }
}

async function answer<Session extends Conversation, Needs extends string>(
  session: Session,
  asked: Asked<Session, Needs>,
): Promise<Outcome> {
  try {
    const reply = await run(session, asked)
    if (reply !== undefined) session.wire.say(reply)
    return 'ok'
  } catch (error) {
    if (error instanceof ClientGone) throw error
    return refuse(session, { asked, error })
  }
}

function run<Session extends Conversation, Needs extends string>(
  session: Session,
  asked: Asked<Session, Needs>,
): ReturnType<Command<Session, Needs>['run']> {
  const { command, set } = asked
  const bad = (reply: Reply): never => {
    session.badCommands++
    if (session.badCommands < set.badCommandsMax) throw new SmtpError(reply)
    throw new SmtpError('421 4.7.0 Too many bad commands')
  }
  if (asked.isTooLong) return bad('500 5.5.2 The line is too long')
  if (command === undefined) return bad(whatItIsNot(asked))
  session.badCommands = 0
  set.checkOrder(session, command)
  return command.run(session, asked.words)
}

interface Unknown {
  readonly set: Pick<CommandSet<never>, 'notOffered'>
  readonly name: string
  readonly words: string
}

function whatItIsNot({ set, name, words }: Unknown): Reply {
  if (httpLine.test(`${name} ${words}`)) throw new SmtpError('421 4.7.0 This is SMTP, not HTTP')
  return set.notOffered.has(name) ? '502 5.5.1 This command is not offered' : '500 5.5.2 There is no such command'
}

/** What a browser sends where a page makes it speak to a mail server. */
const httpLine = /^(?:OPTIONS|GET|HEAD|POST|PUT|DELETE|TRACE|CONNECT) .* HTTP\/\d(?:\.\d)?$/

interface Thrown {
  readonly asked: { readonly set: Pick<CommandSet<never>, 'replyTo'>; readonly command: { name: string } | undefined }
  readonly error: unknown
}

function refuse(session: Conversation, { asked, error }: Thrown): Outcome {
  const reply = asked.set.replyTo(error)
  if (reply === undefined) return failed(session, { asked, error })
  if (!(error instanceof SmtpError))
    session.logger.warn({ err: error, command: asked.command?.name }, 'the store refused')
  // Who is in the middle of a message that nobody reads any more can't be answered in any other way.
  if (reply.startsWith('421') || session.wire.isReceiving)
    void session.bye(reply, { reason: reply.slice('421 4.7.0 '.length), givenUp: true })
  else session.wire.say(reply)
  return 'refused'
}

function failed(session: Conversation, { asked, error }: Thrown): Outcome {
  const correlation = randomBytes(6).toString('hex')
  session.logger.error({ err: error, command: asked.command?.name, correlation }, 'command failed')
  const reply: Reply = `451 4.3.0 Something went wrong on the server, try again later (${correlation})`
  if (session.wire.isReceiving) void session.bye(reply, { reason: 'Failed', givenUp: true })
  else session.wire.say(reply)
  return 'bug'
}
