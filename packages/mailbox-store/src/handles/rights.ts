// What a handle on an account lets its holder do (contract B9, C12). Reading is always among it. A protocol that has words
// for rights tells them from here; that they are kept is the handle's (limited-account.ts, domain-account.ts).

import { systemFlag } from '../model.js'

export interface AccountRights {
  /** Bits of `systemFlag` that may be set and cleared; keywords always may. */
  readonly flags: number
  readonly expunge: boolean
  /** New messages: appended, copied or moved in. */
  readonly insert: boolean
  /** Creating, renaming and deleting mailboxes, and subscribing to them. */
  readonly mailboxes: boolean
}

const { seen, answered, flagged, deleted, draft } = systemFlag
const allFlags = seen | answered | flagged | deleted | draft

export const allRights: AccountRights = { flags: allFlags, expunge: true, insert: true, mailboxes: true }
/** Contract C12. */
export const domainRights: AccountRights = { flags: allFlags, expunge: true, insert: false, mailboxes: false }
/** Contract B9. */
export const markingRights: AccountRights = { flags: seen | flagged, expunge: false, insert: false, mailboxes: false }
