// Messages that lost a holder: the sweep drops a copy or deletes the message, behind the answer's back (sweep.ts).

import type { Transaction } from './transaction.js'

/** So many in a row: the sweep writes it anew for each slice that it takes of it. */
const messagesPerRowMax = 2_000

export function discard(tx: Transaction, messages: Uint32Array): void {
  for (let at = 0; at < messages.length; at += messagesPerRowMax) {
    const some = messages.slice(at, at + messagesPerRowMax)
    tx.db.run('INSERT INTO garbage (at, messages) VALUES (?, ?)', tx.now, new Uint8Array(some.buffer))
  }
}
