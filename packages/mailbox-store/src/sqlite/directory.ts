// The directory on SQLite: every mutation is one function of the directory-*.ts files, run by the writer and flushed;
// reads go straight to the connection. "Last used" alone is collected first, since it comes with every login.

import type * as D from '../directory/directory.js'
import { lastUsedEveryMs, lastUsedRememberedMax } from '../directory/limits.js'
import type * as R from '../directory/records.js'
import type { AccountId, CredentialId, DomainId, EnvironmentId, TenantId } from '../model.js'
import { directoryVersion, listAudit, note, pruneAudit } from './audit.js'
import type { Connection } from './connection.js'
import * as addresses from './directory-addresses.js'
import * as credentialRows from './directory-credential-rows.js'
import * as credentials from './directory-credentials.js'
import * as dkimKeys from './directory-dkim-keys.js'
import * as domains from './directory-domains.js'
import { setInboxPassword } from './directory-inbox-password.js'
import * as inboxes from './directory-inboxes.js'
import * as ingestKeys from './directory-ingest-keys.js'
import { RefusedLogins } from './directory-refused-logins.js'
import * as rules from './directory-rules.js'
import * as secrets from './directory-secrets.js'
import * as tenants from './directory-tenants.js'
import type { Transaction } from './transaction.js'
import type { Writer } from './writer.js'

export interface SqliteDirectoryOptions {
  /** Where it reads. */
  readonly db: Connection
  readonly writer: Writer
  readonly now: () => number
}

export class SqliteDirectory implements D.Directory {
  readonly #db: Connection
  readonly #writer: Writer
  readonly #now: () => number
  /** Uses that wait for the mutation under way, the last one of each credential. */
  #used = new Map<CredentialId, R.LastUsed>()
  #usedWritten: Promise<void> | undefined
  /** When each was written last, and by which client. */
  readonly #usedAt = new Map<CredentialId, { at: number; client: string }>()

  readonly #refused: RefusedLogins

  constructor({ db, writer, now }: SqliteDirectoryOptions) {
    this.#refused = new RefusedLogins(now)
    this.#db = db
    this.#writer = writer
    this.#now = now
  }

