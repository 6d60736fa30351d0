// A new secret for a command that makes one: shown by it once, and stored as a hash under the server's key.

import { randomBytes } from 'node:crypto'
import { type MintedSecret, mintSecret, type SecretKind } from '@postern/auth'
import { serverKeyFor } from '../parts/server-key.js'
import type { OpenStore } from './existing-store.js'

export async function mint({ store, folder }: OpenStore, kind: SecretKind): Promise<MintedSecret> {
  const serverKey = await serverKeyFor(store.directory, folder.serverKey)
  return mintSecret(kind, { random: randomBytes, serverKey })
}
