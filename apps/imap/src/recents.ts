// Which messages are recent to a session: those of which it was the first to be told (RFC 3501 §2.3.2). When the client has been
// told of messages, the store says which of them nobody knew, and gives them to this session; who opened the mailbox for
// reading only looks and takes nothing (§6.3.2). For IMAP4rev2 there's nothing of it, and for `*@domain` neither.

import { recentFlag } from '@postern/imap-wire'
import { StoreRefusal, UidCursor, type UidSet, uidMax, uidSet, untoldUids } from '@postern/mailbox-store'
import type { Session } from './session.js'
import type { Targets } from './targets.js'

const none: UidSet = []

export class Recents {
  /** Of the messages that the client knows; some may have been expunged. */
  uids = none
  /** The store has said of all up to this uid whether they're among them. */
  askedUpTo: number
  /** How many the client was told there are. */
  toldCount = 0

  constructor(askedUpTo: number) {
    this.askedUpTo = askedUpTo
  }

  add(uids: UidSet): void {
    if (uids.length > 0) this.uids = uidSet([...this.uids, ...uids])
  }

  /** From now on the client knows no \Recent. */
  forget(): void {
    this.uids = none
    this.askedUpTo = uidMax
    this.toldCount = 0
  }

  /** A message's packed flags as this client is told them. */
  flagsOf(uid: number, flags: number): number {
    for (const [from, to] of this.uids) if (from <= uid && uid <= to) return flags | recentFlag
    return flags
  }

  /** The same of many. */
  mark({ uids, flags }: Targets): void {
    if (this.uids.length === 0) return
    const cursor = new UidCursor(this.uids)
    for (let i = 0; i < uids.length; i++)
      if (cursor.has(uids[i] as number)) flags[i] = (flags[i] as number) | recentFlag
  }
}

/** Waits for nothing where the client was told of no messages that the store hasn't been asked about. */
export async function askRecents(session: Session): Promise<void> {
  const { account } = session
  const { mailbox, view, readOnly } = session.mailbox
  const { recents, toldUid } = view
  if (recents.askedUpTo >= toldUid) return
  recents.askedUpTo = toldUid
  try {
    const look = async (): Promise<UidSet> => untoldUids(await account.status(mailbox.id), toldUid)
    recents.add(readOnly ? await look() : await account.claimRecent(mailbox.id, toldUid))
  } catch (error) {
    if (!(error instanceof StoreRefusal)) throw error
    // Mail can be read also where nothing can be written; then it's recent to the next one who's told of it.
    session.logger.warn({ err: error }, 'nothing is recent')
  }
}
