// An account's handle: the bound account goes into every query and every mutation, so that a mailbox id of another
// account is a mailbox that does not exist. Reads run here and now on a snapshot; writes wait for their group.

import { allRights } from '../handles/rights.js'
import { spelled } from '../mailboxes/names.js'
import { keywordSetShift, systemFlagMask } from '../messages/entries.js'
import type { PreparedMessage } from '../messages/prepare.js'
import { type AccountId, type MailboxId, type MailboxStatus, noFlags, type SpecialUse, type UidSet } from '../model.js'
import { refuse } from '../refusals.js'
import type {
  Account,
  Append,
  Appended,
  Changes,
  Copied,
  Expunged,
  FlagChange,
  FlagsStored,
  MailboxListing,
  MessageSource,
  OpenMailbox,
  Quota,
  Replaced,
} from '../store.js'
import { type AppendEntry, append, replace } from './append.js'
import type { KeywordNames } from './keywords.js'
import { deltaSince, listMailboxes, mailboxById, mailboxNamed, type Scope, vanishedSince } from './mailbox-reads.js'
import { createMailbox, deleteMailbox, renameMailbox, setSpecialUse, subscribe } from './mailboxes.js'
import { copy, expunge, move, setFlags } from './messages.js'
import type { OpenMailboxes } from './open-mailboxes.js'
import { claimRecent } from './recent.js'
import { type TwinParts, writeMerging } from './sent-merge.js'
import type { Transaction } from './transaction.js'

export interface AccountParts extends TwinParts {
  readonly keywords: KeywordNames
  readonly open: OpenMailboxes
  readonly stage: (source: MessageSource) => PreparedMessage | Promise<PreparedMessage>
  readonly now: () => number
}

export class SqliteAccount implements Account {
  readonly id: AccountId
  readonly rights = allRights
  readonly #parts: AccountParts
  /** Mailboxes that were found to be this account's, as they stay for good: an id is never used twice. */
  readonly #owned = new Set<MailboxId>()

  constructor(id: AccountId, parts: AccountParts) {
    this.id = id
    this.#parts = parts
  }

