// The head of a command, as the client gave it: its tag, its name, whether it stands behind UID; and the rules that its
// declaration sets for it. RFC 9051 §2.2.1, §3, §9 "command".

import { ImapError, type Parser, tagOf, type Command as WireCommand } from '@postern/imap-wire'
import type { Command, Given, State } from './command.js'
import type { Registry } from './registry.js'
import type { Session } from './session.js'

/** As far as it could be read: what can't be is answered with what is known by then. */
export interface Asked extends Given {
  tag: string
  uid: boolean
  name?: string
  found: Command | undefined
  line?: Uint8Array | undefined
  readonly beganMs: number
}

/** Of a command's first bytes, nothing but its tag can be taken for granted. */
export const askedBy = (start: Uint8Array | undefined): Asked => ({
  tag: tagOf(start ?? new Uint8Array(0)),
  uid: false,
  found: undefined,
  beganMs: performance.now(),
})

// command = tag SP (command-any / command-auth / command-nonauth / command-select) CRLF
export function readHead(p: Parser, asked: Asked, { commands }: Registry): void {
  asked.tag = p.tag()
  p.sp()
  asked.name = p.name()
  if (asked.name === 'UID') {
    p.sp()
    asked.uid = true
    asked.name = p.name()
  }
  asked.found = commands.get(asked.name)
}

/** Whether there is such a command, and whether it may be given now. */
export function checkAsked({ found, name, uid }: Asked, state: State): Command {
  if (found === undefined || (uid && !found.uid)) throw new ImapError('BAD', `Unknown command ${name}`)
  if (found.in !== undefined && !found.in.includes(state))
    throw new ImapError(
      'BAD',
      `${name} is not for this state`,
      state === 'notAuthenticated' ? {} : { code: 'CLIENTBUG' },
    )
  return found
}

/** Contract A3: a command with a secret is refused where somebody may listen in. */
export function checkPrivacy(found: Command | undefined, { connection, context }: Session): void {
  if (found?.needsPrivacy !== true || connection.secure) return
  context.metrics.logins.inc({ protocol: 'imap', outcome: 'in clear' })
  throw new ImapError('NO', 'LOGIN requires TLS', { code: 'PRIVACYREQUIRED' })
}

/** RFC 9051 §7.5.1: whether its numbers no longer have to hold when it's answered. */
export const mayTellExpunges = ({ found, uid }: Asked): boolean => found?.holdsNumbers !== true || uid

/** Some clients send a blank line after a literal or at random (contract C8). */
export function isBlank({ pieces }: WireCommand): boolean {
  return pieces.length === 1 && pieces[0]?.bytes?.every((byte) => byte === 0x20) !== false
}

/** The command that a literal belongs to, and the words behind its name, as far as they came before any literal. */
export function commandOfLiteral(command: WireCommand, { commands }: Registry) {
  const [, first = '', ...words] = new TextDecoder('latin1').decode(command.pieces[0]?.bytes).split(' ')
  const name = first.toUpperCase() === 'UID' ? (words.shift() ?? '') : first
  return { found: commands.get(name.toUpperCase()), words }
}

/** Whether a message begins with this literal; a mailbox may have been a literal too, and that one is held. */
export function isStreamed(command: WireCommand, { context, state }: Session): boolean {
  const { found, words } = commandOfLiteral(command, context.registry)
  if (found?.streams !== true || found.in?.includes(state) === false) return false
  const before = words.filter((word) => word !== '').length
  const isMailbox = command.pieces.length === 2 && before <= found.wordsBeforeMailbox
  return !isMailbox
}
