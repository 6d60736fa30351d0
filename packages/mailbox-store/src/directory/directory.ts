// The directory's interface: who owns which domain, which addresses have an inbox, and which secrets open it. Every
// method is a use case and one transaction; those that change something write their audit row in the same commit.
// `get…` refuses with `not-found`, `find…` answers undefined; both take a record's number or its public id where it
// says `Ref`.

import type { AccountId, CredentialId, DomainId, EnvironmentId, TenantId } from '../model.js'
import type {
  Actor,
  AuditEntry,
  Credential,
  CredentialKind,
  DkimAlgorithm,
  DkimKey,
  Domain,
  DomainMode,
  DomainSettings,
  Environment,
  FoundSecret,
  Inbox,
  InboxRule,
  IngestKey,
  IngestProvider,
  Json,
  LastUsed,
  Resolution,
  Scope,
  SendingRules,
  Tenant,
  Verification,
} from './records.js'

/** A number is the store's own id, a string the public one. */
export type Ref<Id extends number> = Id | string

export interface By {
  readonly by?: Actor | undefined
}

export interface PageOptions {
  /** The cursor: `next` of the page before. */
  readonly afterId?: number | undefined
  /** At most 500, which is also the default. */
  readonly limit?: number | undefined
}

export interface Page<Item> {
  readonly items: readonly Item[]
  /** Undefined on the last page. */
  readonly next: number | undefined
}

/** Rule by rule: what is not named stays, null takes a rule away. */
export type SendingChanges = { readonly [Rule in keyof SendingRules]?: SendingRules[Rule] | null | undefined }

export interface NewDomain {
  readonly environment: EnvironmentId
  readonly name: string
  readonly mode?: DomainMode | undefined
  readonly catchAll?: boolean | undefined
  readonly settings?: DomainSettings | undefined
}

export interface DomainChanges {
  readonly mode?: DomainMode | undefined
  readonly catchAll?: boolean | undefined
  /** Key by key: what is not named stays, null takes a key away. */
  readonly settings?: { readonly [key: string]: Json | undefined } | undefined
  readonly sending?: SendingChanges | undefined
  /** Sealed by the caller; null takes it away. */
  readonly route?: string | null | undefined
  /** Sealed by the caller; null takes it away. */
  readonly sink?: string | null | undefined
}

export interface NewDkimKey {
  readonly selector: string
  readonly algorithm: DkimAlgorithm
  /** Sealed by the caller. */
  readonly privateKey: string
  /** The `p=` of its record. */
  readonly publicKey: string
}

export interface NewIngestKey {
  /** `ing_…`, the caller's: the secret is sealed for it. */
  readonly publicId: string
  readonly environment: EnvironmentId
  /** Every domain of the environment where it's left out. */
  readonly domain?: DomainId | undefined
  readonly provider: IngestProvider
  readonly label: string
  /** Sealed by the caller. */
  readonly secret: string
}

export interface IngestKeyFilter extends PageOptions {
  readonly environment?: EnvironmentId | undefined
  readonly domain?: DomainId | undefined
}

export interface NewInbox {
  readonly domain: DomainId
  readonly address: string
  readonly displayName?: string | undefined
  readonly quotaBytes?: number | undefined
  readonly quotaMessages?: number | undefined
  /** On unless it's turned off. */
  readonly plusAddressing?: boolean | undefined
  readonly sending?: SendingChanges | undefined
  /** Makes the inbox's password in the same commit (contract G1). */
  readonly password?: NewSecret | undefined
}

/** What is undefined stays; null takes a value away. */
export interface InboxChanges {
  readonly displayName?: string | null | undefined
  readonly quotaBytes?: number | null | undefined
  readonly quotaMessages?: number | null | undefined
  readonly plusAddressing?: boolean | undefined
  readonly disabled?: boolean | undefined
  readonly legalHold?: boolean | undefined
  readonly sending?: SendingChanges | undefined
  /** Sealed by the caller; null takes it away. */
  readonly route?: string | null | undefined
  /** An armoured OpenPGP key that the caller has read; null takes it away. */
  readonly publicKey?: string | null | undefined
}

export interface NewRule {
  /** `rul_…`, the caller's: the secret is sealed for it. */
  readonly publicId: string
  readonly name: string
  readonly enabled?: boolean | undefined
  readonly body: string
  /** Sealed by the caller. */
  readonly secret?: string | undefined
}

/** What is undefined stays; null takes a value away. */
export interface RuleChanges {
  readonly name?: string | undefined
  readonly enabled?: boolean | undefined
  readonly body?: string | undefined
  readonly secret?: string | null | undefined
}

