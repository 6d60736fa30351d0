// Domains (contract B1, B7, F2): their names and other names, whether they are verified, and what they do with mail.
// A domain owns the uid space that the INBOXes of all its addresses share.

import { cleanDomain } from '../directory/address.js'
import type { By, DomainChanges, NewDomain, Page, PageOptions, Ref, SendingChanges } from '../directory/directory.js'
import { aliasesPerDomainMax, settingsBytesMax } from '../directory/limits.js'
import { pageOf, pageSize } from '../directory/paging.js'
import { publicId, randomWord } from '../directory/public-id.js'
import {
  type Domain,
  type DomainMode,
  type DomainSettings,
  dmarcLimits,
  domainModes,
  type Json,
  type Verification,
} from '../directory/records.js'
import { sealedColumn } from '../directory/sealed-text.js'
import { changedSending, cleanSending, toldSending } from '../directory/sending-rules.js'
import type { DomainId, EnvironmentId } from '../model.js'
import { refuse, StoreRefusal } from '../refusals.js'
import { auditIn } from './audit.js'
import type { Connection } from './connection.js'
import { getEnvironment } from './directory-tenants.js'
import { createSpace } from './mailboxes.js'
import type { Transaction } from './transaction.js'

const verificationTokenCharacters = 32

const columns = `domain.id, public_id AS publicId, environment, name, space, mode, catch_all AS catchAll,
  verification_token AS verificationToken, verified_at AS verifiedAt, verified_by AS verifiedBy, settings, route, sink,
  created_at AS createdAt,
  (SELECT json_group_array(a.name) FROM domain_alias a WHERE a.domain = domain.id) AS aliases`

interface DomainRow
  extends Omit<
    Domain,
    'catchAll' | 'verifiedAt' | 'verifiedBy' | 'settings' | 'sending' | 'route' | 'sink' | 'aliases'
  > {
  catchAll: number
  verifiedAt: number | null
  verifiedBy: Verification | null
  settings: string
  route: string | null
  sink: string | null
  aliases: string
}

function domainOf(row: DomainRow): Domain {
  const settings = JSON.parse(row.settings) as DomainSettings
  return {
    ...row,
    catchAll: row.catchAll === 1,
    verifiedAt: row.verifiedAt ?? undefined,
    verifiedBy: row.verifiedBy ?? undefined,
    settings,
    sending: settings.sending ?? {},
    route: row.route ?? undefined,
    sink: row.sink ?? undefined,
    aliases: (JSON.parse(row.aliases) as string[]).sort(),
  }
}

