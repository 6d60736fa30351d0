// What a mutation sees while its group's transaction is open: the rows that nearly every change touches (mailbox, uid
// space, account, a mailbox's last chunk) held in memory, changed there, and written once for the whole group. Each
// mutation's changes can be undone alone: whoever changes a remembered row says so first, and the savepoint keeps
// how to put it back. `forget` empties the memory when another process has written or a commit has failed.

import { existsSync } from 'node:fs'
import type { FileBlobs } from '../blobs/file-blobs.js'
import type { StoreLimits } from '../limits.js'
import {
  type AccountId,
  type MailboxChange,
  type MailboxId,
  type MessageId,
  messageIdMax,
  type SpaceId,
  type SpecialUse,
} from '../model.js'
import { refuse } from '../refusals.js'
import { Chunks } from './chunks.js'
import type { Connection } from './connection.js'
import { KeywordSets } from './keywords.js'

export interface MailboxRow {
  id: MailboxId
  account: AccountId
  name: string
  specialUse: SpecialUse | undefined
  space: SpaceId
  shared: boolean
  uidNext: number
  modSeq: number
  /** Expunges after this modseq are all remembered. */
  tombstonesFrom: number
  messages: number
  unseen: number
  deleted: number
  bytes: number
  dirty: boolean
  /** The mutation that has kept this row's state for its undoing. */
  touchedBy: number
}

export interface SpaceRow {
  id: SpaceId
  uidValidity: number
  uidNext: number
  modSeq: number
  /** An INBOX of the space was deleted then, and its expunges forgotten with it. */
  tombstonesFrom: number
  dirty: boolean
  touchedBy: number
}

export interface AccountRow {
  id: AccountId
  quotaBytes: number | undefined
  quotaMessages: number | undefined
  usedBytes: number
  usedMessages: number
  keywordSets: number
  dirty: boolean
  touchedBy: number
}

export interface TransactionOptions {
  readonly limits: StoreLimits
  readonly now: () => number
  readonly blobs: FileBlobs
}

const rememberedRowsMax = 4_096

export class Transaction {
  readonly db: Connection
  readonly limits: StoreLimits
  readonly chunks: Chunks
  readonly keywords: KeywordSets
  readonly #now: () => number
  readonly #blobs: FileBlobs
  readonly #mailboxes = new Map<number, MailboxRow>()
  readonly #spaces = new Map<number, SpaceRow>()
  readonly #accounts = new Map<number, AccountRow>()
  readonly #opModSeqs = new Map<number, number>()
  #mutation = 0
  #nextMessage: number | undefined
  #nextMessageDirty = false
  #undo: (() => void)[] = []
  #changed = new Map<number, MailboxRow>()

  constructor(db: Connection, { limits, now, blobs }: TransactionOptions) {
    this.db = db
    this.limits = limits
    this.#now = now
    this.#blobs = blobs
    const undo = (action: () => void): void => {
      this.#undo.push(action)
    }
    this.chunks = new Chunks(db, undo)
    this.keywords = new KeywordSets(this, undo)
  }

  /** Milliseconds. */
  get now(): number {
    return this.#now()
  }

  mailbox(id: MailboxId): MailboxRow {
    const known = this.#mailboxes.get(id)
    if (known !== undefined) return known
    const row = this.db.get<
      Omit<MailboxRow, 'shared' | 'specialUse' | 'dirty' | 'touchedBy'> & { shared: number; specialUse: string | null }
    >(
      `SELECT id, account, name, special_use AS specialUse, space, shared, uid_next AS uidNext, mod_seq AS modSeq,
       tombstones_from AS tombstonesFrom, messages, unseen, deleted, bytes FROM mailbox WHERE id = ?`,
      id,
    )
    if (row === undefined) refuse('no-such-mailbox', 'That mailbox is gone.')
    const specialUse = (row.specialUse ?? undefined) as SpecialUse | undefined
    const mailbox: MailboxRow = { ...row, specialUse, shared: row.shared === 1, dirty: false, touchedBy: 0 }
    this.#remember(this.#mailboxes, id, mailbox)
    return mailbox
  }

