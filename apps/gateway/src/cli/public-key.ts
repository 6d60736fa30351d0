// `--public-key` of a domain and of an inbox: the OpenPGP key that the mode `encrypted` encrypts to (contract F2), out of a file or from
// standard input. It's read and judged before it's kept, so that mail doesn't begin to wait for a key that nothing can be encrypted to.

import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { AboutKey } from '@postern/openpgp'
import { one } from './options.js'
import { Usage } from './usage.js'

export const publicKeyOption = one(
  '<file>',
  'the OpenPGP key that the mode `encrypted` encrypts to; - reads it from standard input, `none` takes it away',
)

interface Given {
  readonly file: string | undefined
  readonly stdin: () => NodeJS.ReadableStream
}

/** Undefined: nothing was said. Null: take it away. */
export async function publicKeyGiven({ file, stdin }: Given): Promise<string | null | undefined> {
  if (file === undefined) return undefined
  if (file === 'none') return null
  const armoured = file === '-' ? await text(stdin()) : await readFile(file, 'utf8')
  const { KeyTrouble, readPublicKey } = await openPgp()
  try {
    await readPublicKey(armoured, { at: Date.now() })
    return armoured
  } catch (error) {
    if (error instanceof KeyTrouble) throw new Usage(error.message, error.fix)
    throw error
  }
}

export type KeyObject = Awaited<ReturnType<typeof keyObject>>

export async function keyObject(armoured: string | undefined) {
  if (armoured === undefined) return null
  const { fingerprint, userIds, expiresAt } = await about(armoured)
  return {
    fingerprint,
    user_ids: userIds,
    expires_at: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
  }
}

type Shown = Omit<AboutKey, 'fingerprint'> & { readonly fingerprint: string | null }

/** Not readable is one that something else than these commands has set. */
async function about(armoured: string): Promise<Shown> {
  const { aboutKey, KeyTrouble } = await openPgp()
  try {
    return await aboutKey(armoured)
  } catch (error) {
    if (error instanceof KeyTrouble) return { fingerprint: null, userIds: [], expiresAt: undefined }
    throw error
  }
}

/** Large, and asked for by few commands. */
const openPgp = () => import('@postern/openpgp')

export function keyLine(key: KeyObject): string | undefined {
  if (key === null) return undefined
  const { fingerprint, expires_at: until } = key
  if (fingerprint === null) return 'not readable: set it again'
  return until === null ? fingerprint : `${fingerprint}, until ${until.slice(0, 10)}`
}
