// The outbox's interface: what was accepted with a 250 and has to leave, recipient by recipient. `submit` is the
// commit behind that 250 (contract D4, E1, E3, E5); the relay then claims due recipients under a lease, sends, and
// reports. A process that dies loses its leases when they end, and another one goes on. Every report checks the lease
// in its own transaction, so that no recipient is settled twice. Times are Unix milliseconds, of the store's clock.

import type { Page, PageOptions } from '../directory/directory.js'
import type { HeldSendingRules } from '../directory/sending-rules.js'
import type { PreparedMessage } from '../messages/prepare.js'
import type {
  AccountId,
  CredentialId,
  EnvironmentId,
  Flags,
  MailboxId,
  MessageId,
  SpecialUse,
  TenantId,
} from '../model.js'
import type { RefusalCode } from '../refusals.js'
import type { Content } from '../store.js'

/** `held` is what a restore found open that may have been sent since: it waits for somebody's word. */
export type RecipientState = 'waiting' | 'held' | 'leased' | 'delivered' | 'failed' | 'cancelled'
/** RFC 6152, RFC 3030, RFC 6531: how the message has to be sent. */
export type BodyKind = '7bit' | '8bitmime' | 'binarymime' | 'smtputf8'

/** A mailbox by its name, made where it's missing. */
export interface NamedMailbox {
  readonly name: string
}

/** A place in an account: INBOX unless it says otherwise. */
export interface LocalPlace {
  readonly account: AccountId
  readonly mailbox?: MailboxId | SpecialUse | NamedMailbox | undefined
  readonly flags?: Flags | undefined
  /** INBOX takes it, without keywords that can't be kept, where the mailbox is gone or can't be made. */
  readonly orInbox?: boolean | undefined
}

/** Where an inbox wants a message: in several mailboxes, or, with none, nowhere. */
export type LocalPlaces = LocalPlace | readonly LocalPlace[]

/** What an inbox itself does with a message that it gets: it's sent on, or posted to the sink of one of its rules. */
export interface SentOn {
  /** Whose it is: the queue shows it there, and its limits count it. */
  readonly account: AccountId
  readonly queueId?: string | undefined
  /** Empty for a null reverse-path. */
  readonly sender: string
  readonly recipients: readonly string[]
  /** Undefined: the text that is delivered. */
  readonly message?: PreparedMessage | undefined
  readonly body: BodyKind
  /** RFC 3461, of every recipient. */
  readonly notify?: string | undefined
  /** The rule whose sink it is posted to; that counts against no limit. */
  readonly sink?: string | undefined
  /** An answer that a rule gives: not to who has had it lately, and where it can't go there is none. */
  readonly reply?: { readonly rule: string; readonly withinMs: number } | undefined
  /** Nothing else has it: what fails is filed in INBOX. */
  readonly keep: boolean
  /** It came from elsewhere: it's not signed in this gateway's name. */
  readonly foreign: boolean
  /** Over them, INBOX takes it in the place of the recipients. */
  readonly sending?: SendingAsk['sending']
}

export interface Placed {
  readonly account: AccountId
  readonly mailbox: MailboxId
  readonly uid: number
}

export interface SubmitRecipient {
  /** As the client wrote it: the local part's case is kept. */
  readonly address: string
  /** RFC 3461 NOTIFY and ORCPT, as they were given. */
  readonly notify?: string | undefined
  readonly originalRecipient?: string | undefined
  readonly local?: LocalPlaces | undefined
  /** What this one gets where it's another text than `message` of the submission: the queue holds it, should it have to wait. */
  readonly message?: PreparedMessage | undefined
  /** What its inbox sends on of its own text, in the same commit, where its places have taken it. */
  readonly sentOn?: readonly SentOn[] | undefined
  /** Who has it already: counted and settled, and nothing is stored for it. */
  readonly handedOver?: boolean | undefined
}

