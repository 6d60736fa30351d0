// The records of the directory: tenant → environment → domain → inbox, the credentials that open them, and the audit
// log of every change. Contract B1–B7, F2, G2. Each has a number, which the store joins on, and a public id, which the
// API shows. Times are Unix milliseconds.

import type { AccountId, CredentialId, DomainId, EnvironmentId, SpaceId, TenantId } from '../model.js'

/**
 * What somebody may send, and how (contract D2, D3, D6). Settable for a tenant, a domain, an inbox and a credential; the
 * nearest one that says something wins (`sending-rules.ts`).
 */
export interface SendingRules {
  readonly messageBytesMax?: number
  readonly recipientsMax?: number
  readonly sessionMsMax?: number
  /** Recipients within the last hour; 0 sends nothing. */
  readonly recipientsPerHour?: number
  readonly recipientsPerDay?: number
  /** A sender or From that the credential doesn't cover. */
  readonly from?: 'reject' | 'rewrite'
  /** Mail with bare line ends, over-long lines or raw bytes in its headers. */
  readonly malformed?: 'refuse' | 'mend'
  /** In the Received field. */
  readonly showClientAddress?: boolean
}

export interface Tenant {
  readonly id: TenantId
  readonly publicId: string
  readonly name: string
  readonly sending: SendingRules
  readonly createdAt: number
}