  async mailboxes(): Promise<readonly MailboxListing[]> {
    return listMailboxes(this.#parts.db, this.id)
  }

  async mailbox(name: string): Promise<MailboxListing | undefined> {
    const found = mailboxNamed(this.#parts.db, this.id, spelled(name))
    if (found !== undefined) this.#owned.add(found.id)
    return found
  }

  async subscriptions(): Promise<readonly string[]> {
    const rows = this.#parts.db.all<{ name: string }>(
      'SELECT name FROM subscription WHERE account = ? ORDER BY name',
      this.id,
    )
    return rows.map(({ name }) => name)
  }

  createMailbox(name: string, { specialUse }: { specialUse?: SpecialUse } = {}): Promise<MailboxId> {
    return this.#write((tx) => createMailbox(tx, { account: this.id, name, specialUse }))
  }

  renameMailbox(mailbox: MailboxId, to: string): Promise<MailboxId> {
    return this.#write((tx) => renameMailbox(tx, { account: this.id, mailbox, to }))
  }

  deleteMailbox(mailbox: MailboxId): Promise<void> {
    return this.#write((tx) => deleteMailbox(tx, { account: this.id, mailbox }))
  }

  setSpecialUse(mailbox: MailboxId, use: SpecialUse | undefined): Promise<void> {
    return this.#write((tx) => setSpecialUse(tx, { account: this.id, mailbox, use }))
  }

  subscribe(name: string): Promise<void> {
    return this.#write((tx) => subscribe(tx, { account: this.id, name, on: true }))
  }

  unsubscribe(name: string): Promise<void> {
    return this.#write((tx) => subscribe(tx, { account: this.id, name, on: false }))
  }

  async status(mailbox: MailboxId): Promise<MailboxStatus> {
    return mailboxById(this.#parts.db, this.id, mailbox).status
  }

  async append(mailbox: MailboxId, messages: readonly Append[]): Promise<Appended> {
    if (messages.length === 0) refuse('invalid', 'There is nothing to append.')
    const entries: AppendEntry[] = []
    for (const message of messages) {
      const entry = this.#entryOf(message)
      entries.push(entry instanceof Promise ? await entry : entry)
    }
    return writeMerging(this.#parts, (tx, twins) => append(tx, { account: this.id, mailbox, entries, twins }))
  }

  /** Flags survive a crash of the process; a power cut may take back the last of them (design 7). */
  setFlags(mailbox: MailboxId, uids: UidSet, store: FlagChange): Promise<FlagsStored> {
    const run = (tx: Transaction): FlagsStored => setFlags(tx, { account: this.id, mailbox, uids, store })
    return this.#parts.writer.submit({ run, flush: false })
  }

  expunge(mailbox: MailboxId, uids: UidSet): Promise<Expunged> {
    return this.#write((tx) => expunge(tx, { account: this.id, mailbox, uids, always: false }))
  }

  remove(mailbox: MailboxId, uids: UidSet): Promise<Expunged> {
    return this.#write((tx) => expunge(tx, { account: this.id, mailbox, uids, always: true }))
  }

  copy(mailbox: MailboxId, uids: UidSet, to: MailboxId): Promise<Copied> {
    return this.#write((tx) => copy(tx, { account: this.id, mailbox, uids, to }))
  }

  move(mailbox: MailboxId, uids: UidSet, to: MailboxId): Promise<Copied> {
    return this.#write((tx) => move(tx, { account: this.id, mailbox, uids, to }))
  }

  async replace(mailbox: MailboxId, uid: number, to: MailboxId, message: Append): Promise<Replaced> {
    const entry = await this.#entryOf(message)
    return writeMerging(this.#parts, (tx, twins) => replace(tx, { account: this.id, mailbox, uid, to, entry, twins }))
  }

  async changesSince(mailbox: MailboxId, modSeq: number): Promise<Changes> {
    this.#own(mailbox)
    return changes(this.#parts, { mailbox }, modSeq)
  }

  async vanishedSince(mailbox: MailboxId, modSeq: number): Promise<UidSet> {
    this.#own(mailbox)
    const { db } = this.#parts
    return db.snapshot(() => vanishedSince(db, mailbox, modSeq))
  }

  async open(mailbox: MailboxId): Promise<OpenMailbox> {
    if (!this.#owned.has(mailbox)) this.#own(mailbox)
    return this.#parts.open.open({
      scope: { mailbox },
      accounts: () => [this.id],
      status: () => mailboxById(this.#parts.db, this.id, mailbox).status,
    })
  }

  /** Of a mailbox whose index is open nobody waits for what another session of this process takes. */
  async claimRecent(mailbox: MailboxId, upTo: number): Promise<UidSet> {
    if (!this.#owned.has(mailbox)) this.#own(mailbox)
    const { open, writer } = this.#parts
    if (open.recentAfter(mailbox) >= upTo) return []
    open.noteRecentAfter(mailbox, upTo)
    const run = (tx: Transaction): UidSet => claimRecent(tx, { account: this.id, mailbox, upTo })
    try {
      return await writer.submit({ run, flush: false })
    } catch (error) {
      open.noteRecentAfter(mailbox, 0)
      throw error
    }
  }

  async quota(): Promise<Quota> {
    const row = this.#parts.db.get<{
      bytes: number
      messages: number
      bytesMax: number | null
      messagesMax: number | null
    }>(
      `SELECT used_bytes AS bytes, used_messages AS messages, quota_bytes AS bytesMax, quota_messages AS messagesMax
       FROM inbox WHERE id = ?`,
      this.id,
    )
    if (row === undefined) refuse('not-found', 'That inbox is gone.')
    return {
      bytes: { used: row.bytes, limit: row.bytesMax ?? undefined },
      messages: { used: row.messages, limit: row.messagesMax ?? undefined },
    }
  }

  #entryOf({ message, flags = noFlags, internalDate }: Append): AppendEntry | Promise<AppendEntry> {
    const place = { flags, internalDate: internalDate ?? Math.floor(this.#parts.now() / 1000) }
    const staged = isStaged(message) ? message : this.#parts.stage(message)
    if (staged instanceof Promise) return staged.then((prepared) => ({ message: prepared, ...place }))
    return { message: staged, ...place }
  }

  #write<Result>(run: (tx: Transaction) => Result): Promise<Result> {
    return this.#parts.writer.submit({ run, flush: true })
  }

  #own(mailbox: MailboxId): void {
    const row = this.#parts.db.get('SELECT 1 FROM mailbox WHERE id = ? AND account = ?', mailbox, this.id)
    if (row === undefined) refuse('no-such-mailbox', 'That mailbox is gone.')
  }
}

const isStaged = (message: Append['message']): message is PreparedMessage => 'listing' in message

export function changes(
  { db, keywords }: Pick<AccountParts, 'db' | 'keywords'>,
  scope: Scope,
  modSeq: number,
): Changes {
  const delta = db.snapshot(() => deltaSince(db, scope, modSeq))
  const changed = Array.from({ length: delta.entries.length }, (_, i) => {
    const { uid, flags, modSeq: at } = delta.entries.at(i)
    return {
      uid,
      flags: { system: flags & systemFlagMask, keywords: keywords.of(flags >>> keywordSetShift) },
      modSeq: at,
    }
  })
  return { highestModSeq: delta.modSeq, changed, vanished: delta.vanished }
}