/** Who sends, for the limits of the hour and the day (contract D6): a credential and an inbox are counted apart. */
export interface SendingAsk {
  readonly credential?: CredentialId | undefined
  readonly account?: AccountId | undefined
  /** What holds for them, of `sendingRules`; nothing holds where it's left out. */
  readonly sending?: Pick<HeldSendingRules, 'credentialLimits' | 'inboxLimits'> | undefined
  readonly recipients: number
}

/** `opensAt` in Unix milliseconds; undefined where so many recipients never fit. */
export type SendingRoom = { readonly fits: true } | { readonly fits: false; readonly opensAt: number | undefined }

/** Filed in \Sent with \Seen. */
export interface SentCopy {
  readonly account: AccountId
  /** Where the copy differs from what is sent: it keeps Bcc, or is encrypted. */
  readonly message?: PreparedMessage | undefined
  /** Of one that is encrypted: `messageIdentity` of the plain text, by which a client's own copy is known. */
  readonly identity?: Uint8Array | undefined
}

/** How a resend is known. */
export type ResendAsk = Pick<Submission, 'resendKey' | 'resendWithinMs' | 'account'>

export interface Submission {
  readonly queueId?: string | undefined
  readonly account?: AccountId | undefined
  readonly credential?: CredentialId | undefined
  /** Whose queue list shows it; the account's own when there's an account. */
  readonly environment?: EnvironmentId | undefined
  /** Empty for a null reverse-path. */
  readonly sender: string
  readonly recipients: readonly SubmitRecipient[]
  /** Undefined where nobody gets it: each has a text of its own, or has it already. */
  readonly message: PreparedMessage | undefined
  /** Unix seconds. */
  readonly internalDate: number
  readonly sentCopy?: SentCopy | undefined
  /** RFC 3461 RET and ENVID. */
  readonly ret?: 'full' | 'hdrs' | undefined
  readonly envelopeId?: string | undefined
  /** RFC 8689. */
  readonly requireTls?: boolean | undefined
  readonly body: BodyKind
  /** Refused with `sending-limit` where they are over it; each submission is counted, also where nothing limits it. */
  readonly sending?: SendingAsk['sending']
  /** The same key again within `resendWithinMs` is the same submission: a client that did not hear the 250. */
  readonly resendKey?: Uint8Array | undefined
  readonly resendWithinMs?: number | undefined
}

export interface Submitted {
  readonly queueId: string
  /** True where this was a resend and nothing was written. */
  readonly repeated: boolean
  readonly sent: Placed | undefined
  readonly delivered: readonly Placed[]
  /** Local recipients that could not take it now: they wait in the outbox like remote ones, each for its own text. */
  readonly undelivered: readonly { readonly address: string; readonly why: 'over-quota' | 'gone' }[]
}

/** Something that may come more than once and shall happen once: who gives the ids, the id, and what it stands for. */
export interface Once {
  readonly scope: string
  readonly id: string
  /** Another one under the same id is refused with `exists`. */
  readonly digest: Uint8Array
}

export interface Delivery {
  readonly message: PreparedMessage
  /** Unix seconds. */
  readonly internalDate: number
  readonly recipients: readonly (LocalPlace & {
    /** Filed also where there's no room: what tells of mail that would be lost without a word. */
    readonly beyondQuota?: boolean | undefined
  })[]
  /** Where one of them can't take it nobody gets it. */
  readonly allOrNone?: boolean | undefined
  /** A mailbox that has it already under this id isn't given it again: it counts as delivered. */
  readonly once?: Once | undefined
  /** In the same commit, where the account's own places have taken it, or it has none. */
  readonly sentOn?: readonly SentOn[] | undefined
}

/**
 * One for each recipient, in their order; then one for each INBOX that took what could not be sent on. Two recipients that are the
 * same place get one entry.
 */
export type DeliveryOutcome =
  /** `instead`: INBOX has it, since this was refused. */
  | ({ readonly outcome: 'delivered'; readonly instead?: RefusalCode | undefined } & Placed)
  /** `held-back`: it had room, and another one of `allOrNone` had not. */
  | { readonly outcome: 'over-quota' | 'gone' | 'held-back'; readonly account: AccountId }

