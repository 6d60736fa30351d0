// What the relay's deliveries to inboxes of this gateway are stored as: PGP/MIME to the inbox's key, or its domain's, where the domain keeps
// its mail encrypted, and as they are elsewhere.

import type { Directory } from '@postern/mailbox-store'
import { isEncrypted, KeyTrouble, pgpMime, readPublicKey } from '@postern/openpgp'
import { CannotSeal, type SealFor } from '@postern/relay'
import type { Logger } from '@postern/telemetry'

export interface SealForOptions {
  readonly directory: Directory
  readonly clock: () => number
  readonly logger: Logger
}

export function sealFor({ directory, clock, logger }: SealForOptions): SealFor {
  return async (account, text) => {
    const inbox = await directory.getInbox(account)
    const domain = await directory.getDomain(inbox.domain)
    if (domain.mode !== 'encrypted' || (await isEncrypted(text))) return undefined
    const at = clock()
    try {
      const key = await readPublicKey(inbox.publicKey ?? domain.settings.publicKey ?? '', { at })
      return pgpMime(text, { key, at }).read()
    } catch (error) {
      if (!(error instanceof KeyTrouble)) throw error
      const about = { recipients: [inbox.address], wrong: error.message, fix: error.fix }
      logger.warn(about, 'mail waits for a key that it can be encrypted to')
      throw new CannotSeal(`Mail for ${inbox.address} cannot be encrypted now`)
    }
  }
}
