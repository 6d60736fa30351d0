// Whether the store that a backup replaces is what that backup's store became: only then does it tell what was lost since.
// Each restore begins a new history; numbers of one history mean nothing in another.

import { randomBytes } from 'node:crypto'
import type { Connection } from './connection.js'
import { schemaVersion } from './schema.js'

/** `none`: there's no store. `another`: of another server. `apart`: it has gone another way, or is from before the backup. */
export type Successor = 'known' | 'none' | 'damaged' | 'another' | 'newer' | 'apart'

export const metaOf = (db: Connection, key: string): string | number | undefined =>
  db.get<{ value: string | number }>('SELECT value FROM meta WHERE key = ?', key)?.value

export const setMeta = (db: Connection, key: string, value: string | number): void => {
  db.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', key, value)
}

const historyOf = (db: Connection): string | number | undefined => metaOf(db, 'history') ?? metaOf(db, 'store_id')

export function successorOf(copy: Connection, old: Connection): Successor {
  if ((old.raw.pragma('user_version', { simple: true }) as number) > schemaVersion) return 'newer'
  if (metaOf(copy, 'store_id') !== metaOf(old, 'store_id')) return 'another'
  const backup = metaOf(copy, 'backup_id')
  const isFromIt = backup !== undefined && metaOf(old, 'restored_from') === backup
  if (!isFromIt && historyOf(copy) !== historyOf(old)) return 'apart'
  return isBehind(copy, old) ? 'apart' : 'known'
}

/** Numbers only grow: where the backup has a higher one, the other store is an older copy. */
function isBehind(copy: Connection, old: Connection): boolean {
  const theirs = marksOf(old)
  for (const [id, { uidNext, modSeq }] of marksOf(copy)) {
    const other = theirs.get(id)
    if (other !== undefined && (other.uidNext < uidNext || other.modSeq < modSeq)) return true
  }
  const sequences = sequencesOf(old)
  return Array.from(sequencesOf(copy)).some(([name, next]) => next > (sequences.get(name) ?? 0))
}

interface Marks {
  readonly uidNext: number
  readonly modSeq: number
}

const marksOf = (db: Connection): Map<number, Marks> =>
  new Map(
    db
      .all<Marks & { id: number }>('SELECT id, uid_next AS uidNext, mod_seq AS modSeq FROM uid_space')
      .map(({ id, ...marks }) => [id, marks]),
  )

export const sequencesOf = (db: Connection): Map<string, number> =>
  new Map(
    db.all<{ name: string; seq: number }>('SELECT name, seq FROM sqlite_sequence').map(({ name, seq }) => [name, seq]),
  )

/** Numbers that were given out by either are given out by neither again. */
export function raiseSequences(copy: Connection, old: Connection): void {
  const own = sequencesOf(copy)
  for (const [name, next] of sequencesOf(old)) {
    if (own.has(name)) copy.run('UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?', next, name)
    else copy.run('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)', name, next)
  }
}

export function beginHistory(copy: Connection): void {
  setMeta(copy, 'history', randomBytes(16).toString('hex'))
  setMeta(copy, 'restored_from', metaOf(copy, 'backup_id') ?? '')
  copy.run("DELETE FROM meta WHERE key = 'backup_id'")
  setMeta(copy, 'directory_version', Number(metaOf(copy, 'directory_version') ?? 0) + 1)
}

/** The columns that a table has in both: they may be of two versions of the program. */
export function columnsInBoth(copy: Connection, old: Connection, table: string): string[] {
  const names = (db: Connection): string[] =>
    (db.raw.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => name)
  const theirs = new Set(names(old))
  return names(copy).filter((name) => theirs.has(name))
}