export interface InboxFilter extends PageOptions {
  readonly environment?: EnvironmentId
  readonly domain?: DomainId
  /** Those alone that have a route of their own. */
  readonly routed?: boolean
}

/** A secret's hash and public part; making and hashing secrets is the auth package's. */
export interface NewSecret {
  readonly publicPart: string
  readonly hash: Uint8Array
}

export interface NewCredential {
  readonly kind: CredentialKind
  readonly environment: EnvironmentId
  readonly inbox?: AccountId | undefined
  readonly label: string
  readonly scopes: readonly Scope[]
  /** The inbox's own address when there's an inbox and nothing else is said. */
  readonly grants?: readonly string[] | undefined
  readonly networks?: readonly string[] | undefined
  readonly anyUsername?: boolean | undefined
  readonly quietReadOnly?: boolean | undefined
  /** An inbox has one at most. */
  readonly inboxPassword?: boolean | undefined
  readonly expiresAt?: number | undefined
  readonly sending?: SendingChanges | undefined
  readonly secret: NewSecret
}

export interface CredentialChanges {
  readonly label?: string | undefined
  readonly scopes?: readonly Scope[] | undefined
  readonly grants?: readonly string[] | undefined
  readonly networks?: readonly string[] | undefined
  readonly anyUsername?: boolean | undefined
  readonly quietReadOnly?: boolean | undefined
  readonly disabled?: boolean | undefined
  readonly expiresAt?: number | null | undefined
  readonly sending?: SendingChanges | undefined
}

export interface NewAuditEntry extends By {
  readonly tenant?: TenantId | undefined
  readonly action: string
  readonly object: string
  readonly detail?: { readonly [key: string]: Json } | undefined
}

/** A login that was not let in. The client hears none of it. */
export interface RefusedLogin {
  /** The true cause, in words: `wrong secret`. */
  readonly cause: string
  readonly protocol: string
  /** As the client gave it. */
  readonly user: string
  readonly address: string
  /** What the address counts as: a /24 or a /48. */
  readonly network: string
  /** The log line has it too. */
  readonly correlation: string
  /** Where the secret was known. */
  readonly credential?: Pick<Credential, 'publicId'> | undefined
  readonly tenant?: TenantId | undefined
}

export interface AuditFilter extends PageOptions {
  readonly tenant?: TenantId | undefined
  /** Rows about one of these. */
  readonly objects?: readonly string[] | undefined
  /** Unix milliseconds. */
  readonly since?: number | undefined
  /** `afterId` then walks backwards in time. */
  readonly newestFirst?: boolean | undefined
}

export interface Directory {
  createTenant(options: { name: string } & By): Promise<Tenant>
  renameTenant(id: TenantId, options: { name: string } & By): Promise<Tenant>
  updateTenant(id: TenantId, options: { sending?: SendingChanges } & By): Promise<Tenant>
  getTenant(ref: Ref<TenantId>): Promise<Tenant>
  listTenants(page?: PageOptions): Promise<Page<Tenant>>
  /** With its environments and their credentials. Refused while it has domains, and for the first one: rename that. */
  deleteTenant(id: TenantId, options?: By): Promise<void>
  createEnvironment(options: { tenant: TenantId; name: string } & By): Promise<Environment>
  renameEnvironment(id: EnvironmentId, options: { name: string } & By): Promise<Environment>
  getEnvironment(ref: Ref<EnvironmentId>): Promise<Environment>
  listEnvironments(filter?: { tenant?: TenantId } & PageOptions): Promise<Page<Environment>>
  /** With its credentials. Refused while it has domains, and for the first one: rename that. */
  deleteEnvironment(id: EnvironmentId, options?: By): Promise<void>
  /** The tenant and the environment of these names, made where they are missing: the first start, and every later one. */
  ensureDefault(
    options: { tenant: string; environment: string } & By,
  ): Promise<{ tenant: Tenant; environment: Environment }>

  createDomain(options: NewDomain & By): Promise<Domain>
  markDomainVerified(id: DomainId, options: { how: Verification } & By): Promise<Domain>
  updateDomain(id: DomainId, options: DomainChanges & By): Promise<Domain>
  /** Refused while it has inboxes. */
  deleteDomain(id: DomainId, options?: By): Promise<void>
  addDomainAlias(id: DomainId, options: { name: string } & By): Promise<Domain>
  removeDomainAlias(id: DomainId, options: { name: string } & By): Promise<Domain>
  getDomain(ref: Ref<DomainId>): Promise<Domain>
  /** By its name or an alias, in any spelling. */
  findDomain(name: string): Promise<Domain | undefined>
  listDomains(filter?: { environment?: EnvironmentId } & PageOptions): Promise<Page<Domain>>

