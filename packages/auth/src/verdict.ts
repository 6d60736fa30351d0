/**
 * Why somebody is not let in (contract B2–B8): two lists of questions, asked in this order, and the first that holds is the
 * cause. Causes are for the log, the owner and the audit; the client hears the same whichever it is.
 */
import { isAllowedFrom } from './client-network.js'
import type { FoundSecret, Place, Records } from './directory-facts.js'
import { covers, coversDomain } from './grants.js'
import { opens, type Protocol, type Rights } from './rights.js'

export type Cause =
  | 'no secret of ours'
  | 'unknown secret'
  | 'wrong secret'
  | 'secret expired'
  | 'credential revoked'
  | 'credential disabled'
  | 'credential expired'
  | 'network not allowed'
  | 'scope missing'
  /** Of a session that goes on with rights it no longer has. */
  | 'scope changed'
  | TokenCause
  | PlaceCause

/** What is wrong with a token of an issuer (RFC 7628). */
export type TokenCause =
  | 'tokens not configured'
  | 'not a token'
  | 'unknown issuer'
  | 'issuer not reachable'
  | 'token signature wrong'
  | 'token algorithm not allowed'
  | 'token for another audience'
  | 'token expired'
  | 'token not yet valid'
  | 'token names no address'
  | 'token names another address'
  | 'issuer not for this domain'

/** What a token says, where it's good: whose mailbox, and until when. */
export type TokenVerdict = { readonly address: string; readonly expiresAt: number } | { readonly cause: TokenCause }

type PlaceCause =
  | 'acting as another'
  | 'no such user'
  | 'another environment'
  | 'address not granted'
  | 'inbox disabled'
  | 'domain not verified'
  | 'domain keeps no mail'

export interface SecretCase {
  readonly isOurs: boolean
  readonly isRight: boolean
  readonly found: FoundSecret<Records> | undefined
  readonly rights: Rights | undefined
  readonly protocol: Protocol
  readonly address: string
  readonly now: number
}

type KnownCase = SecretCase & { readonly found: FoundSecret<Records>; readonly rights: Rights }

const isOver = (at: number | undefined, now: number): boolean => at !== undefined && at <= now

const secretChecks: readonly (readonly [Cause, (known: KnownCase) => boolean])[] = [
  ['wrong secret', ({ isRight }) => !isRight],
  ['secret expired', ({ found, now }) => isOver(found.expiresAt, now)],
  ['credential revoked', ({ found }) => found.credential.revokedAt !== undefined],
  ['credential disabled', ({ found }) => found.credential.disabled],
  ['credential expired', ({ found, now }) => isOver(found.credential.expiresAt, now)],
  ['network not allowed', ({ found, address }) => !isAllowedFrom(found.credential.networks, address)],
  ['scope missing', ({ rights, protocol }) => !opens(rights, protocol)],
]

export function causeInSecret(asked: SecretCase): Cause | undefined {
  const { found, rights } = asked
  if (!asked.isOurs) return 'no secret of ours'
  if (found === undefined || rights === undefined) return 'unknown secret'
  return first(secretChecks, { ...asked, found, rights })
}

export interface PlaceCase {
  readonly place: Place<Records> | undefined
  readonly protocol: Protocol
  /** PLAIN's authorization identity, where it's given. */
  readonly actsAsAnother: boolean
  /** Undefined: a token, whose issuer has named the address. */
  readonly credential: Records['credential'] | undefined
}

type FoundCase = PlaceCase & { readonly place: Place<Records> }

const placeChecks: readonly (readonly [Cause, (found: FoundCase) => boolean])[] = [
  ['another environment', ({ credential, place }) => isElsewhere(credential, place)],
  ['address not granted', ({ credential, place }) => credential !== undefined && !isGranted(credential, place)],
  ['inbox disabled', ({ place }) => place.inbox?.disabled === true],
  ['domain not verified', ({ place }) => place.domain.verifiedAt === undefined],
  ['domain keeps no mail', ({ place, protocol }) => protocol === 'imap' && place.domain.mode === 'zero-retention'],
]

export function causeInPlace(asked: PlaceCase): Cause | undefined {
  const { place } = asked
  if (asked.actsAsAnother) return 'acting as another'
  return place === undefined ? 'no such user' : first(placeChecks, { ...asked, place })
}

const isElsewhere = (credential: Records['credential'] | undefined, { domain }: Place<Records>): boolean =>
  credential !== undefined && credential.environment !== domain.environment

function isGranted(credential: Records['credential'], { inbox, domain }: Place<Records>): boolean {
  if (inbox === undefined) return coversDomain(credential.grants, domain.name)
  const isItsOwn = credential.anyUsername && credential.inbox === inbox.id
  return isItsOwn || covers(credential.grants, inbox.address)
}

function first<Asked>(checks: readonly (readonly [Cause, (asked: Asked) => boolean])[], asked: Asked) {
  return checks.find(([, holds]) => holds(asked))?.[0]
}
