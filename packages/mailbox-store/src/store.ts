// The store as its callers see it: use cases, each one transaction, all asynchronous, no `begin()`. Two engines stand
// behind it and pass one contract suite (test/contract). An account's handle reaches that account's mail alone.
//
// After a commit the store calls the `ring` it was opened with; who listens asks `changesSince` or refreshes an open
// mailbox. Nothing here knows of a protocol.

import type { By, Directory, Page, PageOptions } from './directory/directory.js'
import type { AccountRights } from './handles/rights.js'
import type { Imports } from './imports/imports.js'
import type { Listings, ListingWants } from './messages/listings.js'
import type { MailboxIndex } from './messages/mailbox-index.js'
import type { PreparedMessage } from './messages/prepare.js'
import type {
  AccountId,
  DomainId,
  Flags,
  MailboxId,
  MailboxRecord,
  MailboxStatus,
  SpecialUse,
  UidSet,
} from './model.js'
import type { Outbox } from './outbox/outbox.js'
import type { SearchQuery, SortKey } from './search/query.js'

export interface Store {
  readonly directory: Directory
  readonly outbox: Outbox
  readonly imports: Imports
  account(id: AccountId): Account
  /** `*@domain`: one mailbox, every inbox's INBOX, in the order of arrival (contract C12). */
  domainView(id: DomainId): DomainView
  /** Takes message bytes of any size off a stream, outside any transaction. `append` and `submit` place what it returns. */
  stage(source: MessageSource): Promise<StagedMessage>
  /** What inboxes under legal hold have lost. */
  readonly held: HeldMail
  maintenance: Maintenance
  /** Answers what waits, then lets go of the files. */
  close(): Promise<void>
}

export type MessageSource = Uint8Array | AsyncIterable<Uint8Array>

/** A message on its way in: parsed, and, if it is a large one, flushed to its file. */
export type StagedMessage = PreparedMessage

export interface Append {
  readonly message: MessageSource | StagedMessage
  readonly flags?: Flags
  /** Unix seconds; now if left out. */
  readonly internalDate?: number
}

export interface Appended {
  readonly uidValidity: number
  readonly uids: Uint32Array
  readonly modSeq: number
}

export interface FlagChange {
  readonly how: 'add' | 'remove' | 'replace'
  readonly flags: Flags
  /** RFC 7162 §3.1.3: messages changed after this modseq are left alone and reported in `failed`. */
  readonly unchangedSince?: number
  /** Bits of `systemFlag` that stay as they are, whatever the change says of them. */
  readonly keep?: number
}

export interface FlagsStored {
  /** Of what is in `changed`; the mailbox's present one where nothing changed. */
  readonly modSeq: number
  readonly changed: Uint32Array
  readonly failed: Uint32Array
}

export interface Expunged {
  readonly uids: Uint32Array
  readonly modSeq: number
}

export interface Copied {
  readonly uidValidity: number
  readonly from: Uint32Array
  readonly to: Uint32Array
}

export interface Replaced {
  readonly uidValidity: number
  readonly uid: number
  /** Of the removal, in the mailbox that the old message was in. */
  readonly modSeq: number
}

export interface Changes {
  /** Everything up to here is told. */
  readonly highestModSeq: number
  readonly changed: readonly ChangedEntry[]
  /** Uids that are gone. Where old expunges are forgotten it is every uid below UIDNEXT that isn't there. */
  readonly vanished: UidSet
}

export interface ChangedEntry {
  readonly uid: number
  readonly flags: Flags
  readonly modSeq: number
}

export interface MailboxListing extends MailboxRecord {
  readonly status: MailboxStatus
}

export interface Account {
  readonly id: AccountId
  /** What this handle lets its holder do; the rest it refuses. */
  readonly rights: AccountRights
  mailboxes(): Promise<readonly MailboxListing[]>
  mailbox(name: string): Promise<MailboxListing | undefined>
  subscriptions(): Promise<readonly string[]>
  createMailbox(name: string, options?: { specialUse?: SpecialUse }): Promise<MailboxId>
  /** For INBOX a new mailbox takes its mail (RFC 9051 §6.3.6); the id of the mailbox that has it now comes back. */
  renameMailbox(mailbox: MailboxId, to: string): Promise<MailboxId>
  deleteMailbox(mailbox: MailboxId): Promise<void>
  setSpecialUse(mailbox: MailboxId, use: SpecialUse | undefined): Promise<void>
  subscribe(name: string): Promise<void>
  unsubscribe(name: string): Promise<void>
  status(mailbox: MailboxId): Promise<MailboxStatus>

