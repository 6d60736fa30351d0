// What a session is handed when it begins: the store, the way to log in, the doorbell, the limits. The same object for
// all sessions of a server; nothing in it knows of one.

import type { Mechanism, Proof } from '@postern/auth'
import type { Doorbell, Sending } from '@postern/events'
import type { Account, Store } from '@postern/mailbox-store'
import type { Certificates } from '@postern/service'
import type { Logger, Metrics } from '@postern/telemetry'
import type { InboxSessions } from './inbox-sessions.js'
import type { ImapLimits } from './limits.js'
import type { Registry } from './registry.js'

export interface LoginRequest extends Proof {
  readonly remoteAddress: string
  readonly session: string
}

/** Who may come in is not IMAP's to say. Undefined is a refusal; its cause stays with who decided. */
export type Login = (request: LoginRequest) => Promise<Admission | undefined>

export interface Admission {
  /** Lets its holder do what he may, and refuses the rest. */
  readonly account: Account
  /** The address of the inbox, for logs and namespaces. */
  readonly address: string
  /** What opened it, for who looks at sessions; none where a token did. */
  readonly credential?: { readonly id: string; readonly label: string } | undefined
  /** Calls the listener when who was let in may be here no longer. */
  readonly onEnded?: (listener: () => void) => void
  /** The client works, and calls itself so (RFC 2971). Cheap, and never waits. */
  readonly used?: (client: string | undefined) => void
  /** The session is over. */
  readonly left?: () => void
}

export interface ImapContext {
  readonly store: Store
  readonly login: Login
  /** Those of SASL that are offered. */
  readonly mechanisms: readonly Mechanism[]
  readonly doorbell: Doorbell
  /** Which messages are being submitted right now. */
  readonly sending: Sending
  readonly inboxSessions: InboxSessions
  readonly logger: Logger
  readonly metrics: Metrics
  readonly limits: ImapLimits
  readonly registry: Registry
  readonly certificates: Certificates
  readonly version: string
}
