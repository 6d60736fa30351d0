// What one mutation did to one mailbox: the writer tells it after the commit to the indexes of this process, so that they
// move on without reading what was just written. A delta says everything that happened to the mailbox at its modseq, or
// that it doesn't (`other`), and then the index is brought up from the database.

import type { MailboxId, SpaceId } from '../model.js'
import type { Entries } from './entries.js'

export type MailboxDelta = DeltaPlace & DeltaKind

export interface DeltaPlace {
  readonly mailbox: MailboxId
  readonly space: SpaceId
  /** One of several mailboxes of its space. */
  readonly shared: boolean
  readonly modSeq: number
}

export type DeltaKind =
  /** Packed, as they are now. Uids ascend. */
  | { readonly kind: 'flags'; readonly uids: Uint32Array; readonly flags: Uint32Array }
  /** At the mailbox's end. */
  | { readonly kind: 'new'; readonly entries: Entries }
  /** Ascending. */
  | { readonly kind: 'gone'; readonly uids: Uint32Array }
  | { readonly kind: 'other' }
