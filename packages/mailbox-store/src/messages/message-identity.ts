// The identity of a message whose stored text is encrypted: by it a client's own, plain copy is known as the same message
// (same-message.ts), for the day in which that may come. Whoever has the disk could confirm by it what he guesses the whole text to be,
// so it has a salt of its own and takes long to make.

import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { BodyDigest, headerIdentity } from './same-message.js'

export interface IdentifiedText {
  readonly header: Uint8Array
  readonly body: () => AsyncIterable<Uint8Array>
}

const saltBytes = 16
const keyBytes = 32
/** Some 50 ms of a core, off the protocol's thread, and 16 MB meanwhile. */
const cost = { N: 16_384, r: 8, p: 1 }

const slowHash = promisify<Uint8Array, Uint8Array, number, typeof cost, Buffer>(scrypt)

/** Undefined where it could never be the same as another: it has no Message-ID, no Date or no From. */
export async function messageIdentity(text: IdentifiedText): Promise<Uint8Array | undefined> {
  const digest = await digestOf(text)
  if (digest === undefined) return undefined
  const salt = randomBytes(saltBytes)
  return Buffer.concat([salt, await slowHash(digest, salt, keyBytes, cost)])
}

export async function isOfIdentity(text: IdentifiedText, identity: Uint8Array): Promise<boolean> {
  const digest = await digestOf(text)
  if (digest === undefined || identity.length !== saltBytes + keyBytes) return false
  const own = await slowHash(digest, identity.subarray(0, saltBytes), keyBytes, cost)
  return timingSafeEqual(own, identity.subarray(saltBytes))
}

async function digestOf({ header, body }: IdentifiedText): Promise<Buffer | undefined> {
  const fields = headerIdentity(header)
  if (fields === undefined) return undefined
  const digest = new BodyDigest()
  for await (const piece of body()) digest.add(piece)
  return createHash('sha256').update(fields).update('\n').update(digest.end()).digest()
}
