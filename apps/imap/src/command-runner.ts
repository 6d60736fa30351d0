// Runs a command and answers it. Before it, and when its work is done, the session hears what has happened in its mailbox.
// Commands that may overlap are begun together where the client has sent them together, so that the store takes them in one
// commit; they're answered in their order, each as if it had been alone. RFC 9051 §5.5.

import { Parser, type Command as WireCommand } from '@postern/imap-wire'
import { type Asked, askedBy, checkAsked, checkPrivacy, isBlank, readHead } from './asked.js'
import type { Finish } from './command.js'
import { answerAlike, lineOf, type Run } from './fetch/alike.js'
import type { Session } from './session.js'
import type { TaggedAnswers } from './tagged-answers.js'

/** Begun and not yet answered. */
const underWayMax = 64

/** A command whose tag and name have been read, or why they couldn't be. */
interface Read {
  readonly p: Parser
  readonly asked: Asked
  readonly trouble?: unknown
}

interface Begun {
  readonly asked: Asked
  readonly outcome: Promise<Outcome>
  /** It was refused before it waited for anything. */
  readonly failedAtOnce: boolean
  /** It's the last of these. */
  readonly run?: Run
}

type Outcome = { readonly finish: Finish } | { readonly error: unknown }

export class CommandRunner {
  readonly #session: Session
  readonly #answers: TaggedAnswers
  /** The next command had come before the session last heard: its client can't know of anything newer. */
  #hasComeMeanwhile = false

  constructor(session: Session, answers: TaggedAnswers) {
    this.#session = session
    this.#answers = answers
  }

  async run(command: WireCommand): Promise<void> {
    if (isBlank(command)) return
    this.#session.used()
    const begun = this.#beginAlike(command) ?? (await this.#beginWithFollowing(command))
    const outcomes: Outcome[] = []
    for (const { outcome } of begun) outcomes.push(await outcome)
    const unheard = await this.#unheard()
    this.#hasComeMeanwhile = unheard === undefined && this.#session.input.hasNext
    for (const [i, { asked, run }] of begun.entries()) {
      if (run !== undefined) await this.#finishRun(asked, run, outcomes[i] as Outcome)
      await this.#finish(asked, unheard === undefined ? (outcomes[i] as Outcome) : { error: unheard, ...outcomes[i] })
      // Nothing follows a BYE that says that the mailbox is gone.
      if (unheard !== undefined && this.#session.isOver) return
    }
    this.#session.doing = undefined
  }

  async #beginWithFollowing(command: WireCommand): Promise<Begun[]> {
    this.#session.fetchesAlike.forget()
    const first = this.#read(command)
    const isHeard = this.#hasComeMeanwhile || first.asked.found?.leaves === true
    const unheardBefore = isHeard ? undefined : await this.#unheard()
    const begun = [this.#begin({ ...first, trouble: first.trouble ?? unheardBefore })]
    for (let next = this.#following(begun); next !== undefined; next = this.#following(begun))
      begun.push(this.#begin(next))
    return begun
  }

  /** FETCHes that differ by a number only, and have come before the session last heard. */
  #beginAlike(command: WireCommand): [Begun] | undefined {
    const session = this.#session
    const run = this.#hasComeMeanwhile ? session.fetchesAlike.take(command, session) : undefined
    if (run === undefined) return undefined
    session.doing = 'FETCH'
    const found = session.context.registry.commands.get('FETCH')
    const asked: Asked = { ...askedBy(undefined), tag: run.tags.at(-1) as string, uid: run.fetch.uid, found }
    const outcome = answerAlike(session, run).then(() => ({ finish: () => ({ text: 'Fetched' }) }))
    return [{ asked, run, failedAtOnce: false, outcome: outcome.catch((error: unknown) => ({ error })) }]
  }

  /** All but the last. Where the store couldn't read on, the others hear it too. */
  async #finishRun(asked: Asked, { tags, answered }: Run, outcome: Outcome): Promise<void> {
    if (answered > 0) this.#session.measures.command(asked, 'ok', answered)
    if (!('error' in outcome)) return
    for (const tag of tags.slice(answered, -1)) await this.#answers.refused({ ...asked, tag }, outcome.error)
  }

  /** Asks what has happened in the mailbox, and says why that can't be told. */
  async #unheard(): Promise<unknown> {
    try {
      await this.#session.hear()
      return undefined
    } catch (error) {
      return error
    }
  }

  #read(command: WireCommand): Read {
    const { context, utf8 } = this.#session
    const p = new Parser(command, { utf8, limits: context.limits.parser })
    const asked = { ...askedBy(command.pieces[0]?.bytes), line: lineOf(command) }
    try {
      readHead(p, asked, context.registry)
      return { p, asked }
    } catch (trouble) {
      return { p, asked, trouble }
    }
  }

  /** The command that has come behind these and may overlap with them. One that was refused is answered first. */
  #following(begun: readonly Begun[]): Read | undefined {
    const { asked, failedAtOnce } = begun[begun.length - 1] as Begun
    if (asked.found?.overlaps !== true || failedAtOnce || begun.length >= underWayMax) return undefined
    const { input, isOver } = this.#session
    const frame = isOver ? undefined : input.peek()
    if (frame?.kind !== 'command' || isBlank(frame.command)) return undefined
    const next = this.#read(frame.command)
    // What a number means must not hang on what the answer to a UID command tells (RFC 9051 §5.5).
    if (next.asked.found !== asked.found || next.asked.uid !== asked.uid) return undefined
    input.takePeeked()
    return next
  }

  #begin({ p, asked, trouble }: Read): Begun {
    try {
      if (trouble !== undefined) throw trouble
      const found = checkAsked(asked, this.#session.state)
      this.#session.doing = found.name
      checkPrivacy(found, this.#session)
      const finish = found.prepare(p, this.#session, asked)()
      return { asked, failedAtOnce: false, outcome: outcomeOf(finish) }
    } catch (error) {
      return { asked, failedAtOnce: true, outcome: Promise.resolve({ error }) }
    }
  }

  async #finish(asked: Asked, outcome: Outcome): Promise<void> {
    try {
      if ('error' in outcome) throw outcome.error
      await this.#answers.done(asked, outcome.finish())
    } catch (error) {
      await this.#answers.refused(asked, error)
    }
  }
}

function outcomeOf(finish: Promise<Finish>): Promise<Outcome> {
  return finish.then(
    (finish) => ({ finish }),
    (error: unknown) => ({ error }),
  )
}
