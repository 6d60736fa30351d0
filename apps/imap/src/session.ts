// What is known of one client while it is here: its login, its mailbox, what it has enabled, and what its numbers mean. The
// command loop asks and changes it, and so do commands. RFC 9051 §3 (states), §7.

import { highestNumber, ImapError, type NumberSet, resolveSet, type SequenceSet } from '@postern/imap-wire'
import type { MailboxListing } from '@postern/mailbox-store'
import type { Connection } from '@postern/service'
import { connectionLogger, type Logger } from '@postern/telemetry'
import type { State } from './command.js'
import type { Admission, ImapContext } from './context.js'
import { FetchesAlike } from './fetch/alike.js'
import { Input } from './input.js'
import { Measures } from './measures.js'
import { Out } from './out.js'
import { askRecents } from './recents.js'
import { tell, writeHighestModSeq } from './telling.js'
import { tellKeywords } from './told-keywords.js'
import type { View } from './view.js'

export interface Selected {
  readonly mailbox: MailboxListing
  readonly view: View
  readonly readOnly: boolean
}

export class Session {
  readonly context: ImapContext
  readonly connection: Connection
  readonly out: Out
  readonly input: Input
  readonly fetchesAlike = new FetchesAlike()
  readonly measures: Measures
  admission: Admission | undefined
  /** Ends a session that doesn't log in. */
  loginTimer: NodeJS.Timeout | undefined
  selected: Selected | undefined
  /** RFC 7162 §3.2.3: expunges are told as VANISHED. */
  qresync = false
  rev2 = false
  /** RFC 6855, which IMAP4rev2 does without. */
  utf8Accept = false
  /** What a SEARCH with SAVE found (RFC 5182). */
  savedUids: NumberSet = []
  /** The client's own word of what it is (RFC 2971). */
  clientId: string | undefined
  /** The command that is under way. */
  doing: string | undefined
  #condstore = false
  #owesModSeq = false
  #endReason: string | undefined
  /** Says goodbye, and waits for nobody. The command loop's. */
  endNow: () => void = () => {}

  constructor(connection: Connection, context: ImapContext) {
    this.context = context
    this.connection = connection
    this.out = new Out(connection)
    this.input = new Input(connection, context.limits.inputBeforeLogin)
    this.measures = new Measures(connection, context.metrics)
  }

  /** Made for each line, of which there are few: what a session keeps is kept a thousand times. */
  get logger(): Logger {
    const { id, remoteAddress } = this.connection
    return connectionLogger(this.context.logger, { id, remoteAddress, protocol: 'imap' })
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

  /** No command is taken after this one: LOGOUT, or a goodbye. The reason is for the log. */
  finish(reason: string): void {
    this.#endReason ??= reason
  }

  get isOver(): boolean {
    return this.#endReason !== undefined
  }

  /** The client is gone, and nothing is left to do for it. */
  ended(): void {
    const { connection, admission, clientId } = this
    this.#stopLoginTimer()
    this.context.inboxSessions.leave(connection.id)
    admission?.left?.()
    this.measures.end(this.logger, {
      reason: this.#endReason ?? connection.closeReason ?? 'The client left',
      ...(admission && { address: admission.address }),
      ...(clientId !== undefined && { client: clientId }),
    })
  }

  admit(admission: Admission): void {
    this.admission = admission
    this.#stopLoginTimer()
    this.input.limits = this.context.limits.input
    this.measures.loggedIn()
    this.logger.info({ address: admission.address, tls: this.connection.tls }, 'logged in')
    admission.onEnded?.(() => this.endNow())
    this.used()
  }

  #stopLoginTimer(): void {
    clearTimeout(this.loginTimer)
    this.loginTimer = undefined
  }

  /** The client works: its credential is in use. */
  used(): void {
    this.admission?.used?.(this.clientId)
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

  /** Asks the store what has happened in the mailbox; of that the client is told only keywords, since FETCH may show them next. */
  async hear(): Promise<void> {
    if (this.selected === undefined) return
    const { view } = this.selected
    await view.hear()
    // docs/decisions/deleted-mailbox.md
    if (view.open.isDeleted) throw new ImapError('BYE', 'The mailbox has been deleted')
    this.tellKeywords()
  }

  tellKeywords(): void {
    if (this.selected === undefined) return
    const { view, readOnly } = this.selected
    tellKeywords(this.out, view.keywords, readOnly ? undefined : this.account.rights.flags)
  }

  /** Asks the store what has happened in the mailbox, and tells the client. */
  async tellNews(allowed: { expunges: boolean }): Promise<void> {
    await this.hear()
    await this.#tell(allowed)
  }

  /** Whether anything of what is heard of has to be told, as soon as a command lets it. */
  get hasToTell(): boolean {
    if (this.selected === undefined) return false
    const { view } = this.selected
    return this.#owesModSeq || view.hasNews || view.keywords.hasUntold || view.owesRecents
  }

  /** Tells what is heard of already, as far as the command that just ran lets it. */
  async tellHeard(allowed: { expunges: boolean }): Promise<void> {
    await this.#tell(allowed)
    if (this.owesRecents) await this.tellRecents()
  }

  async #tell({ expunges }: { expunges: boolean }): Promise<void> {
    if (this.selected === undefined) return
    const { view } = this.selected
    this.tellKeywords()
    const how = { vanished: this.qresync, modSeq: this.condstore, uid: this.rev2 }
    if (view.hasNews) await tell(view, this.out, { expunges, ...how })
    if (this.#owesModSeq) writeHighestModSeq(this.out, view)
    this.#owesModSeq = false
  }

  /** To be told last: the store may have to write down first whose they are. */
  get owesRecents(): boolean {
    return this.selected?.view.owesRecents === true
  }

  /** RFC 3501 §7.3.2. */
  async tellRecents(): Promise<void> {
    const { recents } = this.mailbox.view
    await askRecents(this)
    recents.toldCount = this.mailbox.view.recentCount
    this.out.untagged().number(recents.toldCount).raw(' RECENT').crlf()
  }

  /** `+ …`: the client may send its literal. */
  async goAhead(): Promise<void> {
    this.out.continuation('Ready for the literal')
    await this.out.flush()
  }
}
