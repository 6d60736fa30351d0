// The indexes that this process has open. A mailbox's index is loaded once, shared by all who open it, moved on by
// whoever refreshes first, and kept a while when the last one closes, as far as there's room.

import type { FileBlobs } from '../blobs/file-blobs.js'
import { keywordSetShift, systemFlagMask } from '../messages/entries.js'
import type { MailboxIndex } from '../messages/mailbox-index.js'
import type { AccountId, Flags, MailboxStatus } from '../model.js'
import { refuse, StoreRefusal } from '../refusals.js'
import type { SearchQuery } from '../search/query.js'
import type { Content, MailboxNews, MessageRow, OpenMailbox, RowWants, SearchOptions } from '../store.js'
import type { Connection } from './connection.js'
import type { KeywordNames } from './keywords.js'
import { deltaSince, loadIndex, type Scope } from './mailbox-reads.js'
import { messageContent, messageRows } from './message-reads.js'

export interface OpenMailboxesOptions {
  readonly db: Connection
  readonly blobs: FileBlobs
  readonly keywords: KeywordNames
  readonly search: (
    index: MailboxIndex,
    accounts: readonly AccountId[],
    query: SearchQuery,
    options: SearchOptions,
  ) => Promise<Uint32Array>
}

interface Shared {
  readonly index: MailboxIndex
  readonly holders: Set<Holder>
}

export interface OpenRequest {
  readonly scope: Scope
  readonly accounts: () => readonly AccountId[]
  readonly status: () => MailboxStatus
}

/** Indexes that are kept when the last holder goes: clients close a mailbox and open it again all the time. */
const idleBytesMax = 33_554_432
const idleIndexesMax = 256

export class OpenMailboxes {
  readonly options: OpenMailboxesOptions
  readonly #open = new Map<string, Shared>()
  /** Those of them that nobody holds, the longest unheld first. */
  readonly #idle = new Map<string, Shared>()

  constructor(options: OpenMailboxesOptions) {
    this.options = options
  }

  open(request: OpenRequest): OpenMailbox {
    const key = JSON.stringify(request.scope)
    const shared = this.#known(key, request.scope) ?? this.#load(key, request.scope)
    this.#idle.delete(key)
    return new Holder({ open: this, shared, request, key })
  }

  #load(key: string, scope: Scope): Shared {
    const { db } = this.options
    const shared: Shared = { index: db.snapshot(() => loadIndex(db, scope)), holders: new Set() }
    this.#open.set(key, shared)
    return shared
  }

  /** One that is open or was lately, with what has happened since. */
  #known(key: string, scope: Scope): Shared | undefined {
    const shared = this.#open.get(key)
    if (shared === undefined) return undefined
    try {
      this.bringUp(shared, scope)
      return shared
    } catch (error) {
      if (shared.holders.size === 0) this.#forget(key)
      throw error
    }
  }

  bringUp({ index }: Shared, scope: Scope): void {
    const { db } = this.options
    const delta = db.snapshot(() => deltaSince(db, scope, index.modSeq))
    index.apply(delta)
  }

  /** Who has a mailbox open when it's deleted sees every message vanish, and then nothing more. */
  refresh({ shared, request }: HolderOptions): void {
    try {
      this.bringUp(shared, request.scope)
    } catch (error) {
      if (!(error instanceof StoreRefusal && error.code === 'no-such-mailbox')) throw error
      shared.index.empty()
    }
  }

  release(key: string, shared: Shared, holder: Holder): void {
    shared.holders.delete(holder)
    forgetHeard(shared)
    if (shared.holders.size > 0 || this.#open.get(key) !== shared) return
    this.#idle.set(key, shared)
    let bytes = 0
    for (const [, { index }] of this.#idle) bytes += index.byteLength
    for (const [oldest, { index }] of this.#idle) {
      if (bytes <= idleBytesMax && this.#idle.size <= idleIndexesMax) return
      bytes -= index.byteLength
      this.#forget(oldest)
    }
  }

  #forget(key: string): void {
    this.#idle.delete(key)
    this.#open.delete(key)
  }
}

function forgetHeard({ index, holders }: Shared): void {
  let heard = Number.POSITIVE_INFINITY
  for (const holder of holders) heard = Math.min(heard, holder.modSeq)
  index.forgetVanished(heard)
}

interface HolderOptions {
  readonly open: OpenMailboxes
  readonly shared: Shared
  readonly request: OpenRequest
  readonly key: string
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

  flagsOf(packed: number): Flags {
    const { keywords } = this.#options.open.options
    return { system: packed & systemFlagMask, keywords: keywords.of(packed >>> keywordSetShift) }
  }

  async refresh(): Promise<MailboxNews> {
    this.#stillOpen()
    const { open, shared } = this.#options
    open.refresh(this.#options)
    const { index } = shared
    if (this.modSeq === index.modSeq) return noNews(index.modSeq)
    const vanished = index.vanishedSince(this.modSeq, this.#lastUid)
    const news: MailboxNews = {
      highestModSeq: index.modSeq,
      vanished: vanished.uids,
      vanishedMessages: vanished.messages,
      changed: index.changedSince(this.modSeq),
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

  async search(query: SearchQuery, options: SearchOptions = {}): Promise<Uint32Array> {
    this.#stillOpen()
    const { open, shared, request } = this.#options
    return open.options.search(shared.index, request.accounts(), query, options)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    const { open, key, shared } = this.#options
    open.release(key, shared, this)
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
