// The indexes that this process has open. A mailbox's index is loaded once, shared by all who open it, moved on by
// whoever refreshes first, and kept a while when the last one closes, as far as there's room.

import type { FileBlobs } from '../blobs/file-blobs.js'
import { keywordSetShift, systemFlagMask } from '../messages/entries.js'
import type { Listings, ListingWants } from '../messages/listings.js'
import type { MailboxDelta } from '../messages/mailbox-delta.js'
import type { MailboxIndex } from '../messages/mailbox-index.js'
import type { AccountId, Flags, MailboxId, MailboxStatus, SpaceId } from '../model.js'
import { refuse, StoreRefusal } from '../refusals.js'
import type { SearchQuery } from '../search/query.js'
import type { Content, MailboxNews, MessageRow, OpenMailbox, RowWants, SearchOptions, Threading } from '../store.js'
import type { Connection } from './connection.js'
import { readContents } from './joined-reads.js'
import { KeptListings } from './kept-listings.js'
import type { KeywordNames } from './keywords.js'
import { deltaSince, loadIndex, type Scope } from './mailbox-reads.js'
import { messageContent, messageRows } from './message-reads.js'
import type { Others } from './others.js'
import type { MailboxRow } from './remembered-rows.js'
import type { Followers } from './writer.js'

export interface OpenMailboxesOptions {
  readonly db: Connection
  readonly blobs: FileBlobs
  readonly keywords: KeywordNames
  readonly others: Others
  readonly search: (
    index: MailboxIndex,
    accounts: readonly AccountId[],
    query: SearchQuery,
    options: SearchOptions,
  ) => Promise<Uint32Array>
  readonly threading: (
    index: MailboxIndex,
    accounts: readonly AccountId[],
    uids: Uint32Array,
    options: { readonly signal?: AbortSignal },
  ) => Promise<Threading>
}

interface Shared {
  readonly scope: Scope
  readonly index: MailboxIndex
  /** Of the database, when the index knew all that was in it; this process's own commits are told since (`committed`). */
  version: number
  readonly holders: Set<Holder>
  isDeleted: boolean
  /** Messages up to this uid are recent to somebody already, or about to be. */
  recentAfter: number
}

export interface OpenRequest {
  readonly scope: Scope
  readonly accounts: () => readonly AccountId[]
  readonly status: () => MailboxStatus
}

/** Of an index that has to be brought up whatever the database says. */
const unknownVersion = -1

/** Indexes that are kept when the last holder goes: clients close a mailbox and open it again all the time. */
const idleBytesMax = 33_554_432
const keptListingsBytesMax = 33_554_432
const idleIndexesMax = 256

export class OpenMailboxes implements Followers {
  readonly options: OpenMailboxesOptions
  /** Of all mailboxes of this process. */
  readonly keptListings = new KeptListings({ bytesMax: keptListingsBytesMax })
  readonly #mailboxes = new Map<MailboxId, Shared>()
  readonly #spaces = new Map<SpaceId, Shared>()
  /** Those of them that nobody holds, the longest unheld first. */
  readonly #idle = new Set<Shared>()

  constructor(options: OpenMailboxesOptions) {
    this.options = options
  }

  open(request: OpenRequest): OpenMailbox {
    const shared = this.#known(request.scope) ?? this.#load(request.scope)
    this.#idle.delete(shared)
    return new Holder({ open: this, shared, request })
  }

