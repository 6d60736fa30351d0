// What leaves the mailboxes of an inbox under legal hold: it's gone for its owner, and kept here for who has ordered the hold
// (docs/decisions/legal-hold.md). A row holds its message as an entry did, so that the sweep leaves the bytes; it's written in the very
// commit that takes the entry away. When the hold is lifted the rows become garbage like any other.

import type { Entries } from '../messages/entries.js'
import type { AccountId } from '../model.js'
import { discard } from './garbage.js'
import type { MailboxRow } from './remembered-rows.js'
import type { Transaction } from './transaction.js'

/** These entries are out of their mailbox. */
export function letGo(tx: Transaction, box: MailboxRow, taken: Entries): void {
  if (tx.account(box.account).legalHold) hold(tx, box, taken)
  else discard(tx, taken.messages.slice(0, taken.length))
}

function hold(tx: Transaction, box: MailboxRow, taken: Entries): void {
  const uidValidity = tx.uidValidityOf(box)
  for (let i = 0; i < taken.length; i++) {
    const { uid, flags, message, size, internalDate, saveDate } = taken.at(i)
    tx.db.run(
      `INSERT INTO held_message (account, mailbox, uid_validity, uid, flags, message, size, internal_date, save_date,
       gone_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[box.account, box.name, uidValidity, uid, flags, message, size, internalDate, saveDate, tx.now],
    )
  }
}

/** The hold is over. */
export function releaseHeld(tx: Transaction, account: AccountId): void {
  const rows = tx.db.all<{ message: number }>('SELECT message FROM held_message WHERE account = ? ORDER BY id', account)
  if (rows.length === 0) return
  tx.db.run('DELETE FROM held_message WHERE account = ?', account)
  discard(
    tx,
    Uint32Array.from(rows, ({ message }) => message),
  )
}
