// What a client itself puts into a mailbox: append, and replace, which takes another message away in the same commit. In \Sent
// either may turn out to be what a submission has filed there already, and merge with it (sent-merge.ts).

import type { PreparedMessage } from '../messages/prepare.js'
import type { Flags, MailboxId } from '../model.js'
import { refuse } from '../refusals.js'
import type { Appended, Replaced } from '../store.js'
import { letGo } from './held.js'
import { bury, bytesOf, chargeQuota, insertMessage, type Owned, packFlags, place, take } from './messages.js'
import type { MailboxRow } from './remembered-rows.js'
import { isSent, noteSentCandidate } from './sent-candidates.js'
import { mergeInto, type SentTwins } from './sent-merge.js'
import type { Transaction } from './transaction.js'

export interface AppendEntry {
  readonly message: PreparedMessage
  readonly flags: Flags
  /** Unix seconds. */
  readonly internalDate: number
}

/** RFC 9051 §6.3.12, and RFC 3502 when there are several: all of them or none. */
export function append(
  tx: Transaction,
  { account, mailbox, entries, twins }: Owned & { entries: readonly AppendEntry[]; twins: SentTwins },
): Appended {
  const box = tx.mailboxOf(account, mailbox)
  const owner = tx.account(account)
  const found = twins.find(tx, box, { messages: entries.map(({ message }) => message), submitted: false })
  const fresh = entries.filter((_, i) => found[i] === undefined)
  chargeQuota(tx, owner, { bytes: fresh.reduce((sum, { message }) => sum + message.size, 0), messages: fresh.length })
  const uids = Uint32Array.from(entries, (entry, i) => {
    const twin = found[i]
    return twin === undefined ? placeAppended(tx, box, entry) : mergeInto(tx, box, { twin, flags: entry.flags })
  })
  return { uidValidity: tx.uidValidityOf(box), uids, modSeq: box.modSeq }
}

/** What a mutation places has one modseq. */
function placeAppended(
  tx: Transaction,
  box: MailboxRow,
  { message: prepared, flags, internalDate }: AppendEntry,
): number {
  const message = insertMessage(tx, prepared, { internalDate, accounts: [box.account] })
  const uid = place(tx, box, {
    flags: packFlags(tx, box.account, flags),
    modSeq: tx.nextModSeq(box),
    message,
    size: prepared.size,
    internalDate,
    saveDate: Math.floor(tx.now / 1000),
  })
  if (isSent(box)) noteSentCandidate(tx, box, { uid, message, prepared, submitted: false })
  return uid
}

interface ReplaceOptions {
  readonly uid: number
  readonly to: MailboxId
  readonly entry: AppendEntry
  readonly twins: SentTwins
}

/** RFC 8508 §3.4. One commit; only the difference counts against the quota. */
export function replace(
  tx: Transaction,
  { account, mailbox, uid, to, entry, twins }: Owned & ReplaceOptions,
): Replaced {
  const box = tx.mailboxOf(account, mailbox)
  const target = tx.mailboxOf(account, to)
  const taken = take(tx, box, [[uid, uid]], 0)
  if (taken.length === 0) refuse('no-such-message', 'That message is gone.')
  const modSeq = bury(tx, box, taken.uids.slice(0, 1))
  letGo(tx, box, taken)
  const [twin] = twins.find(tx, target, { messages: [entry.message], submitted: false })
  const added = twin === undefined ? { bytes: entry.message.size, messages: 1 } : { bytes: 0, messages: 0 }
  chargeQuota(tx, tx.account(account), { bytes: added.bytes - bytesOf(taken), messages: added.messages - 1 })
  const placed =
    twin === undefined ? placeAppended(tx, target, entry) : mergeInto(tx, target, { twin, flags: entry.flags })
  return { uidValidity: tx.uidValidityOf(target), uid: placed, modSeq }
}
