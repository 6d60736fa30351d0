// What every writer of an export is given: messages of one mailbox in the order of their uids, each with its shape looked at already,
// and read from the store as it's written.

import type { Flags, MailboxListing } from '@postern/mailbox-store'
import type { Shape } from './line-ends.js'

export interface LeavingMessage {
  readonly uid: number
  readonly flags: Flags
  /** Unix seconds. */
  readonly internalDate: number
  readonly shape: Shape
  bytes(): AsyncIterable<Uint8Array>
}

export interface MailboxWriter {
  /** Below the export's root. */
  readonly path: string
  add(message: LeavingMessage): Promise<void>
  /** Everything is in its place. */
  end(): Promise<void>
  /** What isn't whole goes. */
  abandon(): Promise<void>
}

export interface ExportWriter {
  mailbox(listing: MailboxListing): Promise<MailboxWriter>
  /** After the last mailbox. */
  end(mailboxes: readonly MailboxListing[], subscriptions: readonly string[]): Promise<void>
}
