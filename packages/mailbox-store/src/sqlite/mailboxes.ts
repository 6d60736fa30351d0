// The mutations of mailboxes: create, rename, delete, subscribe, special use. RFC 9051 §6.3.4–6.3.8, RFC 6154.

import { inbox, isBelow, levels, validName } from '../mailboxes/names.js'
import { type AccountId, allUids, type MailboxId, type SpaceId, type SpecialUse } from '../model.js'
import { refuse } from '../refusals.js'
import { expunge, move } from './messages.js'
import type { MailboxRow } from './remembered-rows.js'
import type { Transaction } from './transaction.js'

/** Contract C2. */
const firstMailboxes: readonly (readonly [name: string, use: SpecialUse])[] = [
  ['Sent', '\\Sent'],
  ['Drafts', '\\Drafts'],
  ['Trash', '\\Trash'],
  ['Spam', '\\Junk'],
  ['Archive', '\\Archive'],
]

/** A new account's mailboxes. Its INBOX lives in the domain's space, the others each in their own. */
export function createFirstMailboxes(tx: Transaction, account: AccountId, domainSpace: SpaceId): void {
  insertMailbox(tx, { account, name: inbox, space: domainSpace, shared: true, subscribed: true })
  for (const [name, specialUse] of firstMailboxes) insertMailbox(tx, { account, name, specialUse, subscribed: true })
}

/**
 * A space's UIDVALIDITY is the time, and always above every earlier one in this store: a mailbox that is deleted and
 * made again, or a clock that jumps back, never brings an old value back (RFC 9051 §2.3.1.1).
 */
export function createSpace(tx: Transaction): SpaceId {
  const last = tx.db.get<{ value: number }>("SELECT value FROM meta WHERE key = 'uid_validity_last'")?.value ?? 0
  const uidValidity = Math.max(last + 1, Math.floor(tx.now / 1000))
  tx.db.run("INSERT OR REPLACE INTO meta VALUES ('uid_validity_last', ?)", uidValidity)
  return tx.db.run('INSERT INTO uid_space (uid_validity, uid_next, mod_seq) VALUES (?, 1, 1)', uidValidity) as SpaceId
}

interface NewMailbox {
  readonly account: AccountId
  readonly name: string
  readonly specialUse?: SpecialUse | undefined
  readonly space?: SpaceId
  readonly shared?: boolean
  /** What is made unasked is shown to clients that show only that; what a client makes, it subscribes to itself. */
  readonly subscribed?: boolean
}

/**
 * A shared space outlives its INBOXes, so that an address that is made again has the old UIDVALIDITY: its UIDNEXT goes
 * on where the space is, and never back (RFC 9051 §2.3.1.1).
 */
function insertMailbox(tx: Transaction, mailbox: NewMailbox): MailboxId {
  const { account, name, specialUse, space, shared = false, subscribed = false } = mailbox
  const home = space ?? createSpace(tx)
  const { modSeq, uidNext } = tx.space(home)
  const id = tx.db.run(
    `INSERT INTO mailbox (account, name, special_use, space, shared, uid_next, mod_seq, tombstones_from, messages,
     unseen, deleted, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0)`,
    account,
    name,
    specialUse ?? null,
    home,
    shared ? 1 : 0,
    uidNext,
    modSeq,
    modSeq,
  )
  if (subscribed) tx.db.run('INSERT OR IGNORE INTO subscription VALUES (?, ?)', account, name)
  return id as MailboxId
}

const findMailbox = (tx: Transaction, account: AccountId, name: string): MailboxId | undefined =>
  tx.db.get<{ id: MailboxId }>('SELECT id FROM mailbox WHERE account = ? AND name = ?', account, name)?.id

/** Creates the mailbox and the levels above it that are missing (RFC 9051 §6.3.4). */
export function createMailbox(
  tx: Transaction,
  { account, name, specialUse, subscribed = false }: NewMailbox,
): MailboxId {
  const clean = validName(name, tx.limits)
  if (findMailbox(tx, account, clean) !== undefined) refuse('mailbox-exists', 'That mailbox exists already.')
  if (specialUse !== undefined) claimSpecialUse(tx, account, specialUse)
  const missing = levels(clean).filter((level) => findMailbox(tx, account, level) === undefined)
  const { n } = tx.db.get<{ n: number }>('SELECT count(*) AS n FROM mailbox WHERE account = ?', account) ?? { n: 0 }
  if (n + missing.length > tx.limits.mailboxesPerAccountMax)
    refuse('mailbox-limit', `An inbox has at most ${tx.limits.mailboxesPerAccountMax} mailboxes.`)
  let id: MailboxId | undefined
  for (const level of missing)
    id = insertMailbox(tx, { account, name: level, subscribed, specialUse: level === clean ? specialUse : undefined })
  return id as MailboxId
}

/** One mailbox of an account at most has each use; a new one takes it over only from nobody. */
function claimSpecialUse(tx: Transaction, account: AccountId, use: SpecialUse): void {
  if (tx.db.get('SELECT 1 FROM mailbox WHERE account = ? AND special_use = ?', account, use) !== undefined)
    refuse('special-use-taken', `Another mailbox is ${use} already.`)
}

