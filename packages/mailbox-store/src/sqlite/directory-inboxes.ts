// Inboxes (contract B1, C2, G1): an address, its quota and its switches. Making one makes its mailboxes in the same
// commit, so that it can be logged into at once; deleting one leaves nothing of it but the audit log.

import { parseAddress } from '../directory/address.js'
import type { By, InboxChanges, InboxFilter, NewInbox, Page, Ref } from '../directory/directory.js'
import { publicKeyBytesMax } from '../directory/limits.js'
import { pageOf, pageSize } from '../directory/paging.js'
import { publicId } from '../directory/public-id.js'
import type { Alias, Inbox, SendingRules } from '../directory/records.js'
import { sealedColumn } from '../directory/sealed-text.js'
import { changedSending, sendingColumn, toldSending } from '../directory/sending-rules.js'
import { cleanCount, cleanName } from '../directory/words.js'
import type { AccountId, DomainId, EnvironmentId, MailboxId } from '../model.js'
import { refuse } from '../refusals.js'
import { auditIn } from './audit.js'
import type { Connection } from './connection.js'
import { getDomain } from './directory-domains.js'
import { releaseHeld } from './held.js'
import { createFirstMailboxes, dropMailbox } from './mailboxes.js'
import type { Transaction } from './transaction.js'

const columns = `inbox.id, public_id AS publicId, environment, domain, address, name AS displayName,
  quota_bytes AS quotaBytes, quota_messages AS quotaMessages, used_bytes AS usedBytes, used_messages AS usedMessages,
  plus_addressing AS plusAddressing, disabled, legal_hold AS legalHold, sending, route,
  public_key AS publicKey, created_at AS createdAt,
  (SELECT json_group_array(json_array(a.address, a.may_send)) FROM inbox_alias a WHERE a.inbox = inbox.id) AS aliases`

interface InboxRow {
  id: AccountId
  publicId: string
  environment: EnvironmentId
  domain: DomainId
  address: string
  displayName: string | null
  quotaBytes: number | null
  quotaMessages: number | null
  usedBytes: number
  usedMessages: number
  plusAddressing: number
  disabled: number
  legalHold: number
  sending: string
  route: string | null
  publicKey: string | null
  aliases: string
  createdAt: number
}

const inboxOf = (row: InboxRow): Inbox => ({
  ...row,
  displayName: row.displayName ?? undefined,
  quotaBytes: row.quotaBytes ?? undefined,
  quotaMessages: row.quotaMessages ?? undefined,
  plusAddressing: row.plusAddressing === 1,
  disabled: row.disabled === 1,
  legalHold: row.legalHold === 1,
  sending: JSON.parse(row.sending) as SendingRules,
  route: row.route ?? undefined,
  publicKey: row.publicKey ?? undefined,
  aliases: (JSON.parse(row.aliases) as [string, number][])
    .map(([address, maySend]): Alias => ({ address, maySend: maySend === 1 }))
    .sort((a, b) => (a.address < b.address ? -1 : 1)),
})

