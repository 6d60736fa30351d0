// The records of the directory as the API shows them (contract G1, G2), and so does --json: public ids, snake case, times in
// ISO 8601, null for what isn't set. No object has a secret in it but the one that is made with it.

import { domainToUnicode } from 'node:url'
import {
  type AuditEntry,
  type Credential,
  type Directory,
  type Domain,
  type DomainId,
  type Environment,
  type EnvironmentId,
  type Inbox,
  type IngestKey,
  StoreRefusal,
  type Tenant,
  type TenantId,
} from '@postern/mailbox-store'
import { verificationRecord } from '../dns/records.js'
import { keyObject } from './public-key.js'
import { retentionObject } from './retention-options.js'
import { sendingObject } from './sending-options.js'

const time = (at: number): string => new Date(at).toISOString()
const timeOrNull = (at: number | undefined): string | null => (at === undefined ? null : time(at))

function nullIfGone(error: unknown): null {
  if (error instanceof StoreRefusal && error.code === 'not-found') return null
  throw error
}

export const environmentObject = ({ publicId, name, createdAt }: Environment) => ({
  id: publicId,
  name,
  created_at: time(createdAt),
})

export type TenantObject = ReturnType<typeof tenantObject>
export const tenantObject = ({ publicId, name, sending, createdAt }: Tenant, environments: readonly Environment[]) => ({
  id: publicId,
  name,
  sending: sendingObject(sending),
  environments: environments.map(environmentObject),
  created_at: time(createdAt),
})

export type DomainObject = Awaited<ReturnType<Objects['domain']>>
export type InboxObject = Awaited<ReturnType<Objects['inbox']>>
export type IngestKeyObject = Awaited<ReturnType<Objects['ingestKey']>>
export type CredentialObject = Awaited<ReturnType<Objects['credential']>>

/** Knows the ids that records name each other by; looks each up once. */
export class Objects {
  readonly #directory: Directory
  readonly #environments = new Map<EnvironmentId, string>()
  readonly #tenants = new Map<TenantId, string | null>()
  readonly #names = new Map<number, string>()

  constructor(directory: Directory) {
    this.#directory = directory
  }

  async domain(domain: Domain) {
    return {
      id: domain.publicId,
      name: domain.name,
      unicode_name: domainToUnicode(domain.name),
      environment: await this.#environment(domain.environment),
      mode: domain.mode,
      catch_all: domain.catchAll,
      verified: domain.verifiedAt !== undefined,
      verified_at: timeOrNull(domain.verifiedAt),
      verified_by: domain.verifiedBy ?? null,
      verification: verificationRecord(domain),
      aliases: domain.aliases,
      own_route: domain.route !== undefined,
      public_key: await keyObject(domain.settings.publicKey),
      dmarc: domain.settings.dmarc ?? 'published',
      retention_days: retentionObject(domain),
      own_sink: domain.sink !== undefined,
      sending: sendingObject(domain.sending),
      created_at: time(domain.createdAt),
    }
  }

  async inbox(inbox: Inbox) {
    return {
      id: inbox.publicId,
      address: inbox.address,
      display_name: inbox.displayName ?? null,
      domain: await this.#domain(inbox),
      environment: await this.#environment(inbox.environment),
      plus_addressing: inbox.plusAddressing,
      quota_bytes: inbox.quotaBytes ?? null,
      quota_messages: inbox.quotaMessages ?? null,
      used_bytes: inbox.usedBytes,
      used_messages: inbox.usedMessages,
      disabled: inbox.disabled,
      legal_hold: inbox.legalHold,
      aliases: inbox.aliases.map(({ address, maySend }) => ({ address, may_send: maySend })),
      own_route: inbox.route !== undefined,
      public_key: await keyObject(inbox.publicKey),
      sending: sendingObject(inbox.sending),
      created_at: time(inbox.createdAt),
    }
  }

  async credential(credential: Credential) {
    const { lastUsed, inbox } = credential
    return {
      id: credential.publicId,
      kind: credential.kind === 'key' ? 'api_key' : 'app_password',
      label: credential.label,
      scopes: credential.scopes,
      grants: credential.grants,
      environment: await this.#environment(credential.environment),
      inbox: inbox === undefined ? null : (await this.#directory.getInbox(inbox)).address,
      inbox_password: credential.inboxPassword,
      networks: credential.networks,
      any_username: credential.anyUsername,
      quiet_read_only: credential.quietReadOnly,
      sending: sendingObject(credential.sending),
      disabled: credential.disabled,
      expires_at: timeOrNull(credential.expiresAt),
      revoked_at: timeOrNull(credential.revokedAt),
      last_used:
        lastUsed === undefined ? null : { ...lastUsed, at: time(lastUsed.at), client: lastUsed.client ?? null },
      secrets: credential.secrets.map(({ publicPart, createdAt, expiresAt }) => ({
        public_part: publicPart,
        created_at: time(createdAt),
        expires_at: timeOrNull(expiresAt),
      })),
      created_at: time(credential.createdAt),
    }
  }

  async ingestKey({ publicId, environment, domain, provider, label, createdAt, revokedAt }: IngestKey) {
    return {
      id: publicId,
      label,
      provider,
      domain: domain === undefined ? null : await this.#domain({ domain }),
      environment: await this.#environment(environment),
      revoked_at: timeOrNull(revokedAt),
      created_at: time(createdAt),
    }
  }

  async audit(entry: AuditEntry) {
    return {
      id: String(entry.id),
      at: time(entry.at),
      tenant: entry.tenant === undefined ? null : await this.#tenant(entry.tenant),
      actor: entry.actor,
      action: entry.action,
      object: entry.object,
      from: entry.network ?? null,
      correlation: entry.correlation ?? null,
      detail: entry.detail ?? null,
    }
  }

  async #environment(id: EnvironmentId): Promise<string> {
    const known = this.#environments.get(id)
    if (known !== undefined) return known
    const { publicId } = await this.#directory.getEnvironment(id)
    this.#environments.set(id, publicId)
    return publicId
  }

  async #domain({ domain }: { readonly domain: DomainId }): Promise<string> {
    const known = this.#names.get(domain)
    if (known !== undefined) return known
    const { name } = await this.#directory.getDomain(domain)
    this.#names.set(domain, name)
    return name
  }

  /** Null where the tenant is gone: its audit rows outlive it. */
  async #tenant(id: TenantId): Promise<string | null> {
    const known = this.#tenants.get(id)
    if (known !== undefined) return known
    const found = await this.#directory.getTenant(id).then(({ publicId }) => publicId, nullIfGone)
    this.#tenants.set(id, found)
    return found
  }
}