export function setSpecialUse(
  tx: Transaction,
  options: { account: AccountId; mailbox: MailboxId; use: SpecialUse | undefined },
): void {
  const { account, mailbox, use } = options
  const box = tx.mailboxOf(account, mailbox)
  if (box.name === inbox) refuse('mailbox-protected', 'INBOX has no special use.')
  if (box.specialUse === use) return
  if (use !== undefined) claimSpecialUse(tx, account, use)
  tx.db.run('UPDATE mailbox SET special_use = ? WHERE id = ?', use ?? null, mailbox)
  tx.touchMailbox(box).specialUse = use
}

/** The mailbox with this use, made if it's missing: Sent copies and Drafts always find their place. */
export function ensureSpecialUse(tx: Transaction, account: AccountId, use: SpecialUse): MailboxId {
  const found = tx.db.get<{ id: MailboxId }>(
    'SELECT id FROM mailbox WHERE account = ? AND special_use = ?',
    account,
    use,
  )
  if (found !== undefined) return found.id
  const name = firstMailboxes.find(([, candidate]) => candidate === use)?.[0] ?? use.slice(1)
  const existing = findMailbox(tx, account, name)
  if (existing === undefined) return createMailbox(tx, { account, name, specialUse: use, subscribed: true })
  setSpecialUse(tx, { account, mailbox: existing, use })
  return existing
}

/** The mailbox of this name, made and subscribed to if it's missing: a rule of its owner has named it. */
export function ensureNamed(tx: Transaction, account: AccountId, name: string): MailboxId {
  const clean = validName(name, tx.limits)
  return findMailbox(tx, account, clean) ?? createMailbox(tx, { account, name: clean, subscribed: true })
}

/** RFC 9051 §6.3.6: children move along, and the uids and UIDVALIDITY stay; INBOX stays and only its mail moves. */
export function renameMailbox(
  tx: Transaction,
  { account, mailbox, to }: { account: AccountId; mailbox: MailboxId; to: string },
): MailboxId {
  const box = tx.mailboxOf(account, mailbox)
  const clean = validName(to, tx.limits)
  if (findMailbox(tx, account, clean) !== undefined) refuse('mailbox-exists', 'That mailbox exists already.')
  if (box.name === inbox) {
    const target = createMailbox(tx, { account, name: clean })
    move(tx, { account, mailbox, uids: allUids, to: target })
    return target
  }
  if (isBelow(clean, box.name)) refuse('mailbox-name-invalid', 'A mailbox cannot move below itself.')
  const parent = levels(clean).at(-2)
  if (parent !== undefined && findMailbox(tx, account, parent) === undefined)
    createMailbox(tx, { account, name: parent })
  const old = box.name
  for (const { id, name } of family(tx, account, old)) {
    const renamed = validName(clean + name.slice(old.length), tx.limits)
    if (findMailbox(tx, account, renamed) !== undefined) refuse('mailbox-exists', `${renamed} exists already.`)
    tx.db.run('UPDATE mailbox SET name = ? WHERE id = ?', renamed, id)
    tx.touchMailbox(tx.mailbox(id)).name = renamed
    moveSubscription(tx, { account, from: name, to: renamed })
  }
  return mailbox
}

function family(tx: Transaction, account: AccountId, name: string): { id: MailboxId; name: string }[] {
  return tx.db
    .all<{ id: MailboxId; name: string }>('SELECT id, name FROM mailbox WHERE account = ? ORDER BY name', account)
    .filter((candidate) => candidate.name === name || isBelow(candidate.name, name))
}

function moveSubscription(
  tx: Transaction,
  { account, from, to }: { account: AccountId; from: string; to: string },
): void {
  if (tx.db.change('DELETE FROM subscription WHERE account = ? AND name = ?', account, from) > 0)
    tx.db.run('INSERT OR IGNORE INTO subscription VALUES (?, ?)', account, to)
}

/** RFC 9051 §6.3.5: its messages go with it, its children stay, its subscription stays (§6.3.7). */
export function deleteMailbox(tx: Transaction, { account, mailbox }: { account: AccountId; mailbox: MailboxId }): void {
  const box = tx.mailboxOf(account, mailbox)
  if (box.name === inbox) refuse('mailbox-protected', 'INBOX cannot be deleted.')
  dropMailbox(tx, box)
}

/** INBOX goes so too, with its account; its space stays, since the domain's other INBOXes live there. */
export function dropMailbox(tx: Transaction, box: MailboxRow): void {
  const { id, account, shared, space } = box
  expunge(tx, { account, mailbox: id, uids: allUids, always: true })
  tx.write()
  tx.db.run('DELETE FROM chunk WHERE mailbox = ?', id)
  tx.db.run('DELETE FROM mailbox WHERE id = ?', id)
  if (!shared) tx.db.run('DELETE FROM uid_space WHERE id = ?', space)
  tx.removed(box)
}

/** RFC 9051 §6.3.7: a name may be subscribed to that has no mailbox. */
export function subscribe(
  tx: Transaction,
  { account, name, on }: { account: AccountId; name: string; on: boolean },
): void {
  const clean = validName(name, tx.limits)
  if (!on) tx.db.run('DELETE FROM subscription WHERE account = ? AND name = ?', account, clean)
  else {
    const { n } = tx.db.get<{ n: number }>('SELECT count(*) AS n FROM subscription WHERE account = ?', account) ?? {
      n: 0,
    }
    if (n >= tx.limits.mailboxesPerAccountMax * 2) refuse('mailbox-limit', 'This inbox has too many subscriptions.')
    tx.db.run('INSERT OR IGNORE INTO subscription VALUES (?, ?)', account, clean)
  }
}