export function createInbox(tx: Transaction, options: NewInbox & By): Inbox {
  const { displayName, quotaBytes, quotaMessages, plusAddressing = true, sending, by } = options
  const domain = getDomain(tx.db, options.domain)
  const parsed = parseAddress(options.address)
  if (parsed.domain !== domain.name) refuse('invalid', `An inbox of this domain has an address @${domain.name}.`)
  const address = freeAddress(tx.db, parsed.address)
  const object = publicId('inb')
  const id = tx.db.run(
    `INSERT INTO inbox (public_id, environment, domain, address, name, quota_bytes, quota_messages, plus_addressing,
     sending, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    object,
    domain.environment,
    domain.id,
    address,
    nameColumn(displayName),
    quotaColumn(quotaBytes),
    quotaColumn(quotaMessages),
    plusAddressing ? 1 : 0,
    sendingColumn(changedSending({}, sending ?? {})),
    tx.now,
  ) as AccountId
  createFirstMailboxes(tx, id, domain.space)
  const detail = { address, ...(sending === undefined ? {} : { sending: toldSending(sending) }) }
  auditIn(tx, domain.environment, { by, action: 'inbox.create', object, detail })
  return getInbox(tx.db, id)
}

export function updateInbox(tx: Transaction, id: AccountId, changes: InboxChanges & By): Inbox {
  const old = getInbox(tx.db, id)
  const { plusAddressing = old.plusAddressing, disabled = old.disabled, legalHold = old.legalHold, by } = changes
  const { displayName = old.displayName, quotaBytes = old.quotaBytes, quotaMessages = old.quotaMessages } = changes
  tx.db.run(
    `UPDATE inbox SET name = ?, quota_bytes = ?, quota_messages = ?, plus_addressing = ?, disabled = ?, legal_hold = ?,
     sending = ?, route = ?, public_key = ? WHERE id = ?`,
    nameColumn(displayName),
    quotaColumn(quotaBytes),
    quotaColumn(quotaMessages),
    plusAddressing ? 1 : 0,
    disabled ? 1 : 0,
    legalHold ? 1 : 0,
    sendingColumn(changedSending(old.sending, changes.sending ?? {})),
    sealedColumn(changes.route === undefined ? old.route : changes.route, 'A route'),
    publicKeyColumn(changes.publicKey === undefined ? old.publicKey : changes.publicKey),
    id,
  )
  if (old.legalHold && !legalHold) releaseHeld(tx, id)
  const { by: _, sending, route, publicKey, ...asked } = changes
  const detail = {
    ...Object.fromEntries(Object.entries(asked).map(([key, value]) => [key, value ?? null])),
    ...(sending === undefined ? {} : { sending: toldSending(sending) }),
    // It has passwords.
    ...(route === undefined ? {} : { route: route === null ? 'removed' : 'set' }),
    ...(publicKey === undefined ? {} : { publicKey: publicKey === null ? 'removed' : 'set' }),
  }
  auditIn(tx, old.environment, { by, action: 'inbox.update', object: old.publicId, detail })
  tx.forgetAccount(id)
  return getInbox(tx.db, id)
}

export function deleteInbox(tx: Transaction, id: AccountId, { by }: By): void {
  const inbox = getInbox(tx.db, id)
  if (inbox.legalHold)
    refuse('invalid', 'The inbox is under legal hold: nothing of it may be deleted.', 'Lift the legal hold first.')
  const mailboxes = tx.db.all<{ id: MailboxId }>('SELECT id FROM mailbox WHERE account = ?', id)
  for (const mailbox of mailboxes) dropMailbox(tx, tx.mailbox(mailbox.id))
  tx.db.run('DELETE FROM keyword_set WHERE account = ?', id)
  tx.db.run('DELETE FROM inbox WHERE id = ?', id)
  const detail = { address: inbox.address, messages: inbox.usedMessages }
  auditIn(tx, inbox.environment, { by, action: 'inbox.delete', object: inbox.publicId, detail })
  tx.forgetAccount(id)
}

export function getInbox(db: Connection, ref: Ref<AccountId>): Inbox {
  const by = typeof ref === 'number' ? 'id' : 'public_id'
  const row = db.get<InboxRow>(`SELECT ${columns} FROM inbox WHERE ${by} = ?`, ref)
  return row === undefined ? refuse('not-found', 'There is no such inbox.') : inboxOf(row)
}

/** By its own, clean address. */
export function inboxAddressed(db: Connection, address: string): Inbox | undefined {
  const row = db.get<InboxRow>(`SELECT ${columns} FROM inbox WHERE address = ?`, address)
  return row === undefined ? undefined : inboxOf(row)
}

export function listInboxes(db: Connection, filter: InboxFilter): Page<Inbox> {
  const size = pageSize(filter)
  const { environment, domain, routed, afterId = 0 } = filter
  const rows = db.all<InboxRow>(
    `SELECT ${columns} FROM inbox WHERE id > ? ${environment === undefined ? '' : 'AND environment = ?'}
     ${domain === undefined ? '' : 'AND domain = ?'} ${routed ? 'AND route IS NOT NULL' : ''} ORDER BY id LIMIT ?`,
    afterId,
    ...(environment === undefined ? [] : [environment]),
    ...(domain === undefined ? [] : [domain]),
    size + 1,
  )
  return pageOf(rows.map(inboxOf), size)
}

/** A clean address that no inbox and no alias has. `*` is left to patterns: `*@domain` opens the whole domain. */
export function freeAddress(db: Connection, address: string): string {
  if (address.includes('*')) refuse('invalid', 'An inbox cannot have a * in its address.')
  const taken =
    db.get('SELECT 1 FROM inbox WHERE address = ?', address) ??
    db.get('SELECT 1 FROM inbox_alias WHERE address = ?', address)
  if (taken !== undefined) refuse('exists', 'That address is in use already.')
  return address
}

const nameColumn = (name: string | null | undefined): string | null =>
  name === undefined || name === null ? null : cleanName(name, 'A display name')

const quotaColumn = (quota: number | null | undefined): number | null =>
  quota === undefined || quota === null ? null : cleanCount(quota, 'A quota')

function publicKeyColumn(armoured: string | null | undefined): string | null {
  if (armoured === undefined || armoured === null) return null
  if (Buffer.byteLength(armoured) > publicKeyBytesMax)
    refuse('invalid', `An OpenPGP key has at most ${publicKeyBytesMax} bytes.`)
  return armoured
}
