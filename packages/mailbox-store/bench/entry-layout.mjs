// Entries as rows or packed into chunks: the same 100,000 entries both ways, and what opening a mailbox and changing
// flags costs. The choice stands in docs/decisions/entries-in-chunks.md.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { chunkEntriesMax, Entries } from '../dist/messages/entries.js'

const size = 100_000
const folder = mkdtempSync(join(process.env.BENCH_FOLDER ?? tmpdir(), 'postern-layout-'))
const db = new Database(join(folder, 'layout.sqlite'))
db.pragma('journal_mode = WAL')
db.pragma('synchronous = FULL')
db.exec(`
  CREATE TABLE entry (mailbox INT, uid INT, message INT, flags INT, mod_seq INT, size INT, internal INT, saved INT,
    PRIMARY KEY (mailbox, uid)) WITHOUT ROWID;
  CREATE INDEX entry_by_mod_seq ON entry (mailbox, mod_seq);
  CREATE TABLE chunk (id INTEGER PRIMARY KEY, mailbox INT, first_uid INT, last_uid INT, mod_seq INT, data BLOB);
  CREATE INDEX chunk_by_uid ON chunk (mailbox, first_uid);
  CREATE INDEX chunk_by_mod_seq ON chunk (mailbox, mod_seq);`)

const entryAt = (uid) => ({
  uid,
  flags: 0,
  modSeq: uid,
  message: uid,
  size: 4096,
  internalDate: 1_700_000_000,
  saveDate: 1_700_000_000,
})
const insertEntry = db.prepare('INSERT INTO entry VALUES (1, ?, ?, 0, ?, 4096, 1700000000, 1700000000)')
const insertChunk = db.prepare('INSERT INTO chunk VALUES (NULL, 1, ?, ?, ?, ?)')
db.transaction(() => {
  for (let uid = 1; uid <= size; uid++) insertEntry.run(uid, uid, uid)
  for (let first = 1; first <= size; first += chunkEntriesMax) {
    const entries = new Entries(chunkEntriesMax)
    for (let uid = first; uid < Math.min(first + chunkEntriesMax, size + 1); uid++) entries.push(entryAt(uid))
    insertChunk.run(first, entries.uids[entries.length - 1], entries.maxModSeq(), entries.encode())
  }
})()
db.pragma('wal_checkpoint(TRUNCATE)')

function median(what, times, work) {
  const taken = []
  for (let i = 0; i < times; i++) {
    const started = performance.now()
    work(i)
    taken.push(performance.now() - started)
  }
  taken.sort((a, b) => a - b)
  console.log(`${what.padEnd(36)} ${taken[times >> 1].toFixed(2).padStart(8)} ms`)
}

const readEntries = db
  .prepare('SELECT uid, message, flags, mod_seq, size, internal, saved FROM entry WHERE mailbox = 1 ORDER BY uid')
  .raw(true)
const readChunks = db.prepare('SELECT data FROM chunk WHERE mailbox = 1 ORDER BY first_uid').raw(true)
median('open 100,000, rows', 5, () => {
  const entries = new Entries(size)
  for (const [uid, message, flags, modSeq, bytes, internalDate, saveDate] of readEntries.iterate())
    entries.push({ uid, message, flags, modSeq, size: bytes, internalDate, saveDate })
})
median('open 100,000, chunks', 5, () => {
  const entries = new Entries(size)
  for (const [data] of readChunks.iterate()) entries.decodeInto(data)
})

let modSeq = size
const flagRows = db.prepare('UPDATE entry SET flags = flags | ?, mod_seq = ? WHERE mailbox = 1 AND uid BETWEEN 1 AND ?')
const someChunks = db.prepare('SELECT id, data FROM chunk WHERE mailbox = 1 AND first_uid <= ?').raw(true)
const writeChunk = db.prepare('UPDATE chunk SET mod_seq = ?, data = ? WHERE id = ?')
function flagChunks(upTo, flag) {
  modSeq++
  for (const [id, data] of someChunks.all(upTo)) {
    const entries = new Entries(data.length / 36)
    entries.decodeInto(data)
    for (let i = 0; i < entries.length; i++) {
      entries.flags[i] |= flag
      entries.modSeqs[i] = modSeq
    }
    writeChunk.run(modSeq, entries.encode(), id)
  }
}
median('flags of 10,000, rows', 7, (i) => flagRows.run(1 << i, ++modSeq, 10_000))
median('flags of 10,000, chunks', 7, (i) => db.transaction(() => flagChunks(10_000, 1 << i))())
median('flags of one, rows', 101, (i) => flagRows.run(1 << (i % 30), ++modSeq, 1))
median('flags of one, chunks', 101, (i) => db.transaction(() => flagChunks(1, 1 << (i % 30)))())
db.close()
rmSync(folder, { recursive: true, force: true })
