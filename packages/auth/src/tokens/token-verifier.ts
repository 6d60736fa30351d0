/**
 * Tokens as proofs (contract B11): a JWT (RFC 7519) of a configured issuer, signed by one of its keys with an algorithm that only
 * it can sign with, meant for this server, valid now, and naming an address that the issuer may speak for. Signing and parsing
 * are jose's.
 */
import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose'
import type { TokenCause, TokenVerdict } from '../verdict.js'
import { KeySet, KeysUnreachable } from './key-set.js'
import type { TokenIssuer } from './token-issuer.js'

export interface TokenVerifierOptions {
  readonly issuers: readonly TokenIssuer[]
  readonly clock: () => number
  /** An issuer's keys could not be read. */
  readonly onTrouble: (error: unknown) => void
}

/** Never one where who checks could also sign (HS256), and never `none`. RFC 8725 §3.1. */
const algorithms = ['RS256', 'ES256', 'EdDSA']
/** Two machines' clocks differ. */
const skewSeconds = 60
const tokenBytesMax = 16_384

class Unacceptable extends Error {
  override readonly name = 'Unacceptable'
  readonly tokenCause: TokenCause
  constructor(cause: TokenCause) {
    super(cause)
    this.tokenCause = cause
  }
}

export function tokenVerifier(options: TokenVerifierOptions): (token: string) => Promise<TokenVerdict> {
  const { clock, onTrouble } = options
  const issuers = new Map(
    options.issuers.map((issuer) => [
      issuer.issuer,
      { ...issuer, keys: new KeySet({ source: issuer.jwks, clock, onTrouble }) },
    ]),
  )

  const verify = async (token: string): Promise<TokenVerdict> => {
    if (token.length > tokenBytesMax) throw new Unacceptable('not a token')
    const found = issuers.get(decodeJwt(token).iss ?? '')
    if (found === undefined) throw new Unacceptable('unknown issuer')
    const { issuer, audience, keys } = found
    const { payload } = await jwtVerify(token, keys.getKey, {
      ...{ issuer, audience, algorithms, clockTolerance: skewSeconds, requiredClaims: ['exp'] },
      currentDate: new Date(clock()),
    })
    return { address: addressIn(payload, found), expiresAt: ((payload.exp as number) + skewSeconds) * 1_000 }
  }

  return async (token) => {
    try {
      return await verify(token)
    } catch (error) {
      const cause = causeOf(error)
      // Not the token's fault: keys that can't be used, or a mistake of ours.
      if (cause === undefined) onTrouble(error)
      return { cause: cause ?? 'token signature wrong' }
    }
  }
}

function addressIn(payload: JWTPayload, { claim, domains }: TokenIssuer): string {
  const address = payload[claim]
  // OpenID Connect's own claim, whose issuer may not have looked whether the address is the person's.
  const isUnverified = claim === 'email' && payload.email_verified === false
  if (typeof address !== 'string' || !address.includes('@') || isUnverified)
    throw new Unacceptable('token names no address')
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase()
  if (domains.length > 0 && !domains.some((one) => one.toLowerCase() === domain))
    throw new Unacceptable('issuer not for this domain')
  return address
}

function causeOf(error: unknown): TokenCause | undefined {
  if (error instanceof Unacceptable) return error.tokenCause
  if (error instanceof KeysUnreachable) return 'issuer not reachable'
  if (error instanceof errors.JWTExpired) return 'token expired'
  if (error instanceof errors.JWTClaimValidationFailed) return causeOfClaim(error.claim)
  if (error instanceof errors.JOSEAlgNotAllowed) return 'token algorithm not allowed'
  if (error instanceof errors.JWTInvalid || error instanceof errors.JWSInvalid) return 'not a token'
  // Signed by none of the issuer's keys.
  return error instanceof errors.JOSEError ? 'token signature wrong' : undefined
}

function causeOfClaim(claim: string): TokenCause {
  if (claim === 'aud') return 'token for another audience'
  if (claim === 'nbf') return 'token not yet valid'
  return claim === 'iss' ? 'unknown issuer' : 'not a token'
}