export interface ClaimOptions {
  readonly owner: string
  readonly limit: number
  readonly leaseMs: number
  /** Domains that have as many connections as they may. */
  readonly domainsBusy?: readonly string[] | undefined
}

/** A recipient under lease, with all of its envelope. */
export interface Claimed {
  readonly id: number
  readonly queueId: string
  readonly message: MessageId
  readonly account: AccountId | undefined
  readonly credential: CredentialId | undefined
  readonly environment: EnvironmentId | undefined
  readonly sender: string
  readonly recipient: string
  readonly domain: string
  readonly notify: string | undefined
  readonly originalRecipient: string | undefined
  readonly ret: 'full' | 'hdrs' | undefined
  readonly envelopeId: string | undefined
  readonly requireTls: boolean
  readonly body: BodyKind
  /** This one included; one that ended in a crash counts. */
  readonly attempts: number
  /** Whether the sender has been told of the delay. */
  readonly delayTold: boolean
  /** Of what an inbox has sent on: see `SentOn`. */
  readonly sink: string | undefined
  readonly keep: boolean
  readonly foreign: boolean
  readonly leaseUntil: number
  readonly createdAt: number
}

/** What the remote server, or our own attempt, said last. */
export interface Reply {
  readonly code?: string | undefined
  readonly text?: string | undefined
  /** The server that said it. */
  readonly remote?: string | undefined
}

export type Outcome =
  /** `to` delivers into an inbox of this store in the same commit: for recipients that turned out to be local. */
  | ({
      readonly kind: 'delivered'
      readonly to?: LocalPlaces | undefined
      /** What goes there, where it's another text than the queue's. */
      readonly message?: PreparedMessage | undefined
      readonly sentOn?: readonly SentOn[] | undefined
    } & Reply)
  | ({ readonly kind: 'deferred'; readonly nextTryAt: number; readonly delayTold?: boolean | undefined } & Reply)
  | ({ readonly kind: 'failed' } & Reply)
  | { readonly kind: 'cancelled' }

export interface Report {
  readonly id: number
  readonly owner: string
  readonly outcome: Outcome
  /** A delivery status notification (RFC 3464), put into the sender's INBOX in the same commit: never lost, never twice. */
  readonly notice?: Delivery | undefined
}

export interface Reported {
  /** `cancelled` where a deferred recipient had been cancelled meanwhile. */
  readonly state: RecipientState
  /** The first of its places. */
  readonly delivered: Placed | undefined
  /** INBOX has it, since this was refused. */
  readonly instead: RefusalCode | undefined
  /** INBOX has what failed and was nowhere else. */
  readonly kept: boolean
  readonly notice: readonly DeliveryOutcome[]
  /** True where this was the submission's last open recipient. */
  readonly closed: boolean
}

/** Recipients of one submission that are settled with one notice for all of them. */
export interface ReportTogether {
  readonly owner: string
  readonly recipients: readonly { readonly id: number; readonly outcome: Outcome }[]
  readonly notice?: Delivery | undefined
}

export interface ReportedTogether {
  /** One for each recipient, in their order. */
  readonly states: readonly RecipientState[]
  /** INBOX has what failed and was nowhere else. */
  readonly kept: boolean
  readonly notice: readonly DeliveryOutcome[]
}

export interface QueueRecipient {
  readonly id: number
  readonly recipient: string
  readonly domain: string
  readonly state: RecipientState
  readonly attempts: number
  readonly nextTryAt: number
  readonly lastCode: string | undefined
  readonly lastText: string | undefined
  readonly lastRemote: string | undefined
  readonly doneAt: number | undefined
}

export interface QueueEntry {
  readonly id: number
  /** The rule whose sink it's posted to. */
  readonly sink: string | undefined
  readonly queueId: string
  readonly account: AccountId | undefined
  readonly credential: CredentialId | undefined
  readonly environment: EnvironmentId | undefined
  readonly sender: string
  readonly createdAt: number
  /** When its last recipient was settled. */
  readonly closedAt: number | undefined
  readonly cancelledAt: number | undefined
  readonly recipients: readonly QueueRecipient[]
}