  /** The mailbox, if it is this account's: an account's handle reaches nothing else. */
  mailboxOf(account: AccountId, id: MailboxId): MailboxRow {
    const mailbox = this.mailbox(id)
    if (mailbox.account !== account) refuse('no-such-mailbox', 'That mailbox is gone.')
    return mailbox
  }

  space(id: SpaceId): SpaceRow {
    const known = this.#spaces.get(id)
    if (known !== undefined) return known
    const row = this.db.get<SpaceRow>(
      `SELECT id, uid_validity AS uidValidity, uid_next AS uidNext, mod_seq AS modSeq,
       tombstones_from AS tombstonesFrom FROM uid_space WHERE id = ?`,
      id,
    )
    if (row === undefined) throw new Error(`uid space ${id} is missing`)
    const space = { ...row, dirty: false, touchedBy: 0 }
    this.#remember(this.#spaces, id, space)
    return space
  }

  account(id: AccountId): AccountRow {
    const known = this.#accounts.get(id)
    if (known !== undefined) return known
    const row = this.db.get<AccountRow & { quotaBytes: number | null; quotaMessages: number | null }>(
      `SELECT id, quota_bytes AS quotaBytes, quota_messages AS quotaMessages, used_bytes AS usedBytes,
       used_messages AS usedMessages, keyword_sets AS keywordSets FROM inbox WHERE id = ?`,
      id,
    )
    if (row === undefined) refuse('not-found', 'That inbox is gone.')
    const account: AccountRow = {
      ...row,
      quotaBytes: row.quotaBytes ?? undefined,
      quotaMessages: row.quotaMessages ?? undefined,
      dirty: false,
      touchedBy: 0,
    }
    this.#remember(this.#accounts, id, account)
    return account
  }

