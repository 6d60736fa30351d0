/**
 * What a login has to know of the directory, and how it asks for it. The records are the directory's own (contract B1–B7);
 * here are only the fields that decide. Whoever hands in the lookups may hand in richer records: they come back as they are.
 */

export type Scope = 'imap' | 'imap:read' | 'smtp' | 'api' | 'admin'

export interface CredentialFacts {
  readonly publicId: string
  readonly environment: number
  readonly inbox: number | undefined
  readonly scopes: readonly Scope[]
  readonly grants: readonly string[]
  readonly networks: readonly string[]
  readonly anyUsername: boolean
  readonly quietReadOnly: boolean
  readonly disabled: boolean
  readonly expiresAt: number | undefined
  readonly revokedAt: number | undefined
}

export interface InboxFacts {
  readonly id: number
  readonly publicId: string
  readonly address: string
  readonly disabled: boolean
}

export interface DomainFacts {
  readonly publicId: string
  readonly environment: number
  readonly name: string
  readonly mode: 'retained' | 'zero-retention' | 'encrypted'
  readonly verifiedAt: number | undefined
}

export interface Records {
  readonly credential: CredentialFacts
  readonly inbox: InboxFacts
  readonly domain: DomainFacts
}

export interface FoundSecret<R extends Records> {
  readonly hash: Uint8Array
  readonly expiresAt: number | undefined
  readonly credential: R['credential']
}

/** An inbox in its domain, or, without one, the whole domain (contract B6). */
export interface Place<R extends Records> {
  readonly inbox: R['inbox'] | undefined
  readonly domain: R['domain']
}

/** Each answers undefined where there's nothing of that name. */
export interface Lookups<R extends Records> {
  secret(publicPart: string): Promise<FoundSecret<R> | undefined>
  /** The inbox with exactly this address, in any spelling of it: no alias, no `+detail` (contract B6). */
  inboxAt(address: string): Promise<Place<R> | undefined>
  inbox(id: number): Promise<Place<R> | undefined>
  /** The domain of exactly this name, in any spelling of it. */
  domainNamed(name: string): Promise<R['domain'] | undefined>
}
