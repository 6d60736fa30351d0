// The words the whole store is written in: branded ids, flags, uid sets and the records that mailboxes and messages
// consist of. No behaviour but the few constructors that check a value at the edge, so that inside it can be trusted.

declare const brand: unique symbol
type Brand<T, B> = T & { readonly [brand]: B }

export type TenantId = Brand<number, 'TenantId'>
export type EnvironmentId = Brand<number, 'EnvironmentId'>
export type DomainId = Brand<number, 'DomainId'>
/** An inbox is an account: the same number names both. */
export type AccountId = Brand<number, 'AccountId'>
export type CredentialId = Brand<number, 'CredentialId'>
export type SpaceId = Brand<number, 'SpaceId'>
export type MailboxId = Brand<number, 'MailboxId'>
/** Names the stored message (the immutable bytes and what was computed from them), not its place in a mailbox. */
export type MessageId = Brand<number, 'MessageId'>

/** RFC 9051 §2.3.1.1: a uid is a non-zero 32-bit number. */
export const uidMax = 0xffff_ffff
/** SQLite rowids of messages double as the low half of a search document's id, so they stay within 32 bits. */
export const messageIdMax = 0xffff_fffe

/** Inclusive, ascending, not overlapping. `[1, uidMax]` is everything. */
export type UidRange = readonly [from: number, to: number]
export type UidSet = readonly UidRange[]
export const allUids: UidSet = [[1, uidMax]]

export type SpecialUse =
  | '\\Sent'
  | '\\Drafts'
  | '\\Trash'
  | '\\Junk'
  | '\\Archive'
  | '\\Flagged'
  | '\\All'
  | '\\Important'

/** RFC 9051 §2.3.2. `\Recent` is no flag of a message: see `recentAfter`. */
export const systemFlag = { seen: 1, answered: 2, flagged: 4, deleted: 8, draft: 16 } as const

export interface Flags {
  /** Bits of `systemFlag`. */
  readonly system: number
  readonly keywords: readonly string[]
}
export const noFlags: Flags = { system: 0, keywords: [] }

export interface MailboxRecord {
  readonly id: MailboxId
  readonly account: AccountId
  /** Full path in Unicode, `/` between levels; the inbox is `INBOX`, spelled so. */
  readonly name: string
  readonly specialUse: SpecialUse | undefined
  readonly subscribed: boolean
  /** RFC 8474 MAILBOXID. */
  readonly objectId: string
  readonly uidValidity: number
}

/** RFC 9051 §6.3.11 with SIZE (RFC 8438) and DELETED. */
export interface MailboxStatus {
  readonly messages: number
  readonly unseen: number
  readonly deleted: number
  readonly bytes: number
  readonly uidNext: number
  readonly uidValidity: number
  readonly highestModSeq: number
  /** No session was told yet of messages above this uid (RFC 3501 §2.3.2), of which there are so many. */
  readonly recentAfter: number
  readonly recent: number
}

/** The merged INBOX of a space (contract C12), named apart from every mailbox that is a row. */
export const mergedInbox = (space: SpaceId): MailboxId => -space as MailboxId

/** A mailbox's place after a change: what the doorbell carries. */
export interface MailboxChange {
  readonly mailbox: MailboxId
  readonly space: SpaceId
  readonly account: AccountId
  readonly modSeq: number
}
