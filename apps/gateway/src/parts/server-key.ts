// The server's key, of the store it belongs to. A store that has credentials and no key has lost it: a new one would
// look like a start that went well, and no password would work.

import { existsSync } from 'node:fs'
import { loadServerKey } from '@postern/auth'
import type { Directory } from '@postern/mailbox-store'
import { Failure } from '../failure.js'

export async function serverKeyFor(directory: Directory, path: string): Promise<Uint8Array> {
  if (!existsSync(path) && (await directory.listCredentials({ limit: 1 })).items.length > 0) {
    throw new Failure('server_key_missing', `${path} is missing, and every password and key depends on it.`, {
      fix: 'Restore it from your backup.',
    })
  }
  return loadServerKey(path)
}
