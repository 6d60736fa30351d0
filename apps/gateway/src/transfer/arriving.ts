// What every reader makes of what it reads: mailboxes, and in each of them what arrives. A reader is an async generator, and
// works no further ahead than one message; the importer (importer.ts) asks for the next one when it has room for it.

import type { Brought, Flags, SpecialUse } from '@postern/mailbox-store'

export interface ArrivingMessage {
  /** For whom it fails on: file and byte, or mailbox and uid. */
  readonly place: string
  readonly flags: Flags
  /** Unix seconds. */
  readonly internalDate: number | undefined
  /** With CR LF line ends. A stream is read once, and before the next message is asked for unless it `isApart`. */
  readonly bytes: Uint8Array | AsyncIterable<Uint8Array>
  /** Its stream has a file of its own. */
  readonly isApart?: boolean
  /** Of a server. */
  readonly sourceUid?: number
}

/** Something that should be a message, or a mailbox, and can't be read. */
export interface Failed {
  readonly kind: 'failed'
  readonly place: string
  readonly why: string
}

/** Something that needn't come: what its owner has deleted, a file of another program. */
export interface PassedOver {
  readonly kind: 'passed-over'
  readonly place: string
  readonly why: string
}

export type Arrival =
  | { readonly kind: 'message'; readonly message: ArrivingMessage }
  | Failed
  | PassedOver
  /** Brought before, and its flags have changed at the source. */
  | { readonly kind: 'flags'; readonly brought: Brought; readonly flags: Flags }

/** What was brought before, of these uids. */
export type BroughtBefore = (range: { readonly from: number; readonly to: number }) => Promise<readonly Brought[]>

export interface ArrivingMailbox {
  /** Levels with `/` between them; the inbox is INBOX. */
  readonly name: string
  readonly specialUse?: SpecialUse | undefined
  /** Undefined where the source doesn't know. */
  readonly isSubscribed?: boolean | undefined
  /** Of a server: what its uids are remembered under. */
  readonly origin?: { readonly source: string; readonly uidValidity: number }
  arrivals(before: BroughtBefore): AsyncIterable<Arrival>
}

export interface MailSource {
  mailboxes(): AsyncIterable<ArrivingMailbox | Failed | PassedOver>
  /** Names that are subscribed to and have no mailbox. */
  subscriptions?(): Promise<readonly string[]>
  close?(): Promise<void>
}
