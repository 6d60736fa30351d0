// Imports on SQLite (imports/imports.ts): an origin is a row, and so is each message that came from it.

import {
  type Brought,
  type BroughtAppend,
  type BroughtUids,
  type ImportOrigin,
  type Imports,
  importSourceCharactersMax,
} from '../imports/imports.js'
import type { MailboxId } from '../model.js'
import { refuse } from '../refusals.js'
import { append } from './append.js'
import type { Connection } from './connection.js'
import { type SentTwins, type TwinParts, writeMerging } from './sent-merge.js'
import type { Transaction } from './transaction.js'

export class SqliteImports implements Imports {
  readonly #parts: TwinParts

  constructor(parts: TwinParts) {
    this.#parts = parts
  }

  async brought(origin: ImportOrigin, { from, to }: { from: number; to: number }): Promise<readonly Brought[]> {
    return this.#parts.db.all<Brought>(
      `SELECT i.source_uid AS sourceUid, i.mailbox, i.uid, i.flags AS seenFlags FROM imported i
       JOIN import_origin o ON o.id = i.origin
       WHERE o.account = ? AND o.source = ? AND o.uid_validity = ? AND i.source_uid BETWEEN ? AND ? ORDER BY i.source_uid`,
      ...keyOf(origin),
      from,
      to,
    )
  }

  async broughtOtherwise({ account, source, uidValidity }: ImportOrigin): Promise<boolean> {
    const sql = 'SELECT 1 FROM import_origin WHERE account = ? AND source = ? AND uid_validity <> ? LIMIT 1'
    return this.#parts.db.get(sql, account, source, uidValidity) !== undefined
  }

  append(origin: ImportOrigin, mailbox: MailboxId, messages: readonly BroughtAppend[]): Promise<BroughtUids> {
    return writeMerging(this.#parts, (tx, twins) => appendBrought(tx, { origin, mailbox, messages, twins }))
  }

  async noteHere(origin: ImportOrigin, here: readonly Brought[]): Promise<void> {
    const run = (tx: Transaction): void => {
      const id = originId(tx, origin)
      for (const one of here) note(tx, id, one)
    }
    await this.#parts.writer.submit({ run, flush: false })
  }

  /** As flags themselves, a power cut may take back the last of them; they're compared again then. */
  async noteFlags(origin: ImportOrigin, seen: readonly Pick<Brought, 'sourceUid' | 'seenFlags'>[]): Promise<void> {
    const run = (tx: Transaction): void => {
      const id = originId(tx, origin)
      for (const { sourceUid, seenFlags } of seen)
        tx.db.run('UPDATE imported SET flags = ? WHERE origin = ? AND source_uid = ?', seenFlags, id, sourceUid)
    }
    await this.#parts.writer.submit({ run, flush: false })
  }
}

const keyOf = ({ account, source, uidValidity }: ImportOrigin) => [account, source, uidValidity] as const

interface Bringing {
  readonly origin: ImportOrigin
  readonly mailbox: MailboxId
  readonly messages: readonly BroughtAppend[]
  readonly twins: SentTwins
}

function appendBrought(tx: Transaction, { origin, mailbox, messages, twins }: Bringing): BroughtUids {
  const id = originId(tx, origin)
  const fresh = messages.filter(({ sourceUid }) => !isBrought(tx.db, id, sourceUid))
  if (fresh.length === 0) return { appended: 0 }
  const { uids } = append(tx, { account: origin.account, mailbox, entries: fresh, twins })
  fresh.forEach(({ sourceUid, seenFlags }, i) => {
    note(tx, id, { sourceUid, mailbox, uid: uids[i] as number, seenFlags })
  })
  return { appended: fresh.length }
}

const isBrought = (db: Connection, origin: number, sourceUid: number): boolean =>
  db.get('SELECT 1 FROM imported WHERE origin = ? AND source_uid = ?', origin, sourceUid) !== undefined

function note(tx: Transaction, origin: number, { sourceUid, mailbox, uid, seenFlags }: Brought): void {
  tx.db.run('INSERT OR IGNORE INTO imported VALUES (?, ?, ?, ?, ?)', origin, sourceUid, mailbox, uid, seenFlags)
}

function originId(tx: Transaction, origin: ImportOrigin): number {
  if (origin.source.length > importSourceCharactersMax)
    refuse('invalid', `The name of what is imported has at most ${importSourceCharactersMax} characters.`)
  // The inbox may have gone meanwhile, and an origin has to belong to one.
  tx.account(origin.account)
  const find = 'SELECT id FROM import_origin WHERE account = ? AND source = ? AND uid_validity = ?'
  const found = tx.db.get<{ id: number }>(find, ...keyOf(origin))
  if (found !== undefined) return found.id
  const sql = 'INSERT INTO import_origin (account, source, uid_validity) VALUES (?, ?, ?)'
  return tx.db.run(sql, ...keyOf(origin))
}