  #write<Result>(run: (tx: Transaction) => Result): Promise<Result> {
    return this.#writer.submit({ run, flush: true })
  }

  async #read<Result>(run: (db: Connection) => Result): Promise<Result> {
    return run(this.#db)
  }

  createTenant(options: { name: string } & D.By): Promise<R.Tenant> {
    return this.#write((tx) => tenants.createTenant(tx, options))
  }
  renameTenant(id: TenantId, options: { name: string } & D.By): Promise<R.Tenant> {
    return this.#write((tx) => tenants.renameTenant(tx, id, options))
  }
  updateTenant(id: TenantId, options: { sending?: D.SendingChanges } & D.By): Promise<R.Tenant> {
    return this.#write((tx) => tenants.updateTenant(tx, id, options))
  }
  getTenant(ref: D.Ref<TenantId>): Promise<R.Tenant> {
    return this.#read((db) => tenants.getTenant(db, ref))
  }
  listTenants(page: D.PageOptions = {}): Promise<D.Page<R.Tenant>> {
    return this.#read((db) => tenants.listTenants(db, page))
  }
  createEnvironment(options: { tenant: TenantId; name: string } & D.By): Promise<R.Environment> {
    return this.#write((tx) => tenants.createEnvironment(tx, options))
  }
  renameEnvironment(id: EnvironmentId, options: { name: string } & D.By): Promise<R.Environment> {
    return this.#write((tx) => tenants.renameEnvironment(tx, id, options))
  }
  getEnvironment(ref: D.Ref<EnvironmentId>): Promise<R.Environment> {
    return this.#read((db) => tenants.getEnvironment(db, ref))
  }
  listEnvironments(filter: { tenant?: TenantId } & D.PageOptions = {}): Promise<D.Page<R.Environment>> {
    return this.#read((db) => tenants.listEnvironments(db, filter))
  }
  deleteTenant(id: TenantId, options: D.By = {}): Promise<void> {
    return this.#write((tx) => tenants.deleteTenant(tx, id, options))
  }
  deleteEnvironment(id: EnvironmentId, options: D.By = {}): Promise<void> {
    return this.#write((tx) => tenants.deleteEnvironment(tx, id, options))
  }
  ensureDefault(
    options: { tenant: string; environment: string } & D.By,
  ): Promise<{ tenant: R.Tenant; environment: R.Environment }> {
    return this.#write((tx) => tenants.ensureDefault(tx, options))
  }

  createDomain(options: D.NewDomain & D.By): Promise<R.Domain> {
    return this.#write((tx) => domains.createDomain(tx, options))
  }
  markDomainVerified(id: DomainId, options: { how: R.Verification } & D.By): Promise<R.Domain> {
    return this.#write((tx) => domains.markDomainVerified(tx, id, options))
  }
  updateDomain(id: DomainId, options: D.DomainChanges & D.By): Promise<R.Domain> {
    return this.#write((tx) => domains.updateDomain(tx, id, options))
  }
  deleteDomain(id: DomainId, options: D.By = {}): Promise<void> {
    return this.#write((tx) => domains.deleteDomain(tx, id, options))
  }
  addDomainAlias(id: DomainId, options: { name: string } & D.By): Promise<R.Domain> {
    return this.#write((tx) => domains.addDomainAlias(tx, id, options))
  }
  removeDomainAlias(id: DomainId, options: { name: string } & D.By): Promise<R.Domain> {
    return this.#write((tx) => domains.removeDomainAlias(tx, id, options))
  }
  getDomain(ref: D.Ref<DomainId>): Promise<R.Domain> {
    return this.#read((db) => domains.getDomain(db, ref))
  }
  findDomain(name: string): Promise<R.Domain | undefined> {
    return this.#read((db) => domains.findDomain(db, name))
  }
  listDomains(filter: { environment?: EnvironmentId } & D.PageOptions = {}): Promise<D.Page<R.Domain>> {
    return this.#read((db) => domains.listDomains(db, filter))
  }

  addDkimKey(id: DomainId, options: D.NewDkimKey & D.By): Promise<R.DkimKey> {
    return this.#write((tx) => dkimKeys.addDkimKey(tx, id, options))
  }
  retireDkimKey(id: DomainId, options: { selector: string } & D.By): Promise<R.DkimKey> {
    return this.#write((tx) => dkimKeys.retireDkimKey(tx, id, options))
  }
  removeDkimKey(id: DomainId, options: { selector: string } & D.By): Promise<void> {
    return this.#write((tx) => dkimKeys.removeDkimKey(tx, id, options))
  }
  listDkimKeys(id: DomainId): Promise<readonly R.DkimKey[]> {
    return this.#read((db) => dkimKeys.listDkimKeys(db, id))
  }

  createIngestKey(options: D.NewIngestKey & D.By): Promise<R.IngestKey> {
    return this.#write((tx) => ingestKeys.createIngestKey(tx, options))
  }
  revokeIngestKey(publicId: string, options: D.By = {}): Promise<R.IngestKey> {
    return this.#write((tx) => ingestKeys.revokeIngestKey(tx, publicId, options))
  }
  findIngestKey(publicId: string): Promise<R.IngestKey | undefined> {
    return this.#read((db) => ingestKeys.findIngestKey(db, publicId))
  }
  listIngestKeys(filter: D.IngestKeyFilter = {}): Promise<D.Page<R.IngestKey>> {
    return this.#read((db) => ingestKeys.listIngestKeys(db, filter))
  }

  createInbox(options: D.NewInbox & D.By): Promise<R.Inbox> {
    const { password, by } = options
    return this.#write((tx) => {
      const inbox = inboxes.createInbox(tx, options)
      if (password !== undefined) setInboxPassword(tx, inbox.id, { secret: password, by })
      return inbox
    })
  }
  setInboxPassword(id: AccountId, options: { secret: D.NewSecret } & D.By): Promise<R.Credential> {
    return this.#write((tx) => setInboxPassword(tx, id, options))
  }
  updateInbox(id: AccountId, options: D.InboxChanges & D.By): Promise<R.Inbox> {
    return this.#write((tx) => inboxes.updateInbox(tx, id, options))
  }
  deleteInbox(id: AccountId, options: D.By = {}): Promise<void> {
    return this.#write((tx) => inboxes.deleteInbox(tx, id, options))
  }
  addAlias(id: AccountId, options: { address: string; maySend?: boolean } & D.By): Promise<R.Inbox> {
    return this.#write((tx) => addresses.addAlias(tx, id, options))
  }
  removeAlias(id: AccountId, options: { address: string } & D.By): Promise<R.Inbox> {
    return this.#write((tx) => addresses.removeAlias(tx, id, options))
  }
  getInbox(ref: D.Ref<AccountId>): Promise<R.Inbox> {
    return this.#read((db) => inboxes.getInbox(db, ref))
  }
  findAddress(address: string): Promise<R.Resolution | undefined> {
    return this.#read((db) => addresses.findAddress(db, address))
  }
  listInboxes(filter: D.InboxFilter = {}): Promise<D.Page<R.Inbox>> {
    return this.#read((db) => inboxes.listInboxes(db, filter))
  }

  addRules(
    id: AccountId,
    options: { rules: readonly D.NewRule[]; at?: number | undefined; replacing?: boolean | undefined } & D.By,
  ): Promise<readonly R.InboxRule[]> {
    return this.#write((tx) => rules.addRules(tx, id, options))
  }
  updateRule(publicId: string, options: D.RuleChanges & D.By): Promise<R.InboxRule> {
    return this.#write((tx) => rules.updateRule(tx, publicId, options))
  }
  moveRule(publicId: string, options: { to: number } & D.By): Promise<R.InboxRule> {
    return this.#write((tx) => rules.moveRule(tx, publicId, options))
  }
  removeRule(publicId: string, options: D.By = {}): Promise<void> {
    return this.#write((tx) => rules.removeRule(tx, publicId, options))
  }
  listRules(id: AccountId): Promise<readonly R.InboxRule[]> {
    return this.#read((db) => rules.listRules(db, id))
  }
  findRule(publicId: string): Promise<R.InboxRule | undefined> {
    return this.#read((db) => rules.findRule(db, publicId))
  }

  createCredential(options: D.NewCredential & D.By): Promise<R.Credential> {
    return this.#write((tx) => credentials.createCredential(tx, options))
  }
  updateCredential(id: CredentialId, options: D.CredentialChanges & D.By): Promise<R.Credential> {
    return this.#write((tx) => credentials.updateCredential(tx, id, options))
  }
  addSecret(id: CredentialId, options: { secret: D.NewSecret; overlapMs: number } & D.By): Promise<R.Credential> {
    return this.#write((tx) => secrets.addSecret(tx, id, options))
  }
  revokeCredential(id: CredentialId, options: D.By = {}): Promise<R.Credential> {
    return this.#write((tx) => credentials.revokeCredential(tx, id, options))
  }
  deleteCredential(id: CredentialId, options: D.By = {}): Promise<void> {
    return this.#write((tx) => credentials.deleteCredential(tx, id, options))
  }
  findSecret(publicPart: string): Promise<R.FoundSecret | undefined> {
    return this.#read((db) => secrets.findSecret(db, publicPart))
  }
  getCredential(ref: D.Ref<CredentialId>): Promise<R.Credential> {
    return this.#read((db) => credentialRows.getCredential(db, ref))
  }
  listCredentials(
    filter: { environment?: EnvironmentId; inbox?: AccountId; revoked?: boolean } & D.PageOptions = {},
  ): Promise<D.Page<R.Credential>> {
    return this.#read((db) => credentialRows.listCredentials(db, filter))
  }

  appendAudit(entry: D.NewAuditEntry): Promise<void> {
    return this.#write((tx) => note(tx, entry))
  }
  async noteRefusedLogin(refused: D.RefusedLogin): Promise<void> {
    const entry = this.#refused.entryFor(refused)
    if (entry !== undefined) await this.#writer.submit({ run: (tx) => note(tx, entry), flush: false })
  }
  pruneAudit(options: { before: number }): Promise<boolean> {
    return this.#writer.submit({ run: (tx) => pruneAudit(tx, options), flush: false })
  }
  version(): Promise<number> {
    return this.#read(directoryVersion)
  }
  listAudit(filter: D.AuditFilter = {}): Promise<D.Page<R.AuditEntry>> {
    return this.#read((db) => listAudit(db, filter))
  }

  touchCredential(id: CredentialId, lastUsed: R.LastUsed): Promise<void> {
    const client = JSON.stringify([lastUsed.protocol, lastUsed.network, lastUsed.client])
    const before = this.#usedAt.get(id)
    if (before?.client === client && this.#now() - before.at < lastUsedEveryMs) return Promise.resolve()
    if (this.#usedAt.size >= lastUsedRememberedMax) this.#usedAt.clear()
    this.#usedAt.set(id, { at: this.#now(), client })
    this.#used.set(id, lastUsed)
    this.#usedWritten ??= this.#submitUsed()
    return this.#usedWritten
  }

  #submitUsed(): Promise<void> {
    const written = this.#writer.submit({ run: (tx) => this.#writeUsed(tx), flush: false })
    written.catch(() => {
      if (this.#usedWritten === written) this.#usedWritten = undefined
    })
    return written
  }

  #writeUsed(tx: Transaction): void {
    this.#usedWritten = undefined
    const used = this.#used
    this.#used = new Map()
    for (const [id, lastUsed] of used) credentials.writeLastUsed(tx, id, lastUsed)
  }
}