  /** A domain may have several: one that signs, one that is coming, one that is going. */
  addDkimKey(id: DomainId, options: NewDkimKey & By): Promise<DkimKey>
  /** It signs no more. Retiring what is retired changes nothing, not even the time. */
  retireDkimKey(id: DomainId, options: { selector: string } & By): Promise<DkimKey>
  removeDkimKey(id: DomainId, options: { selector: string } & By): Promise<void>
  /** The oldest first, the retired ones too. */
  listDkimKeys(id: DomainId): Promise<readonly DkimKey[]>

  /** Several may hold at a time, so that one can take another's place. */
  createIngestKey(options: NewIngestKey & By): Promise<IngestKey>
  /** It stays on record. Revoking what is revoked changes nothing, not even the time. */
  revokeIngestKey(publicId: string, options?: By): Promise<IngestKey>
  findIngestKey(publicId: string): Promise<IngestKey | undefined>
  listIngestKeys(filter?: IngestKeyFilter): Promise<Page<IngestKey>>

  /** With INBOX and the special mailboxes, in the same commit. */
  createInbox(options: NewInbox & By): Promise<Inbox>
  updateInbox(id: AccountId, options: InboxChanges & By): Promise<Inbox>
  /** The inbox's password works from now on, and none that it had before; its other credentials aren't touched. */
  setInboxPassword(id: AccountId, options: { secret: NewSecret } & By): Promise<Credential>
  /** All its mail, mailboxes, aliases and credentials go with it. */
  deleteInbox(id: AccountId, options?: By): Promise<void>
  addAlias(id: AccountId, options: { address: string; maySend?: boolean } & By): Promise<Inbox>
  removeAlias(id: AccountId, options: { address: string } & By): Promise<Inbox>
  getInbox(ref: Ref<AccountId>): Promise<Inbox>
  /** In this order: the address, an alias, without its `+detail`, the same under the domain's own name, catch-all. */
  findAddress(address: string): Promise<Resolution | undefined>
  listInboxes(filter?: InboxFilter): Promise<Page<Inbox>>

  /** In their order from place `at` on, or behind those that are there; or in the place of all of them. Answers the new ones. */
  addRules(
    id: AccountId,
    options: { rules: readonly NewRule[]; at?: number | undefined; replacing?: boolean | undefined } & By,
  ): Promise<readonly InboxRule[]>
  updateRule(publicId: string, options: RuleChanges & By): Promise<InboxRule>
  /** To a place from 1 on; the others close up. */
  moveRule(publicId: string, options: { to: number } & By): Promise<InboxRule>
  removeRule(publicId: string, options?: By): Promise<void>
  /** In their order. */
  listRules(id: AccountId): Promise<readonly InboxRule[]>
  findRule(publicId: string): Promise<InboxRule | undefined>

  createCredential(options: NewCredential & By): Promise<Credential>
  updateCredential(id: CredentialId, options: CredentialChanges & By): Promise<Credential>
  /** Rotation: the secrets it had end after `overlapMs`. */
  addSecret(id: CredentialId, options: { secret: NewSecret; overlapMs: number } & By): Promise<Credential>
  /** It stays on record, so that a refused login can name its cause. */
  revokeCredential(id: CredentialId, options?: By): Promise<Credential>
  /** Only the audit log remembers it. */
  deleteCredential(id: CredentialId, options?: By): Promise<void>
  /** One indexed read. */
  findSecret(publicPart: string): Promise<FoundSecret | undefined>
  /** Cheap, and not flushed: a power cut may cost the last ones. */
  touchCredential(id: CredentialId, lastUsed: LastUsed): Promise<void>
  getCredential(ref: Ref<CredentialId>): Promise<Credential>
  listCredentials(
    filter?: { environment?: EnvironmentId; inbox?: AccountId; revoked?: boolean } & PageOptions,
  ): Promise<Page<Credential>>

  /** Moves with every change of the directory, by whatever process: one indexed read, for those who keep a copy. */
  version(): Promise<number>
  /** For what is not a change of the directory: an export, a session that was ended. */
  appendAudit(entry: NewAuditEntry): Promise<void>
  /** An audit row `login.refused`; over the limits per network and minute a count in a later row. Not flushed. */
  noteRefusedLogin(refused: RefusedLogin): Promise<void>
  /** Removes a slice of the rows from before then, and of the oldest refused logins when they are too many. True when
   * there may be more. */
  pruneAudit(options: { before: number }): Promise<boolean>
  listAudit(filter?: AuditFilter): Promise<Page<AuditEntry>>
}
