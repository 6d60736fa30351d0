// What a session is handed when it begins: the store, the way to log in, where mail goes, the limits. The same object for all
// sessions of a server; nothing in it knows of one.

import type { Mechanism, Proof } from '@postern/auth'
import type { Sending } from '@postern/events'
import type {
  AccountId,
  Credential,
  CredentialId,
  Directory,
  Domain,
  DomainId,
  HeldSendingRules,
  Inbox,
  LocalPlaces,
  SentOn,
  Store,
} from '@postern/mailbox-store'
import type { Route } from '@postern/routing'
import type { Certificates } from '@postern/service'
import type { Sink, SinkClient } from '@postern/sink'
import type { HoldOptions } from '@postern/smtp'
import type { Logger, MailLog, Metrics } from '@postern/telemetry'
import type { HeardAnswers } from './heard-answers.js'
import type { SubmissionLimits } from './limits.js'

export interface LoginRequest extends Proof {
  readonly remoteAddress: string
  readonly session: string
}

/** Who may come in is not for SMTP to say. Undefined is a refusal; its cause stays with who decided. */
export type Login = (request: LoginRequest) => Promise<Admission | undefined>

/** Who sends: what let the client in, and where to. */
export interface Sender {
  /** Undefined: let in by a token, for the inbox's own addresses. */
  readonly credential: Credential | undefined
  /** Undefined: `*@domain`. */
  readonly inbox: Inbox | undefined
  readonly domain: Domain
}

export interface Admission {
  readonly sender: Sender
  /** The address of the inbox, or `*@domain`, for logs. */
  readonly address: string
  /** Calls the listener when who was let in may be here no longer. */
  readonly onEnded?: (listener: () => void) => void
  /** The client works, and calls itself so in EHLO. Cheap, and never waits. */
  readonly used?: (client: string | undefined) => void
  /** The session is over. */
  readonly left?: () => void
}

/** What an envelope recipient is to this gateway (contract E1). */
export type RecipientFacts =
  | { readonly kind: 'inbox'; readonly inbox: Inbox; readonly domain: Domain }
  /** The domain makes an inbox under this address when its first message arrives (contract C12). */
  | { readonly kind: 'catch-all'; readonly address: string; readonly domain: Domain }
  | { readonly kind: 'unknown'; readonly domain: Domain }
  | { readonly kind: 'remote' }

/** Whose route mail takes: the inbox's own, its domain's, or the setting's. */
export interface RouteQuestion {
  readonly account: AccountId | undefined
  readonly senderDomain: string | undefined
}

/** Whose rules hold (contract D2, D6). */
export interface SendingParty {
  readonly credential: CredentialId | undefined
  readonly inbox: AccountId | undefined
  readonly domain: DomainId | undefined
}

/** A message for an inbox of this gateway, as its rules see it. */
export interface HereQuestion {
  readonly account: AccountId
  /** Of the envelope. */
  readonly recipient: string
  readonly sender: string
  readonly header: Uint8Array
  readonly sizeBytes: number
  readonly queueId: string
}

export interface HerePlan {
  readonly places: LocalPlaces
  /** Of the text that the inbox itself gets. */
  readonly sentOn?: readonly SentOn[] | undefined
  /** The commit is there. */
  readonly settled: () => void
}

/** What the directory says about sending. Asked with every message: whoever answers keeps what he knows. */
export interface SendingLookups extends Pick<Directory, 'findAddress' | 'findDomain'> {
  recipientFor(address: string): Promise<RecipientFacts>
  /** As it is now, or was a moment ago. */
  domainNow(domain: Domain): Promise<Domain>
  routeFor(question: RouteQuestion): Promise<{ readonly route: Route }>
  sendingRulesFor(party: SendingParty): Promise<HeldSendingRules>
}

/** Where mail goes for domains that keep none. */
export interface Sinks extends Pick<SinkClient, 'post'> {
  /** Throws where it can't be opened. */
  of(domain: Domain): Sink | undefined
}

export interface SubmissionContext {
  readonly store: Store
  readonly login: Login
  /** Those of SASL that are offered. */
  readonly mechanisms: readonly Mechanism[]
  readonly lookups: SendingLookups
  /** Where it's said that a message is on its way in, for a client that files its own copy meanwhile (contract E3). */
  readonly sending: Sending
  readonly heardAnswers: HeardAnswers
  /** What the inbox's rules want; undefined where that's the relay's to do. INBOX takes it where nobody is there to ask. */
  readonly planHere?: ((question: HereQuestion) => Promise<HerePlan | undefined>) | undefined
  readonly sinks: Sinks
  /** Whose text is held before it's stored: where some domain keeps its mail encrypted, or keeps none. */
  readonly holding: Omit<HoldOptions, 'disk'>
  readonly certificates: Certificates
  readonly logger: Logger
  readonly metrics: Metrics
  readonly mailLog: MailLog
  readonly limits: SubmissionLimits
  /** In the greeting, and in what is added to messages. */
  readonly hostname: string
  /** Unix milliseconds. */
  readonly clock: () => number
}