  #at(scope: Scope): Shared | undefined {
    return 'mailbox' in scope ? this.#mailboxes.get(scope.mailbox) : this.#spaces.get(scope.space)
  }

  #load(scope: Scope): Shared {
    const { db, others } = this.options
    const shared = db.snapshot(
      (): Shared => ({
        scope,
        version: others.look(),
        index: loadIndex(db, scope),
        holders: new Set(),
        isDeleted: false,
        recentAfter: 0,
      }),
    )
    if ('mailbox' in scope) this.#mailboxes.set(scope.mailbox, shared)
    else this.#spaces.set(scope.space, shared)
    return shared
  }

  /** One that is open or was lately, with what has happened since. */
  #known(scope: Scope): Shared | undefined {
    const shared = this.#at(scope)
    if (shared === undefined) return undefined
    try {
      this.#bringUp(shared)
      return shared
    } catch (error) {
      if (shared.holders.size === 0) this.#forget(shared)
      throw error
    }
  }

  #bringUp(shared: Shared): void {
    const { db, others } = this.options
    if (db.reading(() => others.version) === shared.version) return
    const { index, scope } = shared
    const [version, delta] = db.snapshot(() => [others.look(), deltaSince(db, scope, index.modSeq)] as const)
    index.apply(delta)
    shared.version = version
  }

  /** As far as this process knows. */
  recentAfter(mailbox: MailboxId): number {
    return this.#mailboxes.get(mailbox)?.recentAfter ?? 0
  }

  noteRecentAfter(mailbox: MailboxId, uid: number): void {
    const shared = this.#mailboxes.get(mailbox)
    if (shared !== undefined) shared.recentAfter = uid
  }

  /** Who has a mailbox open when it's deleted sees every message vanish, and then nothing more. */
  refresh(shared: Shared): void {
    try {
      this.#bringUp(shared)
    } catch (error) {
      if (!(error instanceof StoreRefusal && error.code === 'no-such-mailbox')) throw error
      shared.index.empty()
      shared.isDeleted = true
    }
  }

  follows({ id, space, shared }: Pick<MailboxRow, 'id' | 'space' | 'shared'>): boolean {
    return this.#mailboxes.has(id) || (shared && this.#spaces.has(space))
  }

  /** An index that knew all before this commit moves on with it; another one is brought up when it's next asked. */
  committed(deltas: readonly MailboxDelta[], version: number): void {
    for (const delta of deltas) {
      follow(this.#mailboxes.get(delta.mailbox), delta, version)
      if (delta.shared) follow(this.#spaces.get(delta.space), delta, version)
    }
  }

  release(shared: Shared, holder: Holder): void {
    shared.holders.delete(holder)
    forgetHeard(shared)
    if (shared.holders.size > 0 || this.#at(shared.scope) !== shared) return
    this.#idle.add(shared)
    let bytes = 0
    for (const { index } of this.#idle) bytes += index.byteLength
    for (const oldest of this.#idle) {
      if (bytes <= idleBytesMax && this.#idle.size <= idleIndexesMax) return
      bytes -= oldest.index.byteLength
      this.#forget(oldest)
    }
  }

  #forget(shared: Shared): void {
    const { scope } = shared
    this.#idle.delete(shared)
    if ('mailbox' in scope) this.#mailboxes.delete(scope.mailbox)
    else this.#spaces.delete(scope.space)
  }
}

function follow(shared: Shared | undefined, delta: MailboxDelta, version: number): void {
  if (shared === undefined || shared.version !== version) return
  if (!shared.index.follow(delta)) shared.version = unknownVersion
  else if (shared.holders.size === 0) forgetHeard(shared)
}

function forgetHeard({ index, holders }: Shared): void {
  let heard = Number.POSITIVE_INFINITY
  for (const holder of holders) heard = Math.min(heard, holder.modSeq)
  index.forgetHeard(heard)
}

interface HolderOptions {
  readonly open: OpenMailboxes
  readonly shared: Shared
  readonly request: OpenRequest
}

class Holder implements OpenMailbox {
  readonly #options: HolderOptions
  #closed = false
  modSeq: number
  #lastUid: number

  constructor(options: HolderOptions) {
    this.#options = options
    this.modSeq = options.shared.index.modSeq
    this.#lastUid = options.shared.index.lastUid
    options.shared.holders.add(this)
  }

  get index(): MailboxIndex {
    return this.#options.shared.index
  }

  get isDeleted(): boolean {
    return this.#options.shared.isDeleted
  }

  flagsOf(packed: number): Flags {
    const { keywords } = this.#options.open.options
    return { system: packed & systemFlagMask, keywords: keywords.of(packed >>> keywordSetShift) }
  }

  async refresh(own?: ReadonlySet<number>): Promise<MailboxNews> {
    this.#stillOpen()
    const { open, shared } = this.#options
    open.refresh(shared)
    const { index } = shared
    if (this.modSeq === index.modSeq) return noNews(index.modSeq)
    const vanished = index.vanishedSince(this.modSeq, this.#lastUid)
    const news: MailboxNews = {
      highestModSeq: index.modSeq,
      vanished: vanished.uids,
      vanishedMessages: vanished.messages,
      changed: index.changedSince(this.modSeq, own),
    }
    this.modSeq = index.modSeq
    this.#lastUid = index.lastUid
    forgetHeard(shared)
    return news
  }

  async status(): Promise<MailboxStatus> {
    this.#stillOpen()
    return this.#options.request.status()
  }

  rows(messages: Uint32Array, want: RowWants): AsyncIterable<readonly MessageRow[]> {
    this.#stillOpen()
    return messageRows(this.#options.open.options.db, messages, want)
  }

  async content(message: number): Promise<Content | undefined> {
    this.#stillOpen()
    const { db, blobs } = this.#options.open.options
    return messageContent({ db, blobs, message })
  }

  async listings(messages: Uint32Array, want: ListingWants): Promise<Listings> {
    this.#stillOpen()
    const { keptListings, options } = this.#options.open
    return keptListings.read(options.db, messages, want)
  }

  async contents(messages: Uint32Array): Promise<readonly (Content | undefined)[]> {
    this.#stillOpen()
    return readContents(this.#options.open.options.db, messages)
  }

  async search(query: SearchQuery, options: SearchOptions = {}): Promise<Uint32Array> {
    this.#stillOpen()
    const { open, shared, request } = this.#options
    return open.options.search(shared.index, request.accounts(), query, options)
  }

  async threading(uids: Uint32Array, options: { readonly signal?: AbortSignal } = {}): Promise<Threading> {
    this.#stillOpen()
    const { open, shared, request } = this.#options
    return open.options.threading(shared.index, request.accounts(), uids, options)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    const { open, shared } = this.#options
    open.release(shared, this)
  }

  #stillOpen(): void {
    if (this.#closed) refuse('closed', 'This mailbox has been closed.')
  }
}

const nobody = new Uint32Array(0)
const noNews = (highestModSeq: number): MailboxNews => ({
  highestModSeq,
  vanished: nobody,
  vanishedMessages: nobody,
  changed: nobody,
})
