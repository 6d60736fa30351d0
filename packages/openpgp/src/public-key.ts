// An OpenPGP key that mail is encrypted to (contract F2): read and judged when it's set, and again for each message, since a key that
// was good may have expired since. What is wrong with one is said in words for whoever set it. RFC 4880.

import { createHash } from 'node:crypto'
import { type Key, type PublicKey, readKeys } from 'openpgp'

/** Says what is wrong with a key, and what to do. */
export class KeyTrouble extends Error {
  override readonly name = 'KeyTrouble'
  readonly fix: string
  constructor(message: string, fix: string) {
    super(message)
    this.fix = fix
  }
}

export interface EncryptionKey extends AboutKey {
  readonly key: PublicKey
}

export interface AboutKey {
  /** In capitals, as people compare it. */
  readonly fingerprint: string
  readonly userIds: readonly string[]
  /** From when on nothing can be encrypted to it any more; unix milliseconds. */
  readonly expiresAt: number | undefined
}

const newKey = 'Export a key that holds: gpg --armor --export <address>'

/** @param at unix milliseconds. Throws KeyTrouble where mail can't be encrypted to it then. */
export async function readPublicKey(armoured: string, { at }: { readonly at: number }): Promise<EncryptionKey> {
  const key = await onlyKey(armoured)
  const date = new Date(at)
  await refuseDead(key, date)
  try {
    await key.getEncryptionKey(undefined, date)
  } catch (cause) {
    throw new KeyTrouble(
      `Nothing can be encrypted to this key: ${plainWords(cause)}.`,
      'It needs a subkey for encryption that has not expired: gpg --edit-key <address>, then addkey or expire.',
    )
  }
  return { key, ...(await about(key)) }
}

/** For who looks at a key, whether it can be used or not. Throws KeyTrouble where it's none. */
export const aboutKey = async (armoured: string): Promise<AboutKey> => about(await onlyKey(armoured))

async function about(key: PublicKey): Promise<AboutKey> {
  const expiresAt = await encryptsUntil(key)
  return { fingerprint: key.getFingerprint().toUpperCase(), userIds: key.getUserIDs(), expiresAt }
}

/** Names a key without reading it: who has the same text has the same key. */
export function keyName(armoured: string): string {
  return createHash('sha256').update(armoured).digest('base64url')
}

async function onlyKey(armoured: string): Promise<PublicKey> {
  const keys = await keysIn(armoured)
  const [key] = keys
  if (key === undefined || keys.length > 1)
    throw new KeyTrouble(`The text has ${keys.length} keys, and one is needed.`, newKey)
  if (key.isPrivate())
    throw new KeyTrouble(
      'This is a private key, which should be nowhere but with its owner.',
      'Give the public one: gpg --armor --export <address>',
    )
  return key.toPublic()
}

async function keysIn(armoured: string): Promise<readonly Key[]> {
  try {
    return await readKeys({ armoredKeys: armoured })
  } catch (cause) {
    throw new KeyTrouble(`This is no armoured OpenPGP key: ${plainWords(cause)}.`, newKey)
  }
}

async function refuseDead(key: PublicKey, date: Date): Promise<void> {
  if (await key.isRevoked(undefined, undefined, date)) throw new KeyTrouble('The key is revoked.', newKey)
  const until = await key.getExpirationTime()
  if (until instanceof Date && until <= date)
    throw new KeyTrouble(
      `The key expired on ${until.toISOString().slice(0, 10)}.`,
      'Have its owner extend it (gpg --quick-set-expire <fingerprint> 2y), then set it again.',
    )
}

/** The last moment of the subkeys that are made for encryption, and not behind the key's own. */
async function encryptsUntil(key: PublicKey): Promise<number | undefined> {
  const own = await key.getExpirationTime()
  const ends = await Promise.all(key.getSubkeys().map((subkey) => subkey.getExpirationTime()))
  const last = ends.some((end) => !(end instanceof Date)) ? Infinity : Math.max(...ends.map(Number))
  const end = Math.min(own instanceof Date ? own.getTime() : Infinity, last)
  return Number.isFinite(end) ? end : undefined
}

const plainWords = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).replace(/^Error [^:]*: /, '').replace(/\.$/, '')