export interface QueueFilter extends PageOptions {
  readonly environment?: EnvironmentId | undefined
  readonly account?: AccountId | undefined
  readonly open?: boolean | undefined
  readonly tenant?: TenantId | undefined
  /** The envelope sender, in any spelling of its letters. */
  readonly sender?: string | undefined
  /** With a recipient there, or in that state, or both. */
  readonly domain?: string | undefined
  readonly state?: RecipientState | undefined
}

/** Whose submissions may be reached; without both, everyone's. */
export interface QueueScope {
  readonly environment?: EnvironmentId | undefined
  readonly account?: AccountId | undefined
}

export interface OutboxStats {
  readonly waiting: number
  readonly leased: number
  readonly held: number
  /** The next time at which something waits to be tried, often in the past. */
  readonly oldestDueAt: number | undefined
  /** Since when the oldest submission with an open recipient is here. */
  readonly openSince: number | undefined
}

export interface Outbox {
  /** The message, its queue, its Sent copy and its local deliveries in one flushed commit. */
  submit(submission: Submission): Promise<Submitted>
  /** The queue id of the same submission, where its 250 was lost: `submit` looks for itself. */
  resent(ask: ResendAsk): Promise<string | undefined>
  /** Whether so many more recipients may be sent to now: a cheap read, for an early word. `submit` itself decides. */
  sendingRoom(ask: SendingAsk): Promise<SendingRoom>
  /** One message into any number of inboxes, in one flushed commit. */
  deliver(delivery: Delivery): Promise<readonly DeliveryOutcome[]>

  /** What was answered when it came before; kept for two days. Refuses with `exists` where that was another message. */
  answered(once: Once): Promise<{ readonly answer: string | undefined } | undefined>
  /**
   * Remembers that it came, flushed; or what was answered, which a power cut may cost: who has the message is in the commit that
   * delivered it. Refuses with `exists` as above.
   */
  rememberAnswer(once: Once, options?: { readonly answer?: string }): Promise<void>

  /** Due recipients, the longest due first, now leased to the owner. */
  claim(options: ClaimOptions): Promise<readonly Claimed[]>
  /** Answers those that are no longer the owner's: sending them has to stop. */
  renew(options: { owner: string; ids: readonly number[]; leaseMs: number }): Promise<readonly number[]>
  /** Refuses with `lease-lost` where the recipient is no longer the owner's. */
  report(report: Report): Promise<Reported>
  /** One commit for all of them, or for none. */
  reportTogether(reports: ReportTogether): Promise<ReportedTogether>
  /** Gives recipients back that can't be sent now, as if they had not been claimed; they come again at `until`. */
  postpone(options: { owner: string; ids: readonly number[]; until: number }): Promise<void>
  /**
   * Gives back what the owner still holds: for a shutdown, as if it had not been claimed. A try counts where its owner has
   * `died`, so that a message that kills its relay isn't tried for ever.
   */
  release(owner: string, options?: { died?: boolean }): Promise<number>
  /** Who holds leases. */
  owners(): Promise<readonly string[]>

  /** Settles what waits or is held; what is being sent right now is not tried again. */
  cancel(queueId: string, scope?: QueueScope): Promise<{ cancelled: number; inFlight: number }>
  /** What is held waits from then on. */
  retryNow(queueId: string, scope?: QueueScope): Promise<number>
  /** All that waits for one domain, whoever sent it. */
  retryAllOf(domain: string): Promise<number>
  /** Newest first. */
  list(filter?: QueueFilter): Promise<Page<QueueEntry>>
  get(queueId: string, scope?: QueueScope): Promise<QueueEntry>
  /** The stored message, as long as a recipient is open. */
  messageOf(queueId: string): Promise<MessageId | undefined>
  /** The bytes of a message that a claimed recipient names; undefined when it has gone. */
  content(message: MessageId): Promise<Content | undefined>
  stats(): Promise<OutboxStats>
  /** Forgets submissions that closed before; answers how many, `limit` at most. */
  purge(options: { closedBefore: number; limit: number }): Promise<number>
}
