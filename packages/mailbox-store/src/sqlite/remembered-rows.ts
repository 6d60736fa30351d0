// The rows that nearly every change touches, mailbox, uid space and account: read once, changed in memory, and written once
// for a whole group of mutations. Whoever changes a row says so first (`touch`), so that a mutation can be undone alone.

import type { AccountId, MailboxId, SpaceId, SpecialUse } from '../model.js'
import { refuse } from '../refusals.js'
import type { Connection } from './connection.js'

export interface MailboxRow {
  id: MailboxId
  account: AccountId
  name: string
  specialUse: SpecialUse | undefined
  space: SpaceId
  shared: boolean
  /** Null where it is its space's. */
  uidValidity: number | null
  uidNext: number
  modSeq: number
  /** Expunges after this modseq are all remembered. */
  tombstonesFrom: number
  messages: number
  unseen: number
  deleted: number
  bytes: number
  /** No session was told yet of messages above this uid, of which there are so many. */
  recentAfter: number
  recent: number
  dirty: boolean
  /** The mutation that has kept this row's state for its undoing. */
  touchedBy: number
}

export interface SpaceRow {
  id: SpaceId
  uidValidity: number
  uidNext: number
  modSeq: number
  /** Expunges in any INBOX of the space after this modseq are all remembered; those of a deleted one are forgotten with it. */
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
  legalHold: boolean
  dirty: boolean
  touchedBy: number
}

export class RememberedRows {
  readonly #db: Connection
  readonly #undo: (action: () => void) => void
  readonly #mailboxes = new Map<number, MailboxRow>()
  readonly #spaces = new Map<number, SpaceRow>()
  readonly #accounts = new Map<number, AccountRow>()
  /** Those that have changed, and some that a mutation changed whose doing was undone. */
  readonly #dirty = { mailboxes: new Set<MailboxRow>(), spaces: new Set<SpaceRow>(), accounts: new Set<AccountRow>() }
  #mutation = 0

  constructor(db: Connection, undo: (action: () => void) => void) {
    this.#db = db
    this.#undo = undo
  }

  get size(): number {
    return this.#mailboxes.size + this.#accounts.size + this.#spaces.size
  }

  /** From here on a row that changes is kept anew for its undoing. */
  beginMutation(): void {
    this.#mutation++
  }

  mailbox(id: MailboxId): MailboxRow {
    const known = this.#mailboxes.get(id)
    if (known !== undefined) return known
    const row = this.#db.get<
      Omit<MailboxRow, 'shared' | 'specialUse' | 'dirty' | 'touchedBy'> & { shared: number; specialUse: string | null }
    >(
      `SELECT id, account, name, special_use AS specialUse, space, shared, uid_validity AS uidValidity, uid_next AS uidNext, mod_seq AS modSeq,
       tombstones_from AS tombstonesFrom, messages, unseen, deleted, bytes, recent_after AS recentAfter, recent
       FROM mailbox WHERE id = ?`,
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
    const row = this.#db.get<SpaceRow>(
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
    const row = this.#db.get<
      Omit<AccountRow, 'legalHold'> & { quotaBytes: number | null; quotaMessages: number | null; legalHold: number }
    >(
      `SELECT id, legal_hold AS legalHold, quota_bytes AS quotaBytes, quota_messages AS quotaMessages, used_bytes AS usedBytes,
       used_messages AS usedMessages, keyword_sets AS keywordSets FROM inbox WHERE id = ?`,
      id,
    )
    if (row === undefined) refuse('not-found', 'That inbox is gone.')
    const account: AccountRow = {
      ...row,
      quotaBytes: row.quotaBytes ?? undefined,
      quotaMessages: row.quotaMessages ?? undefined,
      legalHold: row.legalHold === 1,
      dirty: false,
      touchedBy: 0,
    }
    this.#remember(this.#accounts, id, account)
    return account
  }

  /** A row that this mutation may itself have made is forgotten again if the mutation is undone. */
  #remember<Row>(rows: Map<number, Row>, id: number, row: Row): void {
    rows.set(id, row)
    this.#undo(() => rows.delete(id))
  }