export function createDomain(tx: Transaction, options: NewDomain & By): Domain {
  const { environment, mode = 'retained', catchAll = false, settings = {}, by } = options
  getEnvironment(tx.db, environment)
  const name = freeDomainName(tx.db, options.name)
  const object = publicId('dom')
  const id = tx.db.run(
    `INSERT INTO domain (public_id, environment, name, space, mode, catch_all, verification_token, settings, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    object,
    environment,
    name,
    createSpace(tx),
    cleanMode(mode, settings),
    catchAll ? 1 : 0,
    randomWord(verificationTokenCharacters),
    settingsColumn(settings),
    tx.now,
  )
  auditIn(tx, environment, { by, action: 'domain.create', object, detail: { name, mode, catchAll } })
  return getDomain(tx.db, id as DomainId)
}

export function markDomainVerified(tx: Transaction, id: DomainId, { how, by }: { how: Verification } & By): Domain {
  if (how !== 'dns' && how !== 'operator') refuse('invalid', 'A domain is verified by dns or by operator.')
  const domain = getDomain(tx.db, id)
  tx.db.run('UPDATE domain SET verified_at = ?, verified_by = ? WHERE id = ?', tx.now, how, id)
  auditIn(tx, domain.environment, { by, action: 'domain.verify', object: domain.publicId, detail: { how } })
  return getDomain(tx.db, id)
}

export function updateDomain(tx: Transaction, id: DomainId, changes: DomainChanges & By): Domain {
  const old = getDomain(tx.db, id)
  const {
    mode = old.mode,
    catchAll = old.catchAll,
    settings = {},
    sending,
    route = old.route,
    sink = old.sink,
    by,
  } = changes
  const merged = merge(old.settings, settings)
  tx.db.run(
    'UPDATE domain SET mode = ?, catch_all = ?, settings = ?, route = ?, sink = ? WHERE id = ?',
    cleanMode(mode, merged),
    catchAll ? 1 : 0,
    settingsColumn(sending === undefined ? merged : withSending(merged, sending)),
    sealedColumn(route, 'A route'),
    sealedColumn(sink, 'A sink'),
    id,
  )
  // Settings are the caller's own, and a route has passwords: the log names their keys.
  const detail = {
    ...{ mode, catchAll, settings: Object.keys(settings) },
    ...(sending === undefined ? {} : { sending: toldSending(sending) }),
    ...(changes.route === undefined ? {} : { route: changes.route === null ? 'removed' : 'set' }),
    ...(changes.sink === undefined ? {} : { sink: changes.sink === null ? 'removed' : 'set' }),
  }
  auditIn(tx, old.environment, { by, action: 'domain.update', object: old.publicId, detail })
  return getDomain(tx.db, id)
}

export function deleteDomain(tx: Transaction, id: DomainId, { by }: By): void {
  const domain = getDomain(tx.db, id)
  if (tx.db.get('SELECT 1 FROM inbox WHERE domain = ? LIMIT 1', id) !== undefined)
    refuse('invalid', 'The domain has inboxes.', 'Delete its inboxes first.')
  tx.db.run('DELETE FROM domain WHERE id = ?', id)
  tx.db.run('DELETE FROM uid_space WHERE id = ?', domain.space)
  const detail = { name: domain.name }
  auditIn(tx, domain.environment, { by, action: 'domain.delete', object: domain.publicId, detail })
}

export function addDomainAlias(tx: Transaction, id: DomainId, options: { name: string } & By): Domain {
  const domain = getDomain(tx.db, id)
  const name = freeDomainName(tx.db, options.name)
  if (domain.aliases.length >= aliasesPerDomainMax)
    refuse('invalid', `A domain has at most ${aliasesPerDomainMax} other names.`)
  tx.db.run('INSERT INTO domain_alias VALUES (?, ?, ?)', name, id, tx.now)
  const entry = { by: options.by, action: 'domain.alias-add', object: domain.publicId, detail: { name } }
  auditIn(tx, domain.environment, entry)
  return getDomain(tx.db, id)
}

export function removeDomainAlias(tx: Transaction, id: DomainId, options: { name: string } & By): Domain {
  const domain = getDomain(tx.db, id)
  const name = cleanDomain(options.name)
  if (tx.db.change('DELETE FROM domain_alias WHERE name = ? AND domain = ?', name, id) === 0)
    refuse('not-found', 'The domain does not have that other name.')
  const entry = { by: options.by, action: 'domain.alias-remove', object: domain.publicId, detail: { name } }
  auditIn(tx, domain.environment, entry)
  return getDomain(tx.db, id)
}

export function getDomain(db: Connection, ref: Ref<DomainId>): Domain {
  const by = typeof ref === 'number' ? 'id' : 'public_id'
  const row = db.get<DomainRow>(`SELECT ${columns} FROM domain WHERE ${by} = ?`, ref)
  return row === undefined ? refuse('not-found', 'There is no such domain.') : domainOf(row)
}

export function findDomain(db: Connection, name: string): Domain | undefined {
  const clean = tryCleanDomain(name)
  return clean === undefined ? undefined : (domainNamed(db, clean) ?? domainAliased(db, clean))
}

/** By its own, clean name. */
export function domainNamed(db: Connection, name: string): Domain | undefined {
  const row = db.get<DomainRow>(`SELECT ${columns} FROM domain WHERE name = ?`, name)
  return row === undefined ? undefined : domainOf(row)
}

/** By another name, clean. */
export function domainAliased(db: Connection, name: string): Domain | undefined {
  const row = db.get<{ domain: DomainId }>('SELECT domain FROM domain_alias WHERE name = ?', name)
  return row === undefined ? undefined : getDomain(db, row.domain)
}

export function listDomains(db: Connection, filter: { environment?: EnvironmentId } & PageOptions): Page<Domain> {
  const size = pageSize(filter)
  const { environment, afterId = 0 } = filter
  const rows = db.all<DomainRow>(
    `SELECT ${columns} FROM domain WHERE id > ? ${environment === undefined ? '' : 'AND environment = ?'}
     ORDER BY id LIMIT ?`,
    afterId,
    ...(environment === undefined ? [] : [environment]),
    size + 1,
  )
  return pageOf(rows.map(domainOf), size)
}

function tryCleanDomain(name: string): string | undefined {
  try {
    return cleanDomain(name)
  } catch (error) {
    if (error instanceof StoreRefusal) return undefined
    throw error
  }
}

/** One name belongs to one domain, in the whole store: mail to it has one place to go. */
function freeDomainName(db: Connection, text: string): string {
  const name = cleanDomain(text)
  if (domainNamed(db, name) !== undefined || domainAliased(db, name) !== undefined)
    refuse('exists', 'That domain is in use already.')
  return name
}

function cleanMode(mode: DomainMode, { publicKey }: DomainSettings): DomainMode {
  if (!domainModes.includes(mode)) refuse('invalid', `A domain's mode is one of ${domainModes.join(', ')}.`)
  if (mode === 'encrypted' && publicKey === undefined)
    refuse(
      'invalid',
      'A domain in mode `encrypted` needs a public key.',
      'Set its OpenPGP key with the mode, or before.',
    )
  return mode
}

function merge(settings: DomainSettings, changes: { readonly [key: string]: Json | undefined }): DomainSettings {
  const merged = new Map(Object.entries(settings))
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) merged.delete(key)
    else if (value !== undefined) merged.set(key, value)
  }
  return Object.fromEntries(merged)
}

/** A domain that says nothing of sending has no such setting. */
function withSending(settings: DomainSettings, changes: SendingChanges): DomainSettings {
  const { sending: old = {}, ...others } = settings
  const sending = changedSending(old, changes)
  return Object.keys(sending).length === 0 ? others : { ...others, sending }
}

function settingsColumn({ sending, ...others }: DomainSettings): string {
  if (others.dmarc !== undefined && !dmarcLimits.includes(others.dmarc))
    refuse('invalid', `What a domain does by DMARC is one of ${dmarcLimits.join(', ')}.`)
  const text = JSON.stringify(sending === undefined ? others : { ...others, sending: cleanSending(sending) })
  if (Buffer.byteLength(text) > settingsBytesMax)
    refuse('invalid', `A domain's settings have at most ${settingsBytesMax} bytes.`)
  return text
}
