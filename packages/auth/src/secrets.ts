/**
 * API keys and app passwords (contract B3, B4): made here, taken apart here, and compared here. A secret reads
 * `ps_key_<public>_<secret>` or `ps_app_<public>_<secret>`: the public part finds the credential's row and may be shown, the
 * secret part has 130 random bits. Only a keyed hash of the whole text is stored; without the server's key file, a copy of the
 * database can't even be searched for a known secret.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { crockford } from './crockford.js'

export type SecretKind = 'key' | 'app'

export interface MintedSecret {
  /** Shown once, in the answer that creates it, and kept nowhere. */
  readonly secret: string
  readonly publicPart: string
  readonly hash: Uint8Array
}

export interface ParsedSecret {
  readonly kind: SecretKind
  readonly publicPart: string
  /** The whole text, as verifySecret takes it. */
  readonly secret: string
}

const publicLength = 10
const secretLength = 26
/** Of a secret that the operator gives, such as POSTERN_ADMIN_KEY. */
export const givenSecretLengthMin = 16

const form = new RegExp(`^ps_(key|app)_([0-9a-hjkmnp-tv-z]{${publicLength}})_[0-9a-hjkmnp-tv-z]{${secretLength}}$`)

export function mintSecret(
  kind: SecretKind,
  { random, serverKey }: { readonly random: (bytes: number) => Uint8Array; readonly serverKey: Uint8Array },
): MintedSecret {
  const publicPart = crockford(random(publicLength))
  const secret = `ps_${kind}_${publicPart}_${crockford(random(secretLength))}`
  return { secret, publicPart, hash: hashSecret(secret, serverKey) }
}

/** What a client sent, if it has the form of a minted secret. */
export function parseSecret(text: string): ParsedSecret | undefined {
  const [, kind, publicPart] = form.exec(text) ?? []
  if (publicPart === undefined) return undefined
  return { kind: kind as SecretKind, publicPart, secret: text }
}

/**
 * The hash of a secret of any form that the operator chose. Its public part is derived from the text, so that the same text
 * finds the same row; a minted one keeps its own.
 */
export function hashGivenSecret(text: string, serverKey: Uint8Array): { publicPart: string; hash: Uint8Array } {
  if (text.length < givenSecretLengthMin) {
    throw new RangeError(`A given secret must have at least ${givenSecretLengthMin} characters`)
  }
  const publicPart = parseSecret(text)?.publicPart ?? derivedPublicPart(text, serverKey)
  return { publicPart, hash: hashSecret(text, serverKey) }
}

export function hashSecret(secret: string, serverKey: Uint8Array): Uint8Array {
  return keyedHash('secret', secret, serverKey)
}

/** Takes the same time whether the first byte differs or none does. */
export function verifySecret(secret: string, hash: Uint8Array, serverKey: Uint8Array): boolean {
  const own = hashSecret(secret, serverKey)
  return hash.length === own.length && timingSafeEqual(own, hash)
}

/** The server's key in use: what a login asks of it. */
export interface SecretHasher {
  /** Under which a secret of no form of ours would be found, if the operator had given it (`hashGivenSecret`). */
  derivedPublicPart(secret: string): string
  /** As `verifySecret`; without a hash to compare with, it takes as long and is never right. */
  isRight(secret: string, hash: Uint8Array | undefined): boolean
  /** Names a wrong secret where wrong ones are counted: nobody can find the secret from it. */
  attempt(secret: string): string
}

const nobodysHash = new Uint8Array(32)

export function secretHasher(serverKey: Uint8Array): SecretHasher {
  return {
    derivedPublicPart: (secret) => derivedPublicPart(secret, serverKey),
    isRight: (secret, hash) => verifySecret(secret, hash ?? nobodysHash, serverKey) && hash !== undefined,
    attempt: (secret) => keyedHash('attempt', secret, serverKey).toString('base64url', 0, 12),
  }
}

function derivedPublicPart(text: string, serverKey: Uint8Array): string {
  return crockford(keyedHash('public part', text, serverKey).subarray(0, publicLength))
}

/** `purpose` keeps the hashes of different uses apart. */
function keyedHash(purpose: string, text: string, serverKey: Uint8Array): Buffer {
  return createHmac('sha256', serverKey).update(`postern ${purpose}\0${text}`).digest()
}
