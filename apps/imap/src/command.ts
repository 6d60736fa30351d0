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
  /** The whole of it, where it's one line. */
  readonly line?: Uint8Array | undefined
}

/** Called when the work is done and what has happened is heard of: writes the answer, and returns what the OK says. */
export type Finish = () => Done | undefined

interface Declaration {
  /** RFC 9051 §3; any state where it's left out. */
  readonly in?: readonly State[]
  /** Has a form behind `UID`. */
  readonly uid?: boolean
  /** RFC 9051 §7.5.1: no EXPUNGE may be told while this runs, unless it was given as UID. */
  readonly holdsNumbers?: boolean
  /** Leaves the mailbox: what has happened in it since is of no interest. */
  readonly leaves?: boolean
  /** Its last literal is a message: it comes in pieces and is never held (`Session.messagePieces`). */
  readonly streams?: boolean
  /** Where it streams: how many words stand before its mailbox, which may be a literal too, and that one is held. */
  readonly wordsBeforeMailbox?: number
  /** It carries a secret: refused where somebody may listen in, before a literal of it is asked for (contract A3). */
  readonly needsPrivacy?: boolean
}

interface Grammar<Args> {
  parse(p: Parser, session: Session): Args
}

interface Alone<Args> {
  run(session: Session, args: Args, given: Given): Promise<Done | undefined>
}

/**
 * A command that needn't end before the next one of its kind begins. What it must know of the session it asks at once, since
 * the next one begins as soon as this has returned; it refuses by throwing. Nothing is written before `Finish` is called.
 */
interface Overlapping<Args> {
  begin(session: Session, args: Args, given: Given): Promise<Finish>
}

export type CommandSpec<Args> = Declaration & Grammar<Args> & (Alone<Args> | Overlapping<Args>)

export interface Command {
  readonly name: string
  readonly in: readonly State[] | undefined
  readonly uid: boolean
  readonly holdsNumbers: boolean
  readonly leaves: boolean
  readonly streams: boolean
  readonly wordsBeforeMailbox: number
  readonly needsPrivacy: boolean
  readonly overlaps: boolean
  /** Parses, to the end of the command unless it streams, and returns the action. */
  prepare(p: Parser, session: Session, given: Given): () => Promise<Finish>
}

export function command<Args>(name: string, spec: CommandSpec<Args>): Command {
  return {
    name,
    in: spec.in,
    uid: spec.uid ?? false,
    holdsNumbers: spec.holdsNumbers ?? false,
    leaves: spec.leaves ?? false,
    streams: spec.streams ?? false,
    wordsBeforeMailbox: spec.wordsBeforeMailbox ?? 0,
    needsPrivacy: spec.needsPrivacy ?? false,
    overlaps: 'begin' in spec,
    prepare(p, session, given) {
      const args = spec.parse(p, session)
      if (spec.streams !== true) p.end()
      if ('begin' in spec) return () => spec.begin(session, args, given)
      return () => spec.run(session, args, given).then((done) => () => done)
    },
  }
}

/** For commands without arguments. */
export const noArguments = (): undefined => undefined
