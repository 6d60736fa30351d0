// What everything that receives is handed when it begins: the store, who judges, what the domains' modes do. The same object for all
// ways in.

import type { Domain, DomainMode, Inbox, Store } from '@postern/mailbox-store'
import type { MemoryBudget } from '@postern/smtp'
import type { Logger, MailLog, Metrics } from '@postern/telemetry'
import type { Judge, Mode, Planner } from './arrival.js'

/** What an envelope recipient is to this gateway. */
export type RecipientFacts =
  | { readonly kind: 'inbox'; readonly inbox: Inbox; readonly domain: Domain }
  /** The domain makes an inbox under this address when its first message arrives (contract C12). */
  | { readonly kind: 'catch-all'; readonly address: string; readonly domain: Domain }
  | { readonly kind: 'unknown'; readonly domain: Domain }
  | { readonly kind: 'remote' }

export interface InboundContext {
  readonly store: Store
  readonly judge: Judge
  readonly planner: Planner
  /** A mode that isn't here takes no mail from elsewhere. */
  readonly modes: Readonly<Partial<Record<DomainMode, Mode>>>
  readonly recipientFor: (address: string) => Promise<RecipientFacts>
  /** Whose text is held while it's judged. */
  readonly holding: { readonly folder: string; readonly memoryBytesMax: number; readonly budget: MemoryBudget }
  /** In the greeting, and in what is added to messages. */
  readonly hostname: string
  /** Of this domain is a <postmaster> that names none (RFC 5321 §4.5.1). */
  readonly postmasterDomain: string
  /** Unix milliseconds. */
  readonly clock: () => number
  readonly logger: Logger
  readonly metrics: Metrics
  readonly mailLog: MailLog
}
