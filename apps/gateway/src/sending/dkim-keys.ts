// DKIM keys (contract E4, RFC 6376, RFC 8463): a pair of them, RSA for every receiver and Ed25519 for those that know it, and
// the TXT record that makes one known. The private part leaves this file in PEM, to be sealed.

import { generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { DkimAlgorithm, DkimKey } from '@postern/mailbox-store'

/** RFC 8301 §3.2: 1024 at least, 2048 recommended; more doesn't fit into what some DNS panels take. */
const rsaBits = 2048
/** RFC 1035 §3.3: one string of a TXT record. */
const stringBytesMax = 255

export interface NewKey {
  readonly algorithm: DkimAlgorithm
  readonly selector: string
  /** PKCS #8 in PEM. */
  readonly privateKey: string
  /** The `p=` of its record. */
  readonly publicKey: string
}

const make = promisify(generateKeyPair)

/** Selectors say when they were made: `p20261120r` and `p20261120e`, with a number behind where those are taken. */
export async function newKeys({ now, taken }: { now: number; taken: readonly string[] }): Promise<NewKey[]> {
  const day = new Date(now).toISOString().slice(0, 10).replaceAll('-', '')
  const free = (letter: string): string => {
    let number = 1
    const named = (): string => `p${day}${letter}${number > 1 ? number : ''}`
    while (taken.includes(named())) number++
    return named()
  }
  const rsa = await make('rsa', { modulusLength: rsaBits })
  const ed25519 = await make('ed25519')
  return [
    { algorithm: 'rsa-sha256', selector: free('r'), ...partsOf(rsa, spki) },
    { algorithm: 'ed25519-sha256', selector: free('e'), ...partsOf(ed25519, raw) },
  ]
}

const partsOf = (
  { privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject },
  publicText: (key: KeyObject) => string,
) => ({
  privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  publicKey: publicText(publicKey),
})

/** RFC 6376 §3.6.1. */
const spki = (key: KeyObject): string => key.export({ type: 'spki', format: 'der' }).toString('base64')

/** RFC 8463 §4.2: the 32 bytes alone. */
const raw = (key: KeyObject): string => {
  const { x = '' } = key.export({ format: 'jwk' })
  return Buffer.from(x, 'base64url').toString('base64')
}

type Published = Pick<DkimKey, 'selector' | 'algorithm' | 'publicKey'>

export const recordName = (domain: string, { selector }: Pick<DkimKey, 'selector'>): string =>
  `${selector}._domainkey.${domain}`

/** RFC 6376 §3.6.1. */
export const recordValue = ({ algorithm, publicKey }: Published): string =>
  `v=DKIM1; k=${algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519'}; p=${publicKey}`

/** The value in as many strings as it needs: a resolver puts them together without a blank between. */
export const recordStrings = (key: Published): readonly string[] =>
  recordValue(key).match(new RegExp(`.{1,${stringBytesMax}}`, 'g')) ?? []

/** What stands behind `p=` in a record that was found; blanks in it don't count. */
export const publishedKey = (found: string): string | undefined =>
  /(?:^|;)\s*p\s*=([^;]*)/.exec(found)?.[1]?.replace(/\s+/g, '')
