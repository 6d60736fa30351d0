// A command is one file: its name, the states it may be given in, whether message numbers must hold while it runs, its
// grammar and its action. `command` infers the arguments from the grammar, so that the action needs no cast.

import type { Parser, ResponseCode } from '@postern/imap-wire'
import type { Session } from './session.js'

export type State = 'notAuthenticated' | 'authenticated' | 'selected'

/** What the tagged OK says. */
export interface Done {
  readonly code?: ResponseCode
  readonly text?: string
  /** The command has sent its tagged OK itself: STARTTLS must, in clear. */
  readonly answered?: true
}

export interface Given {
  readonly tag: string
  /** Given as `UID …`: numbers are uids, in the arguments and in the answers. */
  readonly uid: boolean
}

export interface CommandSpec<Args> {
  /** RFC 9051 §3; any state where it's left out. */
  readonly in?: readonly State[]
  /** Has a form behind `UID`. */
  readonly uid?: boolean
  /** RFC 9051 §7.5.1: no EXPUNGE may be told while this runs, unless it was given as UID. */
  readonly holdsNumbers?: boolean
  /** Its last literal is a message: it comes in pieces and is never held (`Session.messagePieces`). */
  readonly streams?: boolean
  /** Where it streams: how many words stand before its mailbox, which may be a literal too, and that one is held. */
  readonly wordsBeforeMailbox?: number
  /** It carries a secret: refused where somebody may listen in, before a literal of it is asked for (contract A3). */
  readonly needsPrivacy?: boolean
  parse(p: Parser, session: Session): Args
  run(session: Session, args: Args, given: Given): Promise<Done | undefined>
}

export interface Command {
  readonly name: string
  readonly in: readonly State[] | undefined
  readonly uid: boolean
  readonly holdsNumbers: boolean
  readonly streams: boolean
  readonly wordsBeforeMailbox: number
  readonly needsPrivacy: boolean
  /** Parses, to the end of the command unless it streams, and returns the action. */
  prepare(p: Parser, session: Session, given: Given): () => Promise<Done | undefined>
}

export function command<Args>(name: string, spec: CommandSpec<Args>): Command {
  return {
    name,
    in: spec.in,
    uid: spec.uid ?? false,
    holdsNumbers: spec.holdsNumbers ?? false,
    streams: spec.streams ?? false,
    wordsBeforeMailbox: spec.wordsBeforeMailbox ?? 0,
    needsPrivacy: spec.needsPrivacy ?? false,
    prepare(p, session, given) {
      const args = spec.parse(p, session)
      if (spec.streams !== true) p.end()
      return () => spec.run(session, args, given)
    },
  }
}

/** For commands without arguments. */
export const noArguments = (): undefined => undefined
