// One client: reads commands, runs them one after another, answers. Tag, state and numbering rules come from the command's
// own declaration; after each command the session tells what has happened in its mailbox, as far as it may then.
// RFC 9051 §3 (states), §5.5 (commands one at a time), §7.

import {
  type Frame,
  highestNumber,
  ImapError,
  type LiteralPiece,
  type NumberSet,
  Parser,
  resolveSet,
  type SequenceSet,
  tagOf,
  type Command as WireCommand,
} from '@postern/imap-wire'
import { type MailboxListing, StoreRefusal } from '@postern/mailbox-store'
import type { Connection } from '@postern/service'
import { connectionLogger, type Logger } from '@postern/telemetry'
import type { Command, Done, Given, State } from './command.js'
import type { Admission, ImapContext } from './context.js'
import { ClientGone, Input } from './input.js'
import { Out } from './out.js'
import { asImapError } from './refusals.js'
import type { View } from './view.js'

export interface Selected {
  readonly mailbox: MailboxListing
  readonly view: View
  readonly readOnly: boolean
}

/** An answer that can't be finished: whatever followed it would be taken for its rest, so nothing does. */
export class BrokenAnswer extends Error {
  override readonly name = 'BrokenAnswer'
}

export class Session {
  readonly context: ImapContext
  readonly connection: Connection
  readonly out: Out
  readonly input: Input
  readonly logger: Logger
  admission: Admission | undefined
  selected: Selected | undefined
  /** RFC 7162 §3.2.3: expunges are told as VANISHED. */
  qresync = false
  rev2 = false
  /** What a SEARCH with SAVE found (RFC 5182). */
  savedUids: NumberSet = []
  /** The client's own word of what it is (RFC 2971). */
  clientId: string | undefined
  #condstore = false
  #owesModSeq = false
  #isOver = false
  #farewell: string | undefined
  #badInARow = 0

  constructor(connection: Connection, context: ImapContext) {
    this.context = context
    this.connection = connection
    this.out = new Out(connection)
    this.input = new Input(connection)
    const { id, remoteAddress } = connection
    this.logger = connectionLogger(context.logger, { id, remoteAddress, protocol: 'imap' })
  }

  get state(): State {
    if (this.selected !== undefined) return 'selected'
    return this.admission === undefined ? 'notAuthenticated' : 'authenticated'
  }

  /** RFC 7162 §3.1: from the first command that shows the client knows modseqs; in a mailbox it's told where it stands. */
  get condstore(): boolean {
    return this.#condstore
  }

  set condstore(on: boolean) {
    if (on && !this.#condstore) this.#owesModSeq = this.selected !== undefined
    this.#condstore = on
  }

  get utf8(): boolean {
    return this.out.utf8
  }

  /** The admission of a session that has logged in: commands in those states have it. */
  get account(): Admission['account'] {
    if (this.admission === undefined) throw new Error('not logged in')
    return this.admission.account
  }

  /** The selected mailbox, for commands in that state. */
  get mailbox(): Selected {
    if (this.selected === undefined) throw new Error('nothing is selected')
    return this.selected
  }

  async run(): Promise<void> {
    try {
      this.greet()
      await this.out.flush()
      await this.#serve()
      await this.#sayFarewell()
    } catch (error) {
      if (error instanceof ClientGone) return
      this.logger.error({ err: error }, 'session failed')
      this.connection.destroy('session failed')
    } finally {
      this.leaveMailbox()
      await this.connection.end()
    }
  }

  greet(): void {
    const capabilities = this.context.registry.capabilities(this)
    this.out.status('*', { kind: 'OK', code: { name: 'CAPABILITY', capabilities }, text: 'Postern is ready' })
  }

  /** Says goodbye; what has been begun is answered first. Resolves when the client is gone. */
  async bye(text: string): Promise<void> {
    if (this.#isOver) return this.connection.closed
    this.#isOver = true
    this.#farewell = text
    // Between two commands, and in IDLE, nobody else will say it.
    if (this.input.isWaiting) await this.#sayFarewell()
    await this.connection.closed
  }

  async #sayFarewell(): Promise<void> {
    if (this.#farewell !== undefined) this.out.status('*', { kind: 'BYE', text: this.#farewell })
    this.#farewell = undefined
    await this.out.flush()
    await this.connection.end()
  }

  /** LOGOUT: the tagged OK still goes out. */
  finish(): void {
    this.#isOver = true
  }

  admit(admission: Admission): void {
    this.admission = admission
    this.connection.setIdleTimeout(this.context.limits.idleTimeoutMs)
    this.logger.info({ address: admission.address }, 'logged in')
  }

  leaveMailbox(): void {
    this.selected?.view.close()
    this.selected = undefined
    this.savedUids = []
  }

  /**
   * What a set of the client's means now. A message number above the count is a BAD (RFC 9051 §9 "seq-number"), but where
   * it's searched for, and but for `*` in an empty mailbox: clients say `1:*` before they look.
   */
  numbers(set: SequenceSet, { uid, beyond = false }: { uid: boolean; beyond?: boolean }): NumberSet {
    const { view } = this.mailbox
    if (uid) return resolveSet(set, { last: view.lastUid, saved: this.savedUids })
    const { count } = view
    const highest = set.ranges.at(-1)?.[1] ?? 0
    if (!beyond && Math.max(highest, count === 0 ? 0 : highestNumber(set)) > count)
      throw new ImapError('BAD', 'There are not so many messages')
    return resolveSet(set, { last: count, saved: set.saved ? this.#savedNumbers() : [] })
  }

  #savedNumbers(): NumberSet {
    return Array.from(this.mailbox.view.targets(this.savedUids, { uid: true }).numbers, (n): [number, number] => [n, n])
  }

  /** Tells the client what has happened, as far as the command that just ran lets it. */
  async tellNews({ expunges }: { expunges: boolean }): Promise<void> {
    if (this.selected === undefined) return
    const { view } = this.selected
    await view.hear()
    if (view.hasNews) view.tell(this.out, { expunges, vanished: this.qresync, modSeq: this.condstore, uid: this.rev2 })
    if (this.#owesModSeq) view.writeHighestModSeq(this.out)
    this.#owesModSeq = false
  }

  async #serve(): Promise<void> {
    while (!this.#isOver) {
      const frame = await this.input.next()
      if (frame === undefined) return
      await this.#take(frame)
      await this.out.flush()
      await this.input.passOver()
    }
  }

  async #take(frame: Frame): Promise<void> {
    switch (frame.kind) {
      case 'fault':
        this.#fault(tagOf(frame.start), frame.error)
        return
      case 'literal':
        await this.#literal(frame)
        return
      case 'command':
        await this.#command(frame.command)
        return
      case 'chunk':
        throw new Error('a chunk that nobody asked for')
    }
  }

  async #literal({ command, literal }: { command: WireCommand; literal: LiteralPiece }): Promise<void> {
    const found = this.#streaming(command)
    if (found !== undefined) {
      await this.#command(command)
      return
    }
    try {
      this.input.hold()
      if (literal.synchronising) await this.goAhead()
    } catch (error) {
      if (!(error instanceof ImapError)) throw error
      this.#fault(tagOf(command.pieces[0]?.bytes ?? new Uint8Array(0)), error)
    }
  }

  /** `+ …`: the client may send its literal. */
  async goAhead(): Promise<void> {
    this.out.continuation('Ready for the literal')
    await this.out.flush()
  }

  /** A command whose message begins with this literal; its mailbox may have been a literal too, and that one is held. */
  #streaming(command: WireCommand): Command | undefined {
    const [, first = '', ...words] = new TextDecoder('latin1').decode(command.pieces[0]?.bytes).split(' ')
    const name = first.toUpperCase() === 'UID' ? (words.shift() ?? '') : first
    const found = this.context.registry.commands.get(name.toUpperCase())
    if (found?.streams !== true || found.in?.includes(this.state) === false) return undefined
    const before = words.filter((word) => word !== '').length
    const isMailbox = command.pieces.length === 2 && before <= found.wordsBeforeMailbox
    return isMailbox ? undefined : found
  }

