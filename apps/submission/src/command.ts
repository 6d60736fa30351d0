// A command as its file declares it: its name, whether it is only for who is logged in, and what it does. RFC 5321 §4.1.

import type { Reply } from './reply.js'
import type { Session } from './session.js'

export interface Command {
  readonly name: string
  /** RFC 6409 §4.3. In clear nobody is. */
  readonly needs?: 'login'
  /** Takes the words behind the name. Who has answered by himself returns nothing; a refusal is thrown. */
  run(session: Session, words: string): Reply | undefined | Promise<Reply | undefined>
}
