// Which mailboxes have lost something by a restore, and their new UIDVALIDITY (RFC 9051 §2.3.1.1). A mailbox keeps its own
// where the store that is replaced shows that nothing has happened to it since the backup: then every uid and modseq that a
// client knows still means the same. All INBOXes of a domain share a space of uids; each keeps its UIDVALIDITY by itself, and
// the merged INBOX has a new one where any of them has (docs/decisions/restored-mailboxes.md). A mailbox with a new
// UIDVALIDITY is another object, too (RFC 8474 §4.1).

import { uidMax } from '../model.js'
import { refuse } from '../refusals.js'
import { decodeChunk } from './chunks.js'
import type { Connection } from './connection.js'
import { columnsInBoth, metaOf, setMeta } from './restore-lineage.js'

/** How far numbers of mailboxes may have gone on since the backup, where nobody can say. */
const objectIdStep = 1_000_000

export type WhyAnew = 'went-on' | 'deleted-since' | 'renamed-since' | 'nobody-knows'

export interface MailboxAnew {
  readonly inbox: string
  readonly mailbox: string
  readonly why: WhyAnew
  readonly uidValidity: number
}

export interface SpacesRestored {
  readonly kept: number
  readonly anew: readonly MailboxAnew[]
}

interface Box {
  id: number
  account: number
  address: string
  name: string
  space: number
  shared: number
  validity: number
  uidNext: number
  modSeq: number
  tombstonesFrom: number
  counts: string
}

function boxesOf(db: Connection, ownValidity: boolean): Box[] {
  const validity = ownValidity ? 'coalesce(m.uid_validity, s.uid_validity)' : 's.uid_validity'
  return db.all<Box>(
    `SELECT m.id, m.account, i.address, m.name, m.space, m.shared, ${validity} AS validity, m.uid_next AS uidNext,
     m.mod_seq AS modSeq, m.tombstones_from AS tombstonesFrom,
     m.messages || ' ' || m.unseen || ' ' || m.deleted || ' ' || m.bytes AS counts
     FROM mailbox m JOIN uid_space s ON s.id = m.space JOIN inbox i ON i.id = m.account ORDER BY m.id`,
  )
}

/** With the store that is replaced. */
export function compareSpaces(copy: Connection, old: Connection, now: number): SpacesRestored {
  const theirs = boxesOf(old, columnsInBoth(copy, old, 'mailbox').includes('uid_validity'))
  const byId = new Map(theirs.map((box) => [box.id, box]))
  const sharedThere = sharedBySpace(theirs)
  const why = new Map<number, WhyAnew>()
  const boxes = boxesOf(copy, true)
  for (const box of boxes) {
    const found = whyAnew(box, { other: byId.get(box.id), old })
    if (found !== undefined) why.set(box.id, found)
  }
  const given = new Identities(copy, { now, old })
  const anew = giveAnew(copy, { boxes, why, given, merged: mergedAnew(copy, { boxes, why, sharedThere }) })
  raiseCounters(copy, { old, kept: boxes.filter(({ id }) => !why.has(id)), byId })
  given.write()
  return { kept: boxes.length - anew.length, anew }
}

/** Where nothing tells what was lost. */
export function renewSpaces(
  copy: Connection,
  { now, old }: { now: number; old: Connection | undefined },
): SpacesRestored {
  const boxes = boxesOf(copy, true)
  const why = new Map(boxes.map(({ id }): [number, WhyAnew] => [id, 'nobody-knows']))
  const given = new Identities(copy, { now, old })
  given.step()
  const merged = new Set(domainSpaces(copy))
  const anew = giveAnew(copy, { boxes, why, given, merged })
  given.write()
  return { kept: 0, anew }
}

export const countMailboxes = (db: Connection): number =>
  db.get<{ n: number }>('SELECT count(*) AS n FROM mailbox')?.n ?? 0

function whyAnew(box: Box, { other, old }: { other: Box | undefined; old: Connection }): WhyAnew | undefined {
  if (other === undefined || other.account !== box.account) return 'deleted-since'
  if (other.name !== box.name) return 'renamed-since'
  if (other.validity !== box.validity || other.counts !== box.counts) return 'went-on'
  if (other.modSeq === box.modSeq && other.uidNext === box.uidNext) return undefined
  return hasChangedSince(old, other, box.modSeq) ? 'went-on' : undefined
}

/** A step ahead (power-cut.ts) raises the counters and changes nothing. */
function hasChangedSince(old: Connection, { id, tombstonesFrom }: Box, modSeq: number): boolean {
  if (tombstonesFrom > modSeq) return true
  const isGone = 'SELECT 1 FROM tombstone WHERE mailbox = ? AND mod_seq > ? LIMIT 1'
  if (old.get(isGone, id, modSeq) !== undefined) return true
  // The column runs ahead of what is in the chunk.
  const chunks = old.all<{ data: Uint8Array }>('SELECT data FROM chunk WHERE mailbox = ? AND mod_seq > ?', id, modSeq)
  return chunks.some(({ data }) => decodeChunk(data).maxModSeq() > modSeq)
}

