// \Recent: a message is recent to the first session that is told of it, and to no other (RFC 3501 §2.3.2). For that a mailbox
// keeps up to which uid somebody was told, and how many messages are above it. It's no change of the mailbox: no modseq moves
// and nobody is rung.

import { type AccountId, type MailboxId, type UidSet, uidMax } from '../model.js'
import type { Transaction } from './transaction.js'

/** The uids that nobody was told of, up to this one; they may have been expunged. */
export function claimRecent(
  tx: Transaction,
  { account, mailbox, upTo }: { account: AccountId; mailbox: MailboxId; upTo: number },
): UidSet {
  const box = tx.mailboxOf(account, mailbox)
  const from = box.recentAfter + 1
  const to = Math.min(upTo, box.uidNext - 1)
  if (from > to) return []
  tx.touchMailbox(box).recentAfter = to
  box.recent = to === box.uidNext - 1 ? 0 : countAfter(tx, mailbox, to)
  return [[from, to]]
}

function countAfter(tx: Transaction, mailbox: MailboxId, uid: number): number {
  let count = 0
  for (const { entries } of tx.chunks.covering(mailbox, [[uid + 1, uidMax]]))
    count += entries.length - entries.lowerBound(uid + 1)
  return count
}