  /** A row that this mutation may itself have made is forgotten again if the mutation is undone. */
  #remember<Row>(rows: Map<number, Row>, id: number, row: Row): void {
    rows.set(id, row)
    this.#undo.push(() => rows.delete(id))
  }

  /** Says that a remembered row is about to change. */
  touch<Row extends MailboxRow | SpaceRow | AccountRow>(row: Row): Row {
    if (row.touchedBy !== this.#mutation) {
      const before = { ...row }
      this.#undo.push(() => Object.assign(row, before))
      row.touchedBy = this.#mutation
    }
    row.dirty = true
    return row
  }

  /** A sweep removes files under the write lock that this transaction holds: what is there now stays. */
  requireFile(hash: Uint8Array): void {
    if (!existsSync(this.#blobs.pathOf(hash))) refuse('io-error', 'The file of that message is gone.', 'Send it again.')
  }

  /** Message ids are never used twice, not even after the newest messages are gone. */
  newMessageId(): MessageId {
    this.#nextMessage ??=
      this.db.get<{ value: number }>("SELECT value FROM meta WHERE key = 'message_next'")?.value ?? 1
    if (this.#nextMessage > messageIdMax) refuse('uids-exhausted', 'This store has no message numbers left.')
    this.#nextMessageDirty = true
    return this.#nextMessage++ as MessageId
  }

  /** The modseq of this mutation in the mailbox's space; the mailbox is noted as changed. */
  nextModSeq(mailbox: MailboxRow): number {
    let modSeq = this.#opModSeqs.get(mailbox.space)
    if (modSeq === undefined) {
      modSeq = ++this.touch(this.space(mailbox.space)).modSeq
      this.#opModSeqs.set(mailbox.space, modSeq)
    }
    this.touch(mailbox).modSeq = modSeq
    if (!this.#changed.has(mailbox.id)) {
      this.#changed.set(mailbox.id, mailbox)
      this.#undo.push(() => this.#changed.delete(mailbox.id))
    }
    return modSeq
  }

  /** Says that a mutation is about to write, or has written, the account's row past this memory. */
  forgetAccount(id: AccountId): void {
    this.#writeRows()
    const account = this.#accounts.get(id)
    if (account === undefined) return
    this.#accounts.delete(id)
    this.#undo.push(() => this.#accounts.set(id, account))
  }

  /** The mailbox's rows are deleted: nothing of it may be written again, and its listeners hear a last change. */
  removed(box: MailboxRow): void {
    if (box.shared) this.touch(this.space(box.space)).tombstonesFrom = this.space(box.space).modSeq
    this.#mailboxes.delete(box.id)
    this.#undo.push(() => this.#mailboxes.set(box.id, box))
    const space = this.#spaces.get(box.space)
    if (!box.shared && space !== undefined) {
      this.#spaces.delete(box.space)
      this.#undo.push(() => this.#spaces.set(box.space, space))
    }
    this.chunks.forgetMailbox(box.id)
    this.#changed.set(box.id, box)
    this.#undo.push(() => this.#changed.delete(box.id))
  }

  start(): void {
    if (this.#mailboxes.size + this.#accounts.size + this.#spaces.size > rememberedRowsMax) this.forget()
    this.#changed = new Map()
    this.#undo = []
  }

  savepoint(): void {
    this.db.prepare('SAVEPOINT mutation').run()
    this.#undo = []
    this.#opModSeqs.clear()
    this.#mutation++
  }

  release(): void {
    this.db.prepare('RELEASE mutation').run()
    this.#undo = []
  }

  rollbackToSavepoint(): void {
    this.db.prepare('ROLLBACK TO mutation').run()
    this.db.prepare('RELEASE mutation').run()
    for (const action of this.#undo.reverse()) action()
    this.#undo = []
  }

  /** Writes what is remembered and not yet in the database. Mutations that query past the memory call it first. */
  write(): void {
    this.chunks.write()
    this.#writeRows()
  }

  #writeRows(): void {
    if (this.#nextMessageDirty) {
      this.db.run("INSERT OR REPLACE INTO meta VALUES ('message_next', ?)", this.#nextMessage as number)
      this.#nextMessageDirty = false
      this.#undo.push(() => {
        this.#nextMessageDirty = true
      })
    }
    for (const space of this.#spaces.values()) if (space.dirty) this.#writeSpace(space)
    for (const account of this.#accounts.values()) if (account.dirty) this.#writeAccount(account)
    for (const mailbox of this.#mailboxes.values()) if (mailbox.dirty) this.#writeMailbox(mailbox)
  }

  #clean(row: MailboxRow | SpaceRow | AccountRow): void {
    row.dirty = false
    this.#undo.push(() => {
      row.dirty = true
    })
  }

  #writeSpace(space: SpaceRow): void {
    this.db.run(
      'UPDATE uid_space SET uid_next = ?, mod_seq = ?, tombstones_from = ? WHERE id = ?',
      space.uidNext,
      space.modSeq,
      space.tombstonesFrom,
      space.id,
    )
    this.#clean(space)
  }

  #writeAccount(account: AccountRow): void {
    this.db.run(
      'UPDATE inbox SET used_bytes = ?, used_messages = ?, keyword_sets = ? WHERE id = ?',
      account.usedBytes,
      account.usedMessages,
      account.keywordSets,
      account.id,
    )
    this.#clean(account)
  }

  #writeMailbox(m: MailboxRow): void {
    this.db.run(
      `UPDATE mailbox SET uid_next = ?, mod_seq = ?, tombstones_from = ?, messages = ?, unseen = ?, deleted = ?,
       bytes = ? WHERE id = ?`,
      m.uidNext,
      m.modSeq,
      m.tombstonesFrom,
      m.messages,
      m.unseen,
      m.deleted,
      m.bytes,
      m.id,
    )
    this.#clean(m)
  }

  takeChanges(): MailboxChange[] {
    const changes: MailboxChange[] = []
    for (const { id, space, account, modSeq } of this.#changed.values())
      changes.push({ mailbox: id, space, account, modSeq })
    this.#changed = new Map()
    return changes
  }

  forget(): void {
    this.#mailboxes.clear()
    this.#spaces.clear()
    this.#accounts.clear()
    this.chunks.forget()
    this.keywords.forget()
    this.#nextMessage = undefined
    this.#nextMessageDirty = false
    this.#undo = []
    this.#changed = new Map()
  }
}
