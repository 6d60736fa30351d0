// What shall happen once though it may come more often: a message that is handed over by HTTP is sent again when its answer was lost,
// and two may come at the same time, to two processes. Every mailbox that has it is written down in the commit that gave it; so
// whatever is left to do can be done later, and nothing twice. The answer is kept with it, and all of it goes after two days.

import type { AccountId } from '../model.js'
import { onceAnswerBytesMax, onceKeptMs, oncePruneMax, onceWordCharactersMax } from '../outbox/limits.js'
import type { LocalPlace, Once, Placed } from '../outbox/outbox.js'
import { refuse } from '../refusals.js'
import type { Connection } from './connection.js'
import { boxFor } from './outbox-parcel.js'
import type { Transaction } from './transaction.js'

interface OnceRow {
  readonly digest: Uint8Array
  readonly answer: string | null
}

export function answered(db: Connection, once: Once): { readonly answer: string | undefined } | undefined {
  const row = db.get<OnceRow>('SELECT digest, answer FROM once WHERE scope = ? AND id = ?', once.scope, once.id)
  if (row === undefined) return undefined
  if (Buffer.compare(row.digest, once.digest) !== 0)
    refuse('exists', 'Something else came under this id before.', 'Give each message an id of its own.')
  return { answer: row.answer ?? undefined }
}

export function rememberAnswer(tx: Transaction, once: Once, { answer }: { readonly answer?: string }): void {
  if (answer !== undefined && Buffer.byteLength(answer) > onceAnswerBytesMax)
    refuse('invalid', `An answer that is kept has at most ${onceAnswerBytesMax} bytes.`)
  note(tx, once)
  if (answer !== undefined)
    tx.db.run('UPDATE once SET answer = ? WHERE scope = ? AND id = ?', answer, once.scope, once.id)
}

/** For each place where the message is already, under which uid it came. */
export function placesBefore(
  tx: Transaction,
  { scope, id, digest }: Once,
  places: readonly LocalPlace[],
): (Placed | undefined)[] {
  if (answered(tx.db, { scope, id, digest }) === undefined) return []
  return places.map(({ account, mailbox }) => {
    const box = boxFor(tx, account, mailbox)
    if (box === undefined) return undefined
    const sql = 'SELECT uid FROM once_place WHERE scope = ? AND id = ? AND mailbox = ?'
    const row = tx.db.get<{ uid: number }>(sql, scope, id, box.id)
    return row && { account, mailbox: box.id, uid: row.uid }
  })
}

export function notePlaces(tx: Transaction, once: Once, placed: readonly Placed[]): void {
  if (placed.length === 0) return
  note(tx, once)
  for (const { mailbox, uid } of placed)
    tx.db.run('INSERT OR IGNORE INTO once_place VALUES (?, ?, ?, ?)', once.scope, once.id, mailbox, uid)
}

/** Whether the account has been given the message, or had it sent on. */
export const cameBefore = (tx: Transaction, { scope, id }: Once, account: AccountId): boolean =>
  tx.db.get(
    `SELECT 1 FROM once_place JOIN mailbox ON mailbox.id = once_place.mailbox
     WHERE scope = ? AND once_place.id = ? AND account = ?`,
    ...[scope, id, account],
  ) !== undefined

/** Where nothing of it is kept, its INBOX stands for the account: no message has uid 0. */
export function noteTaken(tx: Transaction, once: Once, account: AccountId): void {
  if (cameBefore(tx, once, account)) return
  const box = boxFor(tx, account, undefined)
  if (box !== undefined) notePlaces(tx, once, [{ account, mailbox: box.id, uid: 0 }])
}

function note(tx: Transaction, once: Once): void {
  const { scope, id, digest } = once
  if (answered(tx.db, once) !== undefined) return
  for (const word of [scope, id])
    if (word === '' || word.length > onceWordCharactersMax)
      refuse('invalid', `What comes once has an id of 1 to ${onceWordCharactersMax} characters.`)
  tx.db.run('INSERT INTO once (scope, id, digest, at) VALUES (?, ?, ?, ?)', scope, id, digest, tx.now)
}

export const oldOnce = (db: Connection, now: number): boolean =>
  db.get('SELECT 1 FROM once WHERE at <= ? LIMIT 1', now - onceKeptMs) !== undefined

/** One slice. True when there may be more. */
export function forgetOnce(tx: Transaction): boolean {
  const sql = 'DELETE FROM once WHERE (scope, id) IN (SELECT scope, id FROM once WHERE at <= ? LIMIT ?)'
  return tx.db.change(sql, tx.now - onceKeptMs, oncePruneMax) === oncePruneMax
}