  /** All or none, one commit; the answer comes after the flush. */
  append(mailbox: MailboxId, messages: readonly Append[]): Promise<Appended>
  setFlags(mailbox: MailboxId, uids: UidSet, change: FlagChange): Promise<FlagsStored>
  /** Messages with \Deleted, of these uids (RFC 9051 §6.4.9). */
  expunge(mailbox: MailboxId, uids: UidSet): Promise<Expunged>
  /** These messages, \Deleted or not: for an API's delete and for sweeps. */
  remove(mailbox: MailboxId, uids: UidSet): Promise<Expunged>
  copy(mailbox: MailboxId, uids: UidSet, to: MailboxId): Promise<Copied>
  move(mailbox: MailboxId, uids: UidSet, to: MailboxId): Promise<Copied>
  /** Removes a message and appends another, in one commit; room is needed only for what the new one has more. RFC 8508. */
  replace(mailbox: MailboxId, uid: number, to: MailboxId, message: Append): Promise<Replaced>
  changesSince(mailbox: MailboxId, modSeq: number): Promise<Changes>
  /** The `vanished` of `changesSince`, for who finds the rest in an open mailbox. */
  vanishedSince(mailbox: MailboxId, modSeq: number): Promise<UidSet>
  open(mailbox: MailboxId): Promise<OpenMailbox>
  /**
   * Of the uids up to this one those that nobody was told of: they're recent to the caller, and to nobody else from now on
   * (RFC 3501 §2.3.2). Who may only read is told the same, and takes nothing.
   */
  claimRecent(mailbox: MailboxId, upTo: number): Promise<UidSet>
  quota(): Promise<Quota>
}

export interface Quota {
  readonly bytes: { readonly used: number; readonly limit: number | undefined }
  readonly messages: { readonly used: number; readonly limit: number | undefined }
}

export interface DomainView {
  readonly id: DomainId
  /** Names the merged INBOX where mailboxes are named: the ring has it beside the inbox's own that changed. */
  readonly mailbox: MailboxId
  /** RFC 8474 MAILBOXID. */
  objectId(): Promise<string>
  status(): Promise<MailboxStatus>
  setFlags(uids: UidSet, change: FlagChange): Promise<FlagsStored>
  expunge(uids: UidSet): Promise<Expunged>
  changesSince(modSeq: number): Promise<Changes>
  open(): Promise<OpenMailbox>
}

/** What happened to an open mailbox between two refreshes of one holder. */
export interface MailboxNews {
  readonly highestModSeq: number
  /** Ascending; with the message each uid stood for, whose bytes stay readable for the sweep's grace. */
  readonly vanished: Uint32Array
  readonly vanishedMessages: Uint32Array
  /** Uids whose flags changed or that are new, ascending. */
  readonly changed: Uint32Array
}

/**
 * One holder's grip on a mailbox's index, which all holders of the process share. The index moves when any of them
 * refreshes; `refresh` tells each holder what has happened since its own last refresh. When the mailbox is deleted,
 * every message of it vanishes.
 */
export interface OpenMailbox {
  readonly index: MailboxIndex
  /** Known from the `refresh` that found it out. */
  readonly isDeleted: boolean
  flagsOf(packed: number): Flags
  /** What changed at one of its `own` modseqs, and then only there, is no news to a holder. */
  refresh(own?: ReadonlySet<number>): Promise<MailboxNews>
  status(): Promise<MailboxStatus>
  /** In the order of `messages`, in slices; a message that has meanwhile been purged is passed over. */
  rows(messages: Uint32Array, want: RowWants): AsyncIterable<readonly MessageRow[]>
  /** ENVELOPE, BODYSTRUCTURE and headers of these messages: one read, for some hundred at a time. */
  listings(messages: Uint32Array, want: ListingWants): Promise<Listings>
  content(message: number): Promise<Content | undefined>
  /**
   * The bytes of these messages, as far as they are small: one read. Undefined for large ones, and for those that have been
   * purged; `content` knows which.
   */
  contents(messages: Uint32Array): Promise<readonly (Content | undefined)[]>
  search(query: SearchQuery, options?: SearchOptions): Promise<Uint32Array>
  /** What threading compares of these messages, which are in the order of their uids (RFC 5256 §3). */
  threading(uids: Uint32Array, options?: { readonly signal?: AbortSignal }): Promise<Threading>
  close(): void
}

/** Numbers message by message: equal ones mean equal things, and are good for this answer alone. */
export interface Threading {
  /** Ranks of the sent dates, of the internal ones where there's none (RFC 5256 §2.2); all are below `dateCount`. */
  readonly dates: Uint32Array
  readonly dateCount: number
  /** Base subjects without case; 0 is the empty one. */
  readonly subjects: Uint32Array
  readonly subjectCount: number
  /** 1 where the subject says that it's a reply or was forwarded. */
  readonly isReply: Uint8Array
  /** The message's own Message-ID; 0 where there's none. All ids are at most `idCount`. */
  readonly own: Uint32Array
  readonly idCount: number
  /** The ids that a message refers to, oldest first: in `refs` from its place in `starts` up to the next one's. */
  readonly starts: Uint32Array
  readonly refs: Uint32Array
}