const domainSpaces = (db: Connection): number[] =>
  db.all<{ space: number }>('SELECT space FROM domain').map(({ space }) => space)

function sharedBySpace(boxes: readonly Box[]): Map<number, Set<number>> {
  const by = new Map<number, Set<number>>()
  for (const { id, space, shared } of boxes) if (shared === 1) by.set(space, (by.get(space) ?? new Set()).add(id))
  return by
}

/** The domains whose merged INBOX has lost something: an INBOX of it has, or has come or gone. */
function mergedAnew(
  copy: Connection,
  options: { boxes: readonly Box[]; why: ReadonlyMap<number, WhyAnew>; sharedThere: Map<number, Set<number>> },
): Set<number> {
  const { boxes, why, sharedThere } = options
  const sharedHere = sharedBySpace(boxes)
  const isAnew = (space: number): boolean => {
    const here = Array.from(sharedHere.get(space) ?? [])
    const there = sharedThere.get(space) ?? new Set()
    return here.length !== there.size || here.some((id) => why.has(id) || !there.has(id))
  }
  return new Set(domainSpaces(copy).filter(isAnew))
}

interface Anew {
  readonly boxes: readonly Box[]
  readonly why: ReadonlyMap<number, WhyAnew>
  readonly given: Identities
  /** Shared spaces. */
  readonly merged: ReadonlySet<number>
}

function giveAnew(copy: Connection, { boxes, why, given, merged }: Anew): MailboxAnew[] {
  const validityOf = new Map<number, number>()
  const renewSpace = (space: number): number => {
    const validity = given.uidValidity()
    copy.run('UPDATE uid_space SET uid_validity = ?, object_id = ? WHERE id = ?', validity, given.objectId(), space)
    validityOf.set(space, validity)
    return validity
  }
  for (const space of merged) renewSpace(space)
  const anew: MailboxAnew[] = []
  for (const { id, space, shared, validity, address, name } of boxes) {
    const reason = why.get(id)
    if (reason === undefined) {
      if (merged.has(space)) copy.run('UPDATE mailbox SET uid_validity = ? WHERE id = ?', validity, id)
      continue
    }
    const uidValidity = shared === 1 ? (validityOf.get(space) ?? renewSpace(space)) : renewSpace(space)
    copy.run('UPDATE mailbox SET uid_validity = NULL, object_id = ? WHERE id = ?', given.objectId(), id)
    anew.push({ inbox: address, mailbox: name, why: reason, uidValidity })
  }
  return anew
}

/** What clients were told of mailboxes that keep their UIDVALIDITY is never told lower. */
function raiseCounters(
  copy: Connection,
  { old, kept, byId }: { old: Connection; kept: readonly Box[]; byId: ReadonlyMap<number, Box> },
): void {
  for (const { id, uidNext, modSeq } of old.all<{ id: number; uidNext: number; modSeq: number }>(
    'SELECT id, uid_next AS uidNext, mod_seq AS modSeq FROM uid_space',
  ))
    copy.run(
      'UPDATE uid_space SET uid_next = max(uid_next, ?), mod_seq = max(mod_seq, ?) WHERE id = ?',
      uidNext,
      modSeq,
      id,
    )
  for (const { id } of kept) {
    const { uidNext, modSeq } = byId.get(id) as Box
    copy.run(
      'UPDATE mailbox SET uid_next = max(uid_next, ?), mod_seq = max(mod_seq, ?) WHERE id = ?',
      uidNext,
      modSeq,
      id,
    )
  }
}

/** Values of UIDVALIDITY and numbers of mailboxes that neither store has ever given out. */
class Identities {
  readonly #copy: Connection
  #validity: number
  #object: number

  constructor(copy: Connection, { now, old }: { now: number; old: Connection | undefined }) {
    this.#copy = copy
    const both = old === undefined ? [copy] : [copy, old]
    this.#validity = Math.max(Math.floor(now / 1000) - 1, ...both.map(highestValidity))
    this.#object = Math.max(...both.map(highestMailbox))
  }

  step(): void {
    this.#object += objectIdStep
  }

  uidValidity(): number {
    if (this.#validity >= uidMax) refuse('uids-exhausted', 'There is no higher UIDVALIDITY than those that were used.')
    return ++this.#validity
  }

  objectId(): number {
    return ++this.#object
  }

  write(): void {
    setMeta(this.#copy, 'uid_validity_last', this.#validity)
    this.#copy.run("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'mailbox'", this.#object)
  }
}

const highestValidity = (db: Connection): number =>
  Math.max(
    Number(metaOf(db, 'uid_validity_last') ?? 0),
    db.get<{ high: number | null }>('SELECT max(uid_validity) AS high FROM uid_space')?.high ?? 0,
  )

const highestMailbox = (db: Connection): number =>
  db.get<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'mailbox'")?.seq ?? 0
