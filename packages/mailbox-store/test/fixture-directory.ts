// The directory and the outbox on a real SQLite file, put together from their pieces, with a clock in the test's hand
// and a look at the rows that no interface shows.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileBlobs } from '../src/blobs/file-blobs.js'
import { defaultLimits } from '../src/limits.js'
import { type AccountId, allUids, type MailboxId } from '../src/model.js'
import { append } from '../src/sqlite/append.js'
import { Chunks } from '../src/sqlite/chunks.js'
import { Connection } from '../src/sqlite/connection.js'
import { SqliteDirectory } from '../src/sqlite/directory.js'
import { deleteMailbox } from '../src/sqlite/mailboxes.js'

import { Others } from '../src/sqlite/others.js'
import { SqliteOutbox } from '../src/sqlite/outbox.js'
import { migrate } from '../src/sqlite/schema.js'
import { SentTwins } from '../src/sqlite/sent-merge.js'
import { Writer } from '../src/sqlite/writer.js'
import type { Bench, MakeBench, Node } from './contract/bench.js'

export interface SqliteNode extends Node {
  readonly db: Connection
  readonly writer: Writer
}

export interface SqliteBench extends Bench, SqliteNode {
  node(): SqliteNode
}

export const makeSqliteBench: MakeBench<SqliteBench> = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-directory-'))
  const clock = { now: 1_800_000_000_000 }
  const rung: number[] = []
  const fault: { on: string | undefined } = { on: undefined }
  const bell = { outbox: 0 }
  const nodes: SqliteNode[] = []
  const node = (): SqliteNode => {
    const now = (): number => clock.now
    const db = new Connection({
      path: join(folder, 'mail.sqlite'),
      fault: (point) => {
        if (point === fault.on) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
      },
    })
    migrate(db)
    const blobs = new FileBlobs({ folder: join(folder, 'blobs') })
    const writer = new Writer(db, {
      limits: defaultLimits,
      now,
      blobs,
      ring: (changes) => rung.push(...changes.map(({ mailbox }) => mailbox)),
      followers: { follows: () => false, committed: () => {} },
      others: new Others(db),
    })
    const made = {
      db,
      writer,
      directory: new SqliteDirectory({ db, writer, now }),
      outbox: new SqliteOutbox({ db, writer, blobs, now, onDue: () => bell.outbox++ }),
    }
    nodes.push(made)
    return made
  }
  const first = node()
  return {
    ...first,
    clock,
    rung,
    bell,
    fault,
    node,
    probe: probeOf(first),
    async destroy() {
      for (const { writer, db } of nodes) {
        await writer.close()
        db.close()
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function probeOf({ db, writer }: SqliteNode): Bench['probe'] {
  const idOf = (account: AccountId, name: string): MailboxId | undefined =>
    db.get<{ id: MailboxId }>('SELECT id FROM mailbox WHERE account = ? AND name = ?', account, name)?.id
  const count = (sql: string, ...values: number[]): number => db.get<{ n: number }>(sql, ...values)?.n ?? 0
  return {
    mailboxes: (account) =>
      db
        .all<{ name: string }>('SELECT name FROM mailbox WHERE account = ? ORDER BY name', account)
        .map(({ name }) => name),
    place: (account, name) => {
      const row = db.get<{ uidNext: number; uidValidity: number }>(
        `SELECT m.uid_next AS uidNext, s.uid_validity AS uidValidity FROM mailbox m JOIN uid_space s ON s.id = m.space
         WHERE account = ? AND name = ?`,
        account,
        name,
      )
      if (row === undefined) throw new Error(`${name} is missing`)
      return row
    },
    entries: (account, name) => {
      const mailbox = idOf(account, name)
      if (mailbox === undefined) return []
      return new Chunks(db, { undo: () => {} }).covering(mailbox, allUids).flatMap(({ entries }) =>
        Array.from({ length: entries.length }, (_, i) => {
          const { uid, flags, message } = entries.at(i)
          return { uid, flags, message }
        }),
      )
    },
    append: async (account, name, message) => {
      const entry = { message, flags: { system: 0, keywords: [] }, internalDate: 1_800_000_000 }
      const run = { account, mailbox: idOf(account, name) as MailboxId, entries: [entry], twins: new SentTwins() }
      const { uids } = await writer.submit({ flush: true, run: (tx) => append(tx, run) })
      return uids[0] as number
    },
    deleteMailbox: (account, name) => {
      const mailbox = idOf(account, name) as MailboxId
      return writer.submit({ flush: true, run: (tx) => deleteMailbox(tx, { account, mailbox }) })
    },
    messages: () => count('SELECT count(*) AS n FROM message'),
    accountsOf: (message) => {
      const row = db.get<{ accounts: Uint8Array }>('SELECT accounts FROM message WHERE id = ?', message)
      return Array.from(new Uint32Array(Uint8Array.from(row?.accounts ?? []).buffer))
    },
    copies: (message) => count('SELECT copies AS n FROM message_copies WHERE message = ?', message),
    garbage: () =>
      db
        .all<{ messages: Uint8Array }>('SELECT messages FROM garbage ORDER BY id')
        .flatMap(({ messages }) => Array.from(new Uint32Array(Uint8Array.from(messages).buffer))),
    rowsOfAccount: (account) =>
      count('SELECT count(*) AS n FROM mailbox WHERE account = ?', account) +
      count('SELECT count(*) AS n FROM subscription WHERE account = ?', account) +
      count('SELECT count(*) AS n FROM inbox_alias WHERE inbox = ?', account) +
      count('SELECT count(*) AS n FROM credential WHERE inbox = ?', account) +
      count('SELECT count(*) AS n FROM keyword_set WHERE account = ?', account) +
      count('SELECT count(*) AS n FROM inbox WHERE id = ?', account),
    sendingCounts: () => count('SELECT count(*) AS n FROM sending_count'),
    spaces: () => count('SELECT count(*) AS n FROM uid_space'),
  }
}
