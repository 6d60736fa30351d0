// The server's key, of the store it belongs to. A store that has credentials and no key has lost it: a new one would
// look like a start that went well, and no password would work.

import { existsSync } from 'node:fs'
import { loadServerKey, ServerKeyDamaged } from '@postern/auth'
import type { Directory } from '@postern/mailbox-store'
import { Failure } from '@postern/service'

const fix = 'Restore it from your backup: with another one no password and no key works.'

export async function serverKeyFor(directory: Directory, path: string): Promise<Uint8Array> {
  if (!existsSync(path) && (await directory.listCredentials({ limit: 1 })).items.length > 0) {
    throw new Failure('server_key_missing', `${path} is missing, and every password and key depends on it.`, { fix })
  }
  try {
    return await loadServerKey(path)
  } catch (cause) {
    if (!(cause instanceof ServerKeyDamaged)) throw cause
    throw new Failure('server_key_damaged', `${cause.message}.`, { fix, cause })
  }
}
