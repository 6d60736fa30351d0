// A command as its file declares it: its name, what has to come before it, and what it does. RFC 5321 §4.1.

import type { Conversation } from './conversation.js'
import { type Reply, SmtpError } from './reply.js'

/** `Session`: what a door knows of a client. `Needs`: what a door may ask for before a command. */
export interface Command<Session extends Conversation, Needs extends string = never> {
  readonly name: string
  readonly needs?: Needs
  /** Takes the words behind the name. Who has answered by himself returns nothing; a refusal is thrown. */
  run(session: Session, words: string): Reply | undefined | Promise<Reply | undefined>
}

/** Words where a command has none. */
export function noWords(words: string): void {
  if (words !== '') throw new SmtpError('501 5.5.4 This command stands alone')
}
