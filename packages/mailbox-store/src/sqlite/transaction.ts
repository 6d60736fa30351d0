// What a mutation sees while its group's transaction is open: rows and chunks that are held in memory, changed there, and
// written once for the whole group. Each mutation's changes can be undone alone: whoever changes what is remembered says so
// first, and the savepoint keeps how to put it back. `forget` empties the memory when another process has written or a
// commit has failed.

import { existsSync } from 'node:fs'
import type { FileBlobs } from '../blobs/file-blobs.js'
import type { StoreLimits } from '../limits.js'
import type { MailboxDelta } from '../messages/mailbox-delta.js'
import {
  type AccountId,
  type MailboxChange,
  type MailboxId,
  type MessageId,
  mergedInbox,
  messageIdMax,
  type SpaceId,
} from '../model.js'
import { refuse } from '../refusals.js'
import { Chunks } from './chunks.js'
import type { Connection } from './connection.js'
import { Deltas, type Follows } from './deltas.js'
import { KeywordSets } from './keywords.js'
import { nextMessageId } from './message-ids.js'
import { type AccountRow, type MailboxRow, RememberedRows, type SpaceRow } from './remembered-rows.js'

export interface TransactionOptions {
  readonly limits: StoreLimits
  readonly now: () => number
  readonly blobs: FileBlobs
  /** Whether an index of this process wants to hear what happens to a mailbox. */
  readonly follows: Follows
}

const rememberedRowsMax = 4_096

export class Transaction {
  readonly db: Connection
  readonly limits: StoreLimits
  readonly chunks: Chunks
  readonly keywords: KeywordSets
  readonly deltas: Deltas
  readonly #now: () => number
  readonly #blobs: FileBlobs
  readonly #rows: RememberedRows
  readonly #opModSeqs = new Map<number, number>()
  #nextMessage: number | undefined
  #undo: (() => void)[] = []
  #changed = new Map<number, MailboxRow>()

  constructor(db: Connection, { limits, now, blobs, follows }: TransactionOptions) {
    this.db = db
    this.limits = limits
    this.#now = now
    this.#blobs = blobs
    const undo = (action: () => void): void => {
      this.#undo.push(action)
    }
    this.chunks = new Chunks(db, { undo })
    this.keywords = new KeywordSets(this, undo)
    this.deltas = new Deltas(follows)
    this.#rows = new RememberedRows(db, undo)
  }

  /** Milliseconds. */
  get now(): number {
    return this.#now()
  }

  mailbox(id: MailboxId): MailboxRow {
    return this.#rows.mailbox(id)
  }

  /** The mailbox, if it is this account's: an account's handle reaches nothing else. */
  mailboxOf(account: AccountId, id: MailboxId): MailboxRow {
    const mailbox = this.#rows.mailbox(id)
    if (mailbox.account !== account) refuse('no-such-mailbox', 'That mailbox is gone.')
    return mailbox
  }

  space(id: SpaceId): SpaceRow {
    return this.#rows.space(id)
  }

  uidValidityOf({ uidValidity, space }: MailboxRow): number {
    return uidValidity ?? this.space(space).uidValidity
  }

  account(id: AccountId): AccountRow {
    return this.#rows.account(id)
  }

  /** Each says that a remembered row is about to change. */
  touchMailbox(row: MailboxRow): MailboxRow {
    return this.#rows.touchMailbox(row)
  }

  touchSpace(row: SpaceRow): SpaceRow {
    return this.#rows.touchSpace(row)
  }

  touchAccount(row: AccountRow): AccountRow {
    return this.#rows.touchAccount(row)
  }

  /** A sweep removes files under the write lock that this transaction holds: what is there now stays. */
  requireFile(hash: Uint8Array): void {
    if (!existsSync(this.#blobs.pathOf(hash))) refuse('io-error', 'The file of that message is gone.', 'Send it again.')
  }

  newMessageId(): MessageId {
    this.#nextMessage ??= nextMessageId(this.db)
    if (this.#nextMessage > messageIdMax) refuse('uids-exhausted', 'This store has no message numbers left.')
    return this.#nextMessage++ as MessageId
  }

  /** The modseq of this mutation in the mailbox's space; the mailbox is noted as changed. */
  nextModSeq(mailbox: MailboxRow): number {
    let modSeq = this.#opModSeqs.get(mailbox.space)
    if (modSeq === undefined) {
      modSeq = ++this.touchSpace(this.space(mailbox.space)).modSeq
      this.#opModSeqs.set(mailbox.space, modSeq)
    }
    this.touchMailbox(mailbox).modSeq = modSeq
    this.deltas.changing(mailbox)
    this.#noteChanged(mailbox)
    return modSeq
  }

  #noteChanged(mailbox: MailboxRow): void {
    if (this.#changed.has(mailbox.id)) return
    this.#changed.set(mailbox.id, mailbox)
    this.#undo.push(() => this.#changed.delete(mailbox.id))
  }

  /** Says that a mutation is about to write, or has written, the account's row past this memory. */
  forgetAccount(id: AccountId): void {
    this.#rows.forgetAccount(id)
  }

  /** The mailbox's rows are deleted: nothing of it may be written again, and its listeners hear a last change. */
  removed(box: MailboxRow): void {
    this.#rows.removed(box)
    this.chunks.forgetMailbox(box.id)
    this.deltas.changing(box)
    this.#noteChanged(box)
  }

  start(): void {
    if (this.#rows.size > rememberedRowsMax) this.forget()
    this.chunks.makeRoom()
    this.#changed = new Map()
    this.deltas.forget()
    this.#undo = []
  }

  savepoint(): void {
    this.db.prepare('SAVEPOINT mutation').run()
    this.#undo = []
    this.#opModSeqs.clear()
    this.#rows.beginMutation()
    this.deltas.beginMutation()
  }

  release(): void {
    this.db.prepare('RELEASE mutation').run()
    this.deltas.endMutation()
    this.#undo = []
  }

  rollbackToSavepoint(): void {
    this.db.prepare('ROLLBACK TO mutation').run()
    this.db.prepare('RELEASE mutation').run()
    this.deltas.undoMutation()
    for (const action of this.#undo.reverse()) action()
    this.#undo = []
  }

  /** Writes what is remembered and not yet in the database. Mutations that query past the memory call it first. */
  write(): void {
    this.chunks.write()
    this.#rows.write()
  }

  takeChanges(): MailboxChange[] {
    const changes: MailboxChange[] = []
    for (const { id, space, account, modSeq, shared } of this.#changed.values()) {
      changes.push({ mailbox: id, space, account, modSeq })
      if (shared) changes.push({ mailbox: mergedInbox(space), space, account, modSeq })
    }
    this.#changed = new Map()
    return changes
  }

  takeDeltas(): readonly MailboxDelta[] {
    return this.deltas.take()
  }

  forget(): void {
    this.#rows.forget()
    this.chunks.forget()
    this.keywords.forget()
    this.deltas.forget()
    this.#nextMessage = undefined
    this.#undo = []
    this.#changed = new Map()
  }
}
