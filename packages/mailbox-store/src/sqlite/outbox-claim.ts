// Leases: which recipients a relay may send now. A claim takes what is due, the longest due first. Where domains are
// busy it looks past them, a bounded way; behind that it goes on domain by domain, from where the last claim ended, so
// that a hundred thousand messages to one slow domain hold no other domain up.

import type { AccountId, CredentialId, EnvironmentId, MessageId } from '../model.js'
import {
  claimDomainsMax,
  claimMax,
  claimPerDomainMax,
  claimScanMax,
  diedWaitMs,
  expiredLeasesPerClaimMax,
  leaseMsMax,
  triesBeforeDiedWait,
} from '../outbox/limits.js'
import type { BodyKind, Claimed, ClaimOptions } from '../outbox/outbox.js'
import { refuse } from '../refusals.js'
import type { Connection } from './connection.js'
import { settle } from './outbox-report.js'
import type { Transaction } from './transaction.js'

/** All three read an index alone, in its order. */
export const dueSql = `SELECT id, domain FROM outbox WHERE state = 'waiting' AND next_try_at <= ?
  ORDER BY next_try_at, id LIMIT ?`
export const nextDomainSql = "SELECT domain FROM outbox WHERE state = 'waiting' AND domain > ? ORDER BY domain LIMIT 1"
export const dueOfDomainSql = `SELECT id FROM outbox WHERE state = 'waiting' AND domain = ? AND next_try_at <= ?
  ORDER BY next_try_at, id LIMIT ?`

/** Where the walk over domains goes on. */
export interface DomainCursor {
  domain: string
}

/** Read without a transaction: an idle relay that asks every second costs nothing. */
export function anythingDue(db: Connection, now: number): boolean {
  return (
    db.get("SELECT 1 FROM outbox WHERE state = 'waiting' AND next_try_at <= ? LIMIT 1", now) !== undefined ||
    db.get("SELECT 1 FROM outbox WHERE state = 'leased' AND lease_until <= ? LIMIT 1", now) !== undefined
  )
}

export function claim(tx: Transaction, options: ClaimOptions, cursor: DomainCursor): Claimed[] {
  const { owner, limit, leaseMs, domainsBusy = [] } = options
  if (owner === '') refuse('invalid', 'A lease has an owner.')
  if (!Number.isInteger(limit) || limit < 1) refuse('invalid', 'A claim takes at least one recipient.')
  const leaseUntil = tx.now + checkLease(leaseMs)
  endLeases(tx)
  const ids = findDue(tx, { limit: Math.min(limit, claimMax), busy: new Set(domainsBusy), cursor })
  return ids.map((id) => {
    tx.db.run(
      "UPDATE outbox SET state = 'leased', lease_owner = ?, lease_until = ?, attempts = attempts + 1 WHERE id = ?",
      owner,
      leaseUntil,
      id,
    )
    return claimed(tx, id)
  })
}

export function renew(tx: Transaction, options: { owner: string; ids: readonly number[]; leaseMs: number }): number[] {
  const until = tx.now + checkLease(options.leaseMs)
  return options.ids.filter(
    (id) =>
      tx.db.change(
        "UPDATE outbox SET lease_until = ? WHERE id = ? AND state = 'leased' AND lease_owner = ?",
        until,
        id,
        options.owner,
      ) === 0,
  )
}

export function release(tx: Transaction, owner: string, { died = false }: { died?: boolean }): number {
  const held = tx.db.all<Held>(`${heldSql} AND lease_owner = ?`, owner)
  for (const row of held) {
    if (died) slowDown(tx, row)
    else uncount(tx, row)
    giveBack(tx, row)
  }
  return held.length
}

export function postpone(
  tx: Transaction,
  { owner, ids, until }: { owner: string; ids: readonly number[]; until: number },
): void {
  if (!Number.isSafeInteger(until)) refuse('invalid', 'The next try is at a time in milliseconds.')
  for (const id of ids) {
    const row = tx.db.get<Held>(`${heldSql} AND lease_owner = ? AND outbox.id = ?`, owner, id)
    if (row === undefined) continue
    uncount(tx, row)
    tx.db.run('UPDATE outbox SET next_try_at = ? WHERE id = ?', until, id)
    giveBack(tx, row)
  }
}

export function owners(db: Connection): string[] {
  return db
    .all<{ owner: string }>("SELECT DISTINCT lease_owner AS owner FROM outbox WHERE state = 'leased'")
    .map(({ owner }) => owner)
}

const heldSql = `SELECT outbox.id, submission, cancelled_at AS cancelledAt FROM outbox
  JOIN submission ON submission.id = outbox.submission WHERE state = 'leased'`