  /** Says that the row is about to change. */
  touchMailbox(row: MailboxRow): MailboxRow {
    return this.#touch(row, this.#dirty.mailboxes)
  }

  touchSpace(row: SpaceRow): SpaceRow {
    return this.#touch(row, this.#dirty.spaces)
  }

  touchAccount(row: AccountRow): AccountRow {
    return this.#touch(row, this.#dirty.accounts)
  }

  #touch<Row extends MailboxRow | SpaceRow | AccountRow>(row: Row, dirty: Set<Row>): Row {
    if (row.touchedBy !== this.#mutation) {
      const before = { ...row }
      this.#undo(() => Object.assign(row, before))
      row.touchedBy = this.#mutation
    }
    if (!row.dirty) dirty.add(row)
    row.dirty = true
    return row
  }

  /** Says that somebody is about to write, or has written, the account's row past this memory. */
  forgetAccount(id: AccountId): void {
    this.write()
    const account = this.#accounts.get(id)
    if (account === undefined) return
    this.#accounts.delete(id)
    this.#undo(() => this.#accounts.set(id, account))
  }

  /** The mailbox's rows are deleted: nothing of them may be written again. */
  removed(box: MailboxRow): void {
    if (box.shared) this.touchSpace(this.space(box.space)).tombstonesFrom = this.space(box.space).modSeq
    this.#mailboxes.delete(box.id)
    this.#undo(() => this.#mailboxes.set(box.id, box))
    const space = this.#spaces.get(box.space)
    if (box.shared || space === undefined) return
    this.#spaces.delete(box.space)
    this.#undo(() => this.#spaces.set(box.space, space))
  }

  write(): void {
    const { mailboxes, spaces, accounts } = this.#dirty
    for (const space of spaces) if (space.dirty) this.#writeSpace(space)
    for (const account of accounts) if (account.dirty) this.#writeAccount(account)
    for (const mailbox of mailboxes) if (mailbox.dirty) this.#writeMailbox(mailbox)
    spaces.clear()
    accounts.clear()
    mailboxes.clear()
  }

  #clean<Row extends MailboxRow | SpaceRow | AccountRow>(row: Row, dirty: Set<Row>): void {
    row.dirty = false
    this.#undo(() => {
      row.dirty = true
      dirty.add(row)
    })
  }

  #writeSpace(space: SpaceRow): void {
    this.#db.run(
      'UPDATE uid_space SET uid_next = ?, mod_seq = ?, tombstones_from = ? WHERE id = ?',
      space.uidNext,
      space.modSeq,
      space.tombstonesFrom,
      space.id,
    )
    this.#clean(space, this.#dirty.spaces)
  }

  #writeAccount(account: AccountRow): void {
    this.#db.run(
      'UPDATE inbox SET used_bytes = ?, used_messages = ?, keyword_sets = ? WHERE id = ?',
      account.usedBytes,
      account.usedMessages,
      account.keywordSets,
      account.id,
    )
    this.#clean(account, this.#dirty.accounts)
  }

  #writeMailbox(m: MailboxRow): void {
    this.#db.run(
      `UPDATE mailbox SET uid_next = ?, mod_seq = ?, tombstones_from = ?, messages = ?, unseen = ?, deleted = ?,
       bytes = ?, recent_after = ?, recent = ? WHERE id = ?`,
      m.uidNext,
      m.modSeq,
      m.tombstonesFrom,
      m.messages,
      m.unseen,
      m.deleted,
      m.bytes,
      m.recentAfter,
      m.recent,
      m.id,
    )
    this.#clean(m, this.#dirty.mailboxes)
  }

  forget(): void {
    for (const dirty of Object.values(this.#dirty)) dirty.clear()
    this.#mailboxes.clear()
    this.#spaces.clear()
    this.#accounts.clear()
  }
}