export interface Environment {
  readonly id: EnvironmentId
  readonly publicId: string
  readonly tenant: TenantId
  readonly name: string
  readonly createdAt: number
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** How far DMARC may go with mail for a domain: not at all, into \Junk, or to what the author's domain has published. */
export type DmarcLimit = 'ignore' | 'spam' | 'refuse'
export const dmarcLimits: readonly DmarcLimit[] = ['ignore', 'spam', 'refuse']

/** What a domain may set for itself. The store keeps the keys it does not know. */
export interface DomainSettings {
  /** Days that mail is kept, by mailbox name or special use, `*` for the rest; 0 keeps it for ever (contract F2). */
  readonly retentionDays?: { readonly [mailbox: string]: number }
  readonly sending?: SendingRules
  /** An armoured OpenPGP key, without which the domain can't be in mode `encrypted`. */
  readonly publicKey?: string
  /** `refuse` where it's left out. */
  readonly dmarc?: DmarcLimit
  readonly [key: string]: Json | SendingRules | undefined
}

export type DomainMode = 'retained' | 'zero-retention' | 'encrypted'
export const domainModes: readonly DomainMode[] = ['retained', 'zero-retention', 'encrypted']
/** Contract B7: by its DNS records, or by the operator's word. */
export type Verification = 'dns' | 'operator'

export interface Domain {
  readonly id: DomainId
  readonly publicId: string
  readonly environment: EnvironmentId
  /** As A-labels, lower-case. */
  readonly name: string
  /** The uid space that all INBOXes of the domain share: `*@domain` is a query over it. */
  readonly space: SpaceId
  readonly mode: DomainMode
  /** Whether an address without an inbox gets one when its first message arrives (contract C12). */
  readonly catchAll: boolean
  /** What the domain's TXT record has to say. */
  readonly verificationToken: string
  readonly verifiedAt: number | undefined
  readonly verifiedBy: Verification | undefined
  /** Other names whose addresses are this domain's. */
  readonly aliases: readonly string[]
  readonly settings: DomainSettings
  /** Those of its settings. */
  readonly sending: SendingRules
  /** How its mail leaves (contract E2), sealed: the store doesn't read it. */
  readonly route: string | undefined
  /** Where its mail is handed over in mode `zero-retention` (contract F2), sealed: the store doesn't read it. */
  readonly sink: string | undefined
  readonly createdAt: number
}

export type DkimAlgorithm = 'rsa-sha256' | 'ed25519-sha256'
export const dkimAlgorithms: readonly DkimAlgorithm[] = ['rsa-sha256', 'ed25519-sha256']

/** What a domain's mail is signed with (RFC 6376). One that is retired signs no more; its record may still be asked for. */
export interface DkimKey {
  readonly id: number
  readonly domain: DomainId
  /** Names the key's record: `selector._domainkey.domain`. */
  readonly selector: string
  readonly algorithm: DkimAlgorithm
  /** Sealed: the store doesn't read it. */
  readonly privateKey: string
  /** The `p=` of its record. */
  readonly publicKey: string
  readonly createdAt: number
  readonly retiredAt: number | undefined
}

export const ingestProviders = ['http', 'ses', 'mailgun', 'postmark', 'sendgrid', 'cloudflare'] as const
/** Whose posts a key vouches for; `http` is whoever signs as the gateway itself asks for. */
export type IngestProvider = (typeof ingestProviders)[number]

/** Lets somebody hand mail over by HTTP (contract F3), for one domain or for all of an environment. */
export interface IngestKey {
  readonly id: number
  readonly publicId: string
  readonly environment: EnvironmentId
  readonly domain: DomainId | undefined
  readonly provider: IngestProvider
  readonly label: string
  /** Sealed: the store doesn't read it. */
  readonly secret: string
  readonly createdAt: number
  readonly revokedAt: number | undefined
}

export interface Alias {
  readonly address: string
  readonly maySend: boolean
}

export interface Inbox {
  readonly id: AccountId
  readonly publicId: string
  readonly environment: EnvironmentId
  readonly domain: DomainId
  readonly address: string
  readonly displayName: string | undefined
  readonly quotaBytes: number | undefined
  readonly quotaMessages: number | undefined
  readonly usedBytes: number
  readonly usedMessages: number
  /** Whether `address+anything` arrives here. */
  readonly plusAddressing: boolean
  readonly disabled: boolean
  /** Neither retention nor deletion takes anything of it: see docs/decisions/legal-hold.md. */
  readonly legalHold: boolean
  readonly aliases: readonly Alias[]
  readonly sending: SendingRules
  /** How its mail leaves, where that isn't as its domain's does (contract E2), sealed: the store doesn't read it. */
  readonly route: string | undefined
  /** An armoured OpenPGP key, in the place of its domain's. */
  readonly publicKey: string | undefined
  readonly createdAt: number
}

/** What an inbox does with a message by itself; see @postern/rules. */
export interface InboxRule {
  readonly id: number
  readonly publicId: string
  readonly inbox: AccountId
  /** From 1; they're asked in this order. */
  readonly position: number
  readonly name: string
  readonly enabled: boolean
  /** JSON: the store doesn't read it. */
  readonly body: string
  /** Of its sink, sealed. */
  readonly secret: string | undefined
  readonly createdAt: number
  readonly updatedAt: number
}

export type CredentialKind = 'key' | 'app'
export type Scope = 'imap' | 'imap:read' | 'smtp' | 'api' | 'admin'
export const scopes: readonly Scope[] = ['imap', 'imap:read', 'smtp', 'api', 'admin']
/** Contract B3: all that an app password may have. */
export const mailScopes: readonly Scope[] = ['imap', 'imap:read', 'smtp']

export interface LastUsed {
  readonly at: number
  readonly protocol: string
  readonly network: string
  /** What the client calls itself: RFC 2971 ID, EHLO name, User-Agent. */
  readonly client: string | undefined
}

/** A secret without what could tell it. */
export interface SecretNote {
  readonly publicPart: string
  readonly createdAt: number
  readonly expiresAt: number | undefined
}

export interface Credential {
  readonly id: CredentialId
  readonly publicId: string
  readonly kind: CredentialKind
  readonly environment: EnvironmentId
  readonly inbox: AccountId | undefined
  readonly label: string
  readonly scopes: readonly Scope[]
  /** Address patterns: `a@b.c`, `support-*@b.c`, `*@b.c`, or `*` for everything in the environment. */
  readonly grants: readonly string[]
  /** CIDR; empty means from anywhere. */
  readonly networks: readonly string[]
  /** Contract B6: whatever user name is given opens its inbox. */
  readonly anyUsername: boolean
  /** Contract B9: what `imap:read` may not do is answered OK without effect. */
  readonly quietReadOnly: boolean
  /** The one that comes with its inbox, and that a new password of the inbox changes (contract G1). */
  readonly inboxPassword: boolean
  readonly sending: SendingRules
  readonly disabled: boolean
  readonly expiresAt: number | undefined
  readonly revokedAt: number | undefined
  readonly lastUsed: LastUsed | undefined
  readonly secrets: readonly SecretNote[]
  readonly createdAt: number
}

/** What a login needs, in one read. Whether it is expired, revoked or disabled is for the caller to see and to log. */
export interface FoundSecret {
  readonly publicPart: string
  readonly hash: Uint8Array
  readonly expiresAt: number | undefined
  readonly credential: Credential
  readonly tenant: TenantId
}

/** Who asks for a change: a credential's public id, `operator`, or `system`. */
export interface Actor {
  readonly name: string
  readonly network?: string | undefined
  /** Ties the row to the request's log lines. */
  readonly correlation?: string | undefined
}
/** The server itself, and what a change without an actor is put down to. */
export const system: Actor = { name: 'system' }

export interface AuditEntry {
  readonly id: number
  readonly at: number
  readonly tenant: TenantId | undefined
  readonly actor: string
  /** `inbox.create`, `credential.revoke`: record and verb. */
  readonly action: string
  /** The public id of what was changed. */
  readonly object: string
  readonly network: string | undefined
  readonly correlation: string | undefined
  readonly detail: { readonly [key: string]: Json } | undefined
}

/** How an address leads to its inbox, or to the domain that would make one. */
export type Resolution =
  | { readonly via: 'address' | 'alias' | 'plus' | 'domain-alias'; readonly inbox: Inbox; readonly domain: Domain }
  | {
      readonly via: 'catch-all'
      readonly domain: Domain
      /** The address to make the inbox under: without the `+detail`, in the domain's own name. */
      readonly address: string
    }