  async #command(command: WireCommand): Promise<void> {
    const start = command.pieces[0]?.bytes ?? new Uint8Array(0)
    // Some clients send a blank line after a literal or at random (contract C8).
    if (command.pieces.length === 1 && start.every((byte) => byte === 0x20)) return
    const p = new Parser(command, { utf8: this.utf8 })
    let tag = tagOf(start)
    let given: Given | undefined
    let found: Command | undefined
    try {
      tag = p.tag()
      p.sp()
      let name = p.name()
      const uid = name === 'UID'
      if (uid) {
        p.sp()
        name = p.name()
      }
      found = this.context.registry.commands.get(name)
      given = { tag, uid }
      const action = await this.#prepare({ found, name, p, given })
      await this.#answer(given, found as Command, await action())
      this.#badInARow = 0
    } catch (error) {
      await this.#refuse(tag, error, found?.holdsNumbers === true && given?.uid !== true)
    }
  }

  async #prepare(options: {
    found: Command | undefined
    name: string
    p: Parser
    given: Given
  }): Promise<() => Promise<Done | undefined>> {
    const { found, name, p, given } = options
    if (found === undefined || (given.uid && !found.uid)) throw new ImapError('BAD', `Unknown command ${name}`)
    if (found.in !== undefined && !found.in.includes(this.state))
      throw new ImapError(
        'BAD',
        `${name} is not for this state`,
        this.state === 'notAuthenticated' ? {} : { code: 'CLIENTBUG' },
      )
    await this.selected?.view.hear()
    return found.prepare(p, this, given)
  }

  async #answer({ tag, uid }: Given, { holdsNumbers }: Command, done: Done | undefined): Promise<void> {
    if (done?.answered === true) return
    const expunges = !holdsNumbers || uid
    await this.tellNews({ expunges })
    // RFC 2180 §4.1, RFC 5530 §3: messages that the client counts are gone, and it can't be told so here.
    const code = done?.code ?? (!expunges && this.selected?.view.hasGone === true ? 'EXPUNGEISSUED' : undefined)
    this.out.status(tag, { kind: 'OK', code, text: done?.text ?? 'Done' })
  }

  async #refuse(tag: string, error: unknown, holdsNumbers: boolean): Promise<void> {
    const refusal = error instanceof StoreRefusal ? asImapError(error) : error
    if (refusal instanceof ImapError) {
      if (error instanceof StoreRefusal && refusal.code === 'UNAVAILABLE') this.logger.error({ err: error }, 'refused')
      if (refusal.kind === 'NO') await this.tellNews({ expunges: !holdsNumbers }).catch(() => {})
      this.#fault(tag, refusal)
      return
    }
    if (error instanceof ClientGone || error instanceof BrokenAnswer) throw error
    this.logger.error({ err: error }, 'command failed')
    this.out.status(tag, { kind: 'NO', code: 'SERVERBUG', text: 'The server made a mistake, which is in its log' })
  }

  #fault(tag: string, { kind, code, text }: ImapError): void {
    this.out.status(kind === 'BYE' ? '*' : tag, { kind, code, text })
    if (kind === 'BYE') this.#isOver = true
    if (kind !== 'BAD') return
    if (++this.#badInARow < this.context.limits.badCommandsMax) return
    this.out.status('*', { kind: 'BYE', text: 'Too many bad commands' })
    this.#isOver = true
  }
}
