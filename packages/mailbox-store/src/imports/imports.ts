// Mail that is brought from another server, each message once, however often it's asked for: what came from where is written
// down in the commit that brings it. So an import that was killed goes on where it was, and a second one brings what is new.
// What the source's flags were is kept with it, so that only what changed there is changed here.

import type { AccountId, Flags, MailboxId } from '../model.js'
import type { StagedMessage } from '../store.js'

/** One mailbox elsewhere, as long as its UIDVALIDITY stays. */
export interface ImportOrigin {
  readonly account: AccountId
  /** Names server, login and mailbox, the same each time; at most `importSourceCharactersMax` characters. */
  readonly source: string
  readonly uidValidity: number
}

export interface BroughtAppend {
  readonly message: StagedMessage
  readonly flags: Flags
  /** Unix seconds. */
  readonly internalDate: number
  /** Its uid at the source. */
  readonly sourceUid: number
  /** The source's flags, in whatever words the caller compares them by. */
  readonly seenFlags: string
}

export interface Brought {
  readonly sourceUid: number
  /** Where it was put; it may be gone from there. */
  readonly mailbox: MailboxId
  readonly uid: number
  readonly seenFlags: string
}

export interface BroughtUids {
  /** How many of them are new; the others had been brought before. */
  readonly appended: number
}

export interface Imports {
  /** What was brought from there, of these uids, ascending. */
  brought(origin: ImportOrigin, range: { readonly from: number; readonly to: number }): Promise<readonly Brought[]>
  /** Whether anything came from there under another UIDVALIDITY: what the source has now may be the same mail. */
  broughtOtherwise(origin: ImportOrigin): Promise<boolean>
  /** All that weren't brought before, or none, in one commit with the note that they were. */
  append(origin: ImportOrigin, mailbox: MailboxId, messages: readonly BroughtAppend[]): Promise<BroughtUids>
  /** These messages needn't be brought: the mailbox has them. */
  noteHere(origin: ImportOrigin, here: readonly Brought[]): Promise<void>
  /** The flags that the source has now. */
  noteFlags(origin: ImportOrigin, seen: readonly Pick<Brought, 'sourceUid' | 'seenFlags'>[]): Promise<void>
}

export const importSourceCharactersMax = 4_000