export interface SearchOptions {
  /** Uids come back in this order instead of ascending (RFC 5256). */
  readonly sort?: readonly SortKey[]
  /** Ends the search with `aborted`: the client is gone, or the time is up. */
  readonly signal?: AbortSignal
}

/** What to read of a message besides what the index holds. Columns that aren't wanted aren't read from the disk. */
export interface RowWants {
  readonly parts?: boolean
  readonly preview?: boolean
  readonly ids?: boolean
}

export interface MessageRow {
  readonly message: number
  readonly size: number
  readonly internalDate: number
  readonly bodyStart: number
  /** For `decodeParts` of @postern/message. */
  readonly parts: Uint8Array
  readonly preview: string
  readonly emailId: string
  readonly threadId: string
}

/** A message's bytes. Small ones are at hand; large ones are read from their file as asked. */
export interface Content {
  readonly size: number
  /** All of them, where they are at hand. */
  readonly held?: Uint8Array
  bytes(range?: ByteRange): Promise<Uint8Array>
  stream(range?: ByteRange): AsyncIterable<Uint8Array>
}

/** Half open, clipped to the message. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

export interface HeldFilter extends PageOptions {
  readonly account: AccountId
}

/** A message that its owner has removed while the inbox was under legal hold. */
export interface HeldMessage {
  readonly id: number
  /** Where it was; the mailbox may be gone, or another one of the name be there. */
  readonly mailbox: string
  readonly uidValidity: number
  readonly uid: number
  readonly flags: Flags
  readonly size: number
  /** Unix seconds. */
  readonly internalDate: number
  readonly saveDate: number
  /** Unix milliseconds. */
  readonly goneAt: number
  readonly emailId: string
  /** The header block. */
  readonly header: Uint8Array
}

/** For who has ordered a legal hold; no handle of the owner's reaches it. */
export interface HeldMail {
  /** In the order in which it went. */
  list(filter: HeldFilter): Promise<Page<HeldMessage>>
  /** Puts into the audit log that the messages were taken out. */
  noteExport(account: AccountId, options?: By): Promise<void>
  /** The bytes of one in the list; `not-found` when the hold was lifted meanwhile. */
  content(id: number): Promise<Content>
}

export interface Maintenance {
  /** A consistent copy of the whole store, taken while it runs. */
  backup(target: BackupTarget): Promise<BackupReport>
  /** Reads everything and checks it against itself; an empty list means sound. */
  verify(): Promise<readonly string[]>
  /** One bounded slice of cleaning: purged messages, orphaned files, old expunges, retention. True when more is left. */
  sweep(options?: SweepOptions): Promise<boolean>
  /** Removes files that no row names, older than an hour. Reads every file's name. */
  sweepOrphans(): Promise<number>
  /** Waits until every message is in the search index. */
  indexed(): Promise<void>
}

export interface BackupTarget {
  /** A file that isn't there yet. */
  readonly database: string
  /** The folder for the files of large messages: those that are there already stay. */
  readonly files: string
  /** The same folders of earlier backups: what they have is linked, where the disk is the same one. */
  readonly linkFrom?: readonly string[] | undefined
  /** Refused with `exists` where this store is another one: the folder has backups of that. */
  readonly storeId?: string | undefined
  /** Files done so far; the database comes before. */
  readonly onFiles?: ((done: number, of: number) => void) | undefined
}

/** A uid space as the backup has it. */
export type SpaceMark = readonly [space: number, uidValidity: number, uidNext: number, modSeq: number]

export interface BackupReport {
  /** Names this backup; the database has it, too. */
  readonly id: string
  readonly storeId: string
  readonly schema: number
  readonly database: { readonly bytes: number; readonly sha256: string }
  readonly files: CopiedFiles
  readonly holds: BackupContents
  readonly spaces: readonly SpaceMark[]
}

export interface CopiedFiles {
  readonly count: number
  readonly bytes: number
  readonly copied: number
  readonly linked: number
  /** Were there. */
  readonly kept: number
  /** Named by a message, and gone from the store: the beginning of a list of their names. */
  readonly missing: readonly string[]
}

export interface BackupContents {
  readonly domains: number
  readonly inboxes: number
  readonly mailboxes: number
  readonly messages: number
  readonly credentials: number
  /** Recipients that mail waits for. */
  readonly queued: number
}

/** Mail saved more than `days` ago is removed; Infinity keeps it, whatever `*` says. `mailbox` is a name, a special use, or `*` for those no other rule names. */
export interface RetentionRule {
  readonly domain: DomainId
  readonly mailbox: string
  readonly days: number
}

export interface SweepOptions {
  readonly retention?: readonly RetentionRule[]
  /** Messages are kept this long after their last entry went, for sessions that haven't told their clients yet. */
  readonly graceMs?: number
  readonly messagesMax?: number
}
