/**
 * An issuer's keys (RFC 7517), read from a URL or a file when first needed, kept, and read again when they are old or when a
 * token names a key that isn't among them, but never more often than once in a while: a stranger's tokens can't make this
 * server knock at the issuer's door. Keys that can't be read again go on for a day.
 */
import { readFile } from 'node:fs/promises'
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'

export interface KeySetOptions {
  readonly source: string
  readonly clock: () => number
  readonly onTrouble: (error: unknown) => void
}

export const keysFreshMs = 600_000
export const keysUsableMs = 86_400_000
/** Between two attempts to read them. */
export const keysPauseMs = 30_000
const readTimeoutMs = 5_000
export const keySetBytesMax = 262_144

/** There are no keys to check the token by. */
export class KeysUnreachable extends Error {
  override readonly name = 'KeysUnreachable'
}

interface Read {
  readonly getKey: JWTVerifyGetKey
  readonly atMs: number
}

export class KeySet {
  readonly #options: KeySetOptions
  #read: Read | undefined
  #triedAtMs = Number.NEGATIVE_INFINITY
  #reading: Promise<void> | undefined

  constructor(options: KeySetOptions) {
    this.#options = options
  }

  readonly getKey: JWTVerifyGetKey = async (header, token) => {
    if (this.#ageMs() > keysFreshMs) await this.#readAgain()
    try {
      return await this.#usable()(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !this.#mayTry()) throw error
      await this.#readAgain()
      return this.#usable()(header, token)
    }
  }

  #ageMs(): number {
    return this.#read === undefined ? Number.POSITIVE_INFINITY : this.#options.clock() - this.#read.atMs
  }

  #usable(): JWTVerifyGetKey {
    if (this.#read === undefined || this.#ageMs() > keysUsableMs) throw new KeysUnreachable(this.#options.source)
    return this.#read.getKey
  }

  #mayTry(): boolean {
    return this.#options.clock() - this.#triedAtMs >= keysPauseMs
  }

  /** Whoever comes while it's under way waits for the same answer. */
  #readAgain(): Promise<void> {
    if (this.#reading !== undefined) return this.#reading
    if (!this.#mayTry()) return Promise.resolve()
    this.#triedAtMs = this.#options.clock()
    this.#reading = this.#readOnce().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #readOnce(): Promise<void> {
    const { source, clock, onTrouble } = this.#options
    try {
      const text = isUrl(source) ? await fetched(source) : await readFile(source, 'utf8')
      this.#read = { getKey: createLocalJWKSet(JSON.parse(text) as JSONWebKeySet), atMs: clock() }
    } catch (error) {
      onTrouble(error)
    }
  }
}

const isUrl = (source: string): boolean => /^https?:\/\//.test(source)

async function fetched(url: string): Promise<string> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(readTimeoutMs) })
  if (!response.ok || response.body === null) throw new Error(`${url} answered ${response.status}`)
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of response.body) {
    bytes += piece.length
    if (bytes > keySetBytesMax) throw new Error(`${url} answered with more than ${keySetBytesMax} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}