/** A message that kills whoever sends it doesn't do so again at once, over and over. */
function slowDown(tx: Transaction, { id }: Held): void {
  tx.db.run(
    'UPDATE outbox SET next_try_at = max(next_try_at, ?) WHERE id = ? AND attempts > ?',
    tx.now + diedWaitMs,
    id,
    triesBeforeDiedWait,
  )
}

function uncount(tx: Transaction, { id }: Held): void {
  tx.db.run('UPDATE outbox SET attempts = attempts - 1 WHERE id = ?', id)
}

interface Held {
  id: number
  submission: number
  cancelledAt: number | null
}

/** Their owners are gone, or too slow to be waited for. A limit that is a parameter has SQLite plan the statement each time. */
function endLeases(tx: Transaction): void {
  const ended = tx.db.all<Held>(`${heldSql} AND lease_until <= ? LIMIT ${expiredLeasesPerClaimMax}`, tx.now)
  for (const row of ended) giveBack(tx, row)
}

function giveBack(tx: Transaction, { id, submission, cancelledAt }: Held): void {
  if (cancelledAt !== null) settle(tx, { id, submission, state: 'cancelled' })
  else tx.db.run("UPDATE outbox SET state = 'waiting', lease_owner = NULL, lease_until = NULL WHERE id = ?", id)
}

interface Search {
  readonly limit: number
  readonly busy: ReadonlySet<string>
  readonly cursor: DomainCursor
}

function findDue(tx: Transaction, { limit, busy, cursor }: Search): number[] {
  const found: number[] = []
  const scan = busy.size === 0 ? limit : claimScanMax
  let scanned = 0
  for (const row of tx.db.prepareRaw(dueSql).iterate(tx.now, scan) as Iterable<[id: number, domain: string]>) {
    scanned++
    if (!busy.has(row[1])) found.push(row[0])
    if (found.length === limit) return found
  }
  return scanned < scan || busy.size === 0 ? found : findByDomain(tx, found, { limit, busy, cursor })
}

/** Each domain is asked once, and the walk ends where it began. */
function findByDomain(tx: Transaction, found: number[], { limit, busy, cursor }: Search): number[] {
  const ids = new Set(found)
  const visited = new Set<string>()
  for (let n = 0; n < claimDomainsMax && ids.size < limit; n++) {
    const next = nextDomain(tx, cursor.domain) ?? nextDomain(tx, '')
    if (next === undefined || visited.has(next)) break
    visited.add(next)
    cursor.domain = next
    if (busy.has(next)) continue
    const rows = tx.db.prepareRaw(dueOfDomainSql).all(next, tx.now, Math.min(claimPerDomainMax, limit)) as [number][]
    for (const [id] of rows) if (ids.size < limit) ids.add(id)
  }
  return Array.from(ids)
}

function nextDomain(tx: Transaction, after: string): string | undefined {
  return (tx.db.prepareRaw(nextDomainSql).get(after) as [string] | undefined)?.[0]
}

function checkLease(leaseMs: number): number {
  if (!Number.isInteger(leaseMs) || leaseMs < 1 || leaseMs > leaseMsMax)
    refuse('invalid', `A lease lasts 1 to ${leaseMsMax} milliseconds.`)
  return leaseMs
}

interface ClaimedRow {
  id: number
  queueId: string
  message: MessageId
  account: AccountId | null
  credential: CredentialId | null
  environment: EnvironmentId | null
  sender: string
  recipient: string
  domain: string
  notify: string | null
  originalRecipient: string | null
  ret: 'full' | 'hdrs' | null
  envelopeId: string | null
  requireTls: number
  body: BodyKind
  attempts: number
  delayTold: number
  sink: string | null
  keep: number
  foreign: number
  leaseUntil: number
  createdAt: number
}

function claimed(tx: Transaction, id: number): Claimed {
  const row = tx.db.get<ClaimedRow>(
    `SELECT outbox.id, queue_id AS queueId, coalesce(outbox.message, submission.message) AS message, account, credential, environment, sender, recipient, domain, notify,
     original_recipient AS originalRecipient, ret, envelope_id AS envelopeId, require_tls AS requireTls, body, attempts,
     delay_told AS delayTold, sink, keep_for IS NOT NULL AS keep, foreign_text AS "foreign", lease_until AS leaseUntil, created_at AS createdAt
     FROM outbox JOIN submission ON submission.id = outbox.submission WHERE outbox.id = ?`,
    id,
  ) as ClaimedRow
  return {
    ...row,
    account: row.account ?? undefined,
    credential: row.credential ?? undefined,
    environment: row.environment ?? undefined,
    notify: row.notify ?? undefined,
    originalRecipient: row.originalRecipient ?? undefined,
    ret: row.ret ?? undefined,
    envelopeId: row.envelopeId ?? undefined,
    requireTls: row.requireTls === 1,
    delayTold: row.delayTold === 1,
    sink: row.sink ?? undefined,
    keep: row.keep === 1,
    foreign: row.foreign === 1,
  }
}
